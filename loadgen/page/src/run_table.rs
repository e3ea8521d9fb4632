//! The result as a table for a terminal.

use std::fmt::{self, Display, Formatter};

use loadgen_result::latency::Percentiles;
use loadgen_result::report::crash::CrashReport;
use loadgen_result::report::machine::{GOOD_BELOW, Noise};
use loadgen_result::report::series::{BetweenCores, StageTime};
use loadgen_result::report::steady::Steady;
use loadgen_result::report::verification::Level;
use loadgen_result::report::{Figures, RunReport, SettingsReport};
use loadgen_result::text::{thousands, wrapped};

use crate::glossary;
use crate::run_tables::{cores_in_words, several};

/// Prints a report as lines and a table.
#[derive(Debug)]
pub struct Table<'a>(pub &'a RunReport);

const LABEL: usize = 15;
/// Stages of the broker that are shown, and the share of its time from which on one is worth it.
const STAGES_SHOWN: usize = 4;
const STAGE_SHARE_MIN: f64 = 0.01;

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(f)?;
        write_setting(f, report)?;
        writeln!(f)?;
        if let Some(figures) = &report.figures {
            write_figures(f, report, figures)?;
        }
        write_verification(f, report)?;
        report.crash.as_ref().map_or(Ok(()), |crash| write_crash(f, crash, report.failure.is_some()))?;
        for warning in &report.warnings {
            write_warning(f, warning)?;
        }
        Ok(())
    }
}

/// Every label is a word of the glossary.
pub(super) fn line(f: &mut Formatter<'_>, label: &str, text: impl Display) -> fmt::Result {
    debug_assert!(label.is_empty() || glossary::explains(label), "the glossary explains '{label}'");
    writeln!(f, "  {label:<LABEL$}{}", wrapped(&text.to_string(), LABEL + 2))
}

pub(super) fn write_warning(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    writeln!(f, "\n  !! {}", wrapped(text, 5))
}

/// What it is, and how it was set.
pub(super) fn write_broker(f: &mut Formatter<'_>, report: &RunReport) -> fmt::Result {
    let broker = &report.broker;
    let text = match &broker.cores {
        Some(cores) => {
            format!("{}, started on {} at {}", broker.title(), cores_in_words(cores), broker.address)
        }
        None => format!("{} (running already)", broker.title()),
    };
    line(f, "broker", text)?;
    if !broker.settings.is_empty() {
        line(f, "", format_args!("with {}", broker.settings.join(", ")))?;
    }
    Ok(())
}

fn write_setting(f: &mut Formatter<'_>, report: &RunReport) -> fmt::Result {
    write_broker(f, report)?;
    let settings = &report.settings;
    let topic = format_args!("{}, {} partitions, {}", settings.topic, settings.partitions, keys(settings));
    line(f, "topic", topic)?;
    line(f, "records", &settings.payload)?;
    line(f, "", format_args!("and a stamp of {} B in a header of each record", settings.stamp_bytes))?;
    line(f, "clients", batches(settings))?;
    let (connections, requests) =
        (several(settings.connections, "connection"), several(settings.in_flight, "request"));
    let (consumers, threads) = (several(settings.consumers, "consumer"), several(settings.threads, "thread"));
    line(f, "", format_args!("{connections} x {requests} in flight, {consumers}, {threads}"))?;
    let shape = settings.schedule.as_ref().filter(|shape| *shape != "constant");
    let shape = shape.map(|shape| format!(" on average ({shape})"));
    match settings.target_rate {
        Some(rate) => line(
            f,
            "load",
            format_args!(
                "open loop, {} records/s{}; latency counts from the due time",
                thousands(rate),
                shape.unwrap_or_default()
            ),
        )?,
        None => line(f, "load", "closed loop; latency counts from when a record was made")?,
    }
    let cut = cut(report);
    line(
        f,
        "measured",
        format_args!("{:.1} s after {:.1} s of warm-up{cut}", report.measured_s, report.warmup_s),
    )
}

