//! A core's life: it takes part in the start, serves, and ends; core 0 leads.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use creel_engine::{CheckpointFiles, LastStop};
use creel_io::fs::{DirLock, create_dir_all, lock_exclusive};
use creel_io::mailbox::{Endpoint, mesh};
use creel_io::{CoreId, Instant, now, shutdown_signal, spawn};
use creel_wire::Uuid;

use super::banner::{Banner, Listening};
use super::failure::Failure;
use super::journal_places::JournalPlaces;
use super::listen::{listen_for_admin, listen_on};
use super::replay::{Recovered, ReplayOutcome};
use super::{accept, data_dir, file_system, journal, left_in_memory, shutdown, start_progress, upkeep};
use crate::config::Config;
use crate::core::node::{Node, Purpose};
use crate::core::shown_brokers::BrokerIndex;
use crate::core::{Core, ask_all_cores};
use crate::limits::MAILBOX_PACKETS;
use crate::peers::Packet;
use crate::peers::questions::ShowTopics;
use crate::tasks::race::{First, race};
use crate::topics::open_everywhere;
use crate::topics::replicas::opening::{OpenedTopics, Opening, Origin};
use crate::{admin, inbox};

/// A node to be started: what its cores share. One for all cores; each takes its part of it. Its locks are for the start
/// and the end.
#[derive(Clone)]
pub struct Setup {
    node: Arc<Node>,
    /// Each core takes its own endpoint, once, when it begins.
    endpoints: Arc<Mutex<Vec<Option<Endpoint<Packet>>>>>,
    failure: Arc<Mutex<Option<Failure>>>,
    replayed: Arc<Mutex<Option<ReplayOutcome>>>,
    on_ready: Arc<dyn Fn(&Banner) + Send + Sync>,
}

impl Setup {
    /// A node of `cores` cores; `on_ready` is told once it serves.
    pub fn new(config: Config, cores: usize, on_ready: impl Fn(&Banner) + Send + Sync + 'static) -> Self {
        Self::of(Node::new(config, cores, Purpose::Serve), on_ready)
    }

    /// A node of one core that opens everything, appends what only the journals hold, stops, and serves nobody.
    pub fn replaying(config: Config) -> Self {
        Self::of(Node::new(config, 1, Purpose::Replay), |_| {})
    }

    fn of(node: Node, on_ready: impl Fn(&Banner) + Send + Sync + 'static) -> Self {
        let endpoints = mesh(node.cores, MAILBOX_PACKETS).into_iter().map(Some).collect();
        Self {
            node: Arc::new(node),
            endpoints: Arc::new(Mutex::new(endpoints)),
            failure: Arc::default(),
            replayed: Arc::default(),
            on_ready: Arc::new(on_ready),
        }
    }

    /// What came of a replay, once the core has ended. `None`: the start has failed.
    pub fn replayed(&self) -> Option<ReplayOutcome> {
        self.replayed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What went wrong, once every core has ended.
    pub fn failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fail(&self, failure: Failure) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    fn take_endpoint(&self, core: CoreId) -> Option<Endpoint<Packet>> {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).get_mut(core.index())?.take()
    }
}

/// Runs one core of the node until the broker stops. On real cores and simulated ones alike.
pub async fn run_core(id: CoreId, setup: Setup) {
    let began = now();
    let Some(endpoint) = setup.take_endpoint(id) else { return };
    let core = Core::new(id, setup.node.clone(), endpoint.open());
    let exit = core.exit.notified();
    spawn(inbox::receive(core.clone()));
    if core.node.purpose == Purpose::Serve {
        spawn(upkeep::run(core.clone()));
    }
    if id == CoreId(0) {
        if let Err(failure) = lead(&core, &setup, began).await {
            setup.fail(failure);
        }
        core.peers.end_others().await;
    } else {
        exit.await;
    }
}

/// Core 0: from the lock to the stop. Its lock is held until then.
async fn lead(core: &Rc<Core>, setup: &Setup, began: Instant) -> Result<(), Failure> {
    core.node.config.settings.notices().into_iter().for_each(|notice| tracing::warn!("{notice}"));
    let data_dir = core.node.config.data_dir.clone();
    let lock = lock(&data_dir)?;
    let led = match core.node.purpose {
        Purpose::Serve => lead_locked(core, setup, &data_dir, began).await,
        Purpose::Replay => replay_locked(core, setup, &data_dir).await,
    };
    if led.is_err() {
        // What is refused is left as it was found.
        lock.undo();
    }
    led
}

