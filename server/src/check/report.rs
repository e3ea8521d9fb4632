//! What a check says, for people and for programs.

use std::fmt::{self, Display};

use creel_engine::{Finding, JournalFault, LogReport, Severity};
use serde::Serialize;

/// Whether anything is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is. What a crash left may have to be put in order by a start.
    Sound,
    /// Something is, or could not be replayed.
    Damaged,
}

/// What a check says of a data directory.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The directory.
    pub data_dir: String,
    /// Whether anything is damaged.
    pub verdict: Verdict,
    /// Whether the last stop was clean.
    pub stopped_cleanly: bool,
    /// The cores' journals.
    pub journals: JournalsReport,
    /// Sums over all partitions.
    pub totals: Totals,
    /// What was found, in files and directories.
    pub findings: Vec<FindingReport>,
    /// How many more findings there are.
    pub more_findings: u64,
    /// What a replay did with what the journals held, by partition. Absent if nothing was replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<Vec<ReplayReport>>,
    /// Each partition. Absent after a replay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<PartitionReport>,
}

/// The cores' journals.
#[derive(Clone, Debug, Default, Serialize)]
pub struct JournalsReport {
    /// Where they lie.
    pub directory: String,
    /// Whether the data directory says that they may hold what the partitions lack. Then Kafka does not open it.
    pub are_marked: bool,
    /// The records that they hold.
    pub records: u64,
    /// Those that the partitions lack.
    pub only_there: u64,
}

/// Sums over all partitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Partitions.
    pub partitions: u64,
    /// Segments.
    pub segments: u64,
    /// Sound batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// A partition.
#[derive(Clone, Debug, Serialize)]
pub struct PartitionReport {
    /// Its name.
    pub partition: String,
    /// Its first offset.
    pub start: i64,
    /// The offset behind its last batch, without what only the journals hold.
    pub end: i64,
    /// Segments.
    pub segments: u64,
    /// Records.
    pub records: u64,
    /// Bytes of batches.
    pub bytes: u64,
    /// Records that only the journals hold.
    pub only_in_journals: u64,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingReport {
    /// `note`: a crash leaves this, and a start puts it in order. `damage`: no crash leaves this.
    pub severity: &'static str,
    /// The file or directory.
    pub file: String,
    /// What it is.
    pub what: String,
}

/// What a replay did with what the journals held of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// Its name.
    pub partition: String,
    /// Records that were appended.
    pub appended: u64,
    /// Records that the log had, or does not need any more.
    pub present: u64,
    /// Records that were not appended.
    pub left_out: u64,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The offset behind its last record now.
    pub end: i64,
}

impl Report {
    pub(super) fn of(data_dir: String, stopped_cleanly: bool, journals: JournalsReport) -> Self {
        Self {
            data_dir,
            verdict: Verdict::Sound,
            stopped_cleanly,
            journals,
            totals: Totals::default(),
            findings: Vec::new(),
            more_findings: 0,
            replayed: None,
            partitions: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, file: impl Display, what: impl Into<String>) {
        self.findings.push(FindingReport { severity: NOTE, file: file.to_string(), what: what.into() });
    }

    pub(super) fn damage(&mut self, file: impl Display, what: impl Into<String>) {
        self.verdict = Verdict::Damaged;
        self.findings.push(FindingReport { severity: DAMAGE, file: file.to_string(), what: what.into() });
    }

    pub(super) fn add(&mut self, finding: Finding) {
        let Finding { severity, file, what } = finding;
        match severity {
            Severity::Note => self.note(file.display(), what),
            Severity::Damage => self.damage(file.display(), what),
        }
    }

    pub(super) fn add_fault(&mut self, fault: &JournalFault) {
        match fault.is_loss {
            true => self.damage(fault.file.display(), fault.what.clone()),
            false => self.note(fault.file.display(), fault.what.clone()),
        }
    }

    pub(super) fn add_log(&mut self, log: LogReport) {
        if log.is_damaged {
            self.verdict = Verdict::Damaged;
        }
        self.totals.partitions += 1;
        self.totals.segments += log.segments;
        self.totals.batches += log.batches;
        self.totals.records += log.records;
        self.totals.bytes += log.bytes;
        self.journals.only_there += log.only_in_journals;
        self.more_findings += log.more_findings;
        self.partitions.push(PartitionReport {
            partition: log.name.to_string(),
            start: log.start.get(),
            end: log.end.get(),
            segments: log.segments,
            records: log.records,
            bytes: log.bytes,
            only_in_journals: log.only_in_journals,
        });
        log.findings.into_iter().for_each(|finding| self.add(finding));
    }

    /// As JSON, on one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers can be written as JSON")
    }
}

const NOTE: &str = "note";
const DAMAGE: &str = "damage";

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Sound => "sound",
            Verdict::Damaged => "damaged",
        };
        writeln!(f, "{}: {verdict}", self.data_dir)?;
        writeln!(f, "  last stop   {}", if self.stopped_cleanly { "clean" } else { "not clean" })?;
        writeln!(f, "  journals    {}", self.journals)?;
        let Totals { partitions, segments, batches, records, bytes } = self.totals;
        match &self.replayed {
            None => writeln!(
                f,
                "  partitions  {partitions}, with {segments} segments, {batches} batches, {records} records, {bytes} bytes"
            )?,
            Some(replayed) => {
                writeln!(f, "  partitions  {partitions}")?;
                replayed.iter().try_for_each(|one| writeln!(f, "  replayed    {one}"))?;
            }
        }
        for FindingReport { severity, file, what } in &self.findings {
            writeln!(f, "  {severity:<10}  {file}: {what}")?;
        }
        match self.more_findings {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more findings"),
        }
    }
}

impl Display for JournalsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.records, self.only_there) {
            (0, _) if self.are_marked => {
                write!(
                    f,
                    "hold nothing, and the directory says that they may: start Creel, or creel check --replay, before Kafka"
                )
            }
            (0, _) => write!(f, "hold nothing"),
            (records, 0) => {
                write!(f, "hold {records} records in {}, and the partitions have them", self.directory)
            }
            (_, lacking) => write!(
                f,
                "hold {lacking} records in {} that the partitions lack: start Creel, or creel check --replay, before Kafka",
                self.directory
            ),
        }
    }
}

impl Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, appended, present, left_out, why, end } = self;
        write!(f, "{partition}: {appended} records appended, {present} were there, it ends at offset {end}")?;
        match why {
            None => Ok(()),
            Some(why) => write!(f, "; {left_out} records NOT appended: {why}"),
        }
    }
}
