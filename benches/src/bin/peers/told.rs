//! The goals on a terminal.

use std::fmt::Write as _;

use crate::figures::{Cores, Measured};
use crate::goals::{Ratio, outcomes};
use crate::names::wire;

/// Of the first column.
const WIDTH: usize = 63;

/// A table of at most 120 columns; empty where no goal's sides were measured.
pub(crate) fn goals(all: &[Measured]) -> String {
    let mut text = String::new();
    let mut name = "";
    for outcome in outcomes(all) {
        let goal = &outcome.goal;
        if text.is_empty() {
            text = line(["\nratio of", "on", "acks", "median (low-high)", "wanted", "reached in rounds"]);
        }
        if goal.name != name {
            name = goal.name;
            let _ = writeln!(text, "{name}");
        }
        let cores = if goal.cores == Cores::OneEach { "one" } else { "all" };
        let what = format!("  {}", goal.what());
        let (acks, verdict) = (wire(goal.acks), outcome.verdict());
        text += &match &outcome.ratio {
            Ratio::Measured { of, .. } => {
                line([&what, cores, acks, &of.bracketed(2), &goal.bound.said(), &verdict])
            }
            Ratio::Absent(_) => format!("{what:<WIDTH$} {cores:3} {acks:4} {verdict}\n"),
        };
    }
    text
}

fn line(cells: [&str; 6]) -> String {
    let [what, cores, acks, measured, wanted, verdict] = cells;
    let line = format!("{what:<WIDTH$} {cores:3} {acks:4} {measured:>18} {wanted:<7} {verdict}");
    format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::WIDTH;
    use crate::figures::tests::measured;
    use crate::form::FORMS;
    use crate::goals;
    use creel_benches::shape::Acks;
    use creel_benches::side::Side;

    #[test]
    fn a_goal_is_a_line_below_its_name() {
        let all = [
            measured(Side::Creel, Acks::Written, 1, 1.0),
            measured(Side::KafkaShipped, Acks::Written, 1, 1.0),
        ];
        let text = super::goals(&all);
        assert_eq!(text.lines().nth(2), Some("tail"), "{text}");
        assert!(text.contains("p99.9, flood: Creel / Kafka as shipped"), "{text}");
        assert!(text.ends_with("1.00 (1.00-1.00) <= 1    reached (1 of 1)\n"), "{text}");
        assert!(super::goals(&[]).is_empty());
    }

    #[test]
    fn every_goal_fits_into_a_line() {
        for goal in goals::goals() {
            let what = format!("  {}", goal.what());
            assert!(what.len() <= WIDTH, "{what}");
        }
        assert!(FORMS.iter().all(|form| form.name().len() <= 14));
    }
}
