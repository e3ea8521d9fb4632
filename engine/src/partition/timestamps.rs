//! Finds offsets by time: ListOffsets with a timestamp, or with -3 for the largest timestamp.

use std::io;
use std::rc::Rc;

use crate::error::ReadError;
use crate::format::batch::{Batch, BatchHeader, Codec, UncheckedBatch};
use crate::format::records::{BadRecord, Records};
use crate::log::record_times::NO_TIMESTAMP;
use crate::offset::{FilePosition, LeaderEpoch, Offset};
use crate::partition::read::{committed_end, locate};
use crate::partition::state::State;
use crate::partition::{Partition, open_files};
use crate::segment::scan::Scan;
use crate::segment::side_files::index::TimestampOffset;
use crate::segment::side_files::load_indexes;
use crate::segment::{Largest, Segment};

/// A record found by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundByTime {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp, milliseconds.
    pub timestamp: i64,
    /// The leader epoch under which it was appended, if its batch says one.
    pub leader_epoch: Option<LeaderEpoch>,
}

impl Partition {
    /// The first committed record whose timestamp is `timestamp` or later. `None` if there is none.
    ///
    /// If a batch does not decompress, the answer is its first record: what the records hold is the producer's
    /// business.
    pub async fn offset_for_timestamp(&self, timestamp: i64) -> Result<Option<FoundByTime>, ReadError> {
        until_not_cut(self.state(), async || self.find_by_time(timestamp).await).await
    }

