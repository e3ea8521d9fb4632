//! The spare: a file that waits to become the next segment's file. There is one slot, and two sources fill it.
//!
//! - Preallocation (`preallocate`): all of a segment's disk space is allocated before its first write.
//! - Segment reuse (`creel.segment.recycle`): the file of a segment that retention drops becomes that of the next
//!   segment (`jobs::segment_reuse` says why that is safe). If both are on, reuse is preferred.
//!
//! A partition has at most one spare, so it takes at most that much disk beyond retention. The spare is removed when
//! the broker stops or crashes, when the partition is idle, and when the disk is full. (Its name ends in `.deleted`
//! until it is used, and a start removes such a file; so does Kafka.)
//!
//! Owns the slot, and what the medium says about reused segments. Knows neither how a file is prepared nor when it is
//! needed.

use crate::format::durability_mark::Signer;
use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::offset::Offset;
use crate::segment::spare::Spare;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SpareSlot {
    slot: SpareState,
    /// What the checkpoint of reused segments says: which segments may hold stale bytes behind their batches.
    announced: Option<ReuseCheckpoint>,
    /// The last segment for whose successor disk space was preallocated, or was to be.
    preallocated_behind: Option<Offset>,
    /// The number of segments that began in the file of an older one.
    reused: u64,
}

#[derive(Debug, Default)]
enum SpareState {
    #[default]
    None,
    /// A task prepares a file.
    Preparing,
    Ready(Spare),
}

impl SpareSlot {
    /// Whether a file is wanted.
    pub(crate) fn is_vacant(&self) -> bool {
        matches!(self.slot, SpareState::None)
    }

    /// Whether disk space is to be preallocated for the segment behind `active`. True once for each segment.
    pub(crate) fn wants_preallocation_behind(&mut self, active: Offset) -> bool {
        self.is_vacant() && self.preallocated_behind.replace(active) != Some(active)
    }

    /// A file is being prepared. The slot must be vacant.
    pub(crate) fn begin(&mut self) {
        debug_assert!(self.is_vacant());
        self.slot = SpareState::Preparing;
    }

    /// The preparation has ended. `None`: there is no file.
    pub(crate) fn end(&mut self, prepared: Option<Spare>) {
        debug_assert!(matches!(self.slot, SpareState::Preparing));
        self.slot = prepared.map_or(SpareState::None, SpareState::Ready);
    }

    /// Takes the file, if one is ready. A file that is being prepared stays in the slot.
    pub(crate) fn take(&mut self) -> Option<Spare> {
        match std::mem::take(&mut self.slot) {
            SpareState::Ready(spare) => Some(spare),
            other => {
                self.slot = other;
                None
            }
        }
    }

    /// A segment has begun in the file of a spare.
    pub(crate) fn used(&mut self, was_stale: bool) {
        self.reused += u64::from(was_stale);
    }

    pub(crate) fn reused(&self) -> u64 {
        self.reused
    }

    pub(crate) fn is_announced(&self) -> bool {
        self.announced.is_some()
    }

    /// The medium now says which segments may be reused files.
    pub(crate) fn announce(&mut self, reuse: ReuseCheckpoint) {
        self.announced = Some(reuse);
    }

    /// No segment is a reused file any more, and the medium must say so. Returns whether it still says otherwise.
    pub(crate) fn forget_announced(&mut self) -> bool {
        self.announced.take().is_some()
    }

    /// What signs the marks of a segment that begins at `base`.
    pub(crate) fn signer(&self, base: Offset) -> Signer {
        ReuseCheckpoint::signer(self.announced, base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_random::Random;
    use creel_io::fs::{File, OpenOptions};

    fn spare(length: u64) -> Spare {
        let file = File::open("/spare".as_ref(), OpenOptions::create()).unwrap();
        Spare { path: "/d/0.log.deleted".into(), file, length, is_stale: false }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Model {
        None,
        Preparing,
        Ready(u64),
    }

    #[test]
    fn there_is_one_spare_at_most_and_it_is_taken_once() {
        creel_io::sim::run(1, |_| async {
            for seed in 0..50 {
                let (mut random, mut slot) = (Random::new(seed), SpareSlot::default());
                let (mut model, mut behind) = (Model::None, None);
                for _ in 0..200 {
                    let number = random.below(1000);
                    match random.below(4) {
                        0 => {
                            let active = Offset::of(random.below(3) as i64);
                            let wants = model == Model::None && behind != Some(active);
                            if model == Model::None {
                                behind = Some(active);
                            }
                            assert_eq!(slot.wants_preallocation_behind(active), wants, "seed {seed}");
                        }
                        1 if model == Model::None => {
                            slot.begin();
                            model = Model::Preparing;
                        }
                        2 if model == Model::Preparing => {
                            let is_ready = number.is_multiple_of(2);
                            slot.end(is_ready.then(|| spare(number)));
                            model = if is_ready { Model::Ready(number) } else { Model::None };
                        }
                        3 => {
                            let taken = slot.take().map(|spare| spare.length);
                            let ready = if let Model::Ready(number) = model { Some(number) } else { None };
                            assert_eq!(taken, ready, "seed {seed}");
                            if ready.is_some() {
                                model = Model::None;
                            }
                        }
                        _ => {}
                    }
                    assert_eq!(slot.is_vacant(), model == Model::None, "seed {seed}");
                }
            }
        });
    }
}
