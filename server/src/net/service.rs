//! What connections are served by. It turns a frame into a request.

use std::error::Error;
use std::rc::Rc;

use bytes::Bytes;

use super::client::Client;
use super::reply::PendingReply;
use crate::stages::{FrameTimes, QueuedSince};
use crate::tasks::LocalBoxFuture;

/// Why a request can't be answered, so that its connection is closed.
pub(crate) type Refused = Box<dyn Error>;

/// A request that has begun.
pub(crate) struct Begun {
    pub(crate) pending: PendingReply,
    /// Since when it waits for its reply, if it is one whose way through the broker is timed.
    pub(crate) queued: Option<QueuedSince>,
}

/// A request on its way to having begun. Most Produce and Fetch requests begin without waiting, and pay for no future.
pub(crate) enum Beginning {
    Now(Begun),
    /// It has begun when this is ready.
    Later(LocalBoxFuture<'static, Result<Begun, Refused>>),
}

impl Beginning {
    pub(crate) async fn begun(self) -> Result<Begun, Refused> {
        match self {
            Self::Now(begun) => Ok(begun),
            Self::Later(later) => later.await,
        }
    }
}

/// What requests mean.
pub(crate) trait Service: 'static {
    /// Begins a request: what must happen in the order of arrival has happened when it has begun.
    fn begin(
        self: &Rc<Self>,
        client: &Rc<Client>,
        frame: Bytes,
        times: FrameTimes,
    ) -> Result<Beginning, Refused>;

    /// The connection of this number has ended, or could not be served.
    fn connection_ended(&self, number: u64);
}
