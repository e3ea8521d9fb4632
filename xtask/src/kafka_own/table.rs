//! The committed table: what became of each test on Apache Kafka and on creel, and why, if it does not pass on creel.
//!
//! A class stands on a line of its own. Its tests follow, indented, with tabs between the columns.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// What became of a test on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// It passes.
    Pass,
    /// It fails.
    Fail,
    /// It cannot run there, as it found out itself; on Kafka: not tried, as creel cannot run it either.
    LeftOut,
    /// It is not even started: the reason says why.
    Skip,
}

impl Mark {
    pub(super) fn read(word: &str) -> Option<Self> {
        match word {
            "pass" => Some(Self::Pass),
            "fail" => Some(Self::Fail),
            "-" => Some(Self::LeftOut),
            "skip" => Some(Self::Skip),
            _ => None,
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::LeftOut => "-",
            Self::Skip => "skip",
        })
    }
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kafka: Mark,
    pub(super) creel: Mark,
    /// Empty where creel passes.
    pub(super) reason: String,
}

/// Tests by their names, class#method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table(pub(super) BTreeMap<String, Row>);

const HEAD: &str = "# The tests of Apache Kafka that ask for a cluster: each with its result on Apache Kafka and on creel.\n\
    # A test that does not pass on creel has a reason. `cargo xtask kafka-own` compares; clients/README.md explains the words.\n";

impl Table {
    /// Reads the file; the error names the line.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut table = Self::default();
        let mut class = "";
        for (number, line) in text.lines().enumerate() {
            match line.strip_prefix("  ") {
                _ if line.is_empty() || line.starts_with('#') => {}
                None => class = line.trim(),
                Some(row) => {
                    let (method, row) =
                        read_row(row).ok_or_else(|| format!("line {}: {line}", number + 1))?;
                    table.0.insert(format!("{class}#{method}"), row);
                }
            }
        }
        Ok(table)
    }
}

fn read_row(line: &str) -> Option<(&str, Row)> {
    let mut columns = line.split('\t');
    let method = columns.next()?;
    let (kafka, creel) = (Mark::read(columns.next()?)?, Mark::read(columns.next()?)?);
    let reason = columns.next().unwrap_or_default().to_owned();
    (reason.is_empty() == (creel == Mark::Pass)).then_some((method, Row { kafka, creel, reason }))
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        let mut last = "";
        for (test, row) in &self.0 {
            let (class, method) = test.split_once('#').unwrap_or((test, ""));
            if class != last {
                writeln!(f, "\n{class}")?;
                last = class;
            }
            write!(f, "  {method}\t{}\t{}", row.kafka, row.creel)?;
            if !row.reason.is_empty() {
                write!(f, "\t{}", row.reason)?;
            }
            f.write_char('\n')?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_as_it_is_written() {
        let row = |kafka, creel, reason: &str| Row { kafka, creel, reason: reason.into() };
        let table = Table(BTreeMap::from([
            ("a.B#one".into(), row(Mark::Pass, Mark::Pass, "")),
            ("a.B#two".into(), row(Mark::LeftOut, Mark::LeftOut, "needs 3 brokers")),
            ("a.C#one".into(), row(Mark::Pass, Mark::Fail, "feature: ACLs")),
            ("a.C#two".into(), row(Mark::Fail, Mark::Skip, "it counts its client's threads")),
        ]));
        assert_eq!(Table::read(&table.to_string()), Ok(table));
    }

    #[test]
    fn a_failure_needs_a_reason_and_a_pass_has_none() {
        for wrong in
            ["  one\tpass\tfail\n", "  one\tpass\tpass\tfeature: ACLs\n", "  one\tgood\tpass\n", "  one\n"]
        {
            assert!(Table::read(wrong).is_err(), "{wrong}");
        }
    }
}
