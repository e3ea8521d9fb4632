//! Long work in pieces.

use creel_io::{count_work, turn_of_its_own};

use crate::limits::UNITS_A_TURN;

/// Counts what has been done since others were let in.
///
/// A unit is what takes about a microsecond: a name looked up, an entry made. What is shorter than a piece runs through as
/// if this were not here.
pub(crate) struct Pace {
    left: usize,
}

impl Pace {
    /// The first piece.
    pub(crate) const fn new() -> Self {
        Self { left: UNITS_A_TURN }
    }

    /// So many units come next: if they don't fit into this piece, others are let in first.
    pub(crate) async fn before(&mut self, units: usize) {
        if units > self.left {
            turn_of_its_own().await;
            self.left = UNITS_A_TURN;
            #[cfg(test)]
            watched::piece_ends();
        }
        self.left = self.left.saturating_sub(units);
        // What a connection asks for next may come in the same poll: there it counts, too.
        count_work(units as u64);
        #[cfg(test)]
        watched::worked(units);
    }

    /// The next of many that take a tenth of a unit each.
    pub(crate) async fn tenth(&mut self, at: usize) {
        if at.is_multiple_of(10) {
            self.before(1).await;
        }
    }

    /// One more name.
    pub(crate) async fn one(&mut self) {
        self.before(1).await;
    }
}

#[cfg(test)]
pub(crate) use watched::watch;

/// What tests see of it.
#[cfg(test)]
mod watched {
    use std::cell::Cell;

    /// Units worked.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Worked {
        pub(crate) all: usize,
        /// Between two turns, at most.
        pub(crate) longest: usize,
        piece: usize,
    }

    thread_local! {
        static WORKED: Cell<Worked> = Cell::default();
    }

    pub(super) fn worked(units: usize) {
        let mut now = WORKED.get();
        now.all += units;
        now.piece += units;
        now.longest = now.longest.max(now.piece);
        WORKED.set(now);
    }

    pub(super) fn piece_ends() {
        WORKED.set(Worked { piece: 0, ..WORKED.get() });
    }

    /// What this thread has worked since it was asked last.
    pub(crate) fn watch() -> Worked {
        WORKED.take()
    }
}
