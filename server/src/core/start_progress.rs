//! What a core has to open at the start, and how much of it is done.

use std::cell::Cell;

use crate::peers::questions::Progress;

/// What a core has to open at the start, and how much of it is done.
#[derive(Default)]
pub(crate) struct StartProgress {
    partitions: Cell<usize>,
    opened: Cell<usize>,
    bytes: Cell<u64>,
}

impl StartProgress {
    /// So many more partitions are to be opened.
    pub(crate) fn expect(&self, partitions: usize) {
        self.partitions.set(self.partitions.get() + partitions);
    }

    /// So many more bytes are to be gone through.
    pub(crate) fn expect_bytes(&self, bytes: u64) {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
    }

    pub(crate) fn one_is_open(&self) {
        self.opened.set(self.opened.get() + 1);
    }

    /// How far it is, when so many bytes have been gone through.
    pub(crate) fn read(&self, recovered: u64) -> Progress {
        let Self { partitions, opened, bytes } = self;
        let recovered = recovered.min(bytes.get());
        Progress { partitions: partitions.get(), opened: opened.get(), bytes: bytes.get(), recovered }
    }
}
