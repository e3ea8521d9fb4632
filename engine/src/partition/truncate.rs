//! Truncates a log at its end. A follower does so if it holds records that its leader does not have.
//!
//! ```text
//! recovery point lowered -> cut in memory -> damage forgotten -> later segments removed, newest first
//!                        -> file cut, synced -> side files
//! ```
//!
//! Whatever a crash leaves is a log without a hole. It ends at the offset that was asked for, or behind it. Meanwhile
//! nothing is appended, no segment begins, and no segment is removed at the log's start.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use creel_io::fs;

use crate::error::{AppendError, TruncateError, is_disk_full};
use crate::format::bad_ranges::BadRange;
use crate::jobs::commit::EpochsWritten;
use crate::jobs::running::Work;
use crate::log::Cut;
use crate::log::producers::Producers;
use crate::offset::{FilePosition, Offset};
use crate::partition::open::replay_segment;
use crate::partition::read::locate;
use crate::partition::retention::Removing;
use crate::partition::state::State;
use crate::partition::{Partition, commit, journal_writer, open_files, spare, turn_writer};
use crate::segment::active::ActiveSegment;
use crate::segment::checkpoints::{remove_epochs, remove_reuse, write_bad_ranges, write_epochs};
use crate::segment::remove::{remove_off_core, remove_segment};
use crate::segment::scan::Scan;
use crate::segment::side_files::{read_snapshot, remove_indexes, remove_snapshot, snapshot, write_snapshot};
use crate::segment::{Placed, Segment};

impl Partition {
    /// Removes everything from `offset` on, whether it was durable and committed or not. If `offset` lies inside a
    /// batch, the whole batch is removed. If it lies in a gap of offsets, the log ends before the gap: with its last
    /// batch, or where its last segment begins. The high watermark and the durable end then lie no further than the
    /// log's end. Returns that end, once the truncation is on the medium. If the log ends at or before `offset`, nothing
    /// is done.
    ///
    /// This can remove batches that were acknowledged as durable. It is for a follower, whose leader has said what is
    /// committed. Appends that still wait to be durable fail with
    /// [`AppendError::Truncated`], and so do appends that come meanwhile. So the log
    /// comes to rest, and the wait for that is no longer than a few syncs and the removal of segments that has begun.
    ///
    /// `lower_recovery_point` is called before anything is cut. It must write the checkpoint of recovery points,
    /// durably, with no larger point for this partition, because recovery takes anything missing below the point for
    /// damage. Until the truncation is done, [`recovery_point`](Self::recovery_point) gives no larger offset either. It
    /// may wait for a lock whose holder closes this partition: then the truncation is given up, before anything is cut,
    /// with [`AppendError::Closed`], and what it has begun is dropped.
    ///
    /// Who still sends a slice from behind the new end may find that the file ends early, or holds other batches there.
    ///
    /// Nothing in the broker calls this yet.
    pub async fn truncate_to(
        &self,
        offset: Offset,
        lower_recovery_point: impl AsyncFnOnce(Offset) -> io::Result<()> + 'static,
    ) -> Result<Offset, TruncateError> {
        alone(self.state(), async move |state| {
            let outcome = truncate(state, offset, lower_recovery_point).await;
            state.side_files.borrow_mut().end_cut(state.log.borrow().active().base);
            outcome
        })
        .await
    }
}

/// Runs `job` while nothing is appended, no segment begins, and none is removed. Everything is on the medium before.
pub(crate) async fn alone<T: 'static>(
    state: &Rc<State>,
    job: impl AsyncFnOnce(&Rc<State>) -> Result<T, TruncateError> + 'static,
) -> Result<T, TruncateError> {
    let removing = Removing::begin(state.clone()).await;
    // From now on appends are refused, so that the log comes to rest.
    let done = state.spawn(Work::Truncate, async move |state| {
        let _removing = removing;
        settle(state).await?;
        job(state).await
    });
    done.await
}

/// Waits until everything is on the medium, and no task is writing.
async fn settle(state: &Rc<State>) -> Result<(), TruncateError> {
    loop {
        check_goes_on(state)?;
        // Everyone who waits for these appends has been told of the failure.
        let _ = turn_writer::write_staged(state, &mut state.log.borrow_mut());
        if !commit::sync_now(state).await {
            return Err(state.refusal().into());
        }
        let is_durable = {
            let log = state.log.borrow();
            log.cursors().next == log.cursors().synced
        };
        let is_busy = !state.running.is_quiet_besides(Work::Truncate) || state.running.has(Work::Spare);
        if is_durable && !is_busy {
            return Ok(check_goes_on(state)?);
        }
        if is_busy {
            state.running.changed().await;
        }
    }
}

pub(crate) fn check_goes_on(state: &State) -> Result<(), AppendError> {
    state.check_open()?;
    if state.is_ending.get() { Err(AppendError::Closed) } else { Ok(()) }
}