    async fn find_by_time(&self, timestamp: i64) -> Result<Option<FoundByTime>, ReadError> {
        let state = self.state();
        for segment in segments_to_read(state)? {
            if largest_ms(largest(state, &segment).await?) < timestamp {
                continue;
            }
            open_files::make_room_to_open(state).await;
            let found = search(state, &segment, timestamp).await;
            open_files::let_go(state, &segment);
            if let Some(found) = found? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The committed record with the largest timestamp, or the first of several. If no record has a timestamp, it is
    /// the first record without one. `None` if all records lie before 1970, or there are no records.
    ///
    /// The answer is the last record of a batch in two cases: no record has the largest timestamp that the header
    /// states, or the batch was deleted while its segment is still there.
    pub async fn max_timestamp_offset(&self) -> Result<Option<FoundByTime>, ReadError> {
        until_not_cut(self.state(), async || self.find_largest_time().await).await
    }

    async fn find_largest_time(&self) -> Result<Option<FoundByTime>, ReadError> {
        let state = self.state();
        let mut best = None;
        for segment in segments_to_read(state)? {
            let largest = largest(state, &segment).await?;
            if largest_ms(largest) > largest_ms(best) {
                best = largest;
            }
        }
        // What was read may be written and not yet committed.
        self.settled().await?;
        let Some(TimestampOffset { timestamp, last_offset: offset }) = best else {
            return self.find_by_time(NO_TIMESTAMP).await;
        };
        let found = self.find_by_time(timestamp).await?;
        let leader_epoch = Some(self.epoch_of(offset).unwrap_or(self.leader_epoch()));
        Ok(Some(found.unwrap_or(FoundByTime { offset, timestamp, leader_epoch })))
    }
}

/// Asks again if the log was truncated meanwhile: what was found may be gone, and what was not found may have been cut.
async fn until_not_cut<T>(state: &State, ask: impl AsyncFn() -> T) -> T {
    loop {
        let cuts = state.log.borrow().cuts();
        let answer = ask().await;
        if state.log.borrow().cuts() == cuts {
            return answer;
        }
    }
}

fn segments_to_read(state: &State) -> Result<Vec<Rc<Segment>>, ReadError> {
    if state.is_closed() {
        return Err(ReadError::Closed);
    }
    let log = state.log.borrow();
    Ok(log.segments_from(log.cursors().log_start).to_vec())
}

fn largest_ms(largest: Option<TimestampOffset>) -> i64 {
    largest.map_or(NO_TIMESTAMP, |largest| largest.timestamp)
}

/// The largest timestamp of a segment; `None` if no record has one.
pub(crate) async fn largest(state: &State, segment: &Rc<Segment>) -> io::Result<Option<TimestampOffset>> {
    if segment.largest() == Largest::Unread {
        let interval = state.config.borrow().index_interval_bytes;
        let loaded = load_indexes(&state.directory, segment, interval).await;
        open_files::let_go(state, segment);
        loaded?;
    }
    Ok(segment.largest().known())
}

async fn search(state: &Rc<State>, segment: &Rc<Segment>, timestamp: i64) -> io::Result<Option<FoundByTime>> {
    let interval = state.config.borrow().index_interval_bytes;
    load_indexes(&state.directory, segment, interval).await?;
    let log_start = state.log.borrow().cursors().log_start;
    let from = segment.with_indexes(|indexes| indexes.times.search_from(timestamp)).unwrap_or(segment.base);
    let cap = committed_end(&state.log.borrow(), segment);
    let Some((_, start)) = locate(state, segment, from.max(log_start), cap).await? else {
        return Ok(None);
    };
    let mut scan = Scan::new(open_files::file_of(state, segment)?, start, cap.get());
    while let Some(header) = scan.header().await? {
        let Ok(header) = header else {
            match behind_damage(state, segment, scan.position()) {
                Some(position) => scan.go_to(position),
                None => return Ok(None),
            }
            continue;
        };
        if header.max_timestamp >= timestamp
            && let Some(found) = look_inside(&mut scan, &header, timestamp, log_start).await?
        {
            return Ok(Some(found));
        }
        scan.skip(header.size_bytes);
    }
    Ok(None)
}

fn behind_damage(state: &State, segment: &Segment, at: FilePosition) -> Option<FilePosition> {
    let log = state.log.borrow();
    let bad = log.bad_ranges().iter().find(|bad| bad.segment == segment.base && bad.position == at);
    bad.map(|bad| bad.end_position)
}

async fn look_inside(
    scan: &mut Scan,
    header: &BatchHeader,
    timestamp: i64,
    log_start: Offset,
) -> io::Result<Option<FoundByTime>> {
    let leader_epoch = header.leader_epoch;
    let whole = FoundByTime {
        offset: header.base_offset.max(log_start),
        timestamp: header.base_timestamp.max(timestamp).min(header.max_timestamp),
        leader_epoch,
    };
    if header.attributes.is_log_append_time() {
        return Ok(Some(FoundByTime { timestamp: header.max_timestamp, ..whole }));
    }
    let Ok(batch) = UncheckedBatch::new(scan.batch(header).await?).verify_stamped() else {
        return Ok(Some(whole));
    };
    let batch = batch.as_batch().clone();
    let first = if header.attributes.codec() == Some(Codec::None) {
        first_since(&batch, timestamp, log_start)
    } else {
        creel_io::offload(move || first_since(&batch, timestamp, log_start)).await
    };
    Ok(match first {
        Ok(found) => found.map(|(offset, timestamp)| FoundByTime { offset, timestamp, leader_epoch }),
        Err(BadRecord) => Some(whole),
    })
}

/// The first record of a batch that is not older than `timestamp`.
fn first_since(batch: &Batch, timestamp: i64, log_start: Offset) -> Result<Option<(Offset, i64)>, BadRecord> {
    for record in Records::decompress(batch).ok_or(BadRecord)? {
        let record = record?;
        if record.timestamp >= timestamp && record.offset >= log_start {
            return Ok(Some((record.offset, record.timestamp)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::batch::{Attributes, assemble};
    use crate::format::records::BatchBuilder;

    #[test]
    fn a_compressed_batch_is_looked_into() {
        let plain = BatchBuilder::new(10)
            .record(10, None, None)
            .record(20, None, None)
            .record(30, None, None)
            .build()
            .unwrap();
        let header = BatchHeader { attributes: Attributes(4), ..*plain.header() };
        let zstd = assemble(&header, &zstd::stream::encode_all(&plain.body()[..], 3).unwrap()).unwrap();
        assert_eq!(first_since(&zstd, 15, Offset::ZERO), Ok(Some((Offset::of(1), 20))));
        assert_eq!(first_since(&zstd, 15, Offset::of(2)), Ok(Some((Offset::of(2), 30))));
        assert_eq!(first_since(&zstd, 31, Offset::ZERO), Ok(None));
        let garbage = assemble(&header, b"not zstd").unwrap();
        assert_eq!(first_since(&garbage, 15, Offset::ZERO), Err(BadRecord));
    }
}