fn write_figures(f: &mut Formatter<'_>, report: &RunReport, figures: &Figures) -> fmt::Result {
    let rates = format_args!(
        "{:>12} records/s {:>10.1} MB/s {:>8} requests/s",
        thousands(figures.records_per_s),
        figures.mb_per_s,
        thousands(figures.requests_per_s)
    );
    line(f, if report.settings.acks == "0" { "sent" } else { "acked" }, rates)?;
    if let Some(achieved) = figures.achieved {
        line(f, "", format_args!("{:>12.1} % of the rate", achieved * 100.0))?;
    }
    if report.settings.consumers > 0 {
        line(f, "read back", format_args!("{:>12} records/s", thousands(figures.consumed_records_per_s)))?;
    }
    writeln!(f)?;
    head_of_latencies(f, &["p50", "p99", "p99.9", "p99.99", "max"])?;
    write_latency(
        f,
        if report.settings.acks == "0" { "sent" } else { "response" },
        figures.response.as_ref(),
    )?;
    write_latency(f, "  queue", figures.queue.as_ref())?;
    write_latency(f, "  service", figures.service.as_ref())?;
    write_latency(f, "end to end", figures.end_to_end.as_ref())?;
    writeln!(f)?;
    let cpu =
        [("broker", figures.broker_cpu_s_per_million), ("generator", figures.generator_cpu_s_per_million)];
    let cpu = cpu.iter().filter_map(|(who, cost)| cost.map(|cost| format!("{who} {cost:.3} s")));
    line(f, "CPU", format_args!("{} per million records", cpu.collect::<Vec<_>>().join(", ")))?;
    line(f, "generator busy", format_args!("{:.0} % of the time", figures.generator_busy * 100.0))?;
    write_broker_costs(f, figures)?;
    write_stages(f, &figures.stages)?;
    write_between_cores(f, figures.between_cores.as_ref())?;
    write_bytes(f, figures)?;
    write_schedule(f, figures)?;
    write_steady(f, figures.steady.as_ref())?;
    write_noise(f, &figures.noise, report.settings.target_rate.is_some())
}

/// How batches are made.
pub(super) fn batches(settings: &SettingsReport) -> String {
    format!(
        "batches of {} B, linger {} ms, codec {}, acks {}",
        settings.batch_bytes, settings.linger_ms, settings.codec, settings.acks
    )
}

/// How many different ones.
pub(super) fn keys(settings: &SettingsReport) -> String {
    settings.keys.map_or_else(|| "no keys".into(), |keys| format!("{} keys", thousands(f64::from(keys))))
}

/// Behind what was measured, where that is less than was asked for.
pub(super) fn cut(report: &RunReport) -> &'static str {
    match (&report.failure, report.interrupted) {
        (Some(_), _) => " (cut short)",
        (None, true) => " (interrupted)",
        (None, false) => "",
    }
}

pub(super) fn head_of_latencies(f: &mut Formatter<'_>, columns: &[&str]) -> fmt::Result {
    line(f, "latency ms", columns.iter().map(|column| format!("{column:>10}")).collect::<String>())
}

fn write_broker_costs(f: &mut Formatter<'_>, figures: &Figures) -> fmt::Result {
    if let Some(bytes) = figures.broker_peak_memory_bytes {
        line(f, "memory", format_args!("broker {:.1} MB at its peak", bytes as f64 / 1e6))?;
    }
    if let Some(written) = figures.write_amplification {
        line(f, "disk writes", format_args!("{written:.2} B per byte acked"))?;
    }
    let calls = figures.broker_read_calls_per_request.zip(figures.broker_write_calls_per_request);
    let Some((reads, writes)) = calls else { return Ok(()) };
    line(
        f,
        "system calls",
        format_args!("broker {reads:.2} reads, {writes:.2} writes per request, without io_uring"),
    )
}

fn write_steady(f: &mut Formatter<'_>, steady: Option<&Steady>) -> fmt::Result {
    let Some(steady) = steady else { return Ok(()) };
    let text = format_args!(
        "{}: records/s drift {:+.1} %, vary {:.1} % over {} windows of {:.1} s; not counted: {:.1} s of warm-up, {} records",
        if steady.is_steady { "yes" } else { "no" },
        steady.rate.drift * 100.0,
        steady.rate.variation * 100.0,
        steady.windows,
        steady.window_s,
        steady.excluded_s,
        thousands(steady.excluded_records as f64)
    );
    line(f, "steady", text)
}

