//! How long the batches of one core took to the file and to the medium.
//!
//! ```text
//! staged        pwritev returned              high watermark past it
//! |---- write ----|------------ sync ------------|
//! ```
//!
//! `write` is counted for each batch of a client, when it is written; `sync` for each that someone waits for until it is
//! durable. All batches of a write share its end, all of a sync share that one's: two readings of the clock a turn, and
//! one an append.

use creel_io::Instant;
use creel_io::histogram::Histogram;

use crate::flush::Flusher;
use crate::producers::AppendOrigin;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct AppendTimes {
    /// From staged to written.
    pub write: Histogram,
    /// From written to durable.
    pub sync: Histogram,
}

impl Flusher {
    /// When a batch was staged, where that is to be known.
    pub(crate) fn stage_time(&self, origin: AppendOrigin) -> Option<Instant> {
        self.times().filter(|_| origin == AppendOrigin::Client).map(|_| creel_io::now())
    }

    /// The end of a write: its batches were staged at `staged`.
    pub(crate) fn wrote(&self, staged: &mut Vec<Instant>) -> Option<Instant> {
        let times = self.times().filter(|_| !staged.is_empty())?;
        let at = creel_io::now();
        staged.drain(..).for_each(|since| times.write.record(at - since));
        Some(at)
    }
}
