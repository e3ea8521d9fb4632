//! What a check says: plain values.

use std::path::{Path, PathBuf};

use crate::directory::TopicPartition;
use crate::limits::CHECK_FINDINGS_MAX;
use crate::offset::Offset;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A crash leaves this, and a start puts it in order.
    Note,
    /// No crash leaves this.
    Damage,
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// What it is, and what a start makes of it.
    pub what: String,
}

/// What a check found in a partition's files.
#[derive(Clone, Debug)]
pub struct LogReport {
    /// The partition.
    pub name: TopicPartition,
    /// Its number of segments.
    pub segments: u64,
    /// Bytes of its sound batches.
    pub bytes: u64,
    /// Its sound batches.
    pub batches: u64,
    /// The records in them.
    pub records: u64,
    /// Where the log begins.
    pub start: Offset,
    /// Where it ends, without what only the journals hold.
    pub end: Offset,
    /// How many records the journals hold of it. They are counted by their offsets.
    pub in_journals: u64,
    /// How many of these the log lacks: a start appends them.
    pub only_in_journals: u64,
    /// The first findings.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more_findings: u64,
    /// Whether anything is damaged.
    pub is_damaged: bool,
}

impl LogReport {
    pub(super) fn of(name: TopicPartition) -> Self {
        Self {
            name,
            segments: 0,
            bytes: 0,
            batches: 0,
            records: 0,
            start: Offset::ZERO,
            end: Offset::ZERO,
            in_journals: 0,
            only_in_journals: 0,
            findings: Vec::new(),
            more_findings: 0,
            is_damaged: false,
        }
    }

    pub(super) fn note(&mut self, file: &Path, what: impl Into<String>) {
        self.add(Severity::Note, file, what.into());
    }

    pub(super) fn damage(&mut self, file: &Path, what: impl Into<String>) {
        self.add(Severity::Damage, file, what.into());
    }

    pub(super) fn add(&mut self, severity: Severity, file: &Path, what: String) {
        self.is_damaged |= severity == Severity::Damage;
        if self.findings.len() < CHECK_FINDINGS_MAX {
            self.findings.push(Finding { severity, file: file.to_path_buf(), what });
        } else {
            self.more_findings += 1;
        }
    }
}
