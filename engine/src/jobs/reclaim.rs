//! Segments that have left the log at its start and whose files are yet to be removed: strictly oldest first, by one
//! task at a time.
//!
//! Owns the queue of these segments, and whether a task removes them. Knows neither why a segment was dropped
//! (`upkeep`) nor how its files are removed.

use std::collections::VecDeque;

use crate::log::Dropped;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Reclaim {
    /// Oldest first.
    pending_delete: VecDeque<Dropped>,
    phase: ReclaimPhase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ReclaimPhase {
    #[default]
    Idle,
    /// A task removes segments, or needs the log's segments for itself.
    Removing,
}

impl Reclaim {
    /// Adds segments that have left the log. They come behind those that left it before.
    pub(crate) fn add(&mut self, segments: Vec<Dropped>) {
        self.pending_delete.extend(segments);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending_delete.is_empty()
    }

    /// Begins the removal. `false`: another task already removes segments.
    pub(crate) fn begin(&mut self) -> bool {
        std::mem::replace(&mut self.phase, ReclaimPhase::Removing) == ReclaimPhase::Idle
    }

    /// Ends the removal: the next task may remove segments.
    pub(crate) fn end(&mut self) {
        self.phase = ReclaimPhase::Idle;
    }

    /// The segment that is to be removed next.
    pub(crate) fn oldest(&self) -> Option<Dropped> {
        self.pending_delete.front().cloned()
    }

    /// The segments that are to be removed, oldest first. Whoever takes them removes them.
    pub(crate) fn take(&mut self) -> Vec<Dropped> {
        debug_assert_eq!(self.phase, ReclaimPhase::Removing);
        self.pending_delete.drain(..).collect()
    }

    /// Whether only one segment waits: the newest, whose file is the most likely to be in memory.
    pub(crate) fn is_down_to_one(&self) -> bool {
        self.pending_delete.len() == 1
    }

    /// Notes that the oldest segment is removed, durably.
    pub(crate) fn removed(&mut self) {
        debug_assert_eq!(self.phase, ReclaimPhase::Removing);
        self.pending_delete.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::rc::Rc;

    use super::*;
    use crate::log::Contents;
    use crate::offset::Offset;
    use crate::segment::Segment;
    use crate::test_random::Random;

    #[test]
    fn segments_are_removed_oldest_first_by_one_task_at_a_time() {
        for seed in 0..50 {
            let (mut random, mut reclaim) = (Random::new(seed), Reclaim::default());
            let (mut next, mut model, mut is_removing) = (0, VecDeque::new(), false);
            for _ in 0..200 {
                match random.below(4) {
                    0 => {
                        let bases: Vec<_> = (next..next + random.below(4) as i64).map(Offset::of).collect();
                        next += bases.len() as i64;
                        let found = |base: &Offset| Dropped {
                            segment: Rc::new(Segment::new(Path::new("/d"), *base, 0)),
                            contents: Contents::Whole,
                        };
                        reclaim.add(bases.iter().map(found).collect());
                        model.extend(bases);
                    }
                    1 => {
                        assert_eq!(reclaim.begin(), !is_removing, "seed {seed}");
                        is_removing = true;
                    }
                    2 => {
                        reclaim.end();
                        is_removing = false;
                    }
                    _ if is_removing && !model.is_empty() => {
                        reclaim.removed();
                        model.pop_front();
                    }
                    _ => {}
                }
                assert_eq!(reclaim.oldest().map(|dropped| dropped.segment.base), model.front().copied());
                assert_eq!(reclaim.is_empty(), model.is_empty());
                assert_eq!(reclaim.is_down_to_one(), model.len() == 1);
            }
        }
    }
}