async fn lead_locked(core: &Rc<Core>, setup: &Setup, data_dir: &Path, began: Instant) -> Result<(), Failure> {
    spawn(file_system::tell(data_dir.to_owned()));
    if let Some(journal_dir) =
        core.node.config.journal_dir.clone().filter(|_| core.node.broker().creel_journal)
    {
        spawn(file_system::tell(journal_dir));
    }
    // Bound before recovery, so that a taken port is told at once; clients wait in the backlog meanwhile.
    let (listeners, addresses) = listen_on(&core.node.config.listeners, &core.node.brokers).await?;
    let admin = core.node.config.admin.map(listen_for_admin).transpose()?;
    let (recovered, _journal_locks) = recover(core, data_dir).await?;
    if let Some(listener) = admin {
        spawn(admin::serve(core.clone(), listener));
    }
    (setup.on_ready)(&banner(core, &addresses, recovered.partitions, began));
    match race(accept::accept(core, listeners), shutdown_signal()).await {
        First::Left(never) => match never {},
        First::Right(()) => {}
    }
    stop(core).await
}

/// Opens everything and stops.
async fn replay_locked(core: &Rc<Core>, setup: &Setup, data_dir: &Path) -> Result<(), Failure> {
    let (recovered, _journal_locks) = recover(core, data_dir).await?;
    let outcome = recovered.outcome(core);
    *setup.replayed.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    stop(core).await
}

async fn stop(core: &Rc<Core>) -> Result<(), Failure> {
    match shutdown::stop(core).await {
        LastStop::Clean => Ok(()),
        LastStop::Unclean => Err(Failure::Unclean),
    }
}

fn lock(data_dir: &Path) -> Result<DirLock, Failure> {
    let shown = data_dir.display().to_string();
    create_dir_all(data_dir).map_err(|error| Failure::DataDir(shown.clone(), error.to_string()))?;
    lock_exclusive(data_dir).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => Failure::Locked(shown),
        _ => Failure::DataDir(shown, error.to_string()),
    })
}

/// Opens everything that is there, on all cores. What was found, and the locks of what else is in use.
async fn recover(core: &Rc<Core>, data_dir: &Path) -> Result<(Recovered, Vec<DirLock>), Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::DataDir(data_dir.display().to_string(), error.to_string());
    let files = CheckpointFiles::of(data_dir);
    let last_stop = files.last_stop();
    let checkpoint = files.read().map_err(|error| failed(&error))?;
    let mut places = JournalPlaces::find(&core.node.config)?;
    let journals = journal::find(data_dir, &places).await.map_err(|error| failed(&error))?;
    let found = data_dir::find(core, data_dir, last_stop).await.map_err(|error| failed(&error))?;
    let _ = core.node.cluster_id.set(found.cluster_id);
    let locks = places.claim(&core.node.config).await?;
    // Before anything is opened: coordinators may append as soon as they stand.
    files.clear_clean_shutdown().await.map_err(|error| failed(&error))?;
    let all: Arc<[Uuid]> = found.topics.iter().map(|topic| topic.id).collect();
    let synced_device = left_in_memory::sync(data_dir, last_stop).await;
    let origin = Origin::LastRun { last_stop, checkpoint, journals: journals.clone(), synced_device };
    let all_there_is = Opening { topics: found.topics, origin };
    let opened = start_progress::with_progress_logged(core, open_everywhere(core, all_there_is)).await;
    let of_others = journal::tell_of_others(&journals, &all);
    let emptied = journal::begin(core, &places, &journals, &opened).await;
    ask_all_cores(core, || ShowTopics(all.clone())).await;
    *core.controller.borrow_mut() = Some(Rc::new(found.controller));
    let OpenedTopics { partitions, failed, .. } = opened;
    let faults = journals.faults().to_vec();
    Ok((Recovered { partitions, failed, of_others, faults, emptied }, locks))
}

fn banner(core: &Core, addresses: &[SocketAddr], partitions: usize, began: Instant) -> Banner {
    let config = &core.node.config;
    let cpus = match &config.cores {
        crate::config::CoreList::These(cpus) => cpus.clone(),
        crate::config::CoreList::All => (0..core.node.cores).collect(),
    };
    let brokers = core.node.brokers.count();
    let sockets = config.listeners.iter().flat_map(|listener| (0..brokers).map(move |nth| (listener, nth)));
    let up = sockets.zip(addresses).map(|((listener, nth), address)| Listening {
        name: listener.name.clone(),
        address: *address,
        advertised: listener.advertised.as_ref().and_then(|first| first.behind(nth)),
        node: (brokers > 1).then(|| core.node.brokers.node_id(BrokerIndex(nth))),
    });
    let listeners = up.collect();
    Banner {
        version: crate::VERSION,
        cpus,
        data_dir: config.data_dir.clone(),
        listeners,
        node: (config.broker.node_id, core.node.cluster_id().to_owned()),
        partitions,
        took: now().saturating_since(began),
    }
}
