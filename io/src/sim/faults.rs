//! What fails on a disk, and when.
//!
//! Owns the faults of one disk, device by device. Must not know the disk, nor the operations that fail.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// What a test asked for.
pub(crate) struct Faults {
    /// The last one holds everything that lies on no other.
    devices: Vec<Device>,
    /// The number of the operation after which the power is cut.
    pub(crate) crash_after: Option<u64>,
    /// The number of operations that have changed the disk since the simulation began.
    pub(crate) operations: u64,
    /// The path below which nothing can be opened or named any more.
    pub(crate) broken: Option<PathBuf>,
}

/// What fails, or takes long, below one path.
pub(crate) struct Device {
    below: PathBuf,
    pub(crate) rates: ErrorRates,
    /// (how many more, error code), by operation.
    next: [(u32, i32); 3],
    /// While it is set, no sync and no durable write ends.
    pub(crate) syncs_held: bool,
    /// How long a sync and a durable write take, if not as the configuration says.
    pub(crate) sync_latency: Option<RangeInclusive<Duration>>,
}

impl Faults {
    pub(crate) fn new(rates: ErrorRates) -> Faults {
        let whole = Device::new(PathBuf::from("/"), rates);
        Faults { devices: vec![whole], crash_after: None, operations: 0, broken: None }
    }

    /// Lets what is below a path lie on a device of its own, which begins as the one that it lay on so far.
    pub(crate) fn add_device(&mut self, below: &Path) {
        if self.devices.iter().any(|device| device.below == below) {
            return;
        }
        let now = self.device(below);
        let added = Device {
            syncs_held: now.syncs_held,
            sync_latency: now.sync_latency.clone(),
            ..Device::new(below.to_owned(), now.rates)
        };
        let deeper = |device: &Device| device.below.components().count() >= below.components().count();
        let place = self.devices.partition_point(deeper);
        self.devices.insert(place, added);
    }

    pub(crate) fn device(&self, path: &Path) -> &Device {
        &self.devices[self.device_of(path)]
    }

    pub(crate) fn device_mut(&mut self, path: &Path) -> &mut Device {
        let at = self.device_of(path);
        &mut self.devices[at]
    }

    /// The deepest device that a path lies on.
    fn device_of(&self, path: &Path) -> usize {
        let holds = |device: &Device| path.starts_with(&device.below);
        self.devices.iter().position(holds).unwrap_or(self.devices.len() - 1)
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

impl Device {
    fn new(below: PathBuf, rates: ErrorRates) -> Device {
        Device { below, rates, next: [(0, libc::EIO); 3], syncs_held: false, sync_latency: None }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lies_on_the_deepest_device() {
        let mut faults = Faults::new(ErrorRates::default());
        for below in ["/data", "/data/a/b", "/data/a", "/data"] {
            faults.add_device(Path::new(below));
        }
        assert_eq!(faults.devices.len(), 4);
        let device = |path| faults.device(Path::new(path)).below.to_str().unwrap();
        assert_eq!(
            ["/x", "/data/f", "/data/a/f", "/data/ab", "/data/a/b/f"].map(device),
            ["/", "/data", "/data/a", "/data", "/data/a/b"]
        );
    }
}
