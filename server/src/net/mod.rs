//! Clients' connections: from bytes to frames, and from replies to bytes.
//!
//! This room owns sockets, the order of requests and replies on each, and how much of them a connection may hold. It
//! must not know what a request means: to it a frame is bytes with an API key in front, and a `Service` handles it.

pub(crate) mod client;
pub(crate) mod connection;
mod connections;
mod frames;
mod idleness;
mod in_flight;
mod outbox;
mod reader;
pub(crate) mod reply;
pub(crate) mod service;
mod transport;

use std::rc::Rc;

use crate::budget::request_memory::RequestMemory;
use crate::config::BrokerConfig;
use crate::logging::ClientLog;
use crate::stages::Stages;
use crate::tasks::stopping::Stopping;
use connections::Connections;

/// What the connections of a core share.
pub(crate) struct Net {
    pub(crate) connections: Connections,
    pub(crate) request_memory: RequestMemory,
    pub(crate) log: Rc<ClientLog>,
    stages: Rc<Stages>,
    stopping: Rc<Stopping>,
    /// Requests of a connection that may be in flight.
    requests_queued_max: usize,
    /// The largest request.
    request_bytes_max: usize,
}

impl Net {
    /// For one of so many cores.
    pub(crate) fn new(
        broker: &BrokerConfig,
        cores: usize,
        log: Rc<ClientLog>,
        stages: Rc<Stages>,
        stopping: Rc<Stopping>,
    ) -> Rc<Self> {
        Rc::new(Self {
            connections: Connections::default(),
            request_memory: RequestMemory::of(broker, cores),
            log,
            stages,
            stopping,
            requests_queued_max: broker.queued_max_requests.unsigned_abs() as usize,
            request_bytes_max: broker.socket_request_max_bytes.unsigned_abs() as usize,
        })
    }
}
