//! One request on its way through the broker.

use std::rc::Rc;

use creel_wire::frame::encode_response;
use creel_wire::{ApiKey, EncodedFrame, Message, Str};

use crate::connection::Client;
use crate::core::Core;

/// What every handler gets beside the request's body.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) core: Rc<Core>,
    pub(crate) client: Rc<Client>,
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) client_id: Option<Str>,
}

impl Call {
    /// The response as a frame.
    pub(crate) fn encode<M: Message>(&self, response: &M) -> EncodedFrame {
        encode_response(self.correlation_id, response, self.api, self.version)
    }

    /// The host and port that this client is told to connect to: those of the listener that it came by.
    pub(crate) fn advertised(&self) -> (Str, i32) {
        let listener = self.core.node.config.listeners.get(self.client.listener.0);
        match listener.and_then(|listener| listener.advertised.as_ref()) {
            Some(address) => (Str::from(address.host.clone()), i32::from(address.port)),
            None => (
                Str::from(self.client.local.ip().to_canonical().to_string()),
                i32::from(self.client.local.port()),
            ),
        }
    }

    /// This broker's id.
    pub(crate) fn node_id(&self) -> i32 {
        self.core.node.broker().node_id
    }
}
