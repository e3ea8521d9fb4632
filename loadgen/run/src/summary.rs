//! Makes of what the threads measured what the run reports.

mod time_series;
mod warnings;

use crate::crash::{self, Killed};
use crate::error::RunError;
use loadgen_engine::metrics::Metrics;
use loadgen_engine::options::{Acks, RunOptions};
use loadgen_engine::plan::Plan;
use loadgen_engine::records::stamp::encoded_bytes;
use loadgen_engine::run_state::RunState;
use loadgen_engine::schedule::Load;
use loadgen_engine::time_series::Grid;
use loadgen_engine::window::Window;
use loadgen_engine::worker::ThreadReport;
use loadgen_host::broker::target::Target;
use loadgen_host::machine;
use loadgen_host::noise::noise;
use loadgen_host::observer::Observed;
use loadgen_result::latency::Latency;
use loadgen_result::report::crash::CrashReport;
use loadgen_result::report::series::Distributions;
use loadgen_result::report::verification::{Findings, Level};
use loadgen_result::report::{
    Figures, Origin, RunReport, SCHEMA, ScheduleReport, SettingsReport, Verification,
};
use loadgen_result::steady;
use std::time::{SystemTime, UNIX_EPOCH};
use warnings::Warnings;

/// A run that came to its end.
pub struct Ended<'a> {
    /// The broker.
    pub target: &'a Target,
    /// What was decided.
    pub plan: &'a Plan,
    /// What the threads shared.
    pub run_state: &'a RunState,
    /// The pieces of time in which it is reported.
    pub grid: Grid,
    /// What was measured.
    pub window: Window,
    /// From outside, meanwhile.
    pub observed: Observed,
    /// Of the topic's segments.
    pub disk_bytes: Option<u64>,
    /// By a signal.
    pub is_interrupted: bool,
    /// What was asked for.
    pub options: &'a RunOptions,
    /// Who asked.
    pub origin: &'a Origin,
    /// Brokers killed on purpose.
    pub killed: Vec<Killed>,
    /// Why nobody can say what is left of the records.
    pub failure: Option<String>,
}

/// Merges, judges and computes.
pub fn summarise(ended: Ended<'_>, reports: Vec<ThreadReport>) -> Result<RunReport, RunError> {
    if ended.window.seconds() <= 0.0 {
        return Err(RunError::NothingMeasured { warmup_s: ended.options.warmup.as_secs_f64() });
    }
    let mut metrics = Metrics::default();
    let reports = reports.into_iter().map(|mut report| {
        metrics.merge(std::mem::take(&mut report.metrics));
        report
    });
    let reports: Vec<ThreadReport> = reports.collect();
    let verification = verify(&ended, &metrics, reports);
    let passed = verification.passed != Some(false);
    let figures = passed.then(|| figures(&ended, &metrics));
    let warnings = figures.as_ref().map(|figures| warnings::warnings(&ended, figures));
    let Warnings { all: warnings, spoil: spoiled_by } = warnings.unwrap_or_default();
    let ended_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(RunReport {
        schema: SCHEMA.into(),
        loadgen: ended.origin.loadgen.clone(),
        command: ended.origin.command.clone(),
        ended_at_ms: ended_at.as_millis() as u64,
        broker: ended.target.report.clone(),
        settings: settings(&ended),
        warmup_s: ended.options.warmup.as_secs_f64(),
        measured_s: ended.window.seconds(),
        interrupted: ended.is_interrupted,
        machine: machine::here(ended.target.data_dir()),
        crash: (ended.plan.crashes > 0).then(|| crash(&ended, &verification)),
        failure: ended.failure.clone(),
        verification,
        figures,
        warnings,
        spoiled_by,
    })
}

fn settings(ended: &Ended<'_>) -> SettingsReport {
    let (plan, options) = (ended.plan, ended.options);
    let target_rate = plan.load.mean_rate(ended.grid.span(), ended.window);
    SettingsReport {
        topic: plan.topic.name.as_str().to_owned(),
        partitions: plan.topic.partitions(),
        payload: plan.payload.about().to_owned(),
        target_ratio: ended.options.values.target_ratio.map(|target| target.ratio),
        keys: keys(plan),
        stamp_bytes: encoded_bytes(plan.verify == Level::Full),
        seed: plan.seed,
        load: if target_rate.is_some() { "open" } else { "maximum" }.into(),
        target_rate,
        schedule: plan.load.shape(),
        connections: plan.producers,
        consumers: plan.consumers.len(),
        threads: plan.cpus.len(),
        batch_bytes: options.batch_bytes,
        linger_ms: options.linger_ms,
        codec: plan.settings.codec.to_string(),
        acks: plan.settings.acks.name().into(),
        in_flight: plan.settings.in_flight,
    }
}

/// How many different ones.
fn keys(plan: &Plan) -> Option<u32> {
    let recorded = || plan.payload.recorded().map(|recorded| recorded.distinct_keys() as u32);
    plan.keys.as_ref().map(loadgen_engine::keys::KeySpace::count).or_else(recorded).filter(|count| *count > 0)
}

fn crash(ended: &Ended<'_>, verification: &Verification) -> CrashReport {
    crash::report(ended.plan.crashes, &ended.killed, ended.run_state, ended.window, &verification.findings)
}