/// Runs `work`, but only until the partition is about to be closed: whoever closes it may hold what `work` waits for.
pub(crate) async fn unless_it_ends<T>(
    state: &State,
    work: impl Future<Output = T>,
) -> Result<T, AppendError> {
    let mut work = pin!(work);
    let mut change = pin!(state.running.changed());
    poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(Ok(done));
        }
        while !state.is_ending.get() {
            if change.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            change.set(state.running.changed());
        }
        Poll::Ready(Err(AppendError::Closed))
    })
    .await
}

/// Where a log is truncated.
struct CutPlace {
    segment: Rc<Segment>,
    position: FilePosition,
}

async fn truncate(
    state: &Rc<State>,
    offset: Offset,
    lower_recovery_point: impl AsyncFnOnce(Offset) -> io::Result<()>,
) -> Result<Offset, TruncateError> {
    let (log_start, end) = {
        let log = state.log.borrow();
        (log.cursors().log_start, log.cursors().next)
    };
    if offset < log_start {
        return Err(TruncateError::BelowLogStart { offset, log_start });
    }
    if offset >= end {
        return Ok(end);
    }
    let place = find_place(state, offset).await?;
    let Remains { end, active, producers, is_snapshot_missing, snapshots_behind } =
        Remains::of(state, &place).await?;
    // Before anything is cut: a start must not append again what was cut off.
    journal_writer::write_cut(state, end).await?;
    state.side_files.borrow_mut().begin_cut(end);
    unless_it_ends(state, lower_recovery_point(end)).await??;
    check_goes_on(state)?;
    commit::stop_lingering(state);
    state.commit.borrow_mut().cut(end);
    spare::discard(state);
    let damage = state.log.borrow().bad_ranges().len();
    let gone = state.log.borrow_mut().cut(Cut { end, active, producers });
    let is_damage_cut = state.log.borrow().bad_ranges().len() < damage;
    state.sync_times.clear();
    state.hw_waiters.borrow_mut().wake_all();
    let cut = async {
        if is_damage_cut {
            forget_damage(state).await?;
        }
        cut_segments(state, &gone).await?;
        cut_side_files(state, &snapshots_behind).await?;
        state.side_files.borrow_mut().set_lacks_snapshot(false);
        if is_snapshot_missing { write_snapshot_anew(state).await } else { Ok(()) }
    };
    match cut.await {
        Ok(()) => Ok(end),
        Err(error) => {
            state.poison("truncating the log", &error);
            Err(error.into())
        }
    }
}

async fn find_place(state: &Rc<State>, offset: Offset) -> io::Result<CutPlace> {
    let (segment, bad_ranges) = {
        let log = state.log.borrow();
        let segment = log.segment_of(offset).map_or_else(|| log.active().readable(), Rc::clone);
        let here = |bad: &&BadRange| bad.segment == segment.base;
        let bad_ranges: Vec<_> = log.bad_ranges().iter().filter(here).copied().collect();
        (segment, bad_ranges)
    };
    let mut position = match bad_ranges.iter().find(|bad| bad.contains(offset)) {
        Some(bad) => bad.position,
        None => match locate(state, &segment, offset, segment.end_position()).await? {
            Some((_, position)) => position,
            None => segment.end_position(),
        },
    };
    // Damage at the very end is removed too, because nothing can be appended behind it.
    while let Some(bad) =
        bad_ranges.iter().find(|bad| bad.end_position == position && bad.position < position)
    {
        position = bad.position;
    }
    Ok(CutPlace { segment, position })
}

/// What remains of a truncated log.
struct Remains {
    /// Where the log ends.
    end: Offset,
    /// The segment that is written to from now on.
    active: ActiveSegment,
    producers: Producers,
    /// Whether only segments before the active one hold the state of the producers.
    is_snapshot_missing: bool,
    /// Producer snapshots behind the end.
    snapshots_behind: Vec<Offset>,
}

impl Remains {
    /// Changes nothing. Walks over the batches of the last segment that stays, from its first one on.
    async fn of(state: &State, place: &CutPlace) -> io::Result<Self> {
        let (segments, bad_ranges) = {
            let log = state.log.borrow();
            let before = log.segments().partition_point(|segment| segment.base < place.segment.base);
            (log.segments()[..before].to_vec(), log.bad_ranges().to_vec())
        };
        let (active, end) = walk(state, place, &bad_ranges).await?;
        let (mut snapshots, snapshots_behind) = find_snapshots(state, end)?;
        let mut from = segments.first().unwrap_or(&place.segment).base;
        let mut producers = Producers::default();
        while let Some(offset) = snapshots.pop() {
            if let Some(found) = read_snapshot(&state.directory, offset)? {
                (producers, from) = (Producers::from_snapshot(found), from.max(offset));
                producers.date(creel_io::wall_clock_ms());
                break;
            }
        }
        let nexts = segments.iter().skip(1).chain([&place.segment]);
        for (segment, _) in segments.iter().zip(nexts).filter(|(_, next)| next.base > from) {
            replay_segment(segment, from, &bad_ranges, &mut producers).await?;
            segment.log.close();
        }
        replay_segment(&active, from, &bad_ranges, &mut producers).await?;
        active.log.close();
        let is_snapshot_missing = active.base > from;
        Ok(Self { end, active, producers, is_snapshot_missing, snapshots_behind })
    }
}

