//! A file as its readers see it, and as it lies on the medium.
//!
//! `now` is `durable` with all `pending` changes applied in order. That ends when a sync fails: what it should have
//! written is then no longer pending, whether or not it reached the medium. A sync moves changes to `durable`. After a
//! crash, chance decides for each sector which of its versions the medium holds.
//!
//! A write past the page cache is pending, too, while it is in flight. No sync waits for it: it moves to `durable` by
//! itself when it ends.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use bytes::Bytes;

use super::content::{Content, pieces};
use crate::sim::rng::Rng;

const PAGE: u64 = 4096;
/// No device tears less than this, in bytes.
const SMALLEST_SECTOR: u64 = 512;

#[derive(Clone, Default)]
pub(super) struct FileState {
    now: Content,
    durable: Content,
    pending: Changes,
    /// Writes past the page cache that have not ended.
    in_flight: Changes,
    next: ChangeId,
    /// A sync has failed, so the page cache shows bytes that are neither on the medium nor pending.
    diverged: bool,
}

/// Numbers a file's changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChangeId(u64);

#[derive(Clone)]
enum FileChange {
    Write { position: u64, bytes: Bytes },
    Length(u64),
}

/// How much of the pending changes a crash (or a failed sync) leaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Survival {
    Nothing,
    Everything,
    /// The first changes, with the last of them torn.
    Prefix,
    /// Each sector as it was at a moment of its own.
    Mixed,
}

/// What happens to the length that writes gave a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// A crash: the medium has the length of some moment.
    Journalled,
    /// The length stays, in the inode, because the machine goes on running. No sector reads as if the file had ended
    /// earlier.
    Kept,
}

impl Survival {
    pub(super) fn draw(rng: &Rng) -> Survival {
        match rng.below(8) {
            0 => Survival::Everything,
            1 | 2 => Survival::Nothing,
            3 | 4 => Survival::Prefix,
            _ => Survival::Mixed,
        }
    }
}

impl FileState {
    pub(super) fn durable_file(bytes: &[u8]) -> FileState {
        let mut content = Content::default();
        content.write(0, bytes);
        FileState { now: content.clone(), durable: content, ..FileState::default() }
    }

    pub(super) fn now(&self) -> &Content {
        &self.now
    }

    pub(super) fn durable(&self) -> &Content {
        &self.durable
    }

    pub(super) fn write(&mut self, position: u64, bytes: Bytes) {
        self.now.write(position, &bytes);
        let written = FileChange::Write { position, bytes };
        self.add(if self.diverged { self.with_whole_pages(written) } else { written });
    }

    pub(super) fn set_length(&mut self, length: u64) {
        self.now.set_length(length);
        self.add(FileChange::Length(length));
    }

    fn add(&mut self, change: FileChange) {
        self.pending.push((self.next, change));
        self.next.0 += 1;
    }

    /// What a sync that begins now has to cover: all changes made so far.
    pub(super) fn mark(&self) -> ChangeId {
        self.next
    }

    /// All changes before `mark` have reached the medium.
    pub(super) fn settle(&mut self, mark: ChangeId) {
        for (_, change) in take_before(&mut self.pending, mark) {
            self.make_durable(change);
        }
    }

    fn make_durable(&mut self, change: FileChange) {
        match change {
            FileChange::Write { position, bytes } => self.durable.write(position, &bytes),
            FileChange::Length(length) => self.durable.set_length(length),
        }
    }

    /// A sync has failed. The changes before `mark` were tried once and are then forgotten: the kernel marks pages
    /// clean although they were not written. The page cache may drop such pages at once, so that readers see the old
    /// bytes.
    pub(super) fn fail_sync(&mut self, mark: ChangeId, rng: &Rng) {
        let tried = take_before(&mut self.pending, mark);
        lose(&mut self.durable, tried, Survival::draw(rng), Lengths::Kept, rng);
        self.diverged = true;
        let pending = std::mem::take(&mut self.pending);
        self.pending = pending.into_iter().map(|(id, change)| (id, self.with_whole_pages(change))).collect();
        // A cut is in the file system's journal, so it is not forgotten.
        if self.now.length() < self.durable.length() {
            self.add(FileChange::Length(self.now.length()));
        }
        if self.pending.is_empty() && rng.chance(0.5) {
            self.drop_cached();
        }
    }