/// The largest shares of the time that requests spent in the broker.
fn write_stages(f: &mut Formatter<'_>, stages: &[StageTime]) -> fmt::Result {
    let mut largest: Vec<&StageTime> = stages.iter().filter(|stage| stage.share >= STAGE_SHARE_MIN).collect();
    largest.sort_by(|a, b| b.share.total_cmp(&a.share));
    if largest.is_empty() {
        return Ok(());
    }
    let told = largest.iter().take(STAGES_SHOWN).map(|stage| {
        let (p50, p99) = (milliseconds(stage.percentiles.p50_us), milliseconds(stage.percentiles.p99_us));
        format!("{} {:.0} % (p50 {p50}, p99 {p99} ms)", stage.stage, stage.share * 100.0)
    });
    line(f, "inside broker", told.collect::<Vec<_>>().join(", "))
}

/// What a request costs because its partitions lie on several cores.
fn write_between_cores(f: &mut Formatter<'_>, between: Option<&BetweenCores>) -> fmt::Result {
    let Some(between) = between else { return Ok(()) };
    let text = format_args!(
        "{:.2} hops and {:.2} wakes per request, {:.0} % of requests local, {:.1} MB of records, {:.1} messages at a time",
        between.hops_per_request,
        between.wakes_per_request,
        between.local_share * 100.0,
        between.record_bytes as f64 / 1e6,
        between.messages_per_packet
    );
    line(f, "between cores", text)
}

/// Each figure beside what a quiet machine stays below. A closed loop makes all the pressure it can: that has no such bound.
fn write_noise(f: &mut Formatter<'_>, noise: &Noise, has_rate: bool) -> fmt::Result {
    let good = noise.good_below.unwrap_or(GOOD_BELOW);
    let percent = |share: Option<f64>, what: &str, good: f64| {
        share.map(|share| format!("{what} {:.1} % (good below {:.0})", share * 100.0, good * 100.0))
    };
    let hiccup = noise.hiccup.map(|hiccup| {
        let (p99, max) = (milliseconds(hiccup.p99_us), milliseconds(hiccup.max_us));
        format!("hiccups p99 {p99} ms (good below {:.0}), max {max} ms", good.hiccup_p99_us / 1e3)
    });
    let kernel = noise.kernel_cpu_share.map(|share| format!("kernel threads {:.1} %", share * 100.0));
    let stolen = percent(Some(noise.steal_share), "stolen", good.steal_share);
    let who = if kernel.is_some() { "other programs" } else { "other programs and kernel threads" };
    let others = percent(noise.others_cpu_share, who, good.others_cpu_share);
    let pressure = |share: Option<f64>, what: &str, good: f64| match has_rate {
        true => percent(share, what, good),
        false => share.map(|share| format!("{what} {:.1} % (high in a closed loop)", share * 100.0)),
    };
    let pressures = [
        pressure(noise.cpu_pressure, "CPU pressure", good.cpu_pressure),
        pressure(noise.io_pressure, "disk pressure", good.io_pressure),
    ];
    let told = [hiccup, stolen, others, kernel].into_iter().chain(pressures).flatten();
    let labels = std::iter::once("machine").chain(std::iter::repeat(""));
    labels.zip(told).try_for_each(|(label, text)| line(f, label, text))
}

fn write_latency(f: &mut Formatter<'_>, label: &str, percentiles: Option<&Percentiles>) -> fmt::Result {
    let Some(p) = percentiles else { return Ok(()) };
    let columns = [p.p50_us, p.p99_us, p.p999_us, p.p9999_us, p.max_us].map(milliseconds);
    line(f, label, columns.map(|column| format!("{column:>10}")).concat())
}

fn write_bytes(f: &mut Formatter<'_>, figures: &Figures) -> fmt::Result {
    let per_record =
        |bytes: Option<f64>, what: &str| bytes.map(|bytes| format!("{bytes:.1} B/record {what}"));
    let wire = [
        per_record(figures.wire_out_bytes_per_record, "sent"),
        per_record(figures.wire_in_bytes_per_record, "received"),
    ];
    line(f, "wire", wire.into_iter().flatten().collect::<Vec<_>>().join(", "))?;
    if let (Some(bytes), Some(each)) = (figures.disk_bytes, figures.disk_bytes_per_record) {
        line(f, "disk", format_args!("{each:.1} B/record, {:.1} MB in all", bytes as f64 / 1e6))?;
    }
    match figures.compression_ratio {
        Some(ratio) => line(f, "compression", format_args!("{ratio:.2} : 1")),
        None => Ok(()),
    }
}

