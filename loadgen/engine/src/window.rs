//! What is measured: from the end of the warm-up to the end of the load.

/// Instants between which things are measured, half-open, on the process's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// End of the warm-up.
    pub from_ns: u64,
    /// End of the load.
    pub to_ns: u64,
}

impl Window {
    /// Whether `at_ns` is measured.
    #[inline]
    pub fn contains(self, at_ns: u64) -> bool {
        (self.from_ns..self.to_ns).contains(&at_ns)
    }

    /// How much of the time from `from_ns` to `to_ns` is measured.
    pub fn overlap_ns(self, from_ns: u64, to_ns: u64) -> u64 {
        to_ns.min(self.to_ns).saturating_sub(from_ns.max(self.from_ns))
    }

    /// Its length; nothing when the run was stopped during the warm-up.
    pub fn seconds(self) -> f64 {
        self.to_ns.saturating_sub(self.from_ns) as f64 / 1e9
    }
}
