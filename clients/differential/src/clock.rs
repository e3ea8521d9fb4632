//! The run's time: one beginning for both brokers, so that their records are the same.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

const HOUR_MS: i64 = 3_600_000;

/// The timestamp of a story's first record: two hours before the run, too young to be dropped and too old to be taken for
/// the broker's own clock.
pub(crate) fn story_time() -> i64 {
    static START: OnceLock<i64> = OnceLock::new();
    *START.get_or_init(|| now() - 2 * HOUR_MS)
}

/// A number that no other run has had for weeks, so that brokers can be used again.
pub(crate) fn run() -> i64 {
    story_time() / 1000 % 10_000_000
}

/// A time as a transcript shows it, if the number is one.
pub(crate) fn shown(number: i64) -> Option<String> {
    let since = number - story_time();
    let stamped = (number - now()).abs() < HOUR_MS;
    match since {
        0..HOUR_MS => Some(format!("story time + {since} ms")),
        _ => stamped.then(|| "the broker's clock".to_owned()),
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
