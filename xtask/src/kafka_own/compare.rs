//! A run's results beside the committed table.

use std::collections::BTreeMap;

use super::table::{Mark, Row, Table};

/// The broker that a run was against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Creel,
    Kafka,
}

/// What a run says of a test: the mark, and the failure or the reason in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) mark: Mark,
    pub(super) reason: String,
}

/// Tests by name.
pub(super) type Results = BTreeMap<String, Found>;

/// Reads the lines that the runner wrote: name, mark, reason.
pub(super) fn read_results(text: &str) -> Option<Results> {
    let read = |line: &str| {
        let mut columns = line.split('\t');
        let name = columns.next()?.to_owned();
        let mark = Mark::read(columns.next()?)?;
        Some((name, Found { mark, reason: columns.next().unwrap_or_default().to_owned() }))
    };
    text.lines().map(read).collect()
}

impl Side {
    pub(super) fn of(self, row: &Row) -> Mark {
        match self {
            Self::Creel => row.creel,
            Self::Kafka => row.kafka,
        }
    }

    /// The tests that a run leaves alone. On Kafka: also those that creel cannot run, for nothing is compared there.
    pub(super) fn skipped(self, table: &Table) -> Vec<&str> {
        let is_skipped = |row: &Row| match self {
            Self::Creel => row.creel == Mark::Skip,
            Self::Kafka => row.kafka == Mark::LeftOut || row.kafka == Mark::Skip,
        };
        table.0.iter().filter(|(_, row)| is_skipped(row)).map(|(name, _)| name.as_str()).collect()
    }
}

/// A line for each test that did otherwise than is listed. `chosen` says of a name whether the run was to have it.
pub(super) fn differences(
    table: &Table,
    results: &Results,
    side: Side,
    chosen: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, found) in results {
        match table.0.get(name) {
            None => lines.push(format!("{name}: not listed, and {}", shown(found))),
            Some(row) if side.of(row) == found.mark => {}
            Some(row) => lines.push(format!("{name}: listed as {}, and {}", listed(row, side), shown(found))),
        }
    }
    let skipped = side.skipped(table);
    let missing = table.0.keys().filter(|name| chosen(name) && !results.contains_key(*name));
    let missing = missing.filter(|name| !skipped.contains(&name.as_str()));
    lines.extend(missing.map(|name| format!("{name}: listed, and there is no such test")));
    lines
}

fn listed(row: &Row, side: Side) -> String {
    match row.reason.is_empty() || side == Side::Kafka {
        true => side.of(row).to_string(),
        false => format!("{} ({})", side.of(row), row.reason),
    }
}

fn shown(found: &Found) -> String {
    match found.mark {
        Mark::Pass => "it passes".into(),
        Mark::Fail => format!("it fails: {}", found.reason),
        Mark::LeftOut | Mark::Skip => format!("it is left out: {}", found.reason),
    }
}

/// The table with what a run found. A failure that has no reason yet gets its message as one, for a person to replace.
pub(super) fn updated(mut table: Table, results: &Results, side: Side) -> Table {
    for (name, found) in results {
        let new = || Row { kafka: Mark::LeftOut, creel: Mark::LeftOut, reason: "not run".into() };
        let row = table.0.entry(name.clone()).or_insert_with(new);
        if side == Side::Kafka {
            row.kafka = found.mark;
            continue;
        }
        let keeps_reason = row.creel == found.mark && found.mark == Mark::Fail;
        if !keeps_reason {
            row.reason = match found.mark {
                Mark::Pass => String::new(),
                Mark::Fail => format!("TODO: {}", found.reason),
                Mark::LeftOut | Mark::Skip => found.reason.clone(),
            };
        }
        row.creel = found.mark;
    }
    table
}

/// How many tests have each mark, and of those that don't pass, how many have each reason.
pub(super) fn summary(table: &Table) -> String {
    let mut passed = 0;
    let mut reasons: BTreeMap<(Mark, &str), usize> = BTreeMap::new();
    for row in table.0.values() {
        match row.creel {
            Mark::Pass => passed += 1,
            mark => *reasons.entry((mark, kind(&row.reason))).or_default() += 1,
        }
    }
    let mut text = format!("{passed} of {} tests pass on creel\n", table.0.len());
    for ((mark, reason), count) in reasons {
        text.push_str(&format!("{count:5}  {mark:4}  {reason}\n"));
    }
    text
}

/// Which of Kafka's objects a test needs is of no interest to the counts.
fn kind(reason: &str) -> &str {
    match reason.split_once(": ") {
        Some(("needs internals", _)) => "needs internals",
        Some(("the test leaves itself out", _)) => "the test leaves itself out",
        _ => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::read(
            "a.B\n  passes\tpass\tpass\n  fails\tpass\tfail\tfeature: ACLs\n  wants\t-\t-\tneeds 3 brokers\n  \
             hangs\tpass\tskip\tit hangs\n",
        )
        .unwrap()
    }

    fn results(lines: &str) -> Results {
        read_results(lines).unwrap()
    }

    #[test]
    fn a_run_that_does_as_listed_has_no_differences() {
        let found = "a.B#passes\tpass\t\na.B#fails\tfail\tno ACLs\na.B#wants\t-\tneeds 3 brokers\n";
        assert!(differences(&table(), &results(found), Side::Creel, |_| true).is_empty());
        let on_kafka = "a.B#passes\tpass\t\na.B#fails\tpass\t\na.B#hangs\tpass\t\n";
        assert!(differences(&table(), &results(on_kafka), Side::Kafka, |_| true).is_empty());
    }

    #[test]
    fn a_test_that_does_otherwise_than_listed_is_named_in_either_direction() {
        let found = "a.B#fails\tpass\t\na.B#new\tpass\t\na.B#passes\tfail\tno answer\n";
        let found = differences(&table(), &results(found), Side::Creel, |_| true);
        assert_eq!(
            found,
            [
                "a.B#fails: listed as fail (feature: ACLs), and it passes",
                "a.B#new: not listed, and it passes",
                "a.B#passes: listed as pass, and it fails: no answer",
                "a.B#wants: listed, and there is no such test",
            ]
        );
    }

    #[test]
    fn what_was_not_chosen_is_not_missed() {
        let found = differences(&table(), &Results::new(), Side::Creel, |name| name.contains("fails"));
        assert_eq!(found, ["a.B#fails: listed, and there is no such test"]);
    }

    #[test]
    fn a_written_table_keeps_the_reasons_that_still_hold() {
        let found = "a.B#passes\tfail\tno answer\na.B#fails\tfail\tother words\n";
        let new = updated(table(), &results(found), Side::Creel);
        assert_eq!(new.0["a.B#passes"].reason, "TODO: no answer");
        assert_eq!(new.0["a.B#fails"].reason, "feature: ACLs");
        assert_eq!(updated(new, &results("a.B#fails\tpass\t\n"), Side::Creel).0["a.B#fails"].reason, "");
    }

    #[test]
    fn the_summary_counts_reasons() {
        let text = summary(&table());
        assert!(text.starts_with("1 of 4 tests pass on creel\n"), "{text}");
        assert!(text.contains("1  fail  feature: ACLs\n"), "{text}");
    }
}
