//! Appends what only the journal holds of a partition: batches that were durable before a crash, and that the segments
//! had not been synced with.
//!
//! What the log has already must be what the journal says. If it differs, somebody else has written to the log since.
//! Then the log stays as it is.

use std::io;

use bytes::Bytes;
use creel_io::fs::File;

use crate::error::{AppendAsIsError, AppendError, OpenError};
use crate::fault_points::{self, Bug};
use crate::format::batch::{BatchHeader, UncheckedBatch};
use crate::journal::found::{FoundPiece, InJournal, PieceReader};
use crate::log::producers::AppendOrigin;
use crate::offset::Offset;
use crate::partition::Partition;
use crate::partition::append::PendingAck;
use crate::partition::read::locate;
use crate::partition::replayed::{ReplayStop, Replayed};
use crate::segment::scan::Scan;

/// The number of bytes of batches that are looked at in about a microsecond.
const BYTES_A_STEP: usize = 16 << 10;

/// Appends to a log that was just recovered what lies behind its end in the journal, and syncs it. What lies before
/// `recovery_point` was synced, and is not looked at.
pub(crate) async fn replay(
    partition: &Partition,
    journal: &InJournal,
    recovery_point: Offset,
) -> Result<(), OpenError> {
    let name = partition.name().clone();
    let pieces = journal.found.pieces(journal.topic, name.partition);
    if pieces.is_empty() {
        return Ok(());
    }
    let mut replay = Replay { partition, walk: None, told: Replayed::default(), last: None };
    let mut reader = PieceReader::new(&journal.found);
    let is_synced = |piece: &&FoundPiece| piece.end <= recovery_point;
    replay.told.present += pieces.iter().filter(is_synced).map(FoundPiece::records).sum::<u64>();
    let mut left = pieces.iter().filter(|piece| !is_synced(piece));
    while let Some(piece) = left.next() {
        let batches = reader.batches(piece).await?;
        let before = replay.told;
        if let Err(stop) = replay.piece(piece, batches).await? {
            stop.tell(&name, partition.next_offset());
            let done = replay.told.appended + replay.told.present - before.appended - before.present;
            let left = left.map(FoundPiece::records).sum::<u64>();
            replay.told.left_out = piece.records().saturating_sub(done) + left;
            replay.told.stop = Some(stop);
            break;
        }
    }
    if partition.next_offset() > partition.durable_end() {
        let (batches, end) = (replay.told.batches, partition.next_offset());
        tracing::info!(partition = %name, batches, %end, "batches that only the journal held were appended");
        partition.sync().await?;
    }
    replay.check().await?;
    // A log is opened once.
    let _ = partition.state().replayed.set(Box::new(replay.told));
    Ok(())
}

struct Replay<'a> {
    partition: &'a Partition,
    /// A walk over the batches that the log has.
    walk: Option<Scan>,
    told: Replayed,
    /// The last batch that was appended. It is written at the end of a turn.
    last: Option<PendingAck>,
}

