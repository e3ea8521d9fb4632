//! The result as a page: creel against Kafka in short, who is ahead where, which rates were not held, and all
//! figures.

use std::fmt::Write as _;

use creel_benches::dispersion::Dispersion;
use creel_benches::process::{Jvm, KAFKA_SETTINGS};
use creel_benches::shape::Acks;
use creel_benches::side::Side;

use crate::Args;
use crate::curve::Curve;
use crate::figures::{Cell, Cores, Measured, Rounds};
use crate::form::Form;
use crate::goals::{Outcome, Ratio, outcomes};
use crate::names::{SIDES, said, shown, wire};
use crate::ratios::{BEFORE, MATCHES, METRICS, Match, advantage, kafkas_lead};

/// From here on the driver may have been the limit.
const DRIVER_FULL: f64 = 0.95;

/// Everything the page is made from.
pub(crate) struct Page<'a> {
    pub(crate) args: &'a Args,
    pub(crate) forms: Vec<&'a Form>,
    pub(crate) all: &'a [Measured],
    /// What could not be measured, and why.
    pub(crate) failures: &'a [String],
}

impl Page<'_> {
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("# Creel beside Apache Kafka 4.3.1, form by form\n\n");
        text += &self.setting();
        text += "\n![CPU](cpu.svg)\n\n![p99](p99.svg)\n";
        self.args.cores.first().into_iter().for_each(|cores| text += &self.against_load(*cores));
        text += &self.goals();
        text += "\n## Creel over Kafka\n\nHow many times better Creel is (more records, less CPU, shorter responses, less memory): the \
                 median of the ratios of rounds that ran beside each other, lowest and highest in brackets. Below 1 Kafka is ahead. \
                 Responses at a fixed rate are compared only where both held it.\n";
        for cores in &self.args.cores {
            for match_ in &MATCHES {
                text += &self.ratios(*cores, match_);
            }
        }
        text += &self.over_before();
        text += "\n## Where Kafka is ahead\n\nIn every round, and by a twentieth or more; the factor is the median of the ratios.\n";
        text += &self.kafkas_leads();
        text += "\n## Rates that were not held\n\nHeld is a rate of which 98 % was answered, the wait for the last answers included.\n\n";
        text += &self.not_held();
        self.failures.iter().for_each(|failure| {
            let _ = writeln!(text, "\nNot measured: {failure}.");
        });
        text += "\n## All figures\n\nMedians of the rounds, lowest and highest in brackets; response times are percentiles of all \
                 rounds' responses together (`-`: too few to tell). MB are bytes of record batches. \"over floor\" is CPU per GB over \
                 the floor's. `*`: the driver used 95 % or more of its CPU and may have been the limit.\n";
        for cores in &self.args.cores {
            for form in &self.forms {
                text += &self.figures(*cores, form);
            }
        }
        text
    }

    fn setting(&self) -> String {
        let Args { about, rounds, seconds, gib, prefault_gib, kafka_warm_up, .. } = self.args;
        format!(
            "{about}\n\n\
             Kafka: one node (broker and controller), its default settings but for `{settings}` (removed topics' \
             files go at once, so that no round pays for another's), one process per choice of CPUs for all rounds (idle while \
             others are measured; its memory's peak is that of its life so far), warmed up for {kafka_warm_up:.0} s; JVM flags as its documentation recommends (Operations, Java version):\n\n    {jvm}\n\n\
             \"Kafka as shipped\" acks without waiting for the disk, whatever acks says; \"Kafka flush\" is `flush.messages=1` on the \
             topic: a sync before every ack. Creel has its defaults: acks=1 after the write, acks=all after a sync. The floor is a \
             loop that receives, checksums, writes to one file and replies, for acks=all after an fdatasync: the least these \
             system calls cost.{more} Data of all sides: {place}.\n\n\
             One driver for all, with batches made before, so that it is hardly ever the limit; every reply is checked. Sides \
             alternate, each round on a fresh topic (floor and Creel: a fresh process and directory) after a warm-up of a third of \
             it. {rounds} rounds of {seconds} s, or until {gib} GiB are appended, with {prefault_gib} GiB of memory given back to the system \
             as each begins. \"One core each\": {one}. \"All cores\": {shared}.\n",
            more = self.more_sides(),
            place = self.args.file_system(),
            jvm = Jvm::Documented.flags(),
            settings = KAFKA_SETTINGS.join("`, `"),
            one = place(&self.args.cpus, Cores::OneEach),
            shared = place(&self.args.cpus, Cores::All),
        )
    }

    /// What is to be said of the sides that do not always take part.
    fn more_sides(&self) -> String {
        let mut text = String::new();
        let is_there = |side: Side| self.all.iter().any(|measured| measured.figures.side == side);
        if is_there(Side::CreelRelaxed) {
            let (name, value) = Side::CreelRelaxed.topic_configs(Acks::Written)[0];
            let _ = write!(
                text,
                " \"Creel relaxed\" has `{name}={value}` on the topic: no ack waits for the disk."
            );
        }
        let written = self.all.iter().find(|measured| measured.figures.side == Side::FloorWritten);
        if let Some(writes) = written.and_then(|measured| measured.figures.writes.as_ref()) {
            let _ = write!(
                text,
                " \"Written floor\" is the same loop for acks=all: {writes}; a write blocks the loop and \
                 covers all that was received before it."
            );
        }
        if is_there(Side::Shards1) {
            text += " \"Shards\" are Creel's threads, all held to the broker's one CPU (`taskset`, `creel.pin=false`).";
        }
        if !self.args.set.is_empty() {
            let _ = write!(text, " Creel ran with {}.", self.args.set.join(", "));
        }
        if let Some(label) = &self.args.before_label {
            let _ = write!(text, " \"Creel before\" is {label}.");
        }
        text
    }

    /// The files of the curves, and what is in them.
    pub(crate) fn curves(&self, cores: Cores) -> [(&'static str, Curve<'_>); 2] {
        let curve = |acks| Curve { forms: &self.forms, all: self.all, cores, acks };
        [("cpu-by-load-acks-1.svg", curve(Acks::Written)), ("cpu-by-load-acks-all.svg", curve(Acks::Durable))]
    }

    fn against_load(&self, cores: Cores) -> String {
        let section = |(file, curve): (&str, Curve<'_>)| {
            let table = curve.table();
            let acks = wire(curve.acks);
            (!table.is_empty())
                .then(|| format!("\n![CPU by load, acks={acks}]({file})\n\n**acks={acks}**\n\n{table}"))
        };
        let sections: String = self.curves(cores).into_iter().filter_map(section).collect();
        if sections.is_empty() {
            return sections;
        }
        format!(
            "\n## CPU per request against load\n\nRequests of one record of 1 KiB, {}. A broker with little to do is woken for each, one at \
             its limit serves many at a time, so a request is dearest where there are few. Medians of the rounds.\n{sections}",
            said(cores)
        )
    }

    fn cells(&self, cores: Cores, acks: Acks) -> impl Iterator<Item = (&Form, Cell)> {
        let cell = move |form: &Form| Cell { cores, form: form.shape.name, acks };
        self.forms.iter().map(move |form| (*form, cell(form)))
    }

    fn ratios(&self, cores: Cores, match_: &Match) -> String {
        let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
        let mut rows = String::new();
        for (form, cell) in self.cells(cores, match_.acks) {
            let cells = METRICS.iter().map(|metric| {
                advantage(self.all, cell, [match_.ours, match_.theirs], metric).map_or("-".to_owned(), factor)
            });
            let cells: Vec<String> = cells.collect();
            if cells.iter().any(|cell| cell != "-") {
                let _ = writeln!(rows, "| {} | {} |", form.title, cells.join(" | "));
            }
        }
        if rows.is_empty() {
            return rows;
        }
        let (cores, title) = (said(cores), match_.title);
        let rules = "---:|".repeat(METRICS.len());
        format!("\n**{cores}, {title}**\n\n| form | {} |\n|---|{rules}\n{rows}", names.join(" | "))
    }

    fn goals(&self) -> String {
        let rows: String = outcomes(self.all).iter().map(goal_row).collect();
        if rows.is_empty() {
            return rows;
        }
        format!(
            "\n## Goals\n\nThe median of the ratios of rounds that ran beside each other, lowest and highest in brackets; in how many \
             rounds the goal was kept. A row without a goal is for comparison. Of relaxed topics only the worst figure of each form \
             is shown.\n\n| goal | ratio of | cores | acks | measured | wanted | |\n|---|---|---|---|---:|---|---|\n{rows}"
        )
    }

    fn over_before(&self) -> String {
        let Some(before) = &self.args.before_label else { return String::new() };
        let cores = self.args.cores.iter();
        let tables: String = cores.flat_map(|cores| BEFORE.iter().map(|m| self.ratios(*cores, m))).collect();
        format!(
            "\n## Creel over {before}\n\nHow many times better it is than that binary, as above.\n{tables}"
        )
    }

    fn kafkas_leads(&self) -> String {
        MATCHES.iter().map(|match_| format!("\n**{}**\n\n{}", match_.title, self.leads_in(match_))).collect()
    }

    fn leads_in(&self, match_: &Match) -> String {
        let mut text = String::new();
        for cores in &self.args.cores {
            for (form, cell) in self.cells(*cores, match_.acks) {
                let leads = METRICS.iter().filter_map(|metric| {
                    let lead = kafkas_lead(advantage(self.all, cell, [match_.ours, match_.theirs], metric)?)?;
                    let better = if metric.more_is_better { "higher" } else { "lower" };
                    Some(format!("{} {lead:.2} times {better}", metric.name))
                });
                let leads: Vec<String> = leads.collect();
                if !leads.is_empty() {
                    let _ = writeln!(text, "- {}, {}: {}", form.title, said(*cores), leads.join(", "));
                }
            }
        }
        if text.is_empty() { "- in nothing that was measured here\n".to_owned() } else { text }
    }

    fn not_held(&self) -> String {
        let mut text = String::new();
        for cores in &self.args.cores {
            for acks in [Acks::Written, Acks::Durable] {
                for (form, cell) in self.cells(*cores, acks) {
                    let short = SIDES.into_iter().filter_map(|side| {
                        let rounds = Rounds::of(self.all, cell, side);
                        let achieved = rounds.achieved().filter(|_| !rounds.is_held())?;
                        let mb = rounds.dispersion(|round| round.mb_per_second)?.mid;
                        Some(format!("{} reached {:.0} % ({mb:.0} MB/s)", shown(side), achieved * 100.0))
                    });
                    let short: Vec<String> = short.collect();
                    if !short.is_empty() {
                        let (cores, acks) = (said(*cores), wire(acks));
                        let _ =
                            writeln!(text, "- {}, {cores}, acks={acks}: {}", form.title, short.join("; "));
                    }
                }
            }
        }
        if text.is_empty() { "- none\n".to_owned() } else { text }
    }

    fn figures(&self, cores: Cores, form: &Form) -> String {
        let mut rows = String::new();
        for acks in [Acks::Written, Acks::Durable] {
            let cell = Cell { cores, form: form.shape.name, acks };
            for side in SIDES {
                rows += &self.row(cell, side).unwrap_or_default();
            }
        }
        if rows.is_empty() {
            return rows;
        }
        format!(
            "\n### {}, {}\n\n{}.\n\n\
             | acks | side | records/s | MB/s | p50 ms | p99 ms | p99.9 ms | p99.99 ms | broker CPU s/M records | broker CPU s/GB | over floor | peak MiB |\n\
             |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n{rows}",
            form.title,
            said(cores),
            form.about,
        )
    }

    fn row(&self, cell: Cell, side: Side) -> Option<String> {
        let rounds = Rounds::of(self.all, cell, side);
        if rounds.is_empty() {
            return None;
        }
        let floor = Rounds::of(self.all, cell, Side::Floor);
        let ms = |quantile| rounds.percentile_ms(quantile).map_or("-".to_owned(), short);
        let mid = |dispersion: Option<Dispersion>| dispersion.map_or(0.0, |dispersion| dispersion.mid);
        let is_full =
            cell.cores == Cores::OneEach && mid(rounds.dispersion(|r| r.driver_busy)) >= DRIVER_FULL;
        let of_rate =
            rounds.achieved().map_or(String::new(), |achieved| format!(" ({:.0} %)", achieved * 100.0));
        let over_floor =
            (side != Side::Floor).then(|| rounds.over(&floor, |r| r.cpu_seconds_per_gb)).flatten();
        Some(format!(
            "| {acks} | {side} | {records}{star} | {mb:.0}{of_rate} | {p50} | {p99} | {p999} | {p9999} | {cpu} | {gb:.2} | {over} | {mib:.0} |\n",
            acks = wire(cell.acks),
            side = shown(side),
            records = rounds.dispersion(|r| r.records_per_second).map_or(String::new(), counts),
            star = if is_full { " *" } else { "" },
            mb = mid(rounds.dispersion(|r| r.mb_per_second)),
            p50 = ms(0.5),
            p99 = ms(0.99),
            p999 = ms(0.999),
            p9999 = ms(0.9999),
            cpu = rounds.dispersion(|r| r.cpu_seconds_per_million).map_or(String::new(), factor),
            gb = mid(rounds.dispersion(|r| r.cpu_seconds_per_gb)),
            over = over_floor.map_or("".to_owned(), factor),
            mib = mid(rounds.dispersion(|r| r.peak_memory_mib)),
        ))
    }
}