    // --- writes past the page cache

    /// A write has begun that goes to the medium by itself.
    pub(super) fn begin_direct(&mut self, position: u64, bytes: Bytes) -> ChangeId {
        let id = self.next;
        self.next.0 += 1;
        self.now.write(position, &bytes);
        self.in_flight.push((id, FileChange::Write { position, bytes }));
        id
    }

    /// It has ended, so its bytes are on the medium. What the page cache had for this range before it was written out
    /// first.
    pub(super) fn settle_direct(&mut self, id: ChangeId) {
        let Some((position, bytes)) = self.take_in_flight(id) else { return };
        let end = position + bytes.len() as u64;
        let (earlier, rest) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|(other, change)| *other < id && change.touches(position, end));
        self.pending = rest;
        for (_, change) in earlier as Changes {
            self.make_durable(change);
        }
        self.durable.write(position, &bytes);
    }

    /// It has failed. Each sector of its range may hold the old bytes, the new ones, or garbage, also after a crash.
    pub(super) fn fail_direct(&mut self, id: ChangeId, rng: &Rng) {
        self.leave_direct(id, |old, new| match rng.below(5) {
            0 | 1 => old.to_vec(),
            2 | 3 => new.to_vec(),
            _ => {
                let mut garbage = vec![0; new.len()];
                rng.fill(&mut garbage);
                garbage
            }
        });
    }

    /// The process has ended. Of each of its writes in flight the kernel has done all, nothing, or some sectors. The
    /// device may not have them on its medium yet.
    pub(super) fn process_ended(&mut self, rng: &Rng) {
        let ids: Vec<_> = self.in_flight.iter().map(|(id, _)| *id).collect();
        for id in ids {
            let kind = rng.below(3);
            self.leave_direct(id, |old, new| {
                let is_done = kind == 0 || (kind == 1 && rng.chance(0.5));
                if is_done { new.to_vec() } else { old.to_vec() }
            });
        }
    }

    /// Ends a write in flight that may not be whole. `pick` gives a sector's bytes, from those before it and its own.
    fn leave_direct(&mut self, id: ChangeId, mut pick: impl FnMut(&[u8], &[u8]) -> Vec<u8>) {
        let Some((position, bytes)) = self.take_in_flight(id) else { return };
        self.drop_cached();
        let mut left = Vec::with_capacity(bytes.len());
        for (_, at, n) in pieces(position, bytes.len() as u64, SMALLEST_SECTOR) {
            let mut old = vec![0; n];
            self.now.read(at, &mut old);
            left.extend(pick(&old, &bytes[(at - position) as usize..][..n]));
        }
        let place = self.pending.partition_point(|(other, _)| *other < id);
        self.pending.insert(place, (id, FileChange::Write { position, bytes: left.into() }));
        self.drop_cached();
    }

    fn take_in_flight(&mut self, id: ChangeId) -> Option<(u64, Bytes)> {
        let place = self.in_flight.iter().position(|(other, _)| *other == id)?;
        match self.in_flight.remove(place).1 {
            FileChange::Write { position, bytes } => Some((position, bytes)),
            FileChange::Length(_) => None,
        }
    }

    /// Everything that is not on the medium for sure, in its order.
    fn take_unsettled(&mut self) -> Changes {
        let mut all = std::mem::take(&mut self.pending);
        all.append(&mut self.in_flight);
        all.sort_by_key(|(id, _)| *id);
        all
    }

    /// The page cache drops the pages that it takes for written. Reads then show the medium and what is pending. The
    /// length stays, because the inode is in memory.
    pub(super) fn drop_cached(&mut self) {
        let length = self.now.length();
        self.diverged = false;
        self.now = self.durable.clone();
        let mut unsettled: Vec<_> = self.pending.iter().chain(&self.in_flight).collect();
        unsettled.sort_by_key(|(id, _)| *id);
        for (_, change) in unsettled {
            match change {
                FileChange::Write { position, bytes } => self.now.write(*position, bytes),
                FileChange::Length(length) => self.now.set_length(*length),
            }
        }
        self.now.set_length(length);
    }

    /// Pages are written as a whole: a write also carries what the page cache shows of the rest of its pages.
    fn with_whole_pages(&self, change: FileChange) -> FileChange {
        let FileChange::Write { position, bytes } = change else { return change };
        let start = position / PAGE * PAGE;
        let end = (position + bytes.len() as u64).next_multiple_of(PAGE).min(self.now.length());
        let mut whole = vec![0; end.saturating_sub(start) as usize];
        self.now.read(start, &mut whole);
        FileChange::Write { position: start, bytes: whole.into() }
    }

    /// The power is cut.
    pub(super) fn crash(&mut self, survival: Survival, rng: &Rng) {
        let unsettled = self.take_unsettled();
        lose(&mut self.durable, unsettled, survival, Lengths::Journalled, rng);
        self.now = self.durable.clone();
        self.diverged = false;
    }

    pub(super) fn flip(&mut self, position: u64, bit: u8) {
        self.now.flip(position, bit);
        self.durable.flip(position, bit);
    }
}

