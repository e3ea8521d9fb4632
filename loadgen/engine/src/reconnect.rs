//! A connection of the load to a broker that may be killed on purpose. It breaks, and is made again.
//!
//! The broker has generations, counted from 0. A break is expected if the run's state says that the generation in
//! which the broker last answered here was ended. Any other break ends the run. Until the next generation begins
//! nobody tries to connect.

use crate::client::connection::Connection;
use crate::error::EngineError;
use crate::run_state::RunState;
use crate::runtime;
use creel_wire::ErrorCode;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The connection, whichever it is by now.
pub struct Reconnecting {
    address: SocketAddr,
    run_state: Arc<RunState>,
    connection: RefCell<Rc<Connection>>,
    /// The broker's generation in which the connection was made.
    generation: Cell<usize>,
    /// The broker's last generation in which it answered here.
    answered: Cell<usize>,
    /// Before the next attempt; it grows until the broker answers.
    pause: Cell<Duration>,
}

impl Reconnecting {
    /// Connects.
    pub fn open(address: SocketAddr, run_state: &Arc<RunState>) -> Result<Reconnecting, EngineError> {
        let connection = RefCell::new(Rc::new(Connection::open(address)?));
        let (generation, answered, pause) = (Cell::new(0), Cell::new(0), Cell::new(FIRST_PAUSE));
        Ok(Reconnecting { address, run_state: run_state.clone(), connection, generation, answered, pause })
    }

    /// The broker's.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The present one, which may be broken.
    pub fn connection(&self) -> Rc<Connection> {
        self.connection.borrow().clone()
    }

    /// The broker's generation to which it leads.
    pub fn generation(&self) -> usize {
        self.generation.get()
    }

    /// The broker answered as it should.
    #[inline]
    pub fn answered(&self) {
        self.answered.set(self.generation.get());
        self.pause.set(FIRST_PAUSE);
    }

    /// The broker was killed since it last answered.
    pub fn may_break(&self) -> bool {
        self.run_state.generations().kills() > self.answered.get()
    }

    /// What a broker says while it is not all there again.
    pub fn may_refuse(&self, code: ErrorCode) -> bool {
        use ErrorCode::{
            BrokerNotAvailable, CoordinatorNotAvailable, LeaderNotAvailable, NotLeaderOrFollower,
            UnknownTopicId, UnknownTopicOrPartition,
        };
        let is_passing = matches!(
            code,
            BrokerNotAvailable
                | CoordinatorNotAvailable
                | LeaderNotAvailable
                | NotLeaderOrFollower
                | UnknownTopicId
                | UnknownTopicOrPartition
        );
        is_passing && self.may_break()
    }

    /// Ends both directions, so that whoever waits for an answer is told.
    pub fn shut(&self) {
        self.connection.borrow().shut();
    }

    /// Connects once the broker is back; false when the run is over before.
    pub async fn reconnect(&self, is_over: impl Fn() -> bool) -> bool {
        self.shut();
        loop {
            runtime::sleep(self.pause.get()).await;
            if self.run_state.has_failed() || is_over() {
                return false;
            }
            let generation = self.run_state.generations().present();
            if generation < self.run_state.generations().kills() {
                continue; // nobody listens there
            }
            self.pause.set((self.pause.get() * 2).min(LONGEST_PAUSE));
            if let Ok(connection) = Connection::open(self.address) {
                self.connection.replace(Rc::new(connection));
                self.generation.set(generation);
                return true;
            }
        }
    }
}
