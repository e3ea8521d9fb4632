//! A connection of the load to a broker that may be killed on purpose: it breaks, and comes back.
//!
//! The broker has lives, counted from 0. A break is expected once the stage says that the life in which the broker last
//! answered here was ended; any other ends the run. While the next life has not begun nobody tries to connect.

use crate::client::connection::Connection;
use crate::error::EngineError;
use crate::stage::Stage;
use creel_wire::ErrorCode;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The connection, whichever it is by now.
pub struct Lifeline {
    address: SocketAddr,
    stage: Arc<Stage>,
    connection: RefCell<Rc<Connection>>,
    /// The broker's life in which the connection was made.
    life: Cell<usize>,
    /// The broker's last life in which it answered here.
    answered: Cell<usize>,
    /// Before the next attempt; it grows until the broker answers.
    pause: Cell<Duration>,
}

impl Lifeline {
    /// Connects.
    pub fn open(address: SocketAddr, stage: &Arc<Stage>) -> Result<Lifeline, EngineError> {
        let connection = RefCell::new(Rc::new(Connection::open(address)?));
        let (life, answered, pause) = (Cell::new(0), Cell::new(0), Cell::new(FIRST_PAUSE));
        Ok(Lifeline { address, stage: stage.clone(), connection, life, answered, pause })
    }

    /// The broker's.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The present one, which may be broken.
    pub fn connection(&self) -> Rc<Connection> {
        self.connection.borrow().clone()
    }

    /// The broker's life to which it leads.
    pub fn life(&self) -> usize {
        self.life.get()
    }

    /// The broker answered as it should.
    #[inline]
    pub fn answered(&self) {
        self.answered.set(self.life.get());
        self.pause.set(FIRST_PAUSE);
    }

    /// The broker was killed since it last answered.
    pub fn may_break(&self) -> bool {
        self.stage.lives().kills() > self.answered.get()
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
            tokio::time::sleep(self.pause.get()).await;
            if self.stage.has_failed() || is_over() {
                return false;
            }
            let life = self.stage.lives().present();
            if life < self.stage.lives().kills() {
                continue; // nobody listens there
            }
            self.pause.set((self.pause.get() * 2).min(LONGEST_PAUSE));
            if let Ok(connection) = Connection::open(self.address) {
                self.connection.replace(Rc::new(connection));
                self.life.set(life);
                return true;
            }
        }
    }
}
