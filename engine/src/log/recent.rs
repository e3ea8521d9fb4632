//! Where the newest batches of the active segment begin. With it, reads near the log's end need no index and no file.

use std::collections::VecDeque;

use crate::limits::RECENT_BATCHES;
use crate::offset::{FilePosition, Offset};
use crate::segment::Placed;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct RecentBatches {
    /// Offsets before this may lie in a batch that is not remembered.
    from: Offset,
    /// The offset after each batch, and where the batch begins. Between two batches there may be a gap of offsets.
    batches: VecDeque<(Offset, FilePosition)>,
}

impl RecentBatches {
    pub(crate) fn push(&mut self, batch: &Placed) {
        if self.batches.is_empty() {
            self.from = batch.base;
        }
        if self.batches.len() == RECENT_BATCHES
            && let Some((end, _)) = self.batches.pop_front()
        {
            self.from = end;
        }
        self.batches.push_back((batch.end, batch.position));
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Where the batch begins that holds `offset`, or the first one behind it if none does. `None` if that batch is not
    /// remembered.
    pub(crate) fn start_of(&self, offset: Offset) -> Option<FilePosition> {
        if offset < self.from {
            return None;
        }
        let at = self.batches.partition_point(|(end, _)| *end <= offset);
        self.batches.get(at).map(|(_, position)| *position)
    }

    /// The last batch boundary in `from..=to`. It lies behind `from` if there is one there.
    pub(crate) fn boundary_in(&self, from: FilePosition, to: FilePosition) -> FilePosition {
        let after = self.batches.partition_point(|(_, position)| *position <= to);
        after.checked_sub(1).map_or(from, |at| self.batches[at].1.max(from))
    }

    /// The first batch boundary behind `from`.
    pub(crate) fn boundary_after(&self, from: FilePosition) -> Option<FilePosition> {
        let at = self.batches.partition_point(|(_, position)| *position <= from);
        self.batches.get(at).map(|(_, position)| *position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_random::Random;

    #[test]
    fn a_batch_is_found_by_every_offset_that_leads_to_it() {
        for seed in 0..20 {
            let (mut random, mut recent) = (Random::new(seed), RecentBatches::default());
            let mut model: Vec<Placed> = Vec::new();
            for at in 0..RECENT_BATCHES + 50 {
                let gap = if random.below(3) == 0 { random.below(5) as i64 } else { 0 };
                let base = model.last().map_or(Offset::ZERO, |last| last.end) + gap;
                let end = base + 1 + random.below(3) as i64;
                let position = FilePosition::START + 100 * at as u64;
                model.push(Placed { base, end, position, size_bytes: 100, max_timestamp: 0 });
                recent.push(&model[at]);
            }
            let forgotten = model.len() - RECENT_BATCHES;
            let known_from = model[forgotten - 1].end;
            let (first, end) = (model[0].base, model[model.len() - 1].end);
            for offset in (0..end - first + 2).map(|at| first + at) {
                let holds = model.iter().find(|batch| batch.end > offset);
                let expected = holds.filter(|_| offset >= known_from).map(|batch| batch.position);
                assert_eq!(recent.start_of(offset), expected, "seed {seed}, offset {offset}");
            }
        }
    }
}
