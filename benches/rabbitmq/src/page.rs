//! The result as a page: the table, what each ack means, who is ahead where, and what figures can't say.

use crate::arm::Arm;
use crate::comparison::Comparison;
use crate::figures::{Crash, Order};
use crate::lines::{Ahead, Line, lines};
use crate::settings::UNCONFIRMED_MAX;
use std::fmt::Write;

/// What is true of the two whatever the figures say.
const BEYOND_FIGURES: &str = include_str!("beyond_figures.md");

/// A row's label, and its text for one system.
type Row<T> = (&'static str, fn(&T) -> String);

/// The whole page.
pub fn page(comparison: &Comparison) -> String {
    let lines = lines(&comparison.measured, &comparison.rates);
    let mut page = String::from("# Creel beside RabbitMQ\n\n");
    page += &setting(comparison);
    page += "\n## The table\n\nMedian of the rounds, lowest and highest in brackets.\n\n";
    page += &table(comparison, &lines);
    for failure in &comparison.failures {
        let _ = writeln!(page, "\nNot measured: {failure}.");
    }
    page += "\n## What an acknowledgement means\n\n";
    for arm in &comparison.arms {
        let _ = writeln!(page, "- **{}**: {}.", arm.name(), arm.ack_means());
    }
    page += "\nA kill -9 leaves the page cache to the kernel, so the rows about it show what survives a crash of the broker, \
             not of the machine.\n";
    for (title, wanted) in [("RabbitMQ", false), ("Creel", true)] {
        let _ = writeln!(page, "\n## Where {title} is ahead\n");
        page += &verdicts(comparison, &lines, wanted);
    }
    page += "\n";
    page += BEYOND_FIGURES;
    page
}

fn setting(comparison: &Comparison) -> String {
    let Comparison { machine, producers, payload, command, commit, .. } = comparison;
    let [warmup, seconds] = comparison.seconds;
    let rounds = comparison.measured.iter().map(|measured| measured.round + 1).max().unwrap_or(0);
    let (broker_cpus, generator_cpus) = (&comparison.broker_cpus, &comparison.generator_cpus);
    let (rabbitmq, lapin) = (&comparison.rabbitmq, &comparison.lapin);
    format!(
        "{date}, commit {commit}, {cpu}, {cpus} CPUs, {gib} GiB, Linux {kernel}. Broker on CPU {broker_cpus}, generator on CPU \
         {generator_cpus}; data on the same disk.\n\n    {command}\n\n\
         Creel against {rabbitmq} with its default settings (own node, no plugins). {producers} producers with a connection \
         each send {payload}, and a stamp of 24 bytes (record header; in RabbitMQ the message's first bytes) to one partition or \
         one queue with one reader. Latency counts from the instant a message was meant to be sent. In both systems a producer has at most \
         about {UNCONFIRMED_MAX} unacknowledged messages: that is the closed loop of the highest rate, too. Creel's side is `loadgen \
         run` with linger 0 (batches form only while requests are in flight, up to 64 KiB, 5 in flight); RabbitMQ's is lapin \
         {lapin}: persistent messages, publisher confirms, reader with prefetch {prefetch} that acknowledges a third of that at once, or what it has when it runs dry. Same schedule, \
         same histograms, same values. {rounds} rounds in alternating order, each system started anew; {seconds} s after \
         {warmup} s of warm-up per load.\n",
        date = comparison.date,
        prefetch = comparison.prefetch,
        cpu = machine.cpu,
        cpus = machine.cpus,
        gib = machine.memory_bytes.div_ceil(1 << 30),
        kernel = machine.kernel,
    )
}

fn table(comparison: &Comparison, lines: &[Line]) -> String {
    let arms = &comparison.arms;
    let names: Vec<&str> = arms.iter().map(|arm| arm.name()).collect();
    let mut table = format!("| | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(arms.len()));
    for line in lines {
        row(&mut table, &line.label, arms, |arm| {
            line.of.get(&arm).map(|dispersion| dispersion.bracketed(line.digits))
        });
    }
    judged_rows(&mut table, comparison);
    crash_rows(&mut table, arms, &comparison.crashes);
    order_rows(&mut table, arms, &comparison.orders);
    table
}

fn row(table: &mut String, label: &str, arms: &[Arm], cell: impl Fn(Arm) -> Option<String>) {
    let cells: Vec<String> = arms.iter().map(|arm| cell(*arm).unwrap_or_else(|| "-".into())).collect();
    let _ = writeln!(table, "| {label} | {} |", cells.join(" | "));
}

/// Of all loads together.
fn judged_rows(table: &mut String, comparison: &Comparison) {
    let judged = |arm: Arm| {
        let of_arm = comparison.measured.iter().filter(|measured| measured.arm == arm);
        let findings = of_arm.map(|measured| &measured.figures.findings);
        let sums = findings.fold([0; 4], |[read, lost, twice, disorder], one| {
            [read + one.records, lost + one.lost, twice + one.duplicated, disorder + one.reordered]
        });
        (sums[0] > 0).then(|| sums.map(|sum| sum.to_string()).join(" / "))
    };
    row(
        table,
        "all loads, one reader: read / lost / twice / out of a producer's order",
        &comparison.arms,
        judged,
    );
}

fn crash_rows(table: &mut String, arms: &[Arm], crashes: &[Crash]) {
    let of = |arm: Arm| crashes.iter().find(|crash| crash.arm == arm);
    let rows: [Row<Crash>; 4] = [
        ("bytes on disk per stored message", |crash| format!("{:.0}", crash.disk_bytes_per_message)),
        ("kill -9 under load: confirmed / of these lost", |crash| {
            format!("{} / {}", crash.confirmed, crash.lost)
        }),
        ("after it: there unconfirmed / twice / out of order", |crash| {
            format!("{} / {} / {}", crash.unconfirmed_there, crash.duplicated, crash.reordered)
        }),
        ("after it: seconds until it served again", |crash| format!("{:.2}", crash.restart_s)),
    ];
    for (label, text) in rows.into_iter().filter(|_| !crashes.is_empty()) {
        row(table, label, arms, |arm| of(arm).map(text));
    }
}

fn order_rows(table: &mut String, arms: &[Arm], orders: &[Order]) {
    let of = |arm: Arm| orders.iter().find(|order| order.arm == arm);
    let competing = |order: &Order| match (order.competing_reordered, order.competing_reordered_for_one) {
        (Some(all), Some(one)) => format!("{all} / {one}"),
        _ => "one reader per partition and group".to_owned(),
    };
    let rows: [Row<Order>; 3] = [
        ("a reader dies, another goes on: lost / processed twice / out of order for the second", |order| {
            format!("{} / {} / {}", order.handover_lost, order.handover_twice, order.handover_reordered)
        }),
        ("read again after all was read and acknowledged: messages, of those stored", |order| {
            format!("{} of {}", order.replayed, order.stored)
        }),
        ("read from an offset in the middle: messages", |order| {
            order.replayed_from_middle.map_or("no offsets".to_owned(), |count| count.to_string())
        }),
    ];
    if orders.is_empty() {
        return;
    }
    row(table, rows[0].0, arms, |arm| of(arm).map(rows[0].1));
    let label = "two readers compete, one dies: processed out of order / of these by the survivor itself";
    row(table, label, arms, |arm| of(arm).map(competing));
    for (label, text) in &rows[1..] {
        row(table, label, arms, |arm| of(arm).map(text));
    }
}

/// The lines in which every round of one side is better than every round of the other, durable against durable.
fn verdicts(comparison: &Comparison, lines: &[Line], creel: bool) -> String {
    let mut text = String::new();
    for rabbit in [Arm::Classic, Arm::Quorum].into_iter().filter(|arm| comparison.arms.contains(arm)) {
        let won = lines.iter().filter_map(|line| match line.compare(Arm::CreelAll, rabbit)? {
            Ahead::First(times) if creel => Some(format!("{} ({times:.1}x)", line.label)),
            Ahead::Second(times) if !creel => Some(format!("{} ({times:.1}x)", line.label)),
            _ => None,
        });
        let won: Vec<String> = won.collect();
        let (one, other) = (Arm::CreelAll.name(), rabbit.name());
        let (winner, loser) = if creel { (one, other) } else { (other, one) };
        let won = if won.is_empty() { "in no measured line".to_owned() } else { won.join("; ") };
        let _ = writeln!(text, "- **{winner}** against {loser}: {won}.");
    }
    text += "\nBy the medians, where every round of one is better than every round of the other; lines not named here overlap.\n";
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Figures, Kind, Measured};
    use loadgen_result::report::machine::Machine;
    use loadgen_result::report::verification::Findings;

    fn comparison() -> Comparison {
        let figures = |acked_per_s| Figures {
            target_rate: None,
            acked_per_s,
            read_per_s: acked_per_s,
            response: None,
            end_to_end: None,
            broker_cpu_s_per_million: 1_000_000.0 / acked_per_s,
            generator_busy: 0.5,
            peak_memory_bytes: Some(64 << 20),
            findings: Findings { records: 10, lost: 0, ..Default::default() },
            unsent: 0,
        };
        let measured =
            |arm, acked_per_s| Measured { round: 0, arm, kind: Kind::Maximum, figures: figures(acked_per_s) };
        Comparison {
            command: "creel-rabbitmq".into(),
            commit: "abc".into(),
            date: "2026-01-01".into(),
            machine: Machine::default(),
            rabbitmq: "RabbitMQ 3".into(),
            lapin: "4".into(),
            broker_cpus: "0".into(),
            generator_cpus: "1".into(),
            producers: 4,
            payload: "values".into(),
            seconds: [1.0, 4.0],
            rates: vec![],
            prefetch: 300,
            arms: vec![Arm::CreelAll, Arm::Classic, Arm::Quorum],
            measured: vec![
                measured(Arm::CreelAll, 20_000.0),
                measured(Arm::Classic, 10_000.0),
                measured(Arm::Quorum, 40_000.0),
            ],
            crashes: vec![crate::crash::told(Arm::Classic, &crate::ledger::Ledger::new(1), 0, 2.0)],
            orders: vec![],
            failures: vec![],
        }
    }

    #[test]
    fn every_row_has_a_cell_for_every_system() {
        let comparison = comparison();
        let table = table(&comparison, &lines(&comparison.measured, &comparison.rates));
        assert!(table.lines().count() > 8, "{table}");
        assert!(table.lines().all(|row| row.matches('|').count() == 5), "{table}");
        assert!(table.contains("| highest rate: acknowledged messages/s | 20000 (20000-20000) |"), "{table}");
    }

    #[test]
    fn whoever_is_ahead_is_named_whichever_it_is() {
        let comparison = comparison();
        let lines = lines(&comparison.measured, &comparison.rates);
        let (rabbitmq, creel) = (verdicts(&comparison, &lines, false), verdicts(&comparison, &lines, true));
        let head = "highest rate: acknowledged messages/s (2.0x)";
        assert!(
            rabbitmq.contains(&format!("**RabbitMQ, quorum queue** against Creel, acks=all: {head}")),
            "{rabbitmq}"
        );
        assert!(
            creel.contains(&format!("**Creel, acks=all** against RabbitMQ, classic queue: {head}")),
            "{creel}"
        );
        assert!(
            rabbitmq.contains("**RabbitMQ, classic queue** against Creel, acks=all: in no measured line"),
            "{rabbitmq}"
        );
    }
}
