//! What the journals hold of a partition, beside what its log holds.

use std::collections::BTreeMap;
use std::io;

use crate::check::findings::LogReport;
use crate::format::batch::{BatchHeader, check_crc};
use crate::journal::found::{InJournal, PieceReader};
use crate::offset::Offset;

/// The batches that the journals hold of one partition. They are no more than the journals have room for.
#[derive(Default)]
pub(super) struct JournalBatches {
    /// By their first offsets.
    left: BTreeMap<Offset, BatchHeader>,
}

impl JournalBatches {
    /// Reads and verifies them. What was on the medium in the segments at the last checkpoint is left out, as a start does.
    pub(super) async fn read(
        journal: &InJournal,
        recovery_point: Offset,
        report: &mut LogReport,
    ) -> io::Result<Self> {
        let mut all = Self::default();
        let mut reader = PieceReader::new(&journal.found);
        for piece in journal.found.pieces(journal.topic, report.name.partition) {
            report.in_journals += piece.records();
            if piece.end <= recovery_point {
                continue;
            }
            let mut batches = reader.batches(piece).await?;
            while !batches.is_empty() {
                let header = BatchHeader::parse(&batches).ok();
                let sound = header.filter(|header| {
                    header.size_bytes <= batches.len() && check_crc(header, &batches).is_ok()
                });
                let Some(header) = sound else {
                    let file = journal.found.file_of(piece);
                    report.damage(file, format!("a batch behind offset {} is damaged", piece.base));
                    break;
                };
                let _ = batches.split_to(header.size_bytes);
                if header.base_offset < piece.end {
                    all.left.insert(header.base_offset, header);
                }
                creel_io::pace(1).await;
            }
        }
        Ok(all)
    }

    /// The log has this batch. `false`: the journals have another one with its offset.
    pub(super) fn is_same(&mut self, header: &BatchHeader) -> bool {
        self.left.is_empty() || self.left.remove(&header.base_offset).is_none_or(|known| known == *header)
    }

    /// What the log does not have of them, in their order.
    pub(super) fn left(self) -> impl Iterator<Item = BatchHeader> {
        self.left.into_values()
    }
}