type Changes = Vec<(ChangeId, FileChange)>;

impl FileChange {
    /// Whether it is a write of bytes from `start` to `end`.
    fn touches(&self, start: u64, end: u64) -> bool {
        match self {
            FileChange::Write { position, bytes } => *position < end && start < position + bytes.len() as u64,
            FileChange::Length(_) => false,
        }
    }
}

fn take_before(pending: &mut Changes, mark: ChangeId) -> Changes {
    let rest = pending.split_off(pending.partition_point(|(id, _)| *id < mark));
    std::mem::replace(pending, rest)
}

/// Applies to `medium` a part of `changes` that a crash may leave.
///
/// A sector holds its content of some moment: all of its changes before that moment, and none after. Lengths are
/// journalled in order. A cut of the file is journalled too, and frees its blocks. If the cut was committed, a sector
/// behind it can't show bytes from before it. If it was not, such a sector can't show bytes from after it.
fn lose(medium: &mut Content, changes: Changes, survival: Survival, lengths: Lengths, rng: &Rng) {
    let sector_bytes = if rng.chance(0.5) { SMALLEST_SECTOR } else { 4096 };
    let count = changes.len();
    let cut = match survival {
        Survival::Nothing => 0,
        Survival::Everything => count,
        Survival::Prefix | Survival::Mixed => rng.up_to(count),
    };
    let committed = match survival {
        Survival::Prefix => (cut + rng.up_to(1)).min(count),
        _ => cut,
    };
    let cuts = find_cuts(medium.length(), &changes);
    let mut moments: BTreeMap<u64, usize> = BTreeMap::new();
    let mut length = medium.length();
    for (index, (_, change)) in changes.into_iter().enumerate() {
        match change {
            FileChange::Length(new) if index < committed => {
                medium.clear_from(new);
                length = new;
            }
            FileChange::Length(_) => {}
            FileChange::Write { position, bytes } => {
                for (sector, at, n) in pieces(position, bytes.len() as u64, sector_bytes) {
                    let moment = *moments.entry(sector).or_insert_with(|| {
                        let allowed = allowed(&cuts, committed, count, (sector + 1) * sector_bytes);
                        draw_moment(survival, cut, &allowed, rng)
                    });
                    if index < moment {
                        medium.put(at, &bytes[(at - position) as usize..][..n]);
                    }
                }
                if index < committed || lengths == Lengths::Kept {
                    length = length.max(position + bytes.len() as u64);
                }
            }
        }
    }
    medium.set_length(length);
}

/// The changes that make the file shorter: (index, new length).
fn find_cuts(mut length: u64, changes: &Changes) -> Vec<(usize, u64)> {
    let mut cuts = Vec::new();
    for (index, (_, change)) in changes.iter().enumerate() {
        match change {
            FileChange::Write { position, bytes } => length = length.max(position + bytes.len() as u64),
            FileChange::Length(new) => {
                if *new < length {
                    cuts.push((index, *new));
                }
                length = *new;
            }
        }
    }
    cuts
}