/// Producer snapshots at or before `end`, and those behind it.
fn find_snapshots(state: &State, end: Offset) -> io::Result<(Vec<Offset>, Vec<Offset>)> {
    let names = fs::read_dir(&state.directory)?;
    let mut snapshots: Vec<Offset> =
        names.iter().filter_map(|name| snapshot::KIND.offset_in(name.as_ref())).collect();
    snapshots.sort_unstable();
    let behind = snapshots.split_off(snapshots.partition_point(|offset| *offset <= end));
    Ok((snapshots, behind))
}

/// The segment that is cut, as it will be afterwards, and the end of its last batch. Its batches are indexed again.
async fn walk(
    state: &State,
    place: &CutPlace,
    bad_ranges: &[BadRange],
) -> io::Result<(ActiveSegment, Offset)> {
    let before = &place.segment;
    let interval = state.config.borrow().index_interval_bytes;
    let mut segment = ActiveSegment::noting(Segment::new(&state.directory, before.base, before.created_ms));
    segment.note_append(before.appended_ms());
    let mut end = segment.base;
    let mut scan = Scan::new(before.log.get()?, FilePosition::START, place.position.get());
    while let Some(header) = scan.header().await? {
        let here = |bad: &&BadRange| bad.segment == segment.base && bad.position == scan.position();
        match (header, bad_ranges.iter().find(here)) {
            (Ok(header), _) => {
                segment.note(&Placed::of(&header, scan.position()), interval);
                end = header.end_offset();
                scan.skip(header.size_bytes);
                creel_io::pace(1).await;
            }
            (Err(_), Some(bad)) => {
                segment.skip_to(bad.end_position);
                scan.go_to(bad.end_position);
            }
            (Err(error), None) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }
    if segment.end_position() != place.position {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a batch crosses the offset of the truncation",
        ));
    }
    Ok((segment, end))
}

/// Removes the segments behind the new end, newest first, each one durably before the next. Then cuts the file of the
/// segment that stays. `gone` begins with the old state of that segment.
async fn cut_segments(state: &Rc<State>, gone: &[Rc<Segment>]) -> io::Result<()> {
    let (before, behind) = gone.split_first().ok_or(io::ErrorKind::NotFound)?;
    for segment in behind.iter().rev() {
        let (directory, base) = (state.directory.clone(), segment.base);
        let last_handle = segment.log.retire();
        remove_off_core(last_handle, move || remove_segment(&directory, base)).await?;
        fs::sync_dir(&state.directory).await?;
    }
    before.log.close();
    let file = {
        let mut log = state.log.borrow_mut();
        let file = open_files::active_file(state, log.active())?;
        log.active_mut().cut_to_length()?;
        file
    };
    file.sync_all().await
}

/// Forgets the damage that is about to be cut off. A start that knows of damage looks for a log that reaches behind it.
async fn forget_damage(state: &State) -> io::Result<()> {
    let bad_ranges = state.log.borrow().bad_ranges().to_vec();
    write_bad_ranges(&state.directory, &bad_ranges).await?;
    fs::sync_dir(&state.directory).await
}

/// Removes from the side files what they say about the removed batches.
async fn cut_side_files(state: &State, snapshots_behind: &[Offset]) -> io::Result<()> {
    let directory = &state.directory;
    for offset in snapshots_behind {
        remove_snapshot(directory, *offset)?;
    }
    let (active, epochs) = {
        let log = state.log.borrow();
        (log.active().base, log.epochs().clone())
    };
    // It is written to again, so its indexes are out of date.
    remove_indexes(directory, active)?;
    let written = match write_epochs(directory, epochs.entries()).await {
        Err(error) if is_disk_full(&error) => {
            // Without the file the next start rebuilds the epochs.
            remove_epochs(directory)?;
            EpochsWritten::NoRoom
        }
        written => written.map(|()| EpochsWritten::Yes)?,
    };
    if state.side_files.borrow_mut().epochs_synced(&epochs, written) {
        state.log.borrow_mut().epochs_are_unsynced();
    }
    // Every file now ends with its batches.
    if state.spare.borrow_mut().forget_announced() {
        remove_reuse(directory)?;
    }
    fs::sync_dir(directory).await
}

/// Writes a producer snapshot. Retention may drop every segment before the active one, and with them what they say
/// about producers.
async fn write_snapshot_anew(state: &State) -> io::Result<()> {
    let (end, encoded) = {
        let log = state.log.borrow();
        (log.cursors().next, log.producers().to_snapshot())
    };
    match write_snapshot(&state.directory, end, &encoded) {
        Ok(file) => file.sync_data().await?,
        Err(error) if is_disk_full(&error) => {
            state.side_files.borrow_mut().set_lacks_snapshot(true);
            return Ok(());
        }
        Err(error) => return Err(error),
    }
    fs::sync_dir(&state.directory).await
}
