//! One request on its way through the broker.

use std::fmt;
use std::rc::Rc;

use creel_io::{count_work, offload};
use creel_wire::frame::encode_response;
use creel_wire::{ApiKey, EncodedFrame, FrameTooLarge, Message, Str, Uuid};

use crate::budget::{AnswerMemory, AnswerRoom, AnswerTooLarge};
use crate::core::Core;
use crate::core::shown_brokers::BrokerIndex;
use crate::groups;
use crate::limits::{ANSWER_BYTES_ENCODED_A_STEP, ANSWER_BYTES_HELD};
use crate::net::client::Client;
use crate::net::reply::Reply;
use crate::placement::core_of;

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

/// The facts by which a request is prepared. Beyond them it needs the request alone, so this can run off the core.
#[derive(Clone, Copy)]
pub(crate) struct PrepareContext {
    pub(crate) version: i16,
    pub(crate) node_id: i32,
    pub(crate) num_partitions: i32,
}

/// An answer, and the room that it has.
pub(crate) struct Made<M> {
    pub(crate) response: M,
    pub(crate) held: AnswerRoom,
}

impl Call {
    /// The response as a frame. `None` if none can be made: the connection is then closed, and the log says why.
    pub(crate) fn encode<M: Message>(&self, response: &M) -> Option<EncodedFrame> {
        let encoded =
            encode_response(self.correlation_id, response, self.api, self.version, ANSWER_BYTES_HELD);
        encoded.inspect_err(|error| self.log_closed(error)).ok()
    }

    /// The response as a reply.
    pub(crate) fn reply<M: Message>(&self, response: &M) -> Reply {
        self.encode(response).map_or(Reply::Close, Reply::from)
    }

    /// A response that may be large, as a reply. It keeps its room until it is sent.
    pub(crate) async fn reply_made<M: Message + Send + 'static>(
        &self,
        made: Result<Made<M>, AnswerTooLarge>,
    ) -> Reply {
        let Made { response, mut held } = match made {
            Ok(made) => made,
            Err(too_large) => return self.refuse(&too_large),
        };
        if !held.counts() {
            // What the answer tells may be larger than its handler could know beforehand.
            held = match self.hold(response.encoded_len(self.version)).await {
                Ok(held) => held,
                Err(too_large) => return self.refuse(&too_large),
            };
        }
        match self.encode_made(response, &mut held).await {
            Some(EncodedFrame { bytes, .. }) if held.counts() => Reply::Large(bytes, held),
            Some(frame) => Reply::from(frame),
            None => Reply::Close,
        }
    }

    /// The response as a frame. A large one is encoded, and dropped, off the core.
    pub(crate) async fn encode_made<M: Message + Send + 'static>(
        &self,
        response: M,
        held: &mut AnswerRoom,
    ) -> Option<EncodedFrame> {
        let frame = match held.is_long() {
            false => self.encode(&response).inspect(|frame| {
                count_work(frame.bytes.len() / ANSWER_BYTES_ENCODED_A_STEP);
            }),
            true => {
                let (id, api, version) = (self.correlation_id, self.api, self.version);
                let encode = move || encode_response(id, &response, api, version, ANSWER_BYTES_HELD);
                let encoded: Result<EncodedFrame, FrameTooLarge> = offload(encode).await;
                encoded.inspect_err(|error| self.log_closed(error)).ok()
            }
        };
        held.shrink(frame.as_ref().map_or(0, |frame| frame.bytes.len()));
        frame
    }

    /// Room for an answer of about so many bytes in memory.
    pub(crate) async fn hold(&self, bytes: usize) -> Result<AnswerRoom, AnswerTooLarge> {
        AnswerMemory::hold(&self.core.answer_memory, bytes).await
    }

    /// The connection ends, and the log says why.
    pub(crate) fn refuse(&self, why: &dyn fmt::Display) -> Reply {
        self.log_closed(why);
        Reply::Close
    }

    pub(crate) fn log_closed(&self, why: &dyn fmt::Display) {
        self.core.client_log.closed(&self.client.peer, &format_args!("{}: {why}", self.api));
    }

    /// The host and port that this client is told for a broker: those of the listener that it came by.
    fn advertised(&self, broker: BrokerIndex) -> (Str, i32) {
        let (node, listener) = (&self.core.node, self.client.listener);
        let configured = node.config.listeners.get(listener.0).and_then(|one| one.advertised.as_ref());
        if let Some(address) = configured.and_then(|first| first.behind(broker.0)) {
            return (Str::from(address.host), i32::from(address.port));
        }
        let local = self.client.local;
        // Of one broker, what the client has connected to may be another port that leads here.
        let port = match node.brokers.count() {
            1 => local.port(),
            _ => node.brokers.port(listener, broker).unwrap_or(local.port()),
        };
        (Str::from(local.ip().to_canonical().to_string()), i32::from(port))
    }

    /// What the client is told of a broker: its id, host and port.
    pub(crate) fn shown(&self, broker: BrokerIndex) -> (i32, Str, i32) {
        let (host, port) = self.advertised(broker);
        (self.core.node.brokers.node_id(broker), host, port)
    }

    /// The same of every broker that it is shown.
    pub(crate) fn shown_brokers(&self) -> impl Iterator<Item = (i32, Str, i32)> {
        self.core.node.brokers.all().map(|broker| self.shown(broker))
    }

    /// The broker whose cores own a partition.
    pub(crate) fn broker_of(&self, topic: &Uuid, partition: i32) -> BrokerIndex {
        self.core.node.brokers.of_core(core_of(topic, partition, self.core.node.cores))
    }

    /// The node id of a partition's leader.
    pub(crate) fn leader_of(&self, topic: &Uuid, partition: i32) -> i32 {
        self.core.node.brokers.node_id(self.broker_of(topic, partition))
    }

    /// Whether the id is this broker's.
    pub(crate) fn is_own_id(&self, id: i32) -> bool {
        self.core.node.brokers.has_id(id)
    }

    /// The connection, as the coordinators of all cores know it.
    pub(crate) fn group_client(&self) -> groups::GroupClient {
        // No core ever has so many connections that the two parts overlap.
        groups::GroupClient(Some((u64::from(self.core.id.0) << 48) | self.client.number))
    }

    /// This broker's id.
    pub(crate) fn node_id(&self) -> i32 {
        self.core.node.broker().node_id
    }
}
