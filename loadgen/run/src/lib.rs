//! One run, from what is asked to a report: find or start the broker, make the topic, start the threads, time the
//! phases, drain, judge, and clean up.
//!
//! This crate owns the order of these steps. It must not know screens or a command line: it shows itself through a
//! [`progress_view::ProgressView`].
//!
//! The way of a run: (`plain`, two runs if no rate is asked for) -> `run` (finds or starts the broker, prepares the
//! topic, decides the `Plan`) -> one `worker` thread per core -> `phases` on the main thread -> `summary` -> the
//! report.
#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

pub mod crash;
pub mod error;
pub mod phases;
pub mod plain;
pub mod progress_view;
pub mod summary;

use crate::error::RunError;
use crate::phases::{Phases, Seen};
use crate::progress_view::ProgressView;
use crate::summary::{Ended, summarise};
use loadgen_engine::client::cluster::{Cluster, Topic};
use loadgen_engine::error::EngineError;
use loadgen_engine::keys::KeySpace;
use loadgen_engine::options::{Keys, RunOptions};
use loadgen_engine::payload::options::Batches;
use loadgen_engine::payload::{Payload, PayloadSource};
use loadgen_engine::plan::{ClientSettings, Plan, shares};
use loadgen_engine::run_state::RunState;
use loadgen_engine::schedule::{Load, Replay};
use loadgen_engine::window::Window;
use loadgen_engine::worker::{ThreadReport, run_thread};
use loadgen_host::broker::Wanted;
use loadgen_host::broker::target::Target;
use loadgen_host::cores::{self, Cores};
use loadgen_host::flame::Flame;
use loadgen_result::report::verification::Level;
use loadgen_result::report::{Origin, RunReport};
use loadgen_result::results_dir::FLAME_FILE;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

const DEFAULT_PARTITIONS: i32 = 4;

/// Who asks for runs, and how it ends them.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// As results name it.
    pub origin: Origin,
    /// Ends a run early, with what was measured until then.
    pub interrupted: Arc<AtomicBool>,
}

/// Runs a load, shown by `view`.
pub fn run(
    options: &RunOptions,
    caller: &Caller,
    view: Box<dyn ProgressView>,
) -> Result<RunReport, RunError> {
    run_kept(options, caller, view).and_then(|(report, failure)| failure.map_or(Ok(report), Err))
}

/// The same. If the load was cut short, as by a broker that stopped, it returns what was measured until then, and why
/// there is no more. If the flame graph that was asked for is missing, it returns that reason, too.
pub fn run_kept(
    options: &RunOptions,
    caller: &Caller,
    mut view: Box<dyn ProgressView>,
) -> Result<(RunReport, Option<RunError>), RunError> {
    check(options)?;
    let wanted = Wanted::of(&options.broker)?;
    view.say("preparing the records");
    let is_interrupted = || caller.interrupted.load(Ordering::Relaxed);
    let payload =
        Payload::load_until(&source(options)?, options.seed, options.verify == Level::Full, &is_interrupted)?;
    let at_hand = cores::at_hand()?;
    let cores =
        cores::split(&at_hand, options.broker.bootstrap.is_none(), options.broker.broker_cores.as_deref())?;
    view.say(if options.broker.bootstrap.is_some() { "connecting" } else { "starting the broker" });
    let mut target = Target::reach(&wanted, &cores, &is_interrupted)?;
    let report = measure(options, payload, &cores, &mut target, view, caller);
    report.map_err(|error| explain(error, &mut target))
}

/// The error to tell: if the started broker died, that. If one was killed and did not come back, all of it is told.
fn explain(error: RunError, target: &mut Target) -> RunError {
    if matches!(error, RunError::NotBack(_)) { error } else { target.explain(error) }
}

/// Options that mean nothing together.
fn check(options: &RunOptions) -> Result<(), RunError> {
    if !(0.0..=3_600_000.0).contains(&options.linger_ms) {
        return Err(RunError::Options("--linger-ms takes 0 to 3600000 ms".into()));
    }
    if options.duration.is_zero() {
        return Err(RunError::Options("--duration must be more than 0".into()));
    }
    if options.consumers == Some(0) && options.verify != Level::Off {
        return Err(RunError::Options("--consumers 0 verifies nothing: add --verify off".into()));
    }
    if options.replay.is_some() && (options.rate.is_some() || options.schedule.is_some()) {
        return Err(RunError::Options(
            "--replay has times of its own: leave out --rate and --schedule".into(),
        ));
    }
    if options.crash.is_some() && options.broker.bootstrap.is_some() {
        return Err(RunError::Options(
            "--crash kills only a broker that loadgen starts: leave out --bootstrap".into(),
        ));
    }
    if options.crash.is_some() && options.verify == Level::Off {
        return Err(RunError::Options("--crash counts what is lost: it needs --verify seq or full".into()));
    }
    if options.flame && options.out.is_none() {
        return Err(RunError::Options(
            "--flame writes flame.svg into the directory of the result: add --out DIR".into(),
        ));
    }
    Ok(Load::asked(options.rate, options.schedule.as_ref()).map(drop)?)
}

