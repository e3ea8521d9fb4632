//! What came back compared with what was sent: how much was checked, and what was found.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How much is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing: records are read for their latency only.
    Off,
    /// Checksums of batches; loss, duplicates and order of records.
    Seq,
    /// And every record's content.
    Full,
}

/// What can be wrong with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Acked, never seen.
    Loss,
    /// Seen more than once.
    Duplicate,
    /// Seen after a later one of the same producer.
    Reorder,
    /// Content or checksum differs.
    Corruption,
    /// Read before a crash, gone or another after it.
    TakenBack,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Loss => "lost",
            Fault::Duplicate => "seen twice",
            Fault::Reorder => "out of order",
            Fault::Corruption => "corrupt",
            Fault::TakenBack => "taken back: read before the crash, and gone or different after it",
        })
    }
}

/// Counts of what was wrong, and the first example of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Records of this run that were read.
    pub records: u64,
    /// Acked, never seen.
    pub lost: u64,
    /// Seen more than once.
    pub duplicated: u64,
    /// Seen after a later one of the same producer.
    pub reordered: u64,
    /// Content or checksum differs.
    pub corrupt: u64,
    /// Read before a crash, gone or another after it.
    #[serde(default)]
    pub taken_back: u64,
    /// In flight at a crash, never acked, and there: no fault.
    #[serde(default)]
    pub appeared: u64,
    /// Records that this run did not write: counted, not judged.
    pub foreign: u64,
    /// The first failure, in words.
    pub first_example: Option<String>,
}

impl Findings {
    /// Nothing was wrong.
    pub fn passed(&self) -> bool {
        !self.is_missing_any() && self.duplicated + self.reordered + self.corrupt == 0
    }

    /// Records that were acked or read are not there.
    pub fn is_missing_any(&self) -> bool {
        self.lost + self.taken_back > 0
    }

    /// Nothing was wrong with the records that are there.
    pub fn passed_but_for_the_missing(&self) -> bool {
        self.duplicated + self.reordered + self.corrupt == 0
    }

    /// Adds another partition's findings.
    pub fn merge(&mut self, other: Findings) {
        self.records += other.records;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.corrupt += other.corrupt;
        self.taken_back += other.taken_back;
        self.appeared += other.appeared;
        self.foreign += other.foreign;
        self.first_example = self.first_example.take().or(other.first_example);
    }

    /// Counts a fault; the first of all becomes the example.
    pub fn note(&mut self, fault: Fault, count: u64, example: impl FnOnce() -> String) {
        let counter = match fault {
            Fault::Loss => &mut self.lost,
            Fault::Duplicate => &mut self.duplicated,
            Fault::Reorder => &mut self.reordered,
            Fault::Corruption => &mut self.corrupt,
            Fault::TakenBack => &mut self.taken_back,
        };
        *counter += count;
        if self.first_example.is_none() {
            self.first_example = Some(format!("{} {fault}", example()));
        }
    }
}
