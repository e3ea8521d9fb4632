//! Finds durability marks in a segment's file: at a position, at the end of what was written, or anywhere.

use std::io;

use crate::format::durability_mark::{MAGIC, MARK_BYTES, Signer, decode};
use crate::limits::RECOVERY_READ_BYTES;
use crate::offset::{FilePosition, Offset};
use crate::segment::scan::Scan;

impl Scan {
    /// The durable offset in the mark at this position. `None` if there is no mark. Does not move the walk.
    pub(crate) async fn mark_here(&mut self, signer: Signer) -> io::Result<Option<Offset>> {
        let position = self.position();
        if self.end().get().saturating_sub(position.get()) < MARK_BYTES as u64 {
            return Ok(None);
        }
        Ok(decode(self.bytes(MARK_BYTES).await?, signer, position))
    }

    /// The same for the mark that ends with the last byte of the file that is not zero.
    pub(crate) async fn mark_at_end(&mut self, signer: Signer) -> io::Result<Option<Offset>> {
        let from = self.position();
        let last = self.last_nonzero().await?;
        let Some(start) = last.get().checked_sub(MARK_BYTES as u64).filter(|start| *start >= from.get())
        else {
            return Ok(None);
        };
        self.go_to(FilePosition::new(start));
        let mark = self.mark_here(signer).await;
        self.go_to(from);
        mark
    }

    /// The largest durable offset in any mark at or behind this position. Moves the walk to the data's end.
    pub(crate) async fn best_mark(&mut self, signer: Signer) -> io::Result<Option<Offset>> {
        let mut best = None;
        while self.data_end().get().saturating_sub(self.position().get()) >= MARK_BYTES as u64 {
            let position = self.position();
            let left = self.data_end().get() - position.get();
            let bytes = self.bytes(left.min(RECOVERY_READ_BYTES as u64) as usize).await?;
            let step = bytes.len() - MARK_BYTES + 1;
            let starts = (0..step).filter(|at| bytes[*at] == MAGIC[0] && bytes[*at..].starts_with(MAGIC));
            let marks =
                starts.filter_map(|at| decode(&bytes[at..at + MARK_BYTES], signer, position + at as u64));
            best = best.max(marks.max());
            self.skip(step);
        }
        Ok(best)
    }

    /// The position after the last byte that is not zero, at or behind this position. It is searched from the data's
    /// end, which is near it. Does not move the walk.
    pub(crate) async fn last_nonzero(&mut self) -> io::Result<FilePosition> {
        let start = self.position();
        let mut last = start;
        let mut end = self.data_end();
        while end > start && last == start {
            let from =
                FilePosition::new(end.get().saturating_sub(RECOVERY_READ_BYTES as u64).max(start.get()));
            self.go_to(from);
            let bytes = self.bytes((end.get() - from.get()) as usize).await?;
            last = bytes.iter().rposition(|byte| *byte != 0).map_or(start, |at| from + at as u64 + 1);
            end = from;
        }
        self.go_to(start);
        Ok(last)
    }
}