fn write_schedule(f: &mut Formatter<'_>, figures: &Figures) -> fmt::Result {
    let schedule = &figures.schedule;
    if figures.achieved.is_none() {
        return Ok(()); // at maximum there is none
    }
    let late = schedule.lateness.map(|late| {
        format!("generator late p99 {} ms, max {} ms; ", milliseconds(late.p99_us), milliseconds(late.max_us))
    });
    let text = format_args!(
        "{}waited for a free request (in flight) {:.1} % of the time; {} records never sent{}",
        late.unwrap_or_default(),
        schedule.in_flight_cap_share * 100.0,
        thousands(schedule.unsent_records as f64),
        match schedule.unanswered_records {
            0 => String::new(),
            count => format!(", {} sent and never answered", thousands(count as f64)),
        }
    );
    line(f, "schedule", text)
}

pub(super) fn write_verification(f: &mut Formatter<'_>, report: &RunReport) -> fmt::Result {
    let (verification, findings) = (&report.verification, &report.verification.findings);
    let sent = if report.settings.acks == "0" { "sent" } else { "acked" };
    let acked = format!("{} {sent}", thousands(verification.acked_records as f64));
    let foreign = match findings.foreign {
        0 => String::new(),
        count => format!("; {} records of other writers in the topic", thousands(count as f64)),
    };
    let taken_back = match findings.taken_back {
        0 => String::new(),
        count => format!(", {} taken back", thousands(count as f64)),
    };
    match (verification.passed, verification.level) {
        (None, Level::Off) => line(f, "verified", "nothing (--verify off)"),
        (None, _) => line(f, "verified", "nothing: the run was cut short"),
        (Some(true), _) if findings.is_missing_any() => {
            let text = format_args!(
                "{} of {acked} records were lost by kill -9; the others came back, once, in order{foreign}",
                thousands(findings.lost as f64)
            );
            line(f, "verified", text)
        }
        (Some(true), Level::Full) => line(
            f,
            "verified",
            format_args!("full: all {acked} records came back, once, in order, unchanged{foreign}"),
        ),
        (Some(true), _) => {
            line(f, "verified", format_args!("seq: all {acked} records came back, once, in order{foreign}"))
        }
        (Some(false), _) => {
            let counts = format_args!(
                "FAILED: {} lost, {} duplicated, {} out of order, {} corrupt{taken_back}, of {acked}{foreign}",
                findings.lost, findings.duplicated, findings.reordered, findings.corrupt
            );
            line(f, "verification", counts)?;
            line(f, "first example", findings.first_example.as_deref().unwrap_or("none"))?;
            line(f, "", "No figures: those of a broker that loses or changes records mean nothing.")
        }
    }
}

/// Each kill, how long no ack came, and what was lost.
fn write_crash(f: &mut Formatter<'_>, crash: &CrashReport, is_unjudged: bool) -> fmt::Result {
    for kill in &crash.kills {
        let down = kill.down_s.map_or_else(
            || "no ack came after it".into(),
            |down| format!("no ack for {} ms", milliseconds(down * 1e6)),
        );
        let text = format_args!(
            "kill -9 of process {} at {:.2} s: {down}; {} acked before, {} in flight",
            kill.killed_pid,
            kill.at_s,
            thousands(kill.acked_before as f64),
            thousands(kill.in_flight_unknown as f64)
        );
        line(f, "crash", text)?;
    }
    if is_unjudged {
        return Ok(());
    }
    let count = |count: u64| thousands(count as f64);
    let text = format_args!(
        "{} acked records lost, {} taken back after they were read, {} duplicated; of {} in flight {} are in the log (no fault)",
        count(crash.lost),
        count(crash.taken_back),
        count(crash.duplicates),
        count(crash.in_flight_unknown),
        count(crash.appeared)
    );
    line(f, "", text)
}

/// Microseconds as milliseconds with three significant digits or so.
pub(super) fn milliseconds(us: f64) -> String {
    match us / 1e3 {
        ms if ms < 10.0 => format!("{ms:.3}"),
        ms if ms < 100.0 => format!("{ms:.2}"),
        ms => format!("{ms:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(1_234_567.8), "1,234,568");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(0.5), "0.5");
        assert_eq!(thousands(0.0), "0");
        assert_eq!(milliseconds(1_234.0), "1.234");
        assert_eq!(milliseconds(123_456.0), "123.5");
    }
}