fn source(options: &RunOptions) -> Result<PayloadSource, RunError> {
    Ok(options.values.source(Batches { codec: options.codec, bytes: options.batch_bytes })?)
}

fn load_asked(options: &RunOptions, payload: &Payload, routes: Option<&[u32]>) -> Result<Load, RunError> {
    match options.replay {
        Some(speed) => {
            let replay =
                Replay::new(payload, routes.unwrap_or_default(), usize::from(options.connections), speed)?;
            Ok(Load::Replay(Arc::new(replay)))
        }
        None => Ok(Load::asked(options.rate, options.schedule.as_ref())?),
    }
}

fn measure(
    options: &RunOptions,
    payload: Payload,
    cores: &Cores,
    target: &mut Target,
    mut view: Box<dyn ProgressView>,
    caller: &Caller,
) -> Result<(RunReport, Option<RunError>), RunError> {
    view.say("preparing the topic");
    let mut cluster = Cluster::connect(target.address())?;
    let run = RandomState::new().hash_one(std::process::id()) as u16;
    let topic = topic(options, &payload, run, &mut cluster)?;
    let measured = plan(options, payload, run, topic.clone(), cores, &mut cluster)
        .and_then(|plan| measure_plan(options, Arc::new(plan), target, &mut cluster, view, caller));
    // One that has fallen silent would be waited for.
    let is_silent = |error: &RunError| matches!(error, RunError::Engine(EngineError::Silent { .. }));
    let has_fallen_silent = match &measured {
        Ok((_, failure)) => failure.as_ref().is_some_and(is_silent),
        Err(error) => is_silent(error),
    };
    if !target.is_own() && options.topic.is_none() && !has_fallen_silent {
        let _ = cluster.delete(&topic); // a broker that can't delete keeps it: no reason to fail
    }
    measured
}

/// The same, with everything decided.
fn measure_plan(
    options: &RunOptions,
    plan: Arc<Plan>,
    target: &mut Target,
    cluster: &mut Cluster,
    mut view: Box<dyn ProgressView>,
    caller: &Caller,
) -> Result<(RunReport, Option<RunError>), RunError> {
    target.check_holds(&plan.topic)?;
    view.load(&target.report.title(), &plan);
    let run_state = Arc::new(
        RunState::new(plan.cpus.len(), plan.producers, plan.consumers.len())
            .with_partitions(plan.topic.partitions())
            .with_crashes(plan.crashes),
    );
    let mut flame = options.flame.then(|| Flame::of(target.pid())).transpose()?;
    let phases = Phases {
        warmup: options.warmup,
        duration: options.duration,
        plan: &plan,
        run_state: &run_state,
        interrupted: &caller.interrupted,
    };
    let loaded = load(&phases, target, cluster, view.as_mut(), flame.as_mut());
    let Loaded { window, seen: Seen { observed, killed, failure }, reports } = loaded?;
    let failure = failure.map(|failure| explain(failure, target));
    view.say("stopping the broker");
    let disk_bytes = match failure {
        Some(_) => None, // there is nothing to close
        None => target.close(&plan.topic)?,
    };
    let undrawn = flame.zip(options.out.as_ref()).and_then(|(flame, dir)| {
        view.say("drawing the flame graph");
        flame.draw(&dir.join(FLAME_FILE), &target.report.title()).err()
    });
    let is_interrupted = caller.interrupted.load(Ordering::Relaxed);
    let ended = Ended {
        target,
        plan: &plan,
        run_state: &run_state,
        grid: *run_state.grid(),
        window,
        observed,
        disk_bytes,
        is_interrupted,
        options,
        origin: &caller.origin,
        killed,
        failure: failure.as_ref().map(ToString::to_string),
    };
    summarise(ended, reports).map(|report| (report, failure.or(undrawn.map(RunError::from))))
}

/// A load that came to its end, or so far that there is something to tell.
struct Loaded {
    window: Window,
    seen: Seen,
    reports: Vec<ThreadReport>,
}

impl Loaded {
    /// Whether anything was measured.
    fn is_worth_telling(&self) -> bool {
        let acked = self.reports.iter().any(|report| report.metrics.acked.records > 0);
        self.window.seconds() > 0.0 && (acked || !self.seen.killed.is_empty())
    }
}

