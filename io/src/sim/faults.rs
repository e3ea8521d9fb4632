//! What fails on a disk, and when.
//!
//! Owns the faults of one disk. Must not know the disk, nor the operations that fail.

use std::io;
use std::path::{Path, PathBuf};

use super::config::ErrorRates;
use super::os_error::os_error;
use super::rng::Rng;

/// The kinds of operation that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    Write,
    Sync,
}

/// Failures that a test asked for: of the next few operations of a kind, or of a share of all of them.
pub(crate) struct Faults {
    rates: ErrorRates,
    /// (how many more, error code), by operation.
    next: [(u32, i32); 3],
    /// The number of the operation after which the power is cut.
    pub(crate) crash_after: Option<u64>,
    /// The number of operations that have changed the disk since the simulation began.
    pub(crate) operations: u64,
    /// While it is set, no sync ends.
    pub(crate) syncs_held: bool,
    /// The path below which nothing can be opened or named any more.
    pub(crate) broken: Option<PathBuf>,
}

impl Faults {
    pub(crate) fn new(rates: ErrorRates) -> Faults {
        let next = [(0, libc::EIO); 3];
        Faults { rates, next, crash_after: None, operations: 0, syncs_held: false, broken: None }
    }

    pub(crate) fn set_rates(&mut self, rates: ErrorRates) {
        self.rates = rates;
    }

    pub(crate) fn fail_next(&mut self, operation: Operation, count: u32, code: i32) {
        self.next[operation as usize] = (count, code);
    }

    /// Decides whether this operation fails.
    pub(crate) fn check(&mut self, operation: Operation, rng: &Rng) -> io::Result<()> {
        let (left, code) = &mut self.next[operation as usize];
        if *left > 0 {
            *left -= 1;
            return Err(os_error(*code));
        }
        let rate = match operation {
            Operation::Read => self.rates.read,
            Operation::Write => self.rates.write,
            Operation::Sync => self.rates.sync,
        };
        if rng.chance(rate) { Err(os_error(libc::EIO)) } else { Ok(()) }
    }

    /// Whether a name can be used at all.
    pub(crate) fn check_path(&self, path: &Path) -> io::Result<()> {
        match &self.broken {
            Some(broken) if path.starts_with(broken) => Err(os_error(libc::EIO)),
            _ => Ok(()),
        }
    }

    /// Counts an operation. Returns true if the power is cut now.
    pub(crate) fn count(&mut self) -> bool {
        self.operations += 1;
        let now = self.crash_after == Some(self.operations);
        if now {
            self.crash_after = None;
        }
        now
    }
}