impl Replay<'_> {
    async fn piece(
        &mut self,
        piece: &FoundPiece,
        mut batches: Bytes,
    ) -> Result<Result<(), ReplayStop>, OpenError> {
        if piece.base > self.partition.next_offset() {
            return Ok(Err(ReplayStop::Gap(piece.base)));
        }
        while !batches.is_empty() {
            let header =
                BatchHeader::parse(&batches).ok().filter(|header| header.size_bytes <= batches.len());
            let Some(header) = header else {
                return Ok(Err(ReplayStop::Damaged(self.partition.next_offset())));
            };
            if header.base_offset >= piece.end {
                // A cut made it void, and everything behind it.
                break;
            }
            let batch = batches.split_to(header.size_bytes);
            creel_io::pace(1 + header.size_bytes / BYTES_A_STEP).await;
            if header.base_offset < self.partition.next_offset() {
                if !self.is_there(&header).await? {
                    return Ok(Err(ReplayStop::Differs(header.base_offset)));
                }
                self.told.present += offsets_of(&header);
                self.append_twice(batch)?;
            } else if let Err(stop) = self.append(batch, &header)? {
                return Ok(Err(stop));
            }
        }
        Ok(Ok(()))
    }

    fn append(&mut self, batch: Bytes, header: &BatchHeader) -> Result<Result<(), ReplayStop>, OpenError> {
        let Ok(batch) = UncheckedBatch::new(batch).verify_stamped() else {
            return Ok(Err(ReplayStop::Damaged(header.base_offset)));
        };
        match self.partition.append_as_is(&batch) {
            Ok(pending) => {
                self.last = Some(pending);
                self.told.batches += 1;
                self.told.appended += offsets_of(header);
                Ok(Ok(()))
            }
            Err(AppendAsIsError::OutOfOrder { base, .. }) => Ok(Err(ReplayStop::Gap(base))),
            Err(AppendAsIsError::OlderEpoch { .. }) => Ok(Err(ReplayStop::Differs(header.base_offset))),
            Err(AppendAsIsError::Append(refusal)) => Err(failed(refusal)),
        }
    }

    /// Whether the log has the batch. It need not have what lies before its start, nor what is damaged there.
    async fn is_there(&mut self, header: &BatchHeader) -> io::Result<bool> {
        let (start, is_damaged) = {
            let log = self.partition.state().log.borrow();
            let touches =
                |start: Offset, end: Offset| start < header.end_offset() && header.base_offset < end;
            let is_damaged = log.bad_ranges().iter().any(|bad| touches(bad.start, bad.end));
            (log.cursors().log_start, is_damaged)
        };
        if is_damaged || header.base_offset < start {
            return Ok(true);
        }
        if let Some(found) = self.next_of_walk(header.base_offset).await? {
            return Ok(found == *header);
        }
        let state = self.partition.state();
        let Some(segment) = state.log.borrow().segment_of(header.base_offset).cloned() else {
            return Ok(true);
        };
        let found = locate(state, &segment, header.base_offset, segment.end_position()).await?;
        let Some((found, position)) = found else { return Ok(false) };
        let file: File = segment.log.get()?;
        self.walk = Some(Scan::new(file, position + found.size_bytes as u64, segment.length()));
        Ok(found == *header)
    }

    /// The header behind the last one that was looked at, if that is the one at `offset`.
    async fn next_of_walk(&mut self, offset: Offset) -> io::Result<Option<BatchHeader>> {
        let Some(walk) = &mut self.walk else { return Ok(None) };
        let next = walk.header().await?.and_then(Result::ok).filter(|next| next.base_offset == offset);
        if let Some(next) = &next {
            walk.skip(next.size_bytes);
        }
        Ok(next)
    }

    /// Whether all that was appended is on the medium. If a write has found no room, what it held is no longer in the
    /// log: only the journal has it still.
    async fn check(&self) -> Result<(), OpenError> {
        let Some(last) = &self.last else { return Ok(()) };
        if self.partition.durable_end() >= last.end_offset() {
            return Ok(());
        }
        Err(failed(last.written().await.err().unwrap_or(AppendError::Storage)))
    }

    /// What a planted bug does with a batch that is there.
    fn append_twice(&self, batch: Bytes) -> Result<(), OpenError> {
        if fault_points::has(Bug::JournalAppliedTwice)
            && let Ok(batch) = UncheckedBatch::new(batch).verify()
        {
            let _ = self.partition.append(&batch, AppendOrigin::Coordinator).map_err(failed)?;
        }
        Ok(())
    }
}

/// How many offsets a batch has.
fn offsets_of(header: &BatchHeader) -> u64 {
    u64::try_from(header.end_offset() - header.base_offset).unwrap_or_default()
}

fn failed(refusal: AppendError) -> OpenError {
    OpenError::Replay(refusal)
}
