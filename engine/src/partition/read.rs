//! Reads: which bytes of which file to send for an offset.
//!
//! A read near the end of the log is answered from memory (`RecentBatches`) and touches no file. For any other read,
//! the offset index leads near the batch, and a short walk over headers finds it.
//!
//! The answer is a slice of a file. It starts with the batch that holds the offset, as a whole, even if the offset lies
//! inside it. It never reaches behind the high watermark or into a damaged range.

use std::io;
use std::rc::Rc;

use creel_io::count_work;
use creel_io::fs::FileSlice;

use crate::error::ReadError;
use crate::fault_points::{self, Bug};
use crate::format::batch::BatchHeader;
use crate::log::{Cursors, Log, Place};
use crate::offset::{FilePosition, Offset};
use crate::partition::state::State;
use crate::partition::{Partition, commit, open_files};
use crate::segment::Segment;
use crate::segment::scan::Scan;
use crate::segment::side_files::{load_indexes, rebuild_indexes};

/// Which records a reader may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Up to the high watermark (read_uncommitted).
    #[default]
    HighWatermark,
    /// Up to the first open transaction (read_committed).
    LastStable,
}

/// The answer to a read.
#[derive(Clone, Debug)]
pub struct ReadOutcome {
    /// Batches; the last one may be incomplete. `None`: there is nothing to read yet.
    pub slice: Option<FileSlice>,
    /// The end of the committed records.
    pub high_watermark: Offset,
    /// The last stable offset: the end of what read_committed consumers may read.
    pub last_stable: Offset,
    /// The start of the log.
    pub log_start: Offset,
}

impl ReadOutcome {
    /// The size of the slice in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.slice.as_ref().map_or(0, |slice| slice.length)
    }
}

/// How much to read.
#[derive(Clone, Copy, Debug)]
struct Want {
    from: Offset,
    max_bytes: u64,
    at_least_one: bool,
}

