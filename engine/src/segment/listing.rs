//! Whether a segment is in the list of a core's open active segments. Only that list (`open_files`) changes it.

use std::cell::Cell;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Listing(Cell<bool>);

impl Listing {
    /// Enters the list. `false`: it was there.
    #[inline]
    pub(crate) fn enter(&self) -> bool {
        !self.0.replace(true)
    }

    /// Leaves the list.
    pub(crate) fn leave(&self) {
        self.0.set(false);
    }
}
