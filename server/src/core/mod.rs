//! What one core has: its partitions, its connections, its mailboxes to the other cores, its image of the topics.
//!
//! This room owns the one place where all of that comes together, and how a question is asked of a core, be it this
//! one or another (`question`). It must not know how requests or questions are answered: the state that it holds
//! knows no core.

pub(crate) mod checkpoint;
pub(crate) mod node;
pub(crate) mod producer_ids;
mod question;
pub(crate) mod shown_brokers;
mod start_progress;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use creel_engine::TurnWriter;
use creel_io::CoreId;
use creel_io::local::Notify;
use creel_io::mailbox::Mailbox;

use crate::budget::AnswerMemory;
use crate::budget::descriptors::{FileShares, HeldFiles};
use crate::fetch_sessions::sessions::Sessions;
use crate::groups::runtime::Coordinators;
use crate::limits::{EARLY_WRITE_BACK_BYTES, LOOKS_OF_CORE};
use crate::logging::{ChangeLog, ClientLog};
use crate::net::Net;
use crate::peers::{Packet, Peers};
use crate::stages::Stages;
use crate::tasks::async_mutex::AsyncMutex;
use crate::tasks::slots::Slots;
use crate::tasks::stopping::Stopping;
use crate::topics::{Controller, PendingRemovals, Topics};
use node::Node;
use producer_ids::ProducerIds;
use start_progress::StartProgress;

pub(crate) use question::{Question, ask_all_cores, ask_core, ask_owners};

/// A core's own state. Everything here belongs to one thread; what is shared is in [`Node`].
pub(crate) struct Core {
    pub(crate) id: CoreId,
    pub(crate) node: Arc<Node>,
    pub(crate) peers: Rc<Peers>,
    pub(crate) topics: Topics,
    pub(crate) pending_removals: PendingRemovals,
    pub(crate) turn_writer: TurnWriter,
    pub(crate) files: FileShares,
    pub(crate) held_files: HeldFiles,
    pub(crate) stages: Rc<Stages>,
    pub(crate) net: Rc<Net>,
    pub(crate) sessions: RefCell<Sessions>,
    pub(crate) coordinators: Coordinators,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) client_log: Rc<ClientLog>,
    pub(crate) change_log: Rc<ChangeLog>,
    pub(crate) start_progress: StartProgress,
    /// What its large answers may take together.
    pub(crate) answer_memory: Rc<AnswerMemory>,
    /// What decides about topics; on core 0 only.
    pub(crate) controller: RefCell<Option<Rc<Controller>>>,
    /// The right to write the checkpoint files; of use on core 0 only.
    pub(crate) checkpoints: AsyncMutex,
    /// The right to have records looked at off the core.
    pub(crate) looks: Slots,
    /// The right to list all groups.
    pub(crate) listing_groups: AsyncMutex,
    pub(crate) stopping: Rc<Stopping>,
    /// The core may end.
    pub(crate) exit: Notify,
}

impl Core {
    pub(crate) fn new(id: CoreId, node: Arc<Node>, mailbox: Mailbox<Packet>) -> Rc<Self> {
        let slots = usize::try_from(node.broker().max_incremental_fetch_session_cache_slots).unwrap_or(0);
        let sessions = Sessions::new(slots.div_ceil(node.cores));
        let stages = Rc::new(Stages::new(node.broker().creel_stage_histograms));
        let (client_log, stopping): (Rc<ClientLog>, Rc<Stopping>) = Default::default();
        let files = FileShares::among(node.cores);
        Rc::new(Self {
            id,
            files,
            held_files: HeldFiles::default(),
            peers: Peers::new(id, mailbox, stages.clone()),
            topics: Topics::new(id, node.cores),
            pending_removals: PendingRemovals::default(),
            turn_writer: stages
                .turn_writer()
                .keeping_open(files.active, files.sealed)
                .writing_back_early(EARLY_WRITE_BACK_BYTES),
            net: Net::new(node.broker(), node.cores, client_log.clone(), stages.clone(), stopping.clone()),
            stages,
            sessions: RefCell::new(sessions),
            coordinators: Coordinators::default(),
            producer_ids: ProducerIds::default(),
            client_log,
            change_log: Rc::default(),
            start_progress: StartProgress::default(),
            answer_memory: Rc::default(),
            controller: RefCell::new(None),
            checkpoints: AsyncMutex::default(),
            looks: Slots::new(LOOKS_OF_CORE),
            listing_groups: AsyncMutex::default(),
            stopping,
            exit: Notify::new(),
            node,
        })
    }

    /// What decides about topics, if this core does.
    pub(crate) fn controller(&self) -> Option<Rc<Controller>> {
        self.controller.borrow().clone()
    }
}