impl Partition {
    /// Finds the bytes to send, beginning with the batch that holds `from`: at most `max_bytes`, or one whole batch if
    /// it is larger and `at_least_one` asks for it.
    pub async fn read(
        &self,
        from: Offset,
        isolation: Isolation,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Result<ReadOutcome, ReadError> {
        count_work(1);
        let state = self.state();
        let want = Want { from, max_bytes: max_bytes as u64, at_least_one };
        loop {
            let cuts = state.log.borrow().cuts();
            let is_cut = || state.log.borrow().cuts() != cuts;
            let outcome = outcome_without_slice(state, from)?;
            let limit = match isolation {
                Isolation::HighWatermark => outcome.high_watermark,
                Isolation::LastStable => outcome.last_stable,
            };
            if from >= outcome.high_watermark {
                commit_soon(state);
            }
            if from >= limit || max_bytes == 0 && !at_least_one {
                return Ok(outcome);
            }
            if !open_files::may_open(state) {
                open_files::make_room_to_open(state).await;
                if is_cut() {
                    continue;
                }
            }
            let hot = if limit == outcome.high_watermark { hot_slice(state, want) } else { None };
            if let Some(slice) = hot {
                return Ok(ReadOutcome { slice: slice?, ..outcome });
            }
            let found = find_slice(state, want, limit).await;
            // What was found may have been cut off meanwhile.
            if is_cut() {
                continue;
            }
            return match found {
                Ok(slice) => Ok(ReadOutcome { slice, ..outcome }),
                Err(error) => {
                    // Retention may have dropped the segment meanwhile. Then the offset is now out of range.
                    outcome_without_slice(state, from)?;
                    Err(error.into())
                }
            };
        }
    }
}

/// Begins to make visible what is written and not committed yet. Someone who reads without waiting finds it next time.
fn commit_soon(state: &Rc<State>) {
    let Cursors { high_watermark, written, .. } = *state.log.borrow().cursors();
    if high_watermark < written {
        commit::want(state, written);
    }
}

fn outcome_without_slice(state: &State, from: Offset) -> Result<ReadOutcome, ReadError> {
    if state.is_closed() {
        return Err(ReadError::Closed);
    }
    let log = state.log.borrow();
    let cursors = log.cursors();
    // A client that knows of an append may ask for what follows it, durable or not.
    let (offset, log_start, log_end) = (from, cursors.log_start, cursors.next);
    if !(log_start..=log_end).contains(&from) {
        return Err(ReadError::OutOfRange { offset, log_start, log_end });
    }
    if let Some(bad) = log.bad_ranges().iter().find(|bad| bad.contains(from)) {
        return Err(ReadError::Corrupt { offset, resume: bad.end });
    }
    let (high_watermark, last_stable) = (cursors.high_watermark, log.last_stable());
    Ok(ReadOutcome { slice: None, high_watermark, last_stable, log_start })
}

/// The slice for a read near the end of the log, from memory alone. `None`: the offset is not near enough.
fn hot_slice(state: &Rc<State>, want: Want) -> Option<io::Result<Option<FileSlice>>> {
    let log = state.log.borrow();
    let start = log.recent().start_of(want.from)?;
    let end = log.cursors().high_watermark_place.position;
    debug_assert_eq!(log.cursors().high_watermark_place.segment, log.active().base);
    let end = if end.get() - start.get() <= want.max_bytes {
        end
    } else {
        match log.recent().boundary_in(start, start + want.max_bytes) {
            cut if cut > start => cut,
            _ if want.at_least_one => log.recent().boundary_after(start).unwrap_or(end),
            _ => return Some(Ok(None)),
        }
    };
    Some(open_files::active_file(state, log.active()).map(|file| Some(slice(file, start, end))))
}

async fn find_slice(state: &Rc<State>, want: Want, limit: Offset) -> io::Result<Option<FileSlice>> {
    let Some(mut segment) = state.log.borrow().segment_of(want.from).cloned() else {
        return Ok(None);
    };
    loop {
        let cap = cap(state, &segment, want.from, limit).await?;
        if let Some((header, start)) = locate(state, &segment, want.from, cap).await? {
            let found = end_of_slice(&segment, &header, start, cap, want)
                .map(|end| open_files::file_of(state, &segment).map(|file| slice(file, start, end)))
                .transpose();
            open_files::let_go(state, &segment);
            return found;
        }
        open_files::let_go(state, &segment);
        // Compaction has removed the offset, or it lies behind this segment's last batch. Go on with the next segment.
        let Some(next) = state.log.borrow().segment_after(segment.base).cloned() else {
            return Ok(None);
        };
        if next.base >= limit {
            return Ok(None);
        }
        segment = next;
    }
}

/// How far a read from `from` may reach into `segment`.
async fn cap(
    state: &Rc<State>,
    segment: &Rc<Segment>,
    from: Offset,
    limit: Offset,
) -> io::Result<FilePosition> {
    let mut cap = {
        let log = state.log.borrow();
        let committed = committed_end(&log, segment);
        committed.min(bad_start(&log, segment, from).unwrap_or(committed))
    };
    let high_watermark = state.log.borrow().cursors().high_watermark;
    if limit < high_watermark
        && let Some((_, position)) = locate(state, segment, limit, cap).await?
    {
        cap = cap.min(position);
    }
    Ok(cap)
}

/// The end of the committed part of `segment`.
pub(crate) fn committed_end(log: &Log, segment: &Segment) -> FilePosition {
    let Place { segment: base, position } = log.cursors().high_watermark_place;
    match segment.base.cmp(&base) {
        std::cmp::Ordering::Less => segment.end_position(),
        std::cmp::Ordering::Equal => position,
        std::cmp::Ordering::Greater => FilePosition::START,
    }
}

/// The first batch below `cap` that ends behind `offset`, and its position.
pub(crate) async fn locate(
    state: &Rc<State>,
    segment: &Rc<Segment>,
    offset: Offset,
    cap: FilePosition,
) -> io::Result<Option<(BatchHeader, FilePosition)>> {
    if cap == FilePosition::START {
        // There may be no file yet.
        return Ok(None);
    }
    let interval = state.config.borrow().index_interval_bytes;
    load_indexes(&state.directory, segment, interval).await?;
    let mut scan = Scan::new(open_files::file_of(state, segment)?, FilePosition::START, cap.get());
    if !go_by_index(&mut scan, segment, offset).await? && !fault_points::has(Bug::IndexTrusted) {
        rebuild_indexes(&state.directory, segment, interval).await?;
        go_by_index(&mut scan, segment, offset).await?;
    }
    if let Some(behind) = behind_damage_before(state, segment, offset) {
        scan.go_to(scan.position().max(behind));
    }
    while let Some(header) = scan.header().await? {
        let header = header.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if header.end_offset() > offset {
            return Ok(Some((header, scan.position())));
        }
        scan.skip(header.size_bytes);
    }
    Ok(None)
}

/// The end of the last damage before `offset`.
fn behind_damage_before(state: &State, segment: &Segment, offset: Offset) -> Option<FilePosition> {
    let log = state.log.borrow();
    let damaged = log.bad_ranges().iter().filter(|bad| bad.segment == segment.base && bad.end <= offset);
    damaged.map(|bad| bad.end_position).max()
}

/// Moves to where, by the index, a walk to `offset` may begin. `false`: the index is wrong, because the batch there
/// does not end as its entry says.
async fn go_by_index(scan: &mut Scan, segment: &Segment, offset: Offset) -> io::Result<bool> {
    let entry = segment.with_indexes(|indexes| indexes.offsets.entry_before(offset)).flatten();
    let Some((last, position)) = entry else {
        scan.go_to(FilePosition::START);
        return Ok(true);
    };
    scan.go_to(position);
    let header = scan.header().await?;
    Ok(header.is_none_or(|header| header.is_ok_and(|header| header.last_offset() == last)))
}

/// Where the first damage behind `from` begins.
fn bad_start(log: &Log, segment: &Segment, from: Offset) -> Option<FilePosition> {
    let behind = log.bad_ranges().iter().filter(|bad| bad.segment == segment.base && bad.start > from);
    behind.map(|bad| bad.position).min()
}

/// Where the slice ends: at the end of what may be read, at a boundary that the index knows, or at the byte limit, but
/// not inside the first batch.
fn end_of_slice(
    segment: &Segment,
    first: &BatchHeader,
    start: FilePosition,
    cap: FilePosition,
    want: Want,
) -> Option<FilePosition> {
    let first_end = start + first.size_bytes as u64;
    if cap.get() - start.get() <= want.max_bytes {
        return Some(cap);
    }
    let most = start + want.max_bytes;
    if most < first_end {
        return want.at_least_one.then_some(first_end);
    }
    let boundary = segment.with_indexes(|indexes| indexes.offsets.boundary_before(most));
    Some(boundary.filter(|boundary| *boundary > first_end).unwrap_or(most))
}

fn slice(file: creel_io::fs::File, start: FilePosition, end: FilePosition) -> FileSlice {
    FileSlice { file, position: start.get(), length: end.get() - start.get() }
}
