//! The space of a journal: its files are written one after another and then again, in a ring.
//!
//! A record lies in one file. If it does not fit behind the last one, it begins the next file. The file must be free:
//! the segments hold on the medium whatever its records say. The first block of the new record takes with it what the
//! file held before.
//!
//! Owns where the next record goes, and up to which offset each file has pieces of each partition. Must not know the
//! files or the partitions: whoever asks says how far a partition is synced.

use std::collections::BTreeMap;

use crate::fault_points::{self, Bug};
use crate::limits::JOURNAL_BLOCK_BYTES;
use crate::offset::Offset;

/// When less than so many files may be written before the oldest one is needed, its partitions begin to be synced. The last
/// of these files is the reserve for a disk that is slow with it. The more files lie behind, the fewer syncs there are:
/// one serves all pieces that its partition has by then.
const PACED_FILES: u64 = 2;

/// Tells the partitions of a core apart, for as long as the broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PartitionKey(pub(crate) u64);

/// See the module.
#[derive(Debug)]
pub(crate) struct Ring {
    /// For each file, the offset behind the last piece of each partition that may be unsynced.
    files: Vec<BTreeMap<PartitionKey, Offset>>,
    file_bytes: u64,
    /// The file that the last record lies in, or the first one.
    current: usize,
    /// The first byte behind that record.
    position: u64,
    /// The file that the next record was given a place in last, and where it begins there.
    placed: (usize, u64),
    /// The sequence of the next record.
    sequence: u64,
}

/// Where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) file: usize,
    pub(crate) position: u64,
    pub(crate) sequence: u64,
}

impl Ring {
    /// The space of a journal that holds no record.
    pub(crate) fn empty(files: usize, file_bytes: u64) -> Self {
        debug_assert!(files > 0 && file_bytes.is_multiple_of(JOURNAL_BLOCK_BYTES as u64));
        Self {
            files: vec![BTreeMap::new(); files],
            file_bytes,
            current: 0,
            position: 0,
            placed: (0, 0),
            sequence: 0,
        }
    }

    /// Where a record of `bytes` (whole blocks) goes. `None`: the ring is full, or the record is larger than a file.
    /// `synced` says up to which offset the segments of a partition are synced; `None` if nobody needs its pieces any
    /// more.
    pub(crate) fn place(
        &mut self,
        bytes: u64,
        synced: impl Fn(PartitionKey) -> Option<Offset>,
    ) -> Option<Slot> {
        debug_assert!(bytes > 0 && bytes.is_multiple_of(JOURNAL_BLOCK_BYTES as u64));
        if bytes > self.file_bytes {
            return None;
        }
        self.placed = (self.current, self.position);
        if self.position + bytes > self.file_bytes {
            let next = self.after(self.current, 1);
            self.forget_synced(next, synced);
            if !self.files[next].is_empty() {
                return None;
            }
            self.placed = (next, 0);
        }
        let (file, position) = self.placed;
        Some(Slot { file, position, sequence: self.sequence })
    }

    /// Notes that a record of `bytes` is on the medium, in the place that [`place`](Self::place) gave last. `pieces`:
    /// the partitions in it, and the offset behind each piece.
    pub(crate) fn wrote(&mut self, bytes: u64, pieces: impl IntoIterator<Item = (PartitionKey, Offset)>) {
        let (file, position) = self.placed;
        (self.current, self.position) = (file, position + bytes);
        self.sequence += 1;
        debug_assert!(self.position <= self.file_bytes);
        let file = &mut self.files[self.current];
        for (partition, end) in pieces {
            let known = file.entry(partition).or_insert(end);
            *known = end.max(*known);
        }
    }

    /// The partitions that must be synced so that the ring does not fill, and how far: those of the oldest file in use, once
    /// less than [`PACED_FILES`] files may be written before it is needed. The file that is written to is not among them,
    /// nor are partitions that can't be synced.
    pub(crate) fn owed(
        &mut self,
        synced: impl Fn(PartitionKey) -> Option<Offset>,
        can_sync: impl Fn(PartitionKey) -> bool,
    ) -> Vec<(PartitionKey, Offset)> {
        for file in 0..self.files.len() {
            self.forget_synced(file, &synced);
        }
        if self.left() >= PACED_FILES * self.file_bytes {
            return Vec::new();
        }
        let sealed = (1..self.files.len()).map(|behind| self.after(self.current, behind));
        let mut owed = sealed.map(|file| {
            let pieces = self.files[file].iter().map(|(key, end)| (*key, *end));
            pieces.filter(|(key, _)| can_sync(*key)).collect::<Vec<_>>()
        });
        owed.find(|pieces| !pieces.is_empty()).unwrap_or_default()
    }

    /// How many bytes may be written before a file is needed that is in use. It may be more: what was synced lately is not
    /// known here.
    pub(crate) fn left(&self) -> u64 {
        let behind = (1..self.files.len()).map(|behind| self.after(self.current, behind));
        let free = behind.take_while(|file| self.files[*file].is_empty()).count();
        (free as u64 + 1) * self.file_bytes - self.position
    }

