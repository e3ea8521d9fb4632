//! Cuts records into batches. No batch may be larger than the log takes, and nobody should wait until many are
//! written.

use std::ops::Bound;

use super::event::GroupLimits;
use crate::offsets::OffsetsRecord;

/// Bytes of a batch of several records, at most: encoding one takes less than a millisecond.
const BATCH_BYTES: usize = 64 << 10;
/// Bytes of a group's own record, at most, whatever the log takes.
const STATE_BYTES_MAX: usize = 4 << 20;
/// What a record and its share of a batch take beside key and value, in bytes.
pub(super) const RECORD_OVERHEAD: usize = 64;
/// The longest name of a topic.
const TOPIC_NAME_BYTES_MAX: usize = 249;

impl GroupLimits {
    /// Goes by the largest batch that the log takes, in bytes.
    pub const fn set_batch_bytes_max(&mut self, bytes: usize) {
        // A batch ends with the record that fills it.
        self.batch_bytes = if bytes / 2 < BATCH_BYTES { bytes / 2 } else { BATCH_BYTES };
        self.state_bytes_max = if bytes < STATE_BYTES_MAX { bytes } else { STATE_BYTES_MAX };
    }

    /// How many of a group's offsets get their tombstones in one batch: one at least.
    pub(super) fn tombstones_at_once(&self, group: &str) -> usize {
        let bytes = RECORD_OVERHEAD.saturating_add(group.len()).saturating_add(TOPIC_NAME_BYTES_MAX);
        self.batch_bytes.checked_div(bytes).unwrap_or(0).clamp(1, self.offsets_at_once.max(1))
    }
}

/// How far the groups, and their offsets, have been gone through.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    pub(super) group: String,
    /// Behind this offset of the group; behind the whole group, if none.
    pub(super) offset: Option<(String, i32)>,
}

impl Cursor {
    /// The groups that come next.
    pub(super) fn groups(at: Option<&Self>) -> (Bound<&str>, Bound<&str>) {
        let first = at.map_or(Bound::Unbounded, |at| match at.offset {
            Some(_) => Bound::Included(&*at.group),
            None => Bound::Excluded(&*at.group),
        });
        (first, Bound::Unbounded)
    }

    /// Behind which offset of this group to go on; from its first on, if none.
    pub(super) fn offset_in<'a>(at: Option<&'a Self>, group: &str) -> Option<&'a (String, i32)> {
        at.filter(|at| at.group == group)?.offset.as_ref()
    }
}

/// What a record takes in a batch, or a little more, in bytes.
pub(super) fn record_bytes(record: &OffsetsRecord) -> usize {
    let value = record.value.as_ref().map_or(0, bytes::Bytes::len);
    RECORD_OVERHEAD.saturating_add(record.key.len()).saturating_add(value)
}

/// Things and their records, so many in each batch as make `batch_bytes`, but one at least.
pub(super) fn split<T>(
    all: impl IntoIterator<Item = (T, OffsetsRecord)>,
    batch_bytes: usize,
) -> Vec<(Vec<T>, Vec<OffsetsRecord>)> {
    let mut batches: Vec<(Vec<T>, Vec<OffsetsRecord>)> = Vec::new();
    let mut bytes = usize::MAX;
    for (thing, record) in all {
        if bytes >= batch_bytes {
            batches.push((Vec::new(), Vec::new()));
            bytes = 0;
        }
        bytes = bytes.saturating_add(record_bytes(&record));
        if let Some((things, records)) = batches.last_mut() {
            things.push(thing);
            records.push(record);
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_batch_ends_with_the_record_that_fills_it() {
        let record = |size: usize| OffsetsRecord { key: Bytes::from(vec![0; size]), value: None };
        let sizes = |all: &[usize]| {
            let all = all.iter().map(|size| (*size, record(*size)));
            split(all, 1000).into_iter().map(|(sizes, _)| sizes).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[]), Vec::<Vec<usize>>::new());
        assert_eq!(sizes(&[450, 450, 400, 5000, 1]), [vec![450, 450], vec![400, 5000], vec![1]]);
    }
}