fn verify(ended: &Ended<'_>, metrics: &Metrics, reports: Vec<ThreadReport>) -> Verification {
    let plan = ended.plan;
    if ended.failure.is_some() {
        let acked_records = metrics.acked_overall.records;
        return Verification {
            level: plan.verify,
            passed: None,
            acked_records,
            findings: Findings::default(),
        };
    }
    let mut outcomes = vec![Vec::new(); plan.producers];
    let mut judged = Vec::new();
    for report in reports {
        report
            .produced
            .into_iter()
            .for_each(|produced| outcomes[usize::from(produced.id)] = produced.outcomes);
        judged.extend(report.judged);
    }
    judged.sort_by_key(|(partition, _)| *partition);
    let mut findings = Findings::default();
    for (partition, verifier) in judged {
        findings.merge(verifier.finish(|producer| outcomes[producer].get(partition)));
    }
    // Weaker acks than acks=all promise nothing about a crash. What is missing after one is reported, and is no
    // verdict.
    let may_miss = !ended.killed.is_empty() && plan.settings.acks != Acks::All;
    let passed = if may_miss { findings.passed_but_for_the_missing() } else { findings.passed() };
    let passed = (plan.verify != Level::Off).then_some(passed);
    Verification { level: plan.verify, passed, acked_records: metrics.acked_overall.records, findings }
}

fn figures(ended: &Ended<'_>, metrics: &Metrics) -> Figures {
    let (seconds, [from, to]) = (ended.window.seconds(), [&ended.observed.from, &ended.observed.to]);
    let acked = metrics.acked.records as f64;
    let per = |amount: f64, count: f64| (count > 0.0).then(|| amount / count);
    let broker_io = to.broker_io.zip(from.broker_io).map(|(to, from)| to.since(from));
    let requests = metrics.acked_requests as f64;
    // Up to the last ack: a piece of work cut through by the window's end would count on one side only.
    let (cpu, acked_to_the_last) = (&ended.observed.at_last_ack, metrics.acked_to_the_last as f64);
    let broker_cpu_s = cpu.broker_s.zip(from.cpu.broker_s).map(|(to, from)| to - from);
    let records_per_s = acked / seconds;
    let compressed = ended.plan.settings.codec.codec != loadgen_engine::codec::Codec::None;
    let overall = metrics.acked_overall.records as f64;
    let target_rate = ended.plan.load.mean_rate(ended.grid.span(), ended.window);
    let series = time_series::series(&ended.grid, ended.window, metrics, &ended.observed);
    // Without acks nobody says when a request was served.
    let service = (ended.plan.settings.acks != Acks::None).then_some(&metrics.service);
    Figures {
        records_per_s,
        mb_per_s: metrics.acked.bytes as f64 / seconds / 1e6,
        requests_per_s: metrics.acked_requests as f64 / seconds,
        consumed_records_per_s: metrics.consumed.records as f64 / seconds,
        achieved: target_rate.map(|rate| records_per_s / rate),
        response: metrics.response.whole().percentiles(),
        queue: metrics.queue.percentiles(),
        service: service.and_then(Latency::percentiles),
        distributions: distributions(metrics, service),
        steady: (!matches!(ended.plan.load, Load::Shaped(_) | Load::Replay(_)) && ended.killed.is_empty())
            .then(|| steady::judge(&series))
            .flatten(),
        series,
        noise: noise([from, to], &ended.observed.hiccups),
        stages: ended.observed.stages.clone(),
        between_cores: ended.observed.between_cores,
        write_amplification: broker_io
            .and_then(|io| per(io.disk_write_bytes as f64, metrics.acked.bytes as f64)),
        broker_read_calls_per_request: broker_io.and_then(|io| per(io.read_calls as f64, requests)),
        broker_write_calls_per_request: broker_io.and_then(|io| per(io.write_calls as f64, requests)),
        broker_peak_memory_bytes: to.broker_peak_memory_bytes,
        end_to_end: metrics.end_to_end.whole().percentiles(),
        broker_cpu_s_per_million: broker_cpu_s.and_then(|cpu| per(cpu * 1e6, acked_to_the_last)),
        generator_cpu_s_per_million: per((cpu.generator_s - from.cpu.generator_s) * 1e6, acked_to_the_last),
        generator_busy: per(metrics.thread.busy_ns as f64, metrics.thread_over_ns as f64).unwrap_or(0.0),
        generator_starved: per(metrics.thread.starved_ns as f64, metrics.thread_over_ns as f64)
            .unwrap_or(0.0),
        wire_out_bytes_per_record: per(metrics.wire_out_bytes as f64, acked),
        wire_in_bytes_per_record: per(metrics.wire_in_bytes as f64, metrics.consumed.records as f64),
        disk_bytes: ended.disk_bytes,
        disk_bytes_per_record: ended.disk_bytes.and_then(|bytes| per(bytes as f64, overall)),
        compression_ratio: compressed
            .then(|| per(metrics.uncompressed_bytes as f64, metrics.compressed_bytes as f64))
            .flatten(),
        refusals: metrics.refusals.clone(),
        schedule: schedule(ended, metrics),
    }
}

fn distributions(metrics: &Metrics, service: Option<&Latency>) -> Distributions {
    Distributions {
        response: metrics.response.whole().portable(),
        queue: metrics.queue.portable(),
        service: service.and_then(Latency::portable),
        end_to_end: metrics.end_to_end.whole().portable(),
    }
}

fn schedule(ended: &Ended<'_>, metrics: &Metrics) -> ScheduleReport {
    let (seconds, producers) = (ended.window.seconds(), ended.plan.producers as f64);
    ScheduleReport {
        lateness: metrics.lateness.percentiles(),
        unsent_records: metrics.unsent_records,
        unanswered_records: metrics.unanswered_records,
        in_flight_cap_waits: metrics.cap_waits,
        in_flight_cap_share: metrics.cap_wait_ns as f64 / 1e9 / seconds / producers,
    }
}
