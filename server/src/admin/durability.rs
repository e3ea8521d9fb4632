//! `GET /durability`: what producers with acks=1 were told is written, and a power cut could still take back. And what
//! the cores' journals do.
//!
//! ```json
//! {"cores": [{"core": 0, "partitions": 2, "acked_not_durable": {"records": 70, "bytes": 9312},
//!             "journal": {"status": "on", "records": 12, "pieces": 80, "bytes": 98304, "full": 0}}]}
//! ```
//!
//! `partitions` is the number of partitions that have such records. A record that was acknowledged with acks=all under
//! group commit is never among them. `status` is `off`, `on` or `failed`. `pieces` of partitions were written in `records`
//! of so many `bytes`. The journal was `full` so many times that partitions were synced instead.

use std::rc::Rc;

use creel_engine::{JournalCounts, JournalStatus, NotDurable};
use creel_io::pace;
use serde::Serialize;

use crate::core::{Core, Question, ask_all_cores};
use crate::peers::questions::{DurabilityOfCore, JournalOfCore, ReadDurability};

#[derive(Serialize)]
struct Report {
    cores: Vec<CoreReport>,
}

#[derive(Serialize)]
struct CoreReport {
    core: u16,
    partitions: u64,
    acked_not_durable: Amount,
    journal: JournalReport,
}

#[derive(Serialize)]
struct JournalReport {
    status: &'static str,
    records: u64,
    pieces: u64,
    bytes: u64,
    full: u64,
}

impl JournalReport {
    fn of(journal: JournalOfCore) -> Self {
        let JournalCounts { records, pieces, bytes, full } = journal.counts;
        let status = match journal.status {
            JournalStatus::Off => "off",
            JournalStatus::On => "on",
            JournalStatus::Failed => "failed",
        };
        Self { status, records, pieces, bytes, full }
    }
}

#[derive(Serialize)]
struct Amount {
    records: u64,
    bytes: u64,
}

/// Asks all cores; the answer as JSON.
pub(super) async fn report(core: &Rc<Core>) -> String {
    let cores = ask_all_cores(core, || ReadDurability).await;
    let cores = cores.into_iter().map(core_report).collect();
    serde_json::to_string(&Report { cores }).unwrap_or_default()
}

fn core_report(told: DurabilityOfCore) -> CoreReport {
    let DurabilityOfCore { core, partitions, not_durable, journal } = told;
    let acked_not_durable = Amount { records: not_durable.records, bytes: not_durable.bytes };
    CoreReport { core: core.0, partitions, acked_not_durable, journal: JournalReport::of(journal) }
}

impl Question for ReadDurability {
    async fn answer_here(self, core: Rc<Core>) -> DurabilityOfCore {
        let (status, counts) = (core.turn_writer.journal_status(), core.turn_writer.journal_counts());
        let mut told = DurabilityOfCore {
            core: core.id,
            partitions: 0,
            not_durable: NotDurable::default(),
            journal: JournalOfCore { status, counts },
        };
        let mut own = core.topics.walk();
        while let Some(partition) = own.next(&core.topics) {
            let not_durable = partition.not_durable();
            told.partitions += u64::from(not_durable.records > 0);
            told.not_durable += not_durable;
            pace(1).await;
        }
        told
    }
}
