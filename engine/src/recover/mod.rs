//! Recovery: what a log's files hold after a stop that may not have been clean.
//!
//! Owns what a start does before there is a log: it finds the files ([`found_log`]), trusts them ([`trust`]) or scans
//! them ([`log_scan`]), and returns a [`recovered_log`]. Must not know the log, its producers or its epochs, nor
//! tasks.
//!
//! Batches below the recovery point were synced before that point was written down, so only their headers are read.
//! Everything above it is verified, with its checksum. If a batch fails, one of three things has happened, and
//! `damage` tells them apart:
//! - The log simply ends there.
//! - A crash tore the end. It is cut off, because nothing of it was acknowledged as durable.
//! - Sound data was damaged later. It is never cut off: the range is reported and refused, and what lies behind it is
//!   served.
//!
//! Stale bytes behind the end can't become valid again, because batches must continue the offsets exactly. A file
//! that is reused for a later segment of the same partition holds only smaller offsets, and no part of an old batch
//! in it can verify behind the beginning of a new one (`wipe`).

pub(crate) mod checkpoint_files;
pub(crate) mod damage;
pub(crate) mod found_log;
pub(crate) mod found_segment;
pub(crate) mod log_directory;
pub(crate) mod log_scan;
mod marks;
pub(crate) mod progress;
pub(crate) mod recovered_log;
mod trust;

use std::io;

use crate::recover::found_log::FoundLog;
use crate::recover::log_scan::LogScan;
use crate::recover::recovered_log::RecoveredLog;

/// Finds out what the files of a log hold, and makes that durable.
pub(crate) async fn recover(log: FoundLog) -> io::Result<RecoveredLog> {
    let mut found = log.open_segments()?;
    if log.may_be_trusted(&found)
        && let Some(trusted) = trust::look(&log, &mut found).await?
    {
        return Ok(trusted.into_log(log, found));
    }
    LogScan::new(log).run(found).await
}
