//! Takes back a write that failed: the offsets, the producers' sequences, and what the write may have left in the file.
//!
//! If the disk is full, this makes the log as it was, and the next append may have space. But some sectors of the
//! refused write may already be on the medium. A crash that loses sectors of a later write at that place would bring
//! the old ones back. Recovery would find neither the last write nor what was there before it (`damage`), and would
//! take a torn end for damage. So until the cut is on the medium nothing is written behind it, and no append is
//! answered.
//!
//! Owns who is yet to be answered. Knows neither the log nor the file: it says what a failure means.

use std::io;
use std::rc::Rc;

use crate::error::{AppendError, has_no_descriptor, is_disk_full};
use crate::log::staging::WriteGroup;

/// See the module.
#[derive(Debug, Default)]
pub(crate) enum Rollback {
    #[default]
    Idle,
    /// The bytes of a refused write were cut off. Until the cut is synced, the medium may still hold them.
    Syncing(Rc<WriteGroup>),
}

/// What follows a failed write, after the file was cut back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteFailure {
    /// The file was not touched. The appends are refused.
    Untouched,
    /// The file was cut back. The cut is synced; then the appends are refused.
    CutBack,
    /// It is unknown what the medium holds.
    Unknown,
}

impl WriteFailure {
    pub(crate) fn of(error: &io::Error, cut: &io::Result<()>) -> Self {
        if has_no_descriptor(error) {
            Self::Untouched
        } else if is_disk_full(error) && cut.is_ok() {
            Self::CutBack
        } else {
            Self::Unknown
        }
    }
}

impl Rollback {
    pub(crate) fn is_syncing(&self) -> bool {
        matches!(self, Self::Syncing(_))
    }

    /// A cut is to be synced; then the appends of `group` are refused. Nothing is written meanwhile, so there is at
    /// most one cut at a time.
    pub(crate) fn begin(&mut self, group: Rc<WriteGroup>) {
        debug_assert!(!self.is_syncing());
        *self = Self::Syncing(group);
    }

    /// The cut is durable, or its sync has failed. The appends are answered.
    pub(crate) fn end(&mut self, outcome: Result<(), AppendError>) {
        if let Self::Syncing(group) = std::mem::take(self) {
            group.finish(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails_with(errno: i32) -> io::Error {
        io::Error::from_raw_os_error(errno)
    }

    #[test]
    fn only_a_full_disk_and_a_cut_make_the_log_as_it_was() {
        let [io_error, no_descriptor, no_space] = [5, 24, 28];
        let of = |error, cut: Result<(), i32>| WriteFailure::of(&fails_with(error), &cut.map_err(fails_with));
        assert_eq!(of(no_space, Ok(())), WriteFailure::CutBack);
        assert_eq!(of(no_space, Err(io_error)), WriteFailure::Unknown);
        assert_eq!(of(io_error, Ok(())), WriteFailure::Unknown);
        assert_eq!(of(no_descriptor, Err(no_descriptor)), WriteFailure::Untouched);
    }

    #[test]
    fn a_refused_group_is_told_when_the_cut_is_safe_and_once() {
        let (mut rollback, group) = (Rollback::default(), Rc::<WriteGroup>::default());
        rollback.begin(group.clone());
        assert!(rollback.is_syncing());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(group.poll(&mut cx).is_pending());
        rollback.end(Err(AppendError::DiskFull));
        assert!(!rollback.is_syncing());
        rollback.end(Ok(()));
        assert_eq!(group.poll(&mut cx), std::task::Poll::Ready(Err(AppendError::DiskFull)));
    }
}