    /// While no more than this may be written, every partition is due that is owed.
    pub(crate) fn reserve(&self) -> u64 {
        self.file_bytes
    }

    /// Notes that everything is synced that the ring has of a partition. It need not stay so: its log may be cut.
    pub(crate) fn forget(&mut self, partition: PartitionKey) {
        for file in &mut self.files {
            file.remove(&partition);
        }
    }

    /// The file that was written first, or one that holds no record.
    pub(crate) fn oldest(&self) -> usize {
        self.after(self.current, 1)
    }

    fn after(&self, file: usize, steps: usize) -> usize {
        (file + steps) % self.files.len()
    }

    fn forget_synced(&mut self, file: usize, synced: impl Fn(PartitionKey) -> Option<Offset>) {
        if fault_points::has(Bug::JournalSpaceFreedEarly) {
            self.files[file].clear();
        }
        self.files[file].retain(|partition, end| synced(*partition).is_some_and(|synced| synced < *end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_random::Random;

    const BLOCK: u64 = JOURNAL_BLOCK_BYTES as u64;

    /// A record that lies in a file of the model.
    #[derive(Clone, Debug)]
    struct Written {
        sequence: u64,
        pieces: Vec<(PartitionKey, Offset)>,
    }

    struct Walk {
        random: Random,
        ring: Ring,
        file_bytes: u64,
        /// For each file, its records in order.
        files: Vec<Vec<Written>>,
        current: usize,
        /// The bytes of records in that file.
        written: u64,
        ends: Vec<i64>,
        synced: Vec<Option<i64>>,
        full: u64,
        laps: u64,
    }

    fn synced_in(synced: &[Option<i64>]) -> impl Fn(PartitionKey) -> Option<Offset> + '_ {
        |partition| synced[partition.0 as usize].map(|synced| Offset::ZERO + synced)
    }

    impl Walk {
        fn new(seed: u64) -> Self {
            let mut random = Random::new(seed);
            let (files, blocks) = (1 + random.below(5) as usize, 1 + random.below(20));
            Self {
                ring: Ring::empty(files, blocks * BLOCK),
                random,
                file_bytes: blocks * BLOCK,
                files: vec![Vec::new(); files],
                current: 0,
                written: 0,
                ends: vec![0; 6],
                synced: vec![Some(0); 6],
                full: 0,
                laps: 0,
            }
        }

        fn is_needed(&self, record: &Written) -> bool {
            record.pieces.iter().any(|(partition, end)| {
                synced_in(&self.synced)(*partition).is_some_and(|synced| synced < *end)
            })
        }

        fn write(&mut self) {
            let bytes = BLOCK * (1 + self.random.below(4));
            let Some(slot) = self.ring.place(bytes, synced_in(&self.synced)) else {
                let next = (self.current + 1) % self.files.len();
                let is_next_needed = self.files[next].iter().any(|record| self.is_needed(record));
                assert!(is_next_needed || bytes > self.file_bytes, "full although the next file is free");
                self.full += 1;
                return;
            };
            assert_eq!(
                self.ring.place(bytes, synced_in(&self.synced)),
                Some(slot),
                "nothing was written yet"
            );
            if slot.position == 0 {
                let is_lost = self.files[slot.file].iter().any(|record| self.is_needed(record));
                assert!(!is_lost, "what is overwritten is not needed");
                self.files[slot.file].clear();
                self.laps += u64::from(slot.file == 0);
            } else {
                assert_eq!(slot.file, self.current);
            }
            assert!(slot.position + bytes <= self.file_bytes);
            self.current = slot.file;
            self.written = slot.position + bytes;
            let pieces: Vec<_> = (0..self.random.below(4))
                .map(|_| {
                    let partition = self.random.below(6);
                    let end = &mut self.ends[partition as usize];
                    *end += 1 + (self.random.next() % 5) as i64;
                    (PartitionKey(partition), Offset::ZERO + *end)
                })
                .collect();
            self.ring.wrote(bytes, pieces.iter().copied());
            self.files[slot.file].push(Written { sequence: slot.sequence, pieces });
        }

        fn sync(&mut self, partition: usize) {
            if self.synced[partition].is_some() {
                self.synced[partition] = Some(self.ends[partition]);
            }
        }

        fn check_owed(&mut self) -> Vec<PartitionKey> {
            let owed = self.ring.owed(synced_in(&self.synced), |_| true);
            let needed = |file: usize| {
                let mut needed = BTreeMap::new();
                for (partition, end) in self.files[file].iter().flat_map(|record| record.pieces.iter()) {
                    if synced_in(&self.synced)(*partition).is_some_and(|synced| synced < *end) {
                        let known = needed.entry(*partition).or_insert(*end);
                        *known = (*known).max(*end);
                    }
                }
                needed.into_iter().collect::<Vec<_>>()
            };
            let count = self.files.len();
            let sealed = (1..count).map(|behind| needed((self.current + behind) % count));
            let free = sealed.clone().take_while(Vec::is_empty).count() as u64;
            let left = (free + 1) * self.file_bytes - self.written;
            assert_eq!(self.ring.left(), left);
            let oldest = sealed.into_iter().find(|needed| !needed.is_empty()).unwrap_or_default();
            assert_eq!(owed, if left < PACED_FILES * self.file_bytes { oldest } else { Vec::new() });
            owed.into_iter().map(|(partition, _)| partition).collect()
        }

        /// What a start finds: the records follow one another from file to file, and nothing that is needed is missing.
        fn check_readable(&self) {
            let mut chains: Vec<_> = self.files.iter().filter(|records| !records.is_empty()).collect();
            chains.sort_unstable_by_key(|records| records[0].sequence);
            let found: Vec<u64> =
                chains.iter().flat_map(|records| records.iter().map(|r| r.sequence)).collect();
            assert!(found.is_sorted_by(|left, right| left + 1 == *right), "{found:?}");
        }

        fn step(&mut self) {
            match self.random.below(12) {
                0 => {
                    let partition = self.random.below(6) as usize;
                    self.sync(partition);
                }
                1 if self.random.below(30) == 0 => {
                    // Deleted, or its log has failed for good: then it is never synced again.
                    let partition = self.random.below(6) as usize;
                    self.synced[partition] = None;
                }
                3 => {
                    // Synced, and then cut: what comes next may end before what it had.
                    let partition = self.random.below(6);
                    self.sync(partition as usize);
                    self.ring.forget(PartitionKey(partition));
                    let records = self.files.iter_mut().flatten();
                    records.for_each(|record| record.pieces.retain(|(other, _)| other.0 != partition));
                    let cut = self.ends[partition as usize] / 2;
                    self.ends[partition as usize] = cut;
                    self.synced[partition as usize] = self.synced[partition as usize].map(|_| cut);
                }
                2 => {
                    let owed = self.check_owed();
                    owed.into_iter().for_each(|partition| self.sync(partition.0 as usize));
                }
                _ => self.write(),
            }
            self.check_readable();
        }
    }

    #[test]
    fn nothing_is_overwritten_before_it_is_synced() {
        let (mut full, mut laps) = (0, 0);
        for seed in 0..200 {
            let mut walk = Walk::new(seed);
            for _ in 0..400 {
                walk.step();
            }
            (full, laps) = (full + walk.full, laps + walk.laps);
        }
        assert!(full > 1000 && laps > 1000, "{full} times full, {laps} laps");
    }

    #[test]
    fn a_partition_that_cannot_be_synced_keeps_no_other_from_it() {
        let mut ring = Ring::empty(4, 4 * BLOCK);
        let synced = vec![Some(0); 2];
        for partition in [0, 1, 1] {
            ring.place(4 * BLOCK, synced_in(&synced)).unwrap();
            ring.wrote(4 * BLOCK, [(PartitionKey(partition), Offset::ZERO + 1)]);
        }
        let end = Offset::ZERO + 1;
        assert_eq!(ring.owed(synced_in(&synced), |_| true), [(PartitionKey(0), end)]);
        assert_eq!(ring.owed(synced_in(&synced), |key| key.0 == 1), [(PartitionKey(1), end)]);
        assert_eq!(ring.owed(synced_in(&synced), |_| false), []);
    }

    #[test]
    fn a_place_that_nothing_is_written_to_changes_nothing() {
        let mut ring = Ring::empty(2, 4 * BLOCK);
        let synced = vec![Some(9)];
        for end in [1, 2] {
            ring.place(4 * BLOCK, synced_in(&synced)).unwrap();
            ring.wrote(4 * BLOCK, [(PartitionKey(0), Offset::ZERO + end)]);
        }
        assert_eq!(ring.oldest(), 0);
        assert_eq!(ring.place(BLOCK, synced_in(&synced)).unwrap().file, 0);
        assert_eq!(ring.oldest(), 0, "the first file holds the older records still");
    }

    #[test]
    fn a_ring_whose_owed_partitions_are_synced_never_fills() {
        let mut ring = Ring::empty(4, 8 * BLOCK);
        let (mut synced, mut syncs) = (vec![Some(0)], 0);
        for end in 1..1000 {
            let slot = ring.place(2 * BLOCK, synced_in(&synced));
            let slot = slot.unwrap_or_else(|| panic!("full at {end}"));
            ring.wrote(2 * BLOCK, [(PartitionKey(0), Offset::ZERO + end)]);
            if slot.position == 0 && !ring.owed(synced_in(&synced), |_| true).is_empty() {
                synced[0] = Some(end);
                syncs += 1;
            }
        }
        // A file has four records.
        assert!((100..=1000 / 8).contains(&syncs), "one sync for two files, and not {syncs}");
    }
}