/// Runs the threads through the phases.
fn load(
    phases: &Phases<'_>,
    target: &mut Target,
    cluster: &mut Cluster,
    view: &mut dyn ProgressView,
    flame: Option<&mut Flame>,
) -> Result<Loaded, RunError> {
    let run_state = phases.run_state;
    let threads = start_threads(phases.plan, run_state)?;
    let timed = phases.run(target, cluster, view, flame);
    if let Err(error) = &timed {
        run_state.fail(EngineError::Ended(error.to_string())); // so that the threads end; `timed` is what is told
    }
    let reports = threads.into_iter().map(|thread| thread.join().expect("threads do not panic")).collect();
    let mut seen = timed?;
    seen.failure = seen.failure.or_else(|| run_state.take_failure().map(RunError::from));
    let mut loaded = Loaded { window: run_state.window(), seen, reports };
    let untold = if loaded.is_worth_telling() { None } else { loaded.seen.failure.take() };
    untold.map_or(Ok(loaded), Err)
}

/// The topic to write into: a new one, or what is there if that was asked for.
fn topic(
    options: &RunOptions,
    payload: &Payload,
    run: u16,
    cluster: &mut Cluster,
) -> Result<Topic, RunError> {
    let name = options.topic.clone().unwrap_or_else(|| format!("loadgen-{}-{run:04x}", std::process::id()));
    if let Some(topic) =
        (!options.into_existing).then(|| cluster.existing_topic(&name)).transpose()?.flatten()
    {
        return Err(is_there(&topic, cluster));
    }
    let recorded = payload.recorded().and_then(|recorded| i32::try_from(recorded.partitions()).ok());
    Ok(cluster.topic(&name, options.partitions, recorded.unwrap_or(DEFAULT_PARTITIONS))?)
}

/// The topic may hold others' records, and others may read it. What this run makes up would stay among them.
fn is_there(topic: &Topic, cluster: &mut Cluster) -> RunError {
    let [starts, ends] = [cluster.start_offsets(topic), cluster.end_offsets(topic)];
    let held = starts.ok().zip(ends.ok()).map(|(starts, ends)| {
        let records: i64 = ends.iter().zip(&starts).map(|(end, start)| end - start).sum();
        format!(" and {records} records")
    });
    RunError::Options(format!(
        "topic {} exists, with {} partitions{}: name another topic, leave out --topic, or add --into-existing (the run's made-up \
         records then stay in the topic)",
        topic.name.as_str(),
        topic.partitions(),
        held.unwrap_or_default()
    ))
}

fn plan(
    options: &RunOptions,
    payload: Payload,
    run: u16,
    topic: Topic,
    cores: &Cores,
    cluster: &mut Cluster,
) -> Result<Plan, RunError> {
    let routes = payload.recorded().map(|recorded| recorded.routes(topic.partitions()));
    let cpus = cores::threads(&cores.generator, options.threads);
    let consumers = options.consumers.map_or(cpus.len(), usize::from);
    let keys = match options.keys {
        Keys::None => None,
        Keys::Distinct(count) => Some(KeySpace::new(count, topic.partitions())),
    };
    Ok(Plan {
        versions: cluster.versions(&topic)?,
        start_offsets: cluster.end_offsets(&topic)?,
        load: load_asked(options, &payload, routes.as_deref())?,
        payload,
        keys,
        routes,
        producers: usize::from(options.connections),
        consumers: shares(&topic, consumers),
        topic,
        settings: ClientSettings {
            batch_bytes: options.batch_bytes,
            linger_ns: (options.linger_ms * 1e6) as u64,
            codec: options.codec,
            acks: options.acks,
            in_flight: usize::from(options.in_flight),
        },
        verify: options.verify,
        crashes: usize::from(options.crash.unwrap_or(0)),
        run,
        seed: options.seed,
        cpus,
    })
}

fn start_threads(
    plan: &Arc<Plan>,
    run_state: &Arc<RunState>,
) -> Result<Vec<JoinHandle<ThreadReport>>, RunError> {
    let start = |index| {
        let (plan, run_state) = (plan.clone(), run_state.clone());
        let thread = std::thread::Builder::new().name(format!("load-{index}"));
        thread.spawn(move || run_thread(index, &plan, &run_state)).map_err(RunError::system("a thread"))
    };
    (0..plan.cpus.len()).map(start).collect::<Result<_, _>>().inspect_err(|_| {
        run_state.fail(EngineError::Ended("not all threads could be started".into()));
    })
}
