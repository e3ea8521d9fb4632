//! How far the recoveries of a core's partitions have come: of many gigabytes they take minutes, in which somebody waits.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::rc::Rc;

use creel_io::fs::{self, File, OpenOptions};

use crate::directory::{FileKind, parse_segment_file, segment_path};
use crate::offset::Offset;

/// Bytes of segments that were gone through. Clones share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recovered(Rc<Cell<u64>>);

impl Recovered {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.get()
    }

    /// A segment of so many bytes is begun.
    pub(crate) fn begin(&self, bytes: u64) -> Passing {
        Passing { recovered: self.clone(), left: bytes }
    }
}

/// A segment that is being gone through. However that ends, it is then behind us.
#[derive(Debug)]
pub(crate) struct Passing {
    recovered: Recovered,
    left: u64,
}

impl Passing {
    pub(crate) fn pass(&mut self, bytes: usize) {
        let passed = self.left.min(bytes as u64);
        self.left -= passed;
        self.recovered.0.set(self.recovered.0.get().saturating_add(passed));
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.pass(usize::MAX);
    }
}

/// Whether recovery goes through a segment that the one at `next` follows: what was synced before is walked over.
pub(crate) fn is_gone_through(next: Option<Offset>, recovery_point: Offset) -> bool {
    next.is_none_or(|next| next > recovery_point)
}

/// Bytes of a partition's segments that recovery goes through. What is not there, or cannot be looked at, counts as nothing.
pub(crate) fn bytes_gone_through(directory: &Path, recovery_point: Offset) -> u64 {
    let names = fs::read_dir(directory).unwrap_or_default();
    let bases = names.iter().filter_map(|name| match parse_segment_file(Path::new(name)) {
        Some((base, FileKind::Log)) => Some(base),
        _ => None,
    });
    let bases: Vec<_> = bases.collect();
    let nexts = bases.iter().skip(1).copied().map(Some).chain([None]);
    let gone_through = bases.iter().zip(nexts).filter(|(_, next)| is_gone_through(*next, recovery_point));
    let bytes = |base: Offset| -> io::Result<u64> {
        File::open(&segment_path(directory, base, FileKind::Log), OpenOptions::read())?.data_end()
    };
    gone_through.map(|(base, _)| bytes(*base).unwrap_or(0)).fold(0, u64::saturating_add)
}
