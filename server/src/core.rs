//! What one core has: its partitions, its connections, its end of the mailboxes, its image of the topics.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use creel_engine::Flusher;
use creel_io::CoreId;
use creel_io::local::Notify;
use creel_io::mailbox::Mailbox;

use crate::api::init_producer_id::ProducerIds;
use crate::budget::Room;
use crate::complaints::Complaints;
use crate::connection::Connections;
use crate::descriptors::{FileShares, HeldFiles};
use crate::groups::runtime::Coordinators;
use crate::messages::Message;
use crate::news::NewsLines;
use crate::node::Node;
use crate::opening::OpeningCount;
use crate::parked::Outposts;
use crate::request_memory::RequestMemory;
use crate::route::Tickets;
use crate::sessions::Sessions;
use crate::stages::Stages;
use crate::topics::{Controller, PendingRemovals, Topics};
use crate::turnstile::Turnstile;

/// A core's own state. Everything here belongs to one thread; what is shared is in [`Node`].
pub(crate) struct Core {
    pub(crate) id: CoreId,
    pub(crate) node: Arc<Node>,
    pub(crate) mailbox: Mailbox<Message>,
    pub(crate) tickets: Tickets,
    /// Watches that other cores keep for this one.
    pub(crate) outposts: Outposts,
    pub(crate) topics: Topics,
    pub(crate) pending_removals: PendingRemovals,
    pub(crate) flusher: Flusher,
    pub(crate) files: FileShares,
    pub(crate) held_files: HeldFiles,
    pub(crate) stages: Stages,
    pub(crate) connections: Connections,
    pub(crate) request_memory: RequestMemory,
    pub(crate) sessions: RefCell<Sessions>,
    pub(crate) coordinators: Coordinators,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) complaints: Complaints,
    pub(crate) news: Rc<NewsLines>,
    pub(crate) opening: OpeningCount,
    /// What its large answers may take together.
    pub(crate) room: Rc<Room>,
    /// Who decides about topics; on core 0 only.
    pub(crate) controller: RefCell<Option<Rc<Controller>>>,
    /// The right to write the checkpoint files; of use on core 0 only.
    pub(crate) checkpoints: Turnstile,
    /// The right to ask for all groups.
    pub(crate) listing_groups: Turnstile,
    pub(crate) stopping: Stopping,
    /// The core may end.
    pub(crate) exit: Notify,
}

impl Core {
    pub(crate) fn new(id: CoreId, node: Arc<Node>, mailbox: Mailbox<Message>) -> Rc<Self> {
        let slots = usize::try_from(node.broker().max_incremental_fetch_session_cache_slots).unwrap_or(0);
        let sessions = Sessions::new(slots.div_ceil(node.cores));
        let stages = Stages::new(node.broker().creel_stage_histograms);
        let files = FileShares::among(node.cores);
        Rc::new(Self {
            id,
            files,
            held_files: HeldFiles::default(),
            mailbox,
            tickets: Tickets::default(),
            outposts: Outposts::default(),
            topics: Topics::new(id, node.cores),
            pending_removals: PendingRemovals::default(),
            flusher: stages.flusher().keeping_open(files.active, files.sealed),
            stages,
            connections: Connections::default(),
            request_memory: RequestMemory::of(node.broker(), node.cores),
            sessions: RefCell::new(sessions),
            coordinators: Coordinators::default(),
            producer_ids: ProducerIds::default(),
            complaints: Complaints::default(),
            news: Rc::default(),
            opening: OpeningCount::default(),
            room: Rc::default(),
            controller: RefCell::new(None),
            checkpoints: Turnstile::default(),
            listing_groups: Turnstile::default(),
            stopping: Stopping::default(),
            exit: Notify::new(),
            node,
        })
    }

    /// Who decides about topics, if that is this core.
    pub(crate) fn controller(&self) -> Option<Rc<Controller>> {
        self.controller.borrow().clone()
    }
}

/// Whether the core has been told to finish.
#[derive(Default)]
pub(crate) struct Stopping {
    begun: Cell<bool>,
    begins: Notify,
}

impl Stopping {
    pub(crate) fn begin(&self) {
        self.begun.set(true);
        self.begins.notify_all();
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.get()
    }

    /// Returns once it has begun.
    pub(crate) async fn begun(&self) {
        if !self.begun.get() {
            self.begins.notified().await;
        }
    }
}
