//! How the process's file descriptors (ulimit -n) are divided: three quarters for connections, the others for files.

use std::cell::Cell;
use std::rc::Rc;

use creel_io::runtime::descriptor_limit;

use crate::limits::{
    ACTIVE_SEGMENTS_SHARED_BY, ANSWERED_SEGMENTS_SHARED_BY, CONNECTIONS_SHARE, DESCRIPTORS_SHARED_BY,
    PARTITIONS_OPENING, PARTITIONS_OPENING_SHARED_BY, SEALED_SEGMENTS_OPEN, SEALED_SEGMENTS_SHARED_BY,
};

/// How many connections there may be at a time.
pub(crate) fn for_connections() -> u64 {
    descriptor_limit() / DESCRIPTORS_SHARED_BY * CONNECTIONS_SHARE
}

/// How the descriptors that are not for connections are divided on each of so many cores.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileShares {
    /// Active segments that are open.
    pub(crate) active: usize,
    /// Sealed segments that stay open.
    pub(crate) sealed: usize,
    /// Partitions that are opened or closed at the same time.
    pub(crate) moving: usize,
    /// Segments that answers to fetches hold until they are sent.
    pub(crate) answered: usize,
}

impl FileShares {
    pub(crate) fn among(cores: usize) -> Self {
        Self::of(descriptor_limit(), cores)
    }

    fn of(descriptors: u64, cores: usize) -> Self {
        let for_files = descriptors / DESCRIPTORS_SHARED_BY * (DESCRIPTORS_SHARED_BY - CONNECTIONS_SHARE);
        let share = |by: u64, most: usize| {
            usize::try_from(for_files / by / cores.max(1) as u64).map_or(most, |share| share.clamp(1, most))
        };
        Self {
            active: share(ACTIVE_SEGMENTS_SHARED_BY, usize::MAX),
            sealed: share(SEALED_SEGMENTS_SHARED_BY, SEALED_SEGMENTS_OPEN),
            moving: share(PARTITIONS_OPENING_SHARED_BY, PARTITIONS_OPENING),
            answered: share(ANSWERED_SEGMENTS_SHARED_BY, usize::MAX),
        }
    }
}

/// The files that a core's answers to fetches hold open, from when they are found until they are sent.
#[derive(Debug, Default)]
pub(crate) struct HeldFiles(Rc<Cell<usize>>);

/// Those of one answer.
#[derive(Debug)]
pub(crate) struct FileHold {
    all: Rc<Cell<usize>>,
    own: usize,
}

impl HeldFiles {
    /// An answer that holds none yet.
    pub(crate) fn hold(&self) -> FileHold {
        FileHold { all: self.0.clone(), own: 0 }
    }

    /// How many of `most` files one answer may add: half of what is left, so that others get some too.
    pub(crate) fn room(&self, most: usize) -> usize {
        most.saturating_sub(self.0.get()).div_ceil(2)
    }
}

impl FileHold {
    /// It holds so many now.
    pub(crate) fn set(&mut self, own: usize) {
        self.all.set(self.all.get() + own - self.own);
        self.own = own;
    }
}

impl Drop for FileHold {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_files_leave_some_for_everything_else() {
        for descriptors in [256, 1024, 4096, 1 << 20] {
            for cores in [1, 2, 8] {
                let FileShares { active, sealed, moving, answered } = FileShares::of(descriptors, cores);
                let spent = (active + sealed + 2 * moving + answered) * cores;
                assert!(
                    spent as u64 <= descriptors / 4 + 5 * cores as u64,
                    "{descriptors}, {cores} cores: {spent}"
                );
            }
        }
    }

    #[test]
    fn an_answer_gives_back_what_it_holds() {
        let held = HeldFiles::default();
        assert_eq!(held.room(8), 4);
        let mut hold = held.hold();
        hold.set(4);
        assert_eq!(held.room(8), 2);
        hold.set(1);
        assert_eq!(held.room(8), 4);
        hold.set(8);
        assert_eq!(held.room(8), 0);
        drop(hold);
        assert_eq!(held.room(8), 4);
    }
}
