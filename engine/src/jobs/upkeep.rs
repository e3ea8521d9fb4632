//! Upkeep: what a log does without a request. It rolls by age, drops what retention no longer keeps, and frees what an
//! idle log does not need.
//!
//! A policy: it looks at the log and returns a value. `partition::upkeep` acts on it.

use crate::config::{CleanupPolicy, LogConfig};
use crate::log::Log;
use crate::offset::Offset;
use crate::segment::Segment;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// Nothing.
    Nothing,
    /// The active segment is old enough to be closed.
    Roll,
    /// Everything before this offset may be dropped.
    DropBefore(Offset),
}

/// The log's end when upkeep last looked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Idleness(Option<Offset>);

impl Idleness {
    /// Whether nothing was written since the last look.
    pub(crate) fn is_idle(&mut self, written: Offset) -> bool {
        self.0.replace(written) == Some(written)
    }
}

/// What is due for a log. Segments are dropped oldest first, and only if all of their records are committed. The active
/// segment is rolled before it may be dropped.
pub(crate) fn decide(log: &Log, config: &LogConfig, high_watermark: Offset, now_ms: i64) -> Upkeep {
    let sealed = log.sealed();
    let end_of = |at: usize| log.segments()[at + 1].base;
    let mut size = log.size_bytes();
    let mut keep_from = None;
    if config.cleanup_policy != CleanupPolicy::Compact {
        for (at, segment) in sealed.iter().enumerate() {
            let too_much = config.retention_bytes.is_some_and(|most| size - segment.length() >= most);
            if !(too_much || is_too_old(segment, config, now_ms)) || end_of(at) > high_watermark {
                break;
            }
            size -= segment.length();
            keep_from = Some(end_of(at));
        }
    }
    match keep_from {
        Some(offset) => Upkeep::DropBefore(offset),
        None if must_roll(log.active(), config, now_ms) => Upkeep::Roll,
        None => Upkeep::Nothing,
    }
}

pub(crate) fn is_too_old(segment: &Segment, config: &LogConfig, now_ms: i64) -> bool {
    let (Some(retention_ms), Some(newest_ms)) = (config.retention_ms, segment.newest_ms()) else {
        return false;
    };
    let age = now_ms.saturating_sub(newest_ms);
    age > i64::try_from(retention_ms).unwrap_or(i64::MAX)
}

fn must_roll(active: &Segment, config: &LogConfig, now_ms: i64) -> bool {
    let age = now_ms.saturating_sub(active.created_ms);
    let is_due = age > i64::try_from(config.segment_ms).unwrap_or(i64::MAX);
    let expired = config.cleanup_policy != CleanupPolicy::Compact && is_too_old(active, config, now_ms);
    !active.is_empty() && (is_due || expired)
}
