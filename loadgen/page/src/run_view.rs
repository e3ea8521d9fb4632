//! The page of one run, or of several in the same axes.

use super::text::{count, duration_us, number, shell, short};
use super::view::{Block, Callout, Headline, Status, View};
use super::{broker_stages_view, crash_view, run_plots, run_tables};
use crate::named_runs::Named;
use loadgen_result::report::verification::Level;
use loadgen_result::report::{Figures, RunReport};
use loadgen_result::text::date;

/// What is to be seen of them; there is at least one.
pub(super) fn view(runs: &[Named<'_>]) -> View {
    let mut view = View { kind: if runs.len() == 1 { "Run" } else { "Runs" }, ..View::default() };
    view.title = runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>().join(" · ");
    for run in runs {
        let prefix = if runs.len() == 1 { String::new() } else { format!("{}: ", run.name) };
        view.callouts.extend(run.report.crash.as_ref().map(|crash| crash_view::verdict(crash, &prefix)));
        view.callouts.push(verdict(run.report, &prefix));
        let warnings = run.report.warnings.iter();
        view.warnings.extend(warnings.map(|warning| format!("{prefix}{warning}")));
    }
    if let [run] = runs {
        view.subtitle = subtitle(run.report);
        view.headlines =
            run.report.figures.as_ref().map(|figures| headlines(run.report, figures)).unwrap_or_default();
    }
    add_sections(&mut view, runs);
    view
}

fn subtitle(report: &RunReport) -> String {
    let settings = &report.settings;
    let load = settings
        .target_rate
        .map_or_else(|| "at the highest rate".into(), |rate| format!("at {} records/s", short(rate)));
    let cut = if report.interrupted { ", interrupted" } else { "" };
    format!(
        "{}, {load} for {} s, codec {}, acks {}, {} partitions{cut} · {}",
        report.broker.title(),
        number(report.measured_s),
        settings.codec,
        settings.acks,
        settings.partitions,
        date(report.ended_at_ms)
    )
}

fn verdict(report: &RunReport, prefix: &str) -> Callout {
    let (verification, findings) = (&report.verification, &report.verification.findings);
    let acked = count(verification.acked_records);
    let (status, text, detail) = match (verification.passed, verification.level) {
        _ if report.failure.is_some() => (
            Status::Bad,
            "Cut short",
            format!(
                "{}. The figures are those of the time before.",
                report.failure.as_deref().unwrap_or_default()
            ),
        ),
        (Some(true), _) if findings.is_missing_any() => (
            Status::Unsure,
            "Records lost in a crash",
            format!(
                "{} of {acked} records were lost by kill -9, against which acks={} promises nothing. The others came back, \
                 once, in order.",
                count(findings.lost),
                report.settings.acks
            ),
        ),
        (Some(true), Level::Full) => (
            Status::Good,
            "Verified in full",
            format!("All {acked} records came back, once, in order, unchanged."),
        ),
        (Some(true), _) => {
            (Status::Good, "Verified", format!("All {acked} records came back, once, in order."))
        }
        (Some(false), _) => (
            Status::Bad,
            "Verification failed",
            format!(
                "{} lost, {} duplicated, {} out of order, {} corrupt, {} taken back, of {acked}. Figures of a broker that loses or \
                 changes records mean nothing, so there are none. First example: {}",
                findings.lost,
                findings.duplicated,
                findings.reordered,
                findings.corrupt,
                findings.taken_back,
                findings.first_example.as_deref().unwrap_or("none")
            ),
        ),
        (None, _) => (Status::Unsure, "Not verified", "Nothing was checked: records may be missing.".into()),
    };
    Callout { status, text: format!("{prefix}{text}"), detail }
}

fn headlines(report: &RunReport, figures: &Figures) -> Vec<Headline> {
    let achieved = figures.achieved.map(|achieved| format!("{} % of the rate", number(achieved * 100.0)));
    let mut all = vec![
        headline("Throughput", number(figures.records_per_s), "records/s", achieved.unwrap_or_default()),
        headline(
            "Data",
            number(figures.mb_per_s),
            "MB/s",
            format!("{} requests/s", number(figures.requests_per_s)),
        ),
    ];
    all.extend(report.crash.as_ref().and_then(crash_view::headline));
    let sent = if report.settings.acks == "0" { "Sent" } else { "Response p99" };
    for (label, percentiles) in [(sent, &figures.response), ("End to end p99", &figures.end_to_end)] {
        let Some(p) = percentiles else { continue };
        let time = duration_us(p.p99_us);
        let (value, unit) = time.split_once(' ').unwrap_or((&time, ""));
        let note = format!("p50 {}, p99.9 {}", duration_us(p.p50_us), duration_us(p.p999_us));
        all.push(headline(label, value.into(), unit, note));
    }
    if let Some(cpu) = figures.broker_cpu_s_per_million {
        let generator = figures.generator_cpu_s_per_million.map(|cpu| format!("generator {} s", number(cpu)));
        all.push(headline("Broker CPU", number(cpu), "s per million records", generator.unwrap_or_default()));
    }
    if let Some(each) = figures.disk_bytes_per_record {
        let ratio = figures.compression_ratio.map(|ratio| format!("compression {} : 1", number(ratio)));
        all.push(headline("On disk", number(each), "B/record", ratio.unwrap_or_default()));
    }
    all
}

fn headline(label: &'static str, value: String, unit: &str, note: String) -> Headline {
    Headline { label, value, unit: unit.into(), note }
}

fn add_sections(view: &mut View, runs: &[Named<'_>]) {
    let alone = if let [run] = runs { run.report.figures.as_ref() } else { None };
    if runs.len() > 1 {
        view.add("Side by side", vec![Block::Table(run_tables::beside_each_other(runs))]);
    }
    let mut latency: Vec<Block> = run_plots::by_percentile(runs).map(Block::Plot).into_iter().collect();
    latency.extend(alone.map(|figures| Block::Table(run_tables::percentiles(figures))));
    let over_time = [run_plots::response_over_time(runs), run_plots::end_to_end_over_time(runs)];
    let marked = |plot| run_plots::with_crashes(plot, runs);
    latency.extend(over_time.into_iter().filter_map(marked).map(Block::HalfPlot));
    view.add("Latency", latency);

    let mut over_time: Vec<Block> =
        marked(run_plots::throughput(runs)).map(Block::Plot).into_iter().collect();
    let others = [run_plots::behind(runs), run_plots::cpu(runs)];
    over_time.extend(others.into_iter().filter_map(marked).map(Block::HalfPlot));
    let series = alone.map(|figures| &figures.series).filter(|series| !series.is_empty());
    over_time.extend(series.map(|series| Block::Table(run_tables::intervals(series))));
    view.add("Over time", over_time);
    let crash = runs.iter().filter_map(|run| Some((run.name.as_str(), run.report.crash.as_ref()?)));
    let crashes: Vec<_> = crash.map(|(name, crash)| Block::Table(run_tables::crash(name, crash))).collect();
    view.add("Crashes", crashes);

    view.add("Bytes", alone.and_then(run_tables::bytes_per_record).map(Block::Bars).into_iter().collect());
    view.add(
        "Inside the broker",
        alone.map(|figures| broker_stages_view::blocks(&figures.stages)).unwrap_or_default(),
    );
    if let [run] = runs {
        view.add(
            "Settings",
            vec![Block::Facts(run_tables::settings(run.report)), Block::Command(shell(&run.report.command))],
        );
        let machine = run_tables::machine(run.report);
        view.add("Machine", if machine.is_empty() { Vec::new() } else { vec![Block::Facts(machine)] });
    } else {
        let commands = runs.iter().map(|run| Block::Command(shell(&run.report.command)));
        view.add("Commands", commands.collect());
    }
}
