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
use super::listen::{listen_for_admin, listen_on};
use super::{accept, data_dir, file_system, journal, left_in_memory, shutdown, start_progress, upkeep};
use crate::config::Config;
use crate::core::node::Node;
use crate::core::{Core, ask_all_cores};
use crate::limits::MAILBOX_PACKETS;
use crate::peers::Packet;
use crate::peers::questions::ShowTopics;
use crate::tasks::race::{First, race};
use crate::topics::open_everywhere;
use crate::topics::replicas::opening::{Opening, Origin};
use crate::{admin, inbox};

/// A node to be started: what its cores share. One for all cores; each takes its part of it.
#[derive(Clone)]
pub struct Setup {
    node: Arc<Node>,
    /// Each core takes its own endpoint, once, when it begins. This lock and the next are the only ones.
    endpoints: Arc<Mutex<Vec<Option<Endpoint<Packet>>>>>,
    failure: Arc<Mutex<Option<Failure>>>,
    on_ready: Arc<dyn Fn(&Banner) + Send + Sync>,
}

impl Setup {
    /// A node of `cores` cores; `on_ready` is told once it serves.
    pub fn new(config: Config, cores: usize, on_ready: impl Fn(&Banner) + Send + Sync + 'static) -> Self {
        let endpoints = mesh(cores, MAILBOX_PACKETS).into_iter().map(Some).collect();
        Self {
            node: Arc::new(Node::new(config, cores)),
            endpoints: Arc::new(Mutex::new(endpoints)),
            failure: Arc::default(),
            on_ready: Arc::new(on_ready),
        }
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
    spawn(upkeep::run(core.clone()));
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
    let led = lead_locked(core, setup, &data_dir, began).await;
    if led.is_err() {
        // What is refused is left as it was found.
        lock.undo();
    }
    led
}

async fn lead_locked(core: &Rc<Core>, setup: &Setup, data_dir: &Path, began: Instant) -> Result<(), Failure> {
    spawn(file_system::tell(data_dir.to_owned()));
    // Bound before recovery, so that a taken port is told at once; clients wait in the backlog meanwhile.
    let (listeners, addresses) = listen_on(&core.node.config.listeners).await?;
    let admin = core.node.config.admin.map(listen_for_admin).transpose()?;
    let partitions = recover(core, data_dir).await?;
    if let Some(listener) = admin {
        spawn(admin::serve(core.clone(), listener));
    }
    (setup.on_ready)(&banner(core, &addresses, partitions, began));
    match race(accept::accept(core, listeners), shutdown_signal()).await {
        First::Left(never) => match never {},
        First::Right(()) => {}
    }
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

/// Opens everything that is there, on all cores. The number of partitions.
async fn recover(core: &Rc<Core>, data_dir: &Path) -> Result<usize, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::DataDir(data_dir.display().to_string(), error.to_string());
    let files = CheckpointFiles::of(data_dir);
    let last_stop = files.last_stop();
    let checkpoint = files.read().map_err(|error| failed(&error))?;
    let journals = journal::find(data_dir).await.map_err(|error| failed(&error))?;
    let found = data_dir::find(core, data_dir, last_stop).await.map_err(|error| failed(&error))?;
    let _ = core.node.cluster_id.set(found.cluster_id);
    // Before anything is opened: coordinators may append as soon as they stand.
    files.clear_clean_shutdown().await.map_err(|error| failed(&error))?;
    let all: Arc<[Uuid]> = found.topics.iter().map(|topic| topic.id).collect();
    let synced_device = left_in_memory::sync(data_dir, last_stop).await;
    let origin = Origin::LastRun { last_stop, checkpoint, journals: journals.clone(), synced_device };
    let all_there_is = Opening { topics: found.topics, origin };
    let opened = start_progress::with_progress_logged(core, open_everywhere(core, all_there_is)).await;
    journal::tell_of_others(&journals, &all);
    journal::begin(core, data_dir, &journals, &opened).await;
    ask_all_cores(core, || ShowTopics(all.clone())).await;
    *core.controller.borrow_mut() = Some(Rc::new(found.controller));
    Ok(opened.partitions)
}

fn banner(core: &Core, addresses: &[SocketAddr], partitions: usize, began: Instant) -> Banner {
    let config = &core.node.config;
    let cpus = match &config.cores {
        crate::config::CoreList::These(cpus) => cpus.clone(),
        crate::config::CoreList::All => (0..core.node.cores).collect(),
    };
    let up = config.listeners.iter().zip(addresses).map(|(listener, address)| Listening {
        name: listener.name.clone(),
        address: *address,
        advertised: listener.advertised.clone(),
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
