//! `loadgen run`, from options to report: find or start the broker, make the topic, start the threads, time the phases,
//! drain, judge, and clean up.

use crate::broker::Wanted;
use crate::broker::target::Target;
use crate::cli::{Keys, RunArgs};
use crate::client::cluster::{Cluster, Topic};
use crate::cores::{self, Cores};
use crate::error::LoadError;
use crate::flame::{FLAME_FILE, Flame};
use crate::keys::KeySpace;
use crate::live::Live;
use crate::payload::cli::Batches;
use crate::payload::{Payload, PayloadSource};
use crate::phases::{Phases, Seen};
use crate::plan::{ClientSettings, Plan, shares};
use crate::report::RunReport;
use crate::schedule::{Load, Replay};
use crate::stage::{Stage, Window};
use crate::summary::{Ended, summarise};
use crate::verify::Level;
use crate::worker::{ThreadReport, run_thread};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

const DEFAULT_PARTITIONS: i32 = 4;

/// Runs a load; `interrupted` ends it early, with what was measured until then.
pub fn run(args: &RunArgs, interrupted: &Arc<AtomicBool>) -> Result<RunReport, LoadError> {
    run_shown(args, interrupted, Live::lines())
}

/// The same, shown as `live` does: behind a bar for one of many ([`crate::progress`]).
pub fn run_shown(args: &RunArgs, interrupted: &Arc<AtomicBool>, live: Live) -> Result<RunReport, LoadError> {
    run_kept(args, interrupted, live).and_then(|(report, failure)| failure.map_or(Ok(report), Err))
}

/// The same; where the load was cut short, as by a broker that stopped, what was measured until then, and why there is no
/// more. Also where the flame graph that was asked for is missing.
pub fn run_kept(
    args: &RunArgs,
    interrupted: &Arc<AtomicBool>,
    mut live: Live,
) -> Result<(RunReport, Option<LoadError>), LoadError> {
    check(args)?;
    let wanted = Wanted::of(args)?;
    live.say("making payload");
    let is_interrupted = || interrupted.load(Ordering::Relaxed);
    let payload =
        Payload::load_until(&source(args)?, args.seed, args.verify == Level::Full, &is_interrupted)?;
    let at_hand = cores::at_hand()?;
    let cores = cores::split(&at_hand, args.bootstrap.is_none(), args.broker_cores.as_deref())?;
    live.say(if args.bootstrap.is_some() { "connecting" } else { "starting a broker" });
    let mut target = Target::reach(&wanted, &cores, &is_interrupted)?;
    let report = measure(args, payload, &cores, &mut target, live, interrupted);
    report.map_err(|error| target.explain(error))
}

/// Options that clap can't judge alone.
fn check(args: &RunArgs) -> Result<(), LoadError> {
    if !(0.0..=3_600_000.0).contains(&args.linger_ms) {
        return Err(LoadError::Options("--linger-ms takes 0 to 3600000".into()));
    }
    if args.duration.is_zero() {
        return Err(LoadError::Options("--duration must be longer than nothing".into()));
    }
    if args.consumers == Some(0) && args.verify != Level::Off {
        return Err(LoadError::Options("without consumers nothing can be verified: add --verify off".into()));
    }
    if args.replay.is_some() && (args.rate.is_some() || args.schedule.is_some()) {
        return Err(LoadError::Options(
            "--replay brings its own times: leave --rate and --schedule out".into(),
        ));
    }
    if args.crash.is_some() && args.bootstrap.is_some() {
        return Err(LoadError::Options(
            "--crash kills brokers that loadgen started, not others' (--bootstrap)".into(),
        ));
    }
    if args.crash.is_some() && args.verify == Level::Off {
        return Err(LoadError::Options(
            "--crash is there to see what is lost: it needs --verify seq or full".into(),
        ));
    }
    if args.flame && args.out.is_none() {
        return Err(LoadError::Options(
            "--flame draws flame.svg into a result's directory: add --out DIR".into(),
        ));
    }
    Load::asked(args.rate, args.schedule.as_ref()).map(drop)
}