fn goal_row(outcome: &Outcome) -> String {
    let goal = &outcome.goal;
    let measured = match &outcome.ratio {
        Ratio::Measured { of, .. } => factor(*of),
        Ratio::Absent(_) => "-".to_owned(),
    };
    format!(
        "| {} | {} | {} | {} | {measured} | {} | {} |\n",
        goal.name,
        goal.what(),
        said(goal.cores),
        wire(goal.acks),
        goal.bound.said(),
        outcome.verdict()
    )
}

fn place(cpus: &[usize], cores: Cores) -> String {
    match (cores, cpus) {
        (Cores::OneEach, [first, second, ..]) => {
            format!("the broker on CPU {first}, the driver on CPU {second}")
        }
        _ => format!("both on all {} CPUs, a driver's thread for each; the floor stays one loop", cpus.len()),
    }
}

fn factor(dispersion: Dispersion) -> String {
    let Dispersion { low, mid, high } = dispersion;
    format!("{} ({}-{})", short(mid), short(low), short(high))
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 1.0 => format!("{v:.2}"),
        v => format!("{v:.3}"),
    }
}

/// In thousands where there are thousands.
fn counts(dispersion: Dispersion) -> String {
    let Dispersion { low, mid, high } = dispersion;
    if mid < 10_000.0 {
        return dispersion.bracketed(0);
    }
    let [low, mid, high] = [low, mid, high].map(|count| format!("{:.0}", count / 1e3));
    format!("{mid}k ({low}k-{high}k)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::measured;
    use crate::form::FORMS;
    use clap::Parser as _;

    fn text(creel: f64, kafka: f64) -> String {
        let sides = [(Side::Floor, 50.0), (Side::Creel, creel), (Side::KafkaShipped, kafka)];
        let all = sides.map(|(side, figure)| measured(side, Acks::Written, 1, figure));
        let args = Args::parse_from(["peers", "--xtask", "x", "--cpus", "0,1"]);
        Page { args: &args, forms: FORMS.iter().collect(), all: &all, failures: &["it broke".to_owned()] }
            .text()
    }

    #[test]
    fn kafkas_lead_is_said_and_so_is_its_absence() {
        let lead = "- 100 B records at the highest rate, one core each: records/s 4.00 times higher";
        assert!(text(10.0, 40.0).contains(lead), "{}", text(10.0, 40.0));
        assert!(text(40.0, 10.0).contains("- in nothing that was measured here"));
    }

    #[test]
    fn what_a_request_costs_stands_beside_its_load() {
        let all = ["curve-1k", "curve-full"].map(|form| {
            let mut round = measured(Side::Creel, Acks::Durable, 1, 5.0);
            round.figures.shape = form;
            round
        });
        let args = Args::parse_from(["peers", "--xtask", "x", "--cpus", "0,1"]);
        let text = Page { args: &args, forms: FORMS.iter().collect(), all: &all, failures: &[] }.text();
        assert!(text.contains("## CPU per request against load"), "{text}");
        assert!(
            text.contains("cpu-by-load-acks-all.svg") && !text.contains("cpu-by-load-acks-1.svg"),
            "{text}"
        );
        assert!(text.contains("| 1,000 requests/s of one record | 0.2 us at 5/s |"), "{text}");
    }

    #[test]
    fn every_row_of_a_table_has_all_its_cells() {
        let text = text(40.0, 10.0);
        let mut tables = text.split("\n\n").filter(|part| part.starts_with("| "));
        assert!(tables.clone().count() >= 2, "{text}");
        let cells = |line: &str| line.matches('|').count();
        assert!(
            tables.all(|table| table
                .lines()
                .all(|line| cells(line) == cells(table.lines().next().unwrap_or(""))))
        );
        assert!(text.contains("Not measured: it broke."), "{text}");
    }
}
