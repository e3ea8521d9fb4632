//! The tables and facts of runs.

use super::named_runs::Named;
use super::plot::Tone;
use super::text::{bytes, count, duration_us, number};
use super::view::{Bar, Bars, Table};
use loadgen_result::latency::Percentiles;
use loadgen_result::report::crash::{CrashReport, Kill};
use loadgen_result::report::machine::Machine;
use loadgen_result::report::series::TimeSlice;
use loadgen_result::report::steady::Steady;
use loadgen_result::report::{BrokerReport, Figures, RunReport, SettingsReport};
use loadgen_result::text::date;

/// More rows than this help nobody.
const ROWS_MAX: usize = 1_000;

/// Latencies of one run by what was timed.
pub(super) fn percentiles(figures: &Figures) -> Table {
    let timed = [
        ("response", &figures.response),
        ("end to end", &figures.end_to_end),
        ("service", &figures.service),
        ("queue", &figures.queue),
        ("generator late", &figures.schedule.lateness),
    ];
    let row = |(name, percentiles): (&str, &Option<Percentiles>)| {
        let p = percentiles.as_ref()?;
        let times = [p.mean_us, p.p50_us, p.p90_us, p.p99_us, p.p999_us, p.p9999_us, p.max_us];
        Some([name.to_owned()].into_iter().chain(times.map(duration_us)).collect())
    };
    table(
        "Latencies",
        &["", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max"],
        timed.into_iter().filter_map(row).collect(),
        false,
    )
}

/// Several runs, a row each.
pub(super) fn beside_each_other(runs: &[Named<'_>]) -> Table {
    let row = |run: &Named<'_>| {
        let mut row = vec![run.name.clone()];
        let Some(figures) = &run.report.figures else {
            row.push("verification failed".into());
            row.resize(8, String::new());
            return row;
        };
        let p99 = |p: &Option<Percentiles>| p.map_or_else(|| "–".into(), |p| duration_us(p.p99_us));
        let maybe = |value: Option<f64>| value.map_or_else(|| "–".into(), number);
        row.extend([
            number(figures.records_per_s),
            number(figures.mb_per_s),
            figures.response.map_or_else(|| "–".into(), |p| duration_us(p.p50_us)),
            p99(&figures.response),
            p99(&figures.end_to_end),
            maybe(figures.broker_cpu_s_per_million),
            maybe(figures.disk_bytes_per_record),
        ]);
        row
    };
    let head = [
        "run",
        "records/s",
        "MB/s",
        "response p50",
        "response p99",
        "end to end p99",
        "broker CPU s/M",
        "disk B/record",
    ];
    table("Side by side", &head, runs.iter().map(row).collect(), false)
}

/// A run over time, in numbers.
pub(super) fn intervals(series: &[TimeSlice]) -> Table {
    let time = |p: &Option<Percentiles>, pick: fn(&Percentiles) -> f64| {
        p.as_ref().map_or_else(|| "–".into(), |p| duration_us(pick(p)))
    };
    let row = |i: &TimeSlice| {
        vec![
            number(i.at_s),
            number(i.acked_records as f64 / i.seconds.max(f64::MIN_POSITIVE)),
            number(i.consumed_records as f64 / i.seconds.max(f64::MIN_POSITIVE)),
            count(i.behind_records),
            time(&i.response, |p| p.p50_us),
            time(&i.response, |p| p.p99_us),
            time(&i.response, |p| p.max_us),
            time(&i.end_to_end, |p| p.p99_us),
        ]
    };
    let cut = if series.len() > ROWS_MAX {
        format!(", the first {ROWS_MAX} of {}", series.len())
    } else {
        String::new()
    };
    let head =
        ["at s", "acked/s", "read/s", "records behind", "response p50", "p99", "max", "end to end p99"];
    table(&format!("Every interval{cut}"), &head, series.iter().take(ROWS_MAX).map(row).collect(), true)
}

/// Each kill, how long no ack came, and what was lost.
pub(super) fn crash(run: &str, crash: &CrashReport) -> Table {
    let row = |kill: &Kill| {
        vec![
            number(kill.at_s),
            kill.down_s.map_or_else(|| "no ack after it".into(), |down| duration_us(down * 1e6)),
            count(kill.acked_before),
            count(kill.in_flight_unknown),
        ]
    };
    let title = format!(
        "{run}: {} acked records lost, {} taken back after they were read, {} duplicated; of {} in flight {} are in the log",
        count(crash.lost),
        count(crash.taken_back),
        count(crash.duplicates),
        count(crash.in_flight_unknown),
        count(crash.appeared)
    );
    let head = ["kill -9 at s", "no ack for", "acked before", "in flight"];
    table(&title, &head, crash.kills.iter().map(row).collect(), false)
}

/// Bytes of a record as the user has it, on the wire and on the disk.
pub(super) fn bytes_per_record(figures: &Figures) -> Option<Bars> {
    let value = (figures.records_per_s > 0.0).then(|| figures.mb_per_s * 1e6 / figures.records_per_s);
    let ways = [
        ("key and value", value, Tone::Grey),
        ("sent", figures.wire_out_bytes_per_record, Tone::Blue),
        ("received", figures.wire_in_bytes_per_record, Tone::Orange),
        ("on disk", figures.disk_bytes_per_record, Tone::Teal),
    ];
    let bar = |(name, amount, tone): (&str, Option<f64>, Tone)| {
        let amount = amount.filter(|amount| amount.is_finite() && *amount >= 0.0)?;
        Some(Bar { name: name.into(), amount, text: format!("{} B", number(amount)), tone })
    };
    let ratio = figures.compression_ratio.map(|ratio| format!(" Compression {} : 1.", number(ratio)));
    Some(Bars {
        title: "Bytes per record".into(),
        about: format!(
            "Sent, received and on disk include the stamp and the headers of records, batches and requests.{}",
            ratio.unwrap_or_default()
        ),
        is_stacked: false,
        bars: ways.into_iter().filter_map(bar).collect(),
    })
    .filter(|bars| !bars.bars.is_empty())
}

/// What was asked for, when, and by what.
pub(super) fn settings(report: &RunReport) -> Vec<(&'static str, String)> {
    let (settings, measured) = (&report.settings, number(report.measured_s));
    let mut facts = load(&report.broker, settings);
    let warmup = number(report.warmup_s);
    facts.push(("Topic", settings.topic.clone()));
    facts.push(("Measured", format!("{measured} s after {warmup} s of warm-up")));
    facts.push(("loadgen", format!("{}, ended {}", report.loadgen, date(report.ended_at_ms))));
    facts
}

/// The broker and the load on it: what two sides of a comparison may differ in.
pub(super) fn load(broker: &BrokerReport, settings: &SettingsReport) -> Vec<(&'static str, String)> {
    let cores = broker.cores.as_ref().map(|cores| format!(" on {}", cores_in_words(cores)));
    let cores = cores.unwrap_or_default();
    let keys =
        settings.keys.map_or_else(|| "no keys".into(), |keys| format!("{} keys", count(u64::from(keys))));
    vec![
        ("Broker", format!("{}{cores}", broker.title())),
        ("Broker settings", listed(&broker.settings)),
        ("Partitions", format!("{}, {keys}", settings.partitions)),
        (
            "Records",
            format!(
                "{} (+ {} B stamp in a header), seed {}",
                settings.payload, settings.stamp_bytes, settings.seed
            ),
        ),
        ("Load", rate(settings)),
        (
            "Batches",
            format!(
                "{} B, linger {} ms, codec {}",
                count(settings.batch_bytes as u64),
                settings.linger_ms,
                settings.codec
            ),
        ),
        ("Acks", settings.acks.clone()),
        (
            "Clients",
            format!(
                "{} × {} in flight, {}, {}",
                several(settings.connections, "connection"),
                settings.in_flight,
                several(settings.consumers, "consumer"),
                several(settings.threads, "thread")
            ),
        ),
    ]
}

/// `core 0`, `cores 0,1`.
pub(super) fn cores_in_words(cores: &str) -> String {
    let word = if cores.contains([',', '-']) { "cores" } else { "core" };
    format!("{word} {cores}")
}

/// `1 thread`, `2 threads`.
pub(super) fn several(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

fn rate(settings: &SettingsReport) -> String {
    let Some(rate) = settings.target_rate else {
        return "closed loop at the highest rate; latency counts from when a record was made".into();
    };
    let schedule = settings.schedule.as_deref().unwrap_or("constant");
    format!("open loop, {schedule}, {} records/s; latency counts from when a record was due", number(rate))
}

fn listed(settings: &[String]) -> String {
    if settings.is_empty() { "its defaults".into() } else { settings.join(", ") }
}

/// Where it ran.
pub(super) fn machine_facts(machine: &Machine) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if !machine.cpu.is_empty() {
        facts.push(("CPU", format!("{}, {} CPUs", machine.cpu, machine.cpus)));
        facts.push(("Memory", bytes(machine.memory_bytes as f64)));
        facts.push(("Kernel", machine.kernel.clone()));
    }
    facts.extend(machine.disk.clone().map(|disk| ("Disk", disk)));
    facts
}

/// The same, and how quiet it was there.
pub(super) fn machine(report: &RunReport) -> Vec<(&'static str, String)> {
    let machine = &report.machine;
    let mut facts = machine_facts(machine);
    let Some(figures) = &report.figures else { return facts };
    let share = |share: f64| format!("{} %", number(share * 100.0));
    facts.push((
        "Generator",
        format!(
            "busy {} of the time; waited {} of it for cores that others used",
            share(figures.generator_busy),
            share(figures.generator_starved)
        ),
    ));
    facts.extend(
        figures
            .broker_peak_memory_bytes
            .map(|peak| ("Broker memory", format!("{} at its peak", bytes(peak as f64)))),
    );
    let calls = figures.broker_read_calls_per_request.zip(figures.broker_write_calls_per_request);
    facts.extend(calls.map(|(read, write)| {
        (
            "System calls",
            format!("broker {} reads, {} writes per request, without io_uring", number(read), number(write)),
        )
    }));
    facts.extend(
        figures
            .write_amplification
            .map(|times| ("Disk writes", format!("{} B per byte acked", number(times)))),
    );
    facts.extend(figures.steady.as_ref().map(|steady| ("Steady", steadiness(steady))));
    let noise = &figures.noise;
    facts.extend(
        noise
            .hiccup
            .map(|p| ("Hiccups", format!("p99 {}, max {}", duration_us(p.p99_us), duration_us(p.max_us)))),
    );
    if !machine.cpu.is_empty() {
        facts.push(("Stolen", share(noise.steal_share)));
    }
    facts.extend(noise.others_cpu_share.map(|others| ("Other programs", share(others))));
    facts.extend(noise.kernel_cpu_share.map(|kernel| ("Kernel threads", share(kernel))));
    facts.extend(noise.cpu_pressure.map(|pressure| ("CPU pressure", share(pressure))));
    facts.extend(noise.io_pressure.map(|pressure| ("Disk pressure", share(pressure))));
    facts
}

fn steadiness(steady: &Steady) -> String {
    let percent = |share: f64| format!("{} %", number(share * 100.0));
    let since = steady.steady_from_s.map(|from| format!(" from {} s on", number(from)));
    let word = match (steady.is_steady, since) {
        (true, _) => "yes".into(),
        (false, Some(since)) => since.trim_start().to_owned(),
        (false, None) => "no".into(),
    };
    format!("{word}; records/s drift {}, vary {}", percent(steady.rate.drift), percent(steady.rate.variation))
}

fn table(title: &str, head: &[&str], rows: Vec<Vec<String>>, is_folded: bool) -> Table {
    Table { title: title.into(), head: head.iter().map(|&name| name.into()).collect(), rows, is_folded }
}