fn source(args: &RunArgs) -> Result<PayloadSource, LoadError> {
    args.values.source(Batches { codec: args.codec, bytes: args.batch_bytes })
}

fn load_asked(args: &RunArgs, payload: &Payload, routes: Option<&[u32]>) -> Result<Load, LoadError> {
    match args.replay {
        Some(speed) => {
            let replay =
                Replay::new(payload, routes.unwrap_or_default(), usize::from(args.connections), speed)?;
            Ok(Load::Replay(Arc::new(replay)))
        }
        None => Load::asked(args.rate, args.schedule.as_ref()),
    }
}

fn measure(
    args: &RunArgs,
    payload: Payload,
    cores: &Cores,
    target: &mut Target,
    mut live: Live,
    interrupted: &Arc<AtomicBool>,
) -> Result<(RunReport, Option<LoadError>), LoadError> {
    live.say("preparing the topic");
    let mut cluster = Cluster::connect(target.address())?;
    let run = RandomState::new().hash_one(std::process::id()) as u16;
    let topic = topic(args, &payload, run, &mut cluster)?;
    let measured = plan(args, payload, run, topic.clone(), cores, &mut cluster)
        .and_then(|plan| measure_plan(args, Arc::new(plan), target, &mut cluster, live, interrupted));
    // One that has fallen silent would be waited for.
    let is_silent = |error: &LoadError| matches!(error, LoadError::Silent { .. });
    let has_fallen_silent = match &measured {
        Ok((_, failure)) => failure.as_ref().is_some_and(is_silent),
        Err(error) => is_silent(error),
    };
    if !target.is_own() && args.topic.is_none() && !has_fallen_silent {
        let _ = cluster.delete(&topic); // a broker that can't delete keeps it: no reason to fail
    }
    measured
}

/// The same, with everything decided.
fn measure_plan(
    args: &RunArgs,
    plan: Arc<Plan>,
    target: &mut Target,
    cluster: &mut Cluster,
    mut live: Live,
    interrupted: &Arc<AtomicBool>,
) -> Result<(RunReport, Option<LoadError>), LoadError> {
    target.check_holds(&plan.topic)?;
    live.load(&target.report.title(), &plan);
    let stage = Arc::new(
        Stage::new(plan.cpus.len(), plan.producers, plan.consumers.len())
            .with_partitions(plan.topic.partitions())
            .with_crashes(plan.crashes),
    );
    let mut flame = args.flame.then(|| Flame::of(target.pid())).transpose()?;
    let phases =
        Phases { warmup: args.warmup, duration: args.duration, plan: &plan, stage: &stage, interrupted };
    let loaded = load(&phases, target, cluster, &mut live, flame.as_mut());
    let Loaded { window, seen: Seen { observed, killed, failure }, reports } = loaded?;
    let failure = failure.map(|failure| target.explain(failure));
    live.say("closing");
    let disk_bytes = match failure {
        Some(_) => None, // there is nothing to close
        None => target.close(&plan.topic)?,
    };
    let undrawn = flame.zip(args.out.as_ref()).and_then(|(flame, dir)| {
        live.say("drawing");
        flame.draw(&dir.join(FLAME_FILE), &target.report.title()).err()
    });
    let is_interrupted = interrupted.load(Ordering::Relaxed);
    let ended = Ended {
        target,
        plan: &plan,
        stage: &stage,
        grid: *stage.grid(),
        window,
        observed,
        disk_bytes,
        is_interrupted,
        args,
        killed,
        failure: failure.as_ref().map(ToString::to_string),
    };
    summarise(ended, reports).map(|report| (report, failure.or(undrawn)))
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
    live: &mut Live,
    flame: Option<&mut Flame>,
) -> Result<Loaded, LoadError> {
    let stage = phases.stage;
    let threads = start_threads(phases.plan, stage)?;
    let timed = phases.run(target, cluster, live, flame);
    if let Err(error) = &timed {
        stage.fail(LoadError::Broker(error.to_string())); // so that the threads end; `timed` is what is told
    }
    let reports = threads.into_iter().map(|thread| thread.join().expect("threads do not panic")).collect();
    let mut seen = timed?;
    seen.failure = seen.failure.or_else(|| stage.take_failure());
    let mut loaded = Loaded { window: stage.window(), seen, reports };
    let untold = if loaded.is_worth_telling() { None } else { loaded.seen.failure.take() };
    untold.map_or(Ok(loaded), Err)
}

