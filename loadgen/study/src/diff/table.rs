//! Two results side by side, as a table for a terminal.

use super::judgement::{CellDiff, Change, DiffVerdict, FigureDiff, Judgement};
use super::read::ResultKind;
use std::fmt::{self, Display, Formatter};

/// Flags of single runs that are shown of each side.
const DOUBTS_SHOWN: usize = 3;

/// Prints a judgement.
#[derive(Debug)]
pub struct Table<'a>(pub &'a Judgement);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let judgement = self.0;
        writeln!(f, "\n  A  {}\n  B  {}", judgement.names[0], judgement.names[1])?;
        judgement.cells.iter().try_for_each(|cell| write_cell(f, cell))?;
        judgement.alone.iter().try_for_each(|alone| writeln!(f, "\n  {alone}"))?;
        write_verdict(f, judgement)?;
        write_chance(f, judgement)
    }
}

fn write_cell(f: &mut Formatter<'_>, cell: &CellDiff) -> fmt::Result {
    writeln!(f)?;
    if !cell.label.is_empty() {
        writeln!(f, "  {}", cell.label)?;
    }
    if let Some(why) = &cell.failed {
        writeln!(f, "  !! B has no figures: {why}")?;
    } else {
        writeln!(f, "  {:<22}{:>12}{:>12}{:>10}   B is", "", "A", "B", "change")?;
        cell.figures.iter().try_for_each(|figure| write_figure(f, figure))?;
    }
    if !cell.changes.is_empty() {
        writeln!(f, "  What changed: {}.", cell.changes.join("; "))?;
    }
    if !cell.unlike.is_empty() {
        writeln!(f, "  !! Not the same measurement: {}.", cell.unlike.join("; "))?;
    }
    for (letter, doubts) in ["A", "B"].iter().zip(&cell.doubts).filter(|(_, doubts)| !doubts.is_empty()) {
        let more = doubts.len().saturating_sub(DOUBTS_SHOWN);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let shown = &doubts[..doubts.len().min(DOUBTS_SHOWN)];
        writeln!(f, "  !! {letter} was disturbed: {}{more}.", shown.join("; "))?;
    }
    Ok(())
}

fn write_figure(f: &mut Formatter<'_>, figure: &FigureDiff) -> fmt::Result {
    let (metric, word) = (figure.metric, word(figure.change));
    let (a, b) = (metric.shown(figure.a), metric.shown(figure.b));
    writeln!(f, "  {:<22}{a:>12}{b:>12}{:>10}   {word}", metric.title(), percent(figure))
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Better => "better",
        Change::Little => "about the same",
        Change::Worse => "WORSE",
        Change::WorseUncounted => "worse (not in --metric)",
    }
}

fn percent(figure: &FigureDiff) -> String {
    format!("{:+.1} %", (figure.b / figure.a - 1.0) * 100.0)
}

fn write_verdict(f: &mut Formatter<'_>, judgement: &Judgement) -> fmt::Result {
    let threshold = judgement.threshold * 100.0;
    let is_doubtful = judgement.cells.iter().any(|cell| cell.doubts.iter().any(|doubts| !doubts.is_empty()));
    let as_far = if is_doubtful { ", as far as disturbed runs show" } else { "" };
    match judgement.verdict {
        DiffVerdict::Held => writeln!(f, "\n  Nothing is worse by more than {threshold} %{as_far}."),
        DiffVerdict::NotComparable => {
            writeln!(f, "\n  Not comparable, so there is no verdict. --anyway gives one all the same.")
        }
        DiffVerdict::Regression => {
            let worse = judgement.cells.iter().flat_map(|cell| cell.worse());
            let worse = worse.collect::<Vec<_>>().join("; ");
            writeln!(f, "\n  Worse by more than {threshold} %{as_far}: {worse}.")
        }
    }
}

impl CellDiff {
    /// What is worse, each in words.
    fn worse(&self) -> Vec<String> {
        let place = if self.label.is_empty() { String::new() } else { format!(" in {}", self.label) };
        let failed = self.failed.iter().map(|_| format!("everything{place}, because B has no figures"));
        let figures = self.figures.iter().filter(|figure| figure.change == Change::Worse);
        let figures = figures.map(|figure| format!("{}{place} ({})", figure.metric.title(), percent(figure)));
        failed.chain(figures).collect()
    }
}

fn write_chance(f: &mut Formatter<'_>, judgement: &Judgement) -> fmt::Result {
    let fewest = judgement.cells.iter().map(|cell| cell.runs).min().unwrap_or(0);
    match judgement.kind {
        ResultKind::Comparison => writeln!(
            f,
            "  The two were measured at different times. A change of the machine is part of the figures' change."
        ),
        ResultKind::Run | ResultKind::Sweep => writeln!(
            f,
            "  {}: that does not show how far two equal runs differ by chance.\n  \
             `loadgen compare` alternates runs of both and gives an interval.",
            if fewest < 2 {
                "One run of each".into()
            } else {
                format!("{fewest} runs of each, one side after the other")
            }
        ),
    }
}
