//! What a broker that was killed has left in the page cache: it is brought to the medium at once, for all partitions
//! together. Otherwise each partition would sync its files and its directory by itself, and the disk would be asked to
//! flush its cache some hundred thousand times.

use std::path::Path;

use creel_engine::LastStop;
use creel_io::fs::{facts, sync_file_system};

/// Syncs the file system of the data directory, after a stop that was not clean. Returns the number of its device.
/// `None`: nothing is known to be on the medium, and each partition is synced by itself.
pub(super) async fn sync(data_dir: &Path, last_stop: LastStop) -> Option<u64> {
    if last_stop == LastStop::Clean {
        return None;
    }
    let synced = match sync_file_system(data_dir).await {
        Ok(()) => facts(data_dir),
        Err(error) => Err(error),
    };
    if let Err(error) = &synced {
        tracing::warn!(%error, "the file system could not be synced: each partition is synced by itself, which takes longer");
    }
    synced.ok().map(|data_dir| data_dir.device)
}