/// The topic to write into: a new one, or what is there if that was asked for.
fn topic(args: &RunArgs, payload: &Payload, run: u16, cluster: &mut Cluster) -> Result<Topic, LoadError> {
    let name = args.topic.clone().unwrap_or_else(|| format!("loadgen-{}-{run:04x}", std::process::id()));
    if let Some(topic) = (!args.into_existing).then(|| cluster.existing_topic(&name)).transpose()?.flatten() {
        return Err(is_there(&topic, cluster));
    }
    let recorded = payload.recorded().and_then(|recorded| i32::try_from(recorded.partitions()).ok());
    cluster.topic(&name, args.partitions, recorded.unwrap_or(DEFAULT_PARTITIONS))
}

/// Others' records may be in it, and others may read it: what this run makes up would stay among them.
fn is_there(topic: &Topic, cluster: &mut Cluster) -> LoadError {
    let [starts, ends] = [cluster.start_offsets(topic), cluster.end_offsets(topic)];
    let held = starts.ok().zip(ends.ok()).map(|(starts, ends)| {
        let records: i64 = ends.iter().zip(&starts).map(|(end, start)| end - start).sum();
        format!(" and {records} records")
    });
    LoadError::Options(format!(
        "topic {} exists, with {} partitions{}: a run writes made-up records that stay there; name another topic, leave --topic \
         out, or add --into-existing",
        topic.name.as_str(),
        topic.partitions(),
        held.unwrap_or_default()
    ))
}

fn plan(
    args: &RunArgs,
    payload: Payload,
    run: u16,
    topic: Topic,
    cores: &Cores,
    cluster: &mut Cluster,
) -> Result<Plan, LoadError> {
    let routes = payload.recorded().map(|recorded| recorded.routes(topic.partitions()));
    let cpus = cores::threads(&cores.generator, args.threads);
    let consumers = args.consumers.map_or(cpus.len(), usize::from);
    let keys = match args.keys {
        Keys::None => None,
        Keys::Distinct(count) => Some(KeySpace::new(count, topic.partitions())),
    };
    Ok(Plan {
        versions: cluster.versions(&topic)?,
        start_offsets: cluster.end_offsets(&topic)?,
        load: load_asked(args, &payload, routes.as_deref())?,
        payload,
        keys,
        routes,
        producers: usize::from(args.connections),
        consumers: shares(&topic, consumers),
        topic,
        settings: ClientSettings {
            batch_bytes: args.batch_bytes,
            linger_ns: (args.linger_ms * 1e6) as u64,
            codec: args.codec,
            acks: args.acks,
            in_flight: usize::from(args.in_flight),
        },
        verify: args.verify,
        crashes: usize::from(args.crash.unwrap_or(0)),
        run,
        seed: args.seed,
        cpus,
    })
}

fn start_threads(plan: &Arc<Plan>, stage: &Arc<Stage>) -> Result<Vec<JoinHandle<ThreadReport>>, LoadError> {
    let start = |index| {
        let (plan, stage) = (plan.clone(), stage.clone());
        let thread = std::thread::Builder::new().name(format!("load-{index}"));
        thread.spawn(move || run_thread(index, &plan, &stage)).map_err(LoadError::system("a thread"))
    };
    (0..plan.cpus.len()).map(start).collect::<Result<_, _>>().inspect_err(|_| {
        stage.fail(LoadError::Options("not all threads could be started".into()));
    })
}