/// The moments at which the sector that ends at `end` may have been written last.
fn allowed(cuts: &[(usize, u64)], committed: usize, count: usize, end: u64) -> RangeInclusive<usize> {
    let touching = || cuts.iter().filter(|(_, length)| *length < end).map(|(index, _)| *index);
    let first = touching().rfind(|index| *index < committed).map_or(0, |index| index + 1);
    let last = touching().find(|index| *index >= committed).unwrap_or(count);
    first..=last
}

fn draw_moment(survival: Survival, cut: usize, allowed: &RangeInclusive<usize>, rng: &Rng) -> usize {
    let (first, last) = (*allowed.start(), *allowed.end());
    match survival {
        Survival::Nothing | Survival::Everything => cut.clamp(first, last),
        Survival::Prefix => (cut + rng.up_to(1)).clamp(first, last),
        Survival::Mixed => first + rng.up_to(last - first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_crash(survival: Survival, seed: u64, prepare: impl Fn(&mut FileState)) -> Vec<u8> {
        let mut file = FileState::default();
        prepare(&mut file);
        file.crash(survival, &Rng::new(seed, 0));
        file.now().to_vec()
    }

    #[test]
    fn synced_bytes_survive_and_a_sector_never_mixes_moments() {
        for seed in 0..500 {
            let left = after_crash(Survival::Mixed, seed, |file| {
                file.write(0, Bytes::from(vec![1; 1024]));
                file.settle(file.mark());
                file.write(0, Bytes::from(vec![2; 1024]));
                file.write(0, Bytes::from(vec![3; 1024]));
            });
            assert_eq!(left.len(), 1024);
            for sector in left.chunks(512) {
                assert!(sector.iter().all(|b| *b == sector[0] && *b >= 1), "seed {seed}");
            }
        }
    }

    #[test]
    fn a_write_can_be_torn_lost_or_kept() {
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let left = after_crash(Survival::Mixed, seed, |file| {
                file.set_length(1024);
                file.settle(file.mark());
                file.write(0, Bytes::from(vec![1; 1024]));
            });
            kinds.insert((left[0], left[1023]));
        }
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 0), (1, 1)]);
    }

    #[test]
    fn bytes_from_before_and_after_a_cut_never_meet() {
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..500 {
            let left = after_crash(Survival::Mixed, seed, |file| {
                file.write(0, Bytes::from(vec![7; 8192]));
                file.settle(file.mark());
                file.set_length(0);
                file.write(0, Bytes::from(vec![9; 8192]));
            });
            assert!(!left.contains(&7) || left.iter().all(|b| *b == 7), "seed {seed}");
            kinds.insert((left.len(), left.contains(&7), left.contains(&9), left.contains(&0)));
        }
        assert!(kinds.len() >= 4, "{kinds:?}");
    }

    #[test]
    fn no_sector_is_torn_at_the_old_end_by_a_failed_sync() {
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..500 {
            let mut file = FileState::default();
            file.write(0, Bytes::from(vec![1; 4000]));
            file.settle(file.mark());
            file.write(3900, Bytes::from(vec![2; 1000]));
            file.fail_sync(file.mark(), &Rng::new(seed, 0));
            file.write(8192, Bytes::from(vec![3; 100]));
            file.drop_cached();
            let now = file.now().to_vec();
            kinds.insert((now[3950], now[4050]));
        }
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [(1, 0), (2, 2)]);
    }

    #[test]
    fn cut_bytes_never_come_back_behind_a_new_end() {
        for seed in 0..500 {
            let left = after_crash(Survival::Mixed, seed, |file| {
                file.write(0, Bytes::from(vec![7; 8192]));
                file.settle(file.mark());
                file.set_length(0);
                file.set_length(8192);
            });
            let whole = left.len() == 8192;
            assert!(left.is_empty() || (whole && left.iter().all(|b| *b == left[0])), "seed {seed}");
        }
    }
}
