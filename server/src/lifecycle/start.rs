//! A core's life: it takes part in the start, serves, and ends; core 0 leads.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use creel_engine::CheckpointFiles;
use creel_io::fs::{DirLock, create_dir_all, lock_exclusive};
use creel_io::mailbox::{Endpoint, mesh};
use creel_io::net::TcpListener;
use creel_io::{CoreId, Instant, now, shutdown_signal, sleep, spawn, wall_clock_ms};
use creel_wire::Uuid;

use super::{accept, data_dir, exposure_warning, shutdown, start_progress};
use crate::config::{Config, Listener};
use crate::core::checkpoint::write_checkpoint;
use crate::core::node::Node;
use crate::core::{Core, ask_all_cores};
use crate::lifecycle::banner::{Banner, Listening};
use crate::limits::{
    CHECKPOINT_INTERVAL_MS, LARGE_REQUEST_PATIENCE_MS, MAILBOX_MESSAGES, TAKEN_PORT_PATIENCE_MS,
    TAKEN_PORT_PAUSE_MS,
};
use crate::peers::Message;
use crate::peers::questions::ShowTopics;
use crate::tasks::race::{First, race};
use crate::topics::replicas::opening::Opening;
use crate::topics::{open_everywhere, retry_removals};
use crate::{admin, inbox};

/// Why a broker did not start, or did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The data directory cannot be used.
    #[error("data directory {0}: {1}")]
    DataDir(String, String),
    /// Another process has it.
    #[error("data directory {0} is in use by another broker")]
    Locked(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1} (--listen, or listeners)")]
    Listen(SocketAddr, String),
    /// The admin listener's address cannot be listened on.
    #[error("cannot listen on {0}: {1} (creel.admin.listener)")]
    ListenForAdmin(SocketAddr, String),
    /// Something could not be made durable at the end; the next start recovers.
    #[error("the stop was not clean: see the log")]
    Unclean,
}

/// A node to be started: what its cores share. One for all cores; each takes its part of it.
#[derive(Clone)]
pub struct Setup {
    node: Arc<Node>,
    /// Each core takes its own, once, when it begins: the only lock there is.
    endpoints: Arc<Mutex<Vec<Option<Endpoint<Message>>>>>,
    failure: Arc<Mutex<Option<Failure>>>,
    on_ready: Arc<dyn Fn(&Banner) + Send + Sync>,
}

impl Setup {
    /// A node of `cores` cores; `on_ready` is told once it serves.
    pub fn new(config: Config, cores: usize, on_ready: impl Fn(&Banner) + Send + Sync + 'static) -> Self {
        let endpoints = mesh(cores, MAILBOX_MESSAGES).into_iter().map(Some).collect();
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

    fn take_endpoint(&self, core: CoreId) -> Option<Endpoint<Message>> {
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
    spawn(look_after(core.clone()));
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
    if shutdown::stop(core).await { Ok(()) } else { Err(Failure::Unclean) }
}

/// Listens on all of them. With each, where it really is: port 0 has become a free one.
async fn listen_on(listeners: &[Listener]) -> Result<(Vec<TcpListener>, Vec<SocketAddr>), Failure> {
    let mut bound = Vec::with_capacity(listeners.len());
    let mut addresses = Vec::with_capacity(listeners.len());
    for Listener { name, bind, .. } in listeners {
        let failed = |error: std::io::Error| Failure::Listen(*bind, with_advice(&error));
        let listener = listen(*bind).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        exposure_warning::warn_of_clients(name, address);
        addresses.push(address);
        bound.push(listener);
    }
    Ok((bound, addresses))
}

/// Listens, waiting out what a killed broker leaves behind: the kernel closes a ring's files a moment after its process
/// is gone, so a restart right after a kill -9 can find its own port still taken.
async fn listen(bind: SocketAddr) -> std::io::Result<TcpListener> {
    let give_up = now() + Duration::from_millis(TAKEN_PORT_PATIENCE_MS);
    loop {
        match bind_to(bind) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && now() < give_up => {
                sleep(Duration::from_millis(TAKEN_PORT_PAUSE_MS)).await;
            }
            listening => return listening,
        }
    }
}

/// Binds. Every address is every one of IPv4 where there is no IPv6.
fn bind_to(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).or_else(|error| match address.ip() {
        IpAddr::V6(ip) if ip.is_unspecified() && error.kind() != ErrorKind::AddrInUse => {
            TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port()))
        }
        _ => Err(error),
    })
}

/// Why an address can't be had, and what to do.
fn with_advice(error: &std::io::Error) -> String {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => "end what listens there, or choose another port",
        ErrorKind::AddrNotAvailable => "choose an address that this machine has",
        ErrorKind::PermissionDenied => "choose a port that needs no privilege, above 1023",
        _ => "choose another address",
    };
    format!("{error}; {advice}")
}

fn listen_for_admin(bind: SocketAddr) -> Result<TcpListener, Failure> {
    let listening = bind_to(bind).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) =
        listening.map_err(|error| Failure::ListenForAdmin(bind, with_advice(&error)))?;
    tracing::info!(%address, "admin listener");
    exposure_warning::warn_of_admin(address);
    Ok(listener)
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
    let was_clean = files.was_clean_shutdown();
    let checkpoint = files.read().map_err(|error| failed(&error))?;
    let found = data_dir::find(core, data_dir, was_clean).await.map_err(|error| failed(&error))?;
    let _ = core.node.cluster_id.set(found.cluster_id);
    // Before anything is opened: coordinators may append as soon as they stand.
    files.clear_clean_shutdown().await.map_err(|error| failed(&error))?;
    let all: Arc<[Uuid]> = found.topics.iter().map(|topic| topic.id).collect();
    let all_there_is = Opening { topics: found.topics, checkpoint, was_clean, are_new: false };
    let opened = start_progress::told(core, open_everywhere(core, all_there_is)).await;
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

/// What a core does by itself while it serves: it closes idle connections, rolls and drops segments; core 0 also writes
/// checkpoints.
async fn look_after(core: Rc<Core>) {
    let broker = core.node.broker();
    let interval = broker.log_retention_check_interval_ms.min(CHECKPOINT_INTERVAL_MS as i64).max(1);
    let idle = u64::try_from(broker.connections_max_idle_ms).ok().map(Duration::from_millis);
    let step = Duration::from_millis(interval as u64);
    let step = idle.map_or(step, |idle| step.min(idle / 2).max(Duration::from_millis(10)));
    let step = step.min(Duration::from_millis(LARGE_REQUEST_PATIENCE_MS) / 2);
    let mut upkeep_due = now() + Duration::from_millis(interval as u64);
    while !core.stopping.has_begun() {
        sleep(step).await;
        look_after_connections(&core, idle);
        core.change_log.tell_left_out();
        if now() >= upkeep_due {
            upkeep(&core).await;
            upkeep_due = now() + Duration::from_millis(interval as u64);
        }
    }
}

fn look_after_connections(core: &Core, idle: Option<Duration>) {
    let wanted = core.net.request_memory.is_wanted();
    if let Some(idle) = idle {
        core.net.connections.close_idle(idle, wanted);
    }
    if wanted {
        core.net.connections.close_slow_holders(&core.client_log);
    }
}

async fn upkeep(core: &Rc<Core>) {
    for partition in core.topics.own_partitions() {
        if let Err(error) = partition.upkeep(wall_clock_ms()).await {
            tracing::error!(partition = %partition.name(), %error, "upkeep failed");
        }
    }
    retry_removals(core).await;
    if core.controller().is_some() && !core.stopping.has_begun() {
        write_checkpoint(core).await;
    }
}
