//! Records as they were recorded, with key, partition and time.

use crate::keys::murmur2;
use crate::records::parse::RecordView;
use std::collections::HashSet;
use std::ops::Range;

/// Records of one partition, in their order.
#[derive(Debug, Default)]
pub struct Recording {
    /// Nothing is left behind the last.
    pub is_whole: bool,
    bytes: Vec<u8>,
    records: Vec<Taken>,
    straightened: u64,
    with_headers: u64,
}

/// One record; its key, then its value lie in the bytes.
#[derive(Debug, Clone)]
struct Taken {
    at_ms: i64,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

impl Recording {
    /// Adds a record. If the topic has the broker's time, `append_time_ms` counts.
    pub fn push(&mut self, record: &RecordView<'_>, append_time_ms: Option<i64>) {
        let at_ms = append_time_ms.unwrap_or(record.timestamp_ms);
        let not_before = self.records.last().map_or(i64::MIN, |last| last.at_ms);
        self.straightened += u64::from(at_ms < not_before);
        self.with_headers += u64::from(record.has_headers);
        let key = record.key.map(|key| self.keep(key));
        let value = record.value.map(|value| self.keep(value));
        self.records.push(Taken { at_ms: at_ms.max(not_before), key, value });
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    /// Records so far.
    pub fn count(&self) -> usize {
        self.records.len()
    }

    /// Of keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Up to when all that there is has been read.
    fn whole_until_ms(&self) -> i64 {
        if self.is_whole { i64::MAX } else { self.records.last().map_or(i64::MIN, |last| last.at_ms) }
    }
}

/// What a record has besides its value.
#[derive(Debug, Clone)]
struct Origin {
    at_ms: i64,
    partition: u32,
    key: Option<Range<usize>>,
    has_value: bool,
}

/// Keys, partitions and times of a payload's records.
#[derive(Debug)]
pub struct Recorded {
    keys: Vec<u8>,
    origins: Vec<Origin>,
    partitions: usize,
}

impl Recorded {
    /// How many different keys.
    pub fn distinct_keys(&self) -> usize {
        let keys = self.origins.iter().filter_map(|origin| origin.key.clone());
        keys.map(|range| &self.keys[range]).collect::<HashSet<_>>().len()
    }

    /// The key of record `index`.
    #[inline]
    pub fn key(&self, index: usize) -> Option<&[u8]> {
        self.origins[index].key.clone().map(|range| &self.keys[range])
    }

    /// Whether it has a value: one without deletes its key.
    #[inline]
    pub fn has_value(&self, index: usize) -> bool {
        self.origins[index].has_value
    }

    /// When it was recorded; never before the one before it.
    pub fn at_ms(&self, index: usize) -> i64 {
        self.origins[index].at_ms
    }

    /// How many partitions there were.
    pub fn partitions(&self) -> usize {
        self.partitions
    }

    /// The partition of each record in a topic of `partitions` partitions. If there are as many as in the recording,
    /// it is the old one. Otherwise it is the partition of the record's key, as Kafka's own partitioner has it, and
    /// without a key the old one, wrapped round.
    pub fn routes(&self, partitions: usize) -> Vec<u32> {
        let route = |index: usize| match self.key(index) {
            Some(key) if partitions != self.partitions => (murmur2(key) & 0x7fff_ffff) % partitions as u32,
            _ => self.origins[index].partition % partitions as u32,
        };
        (0..self.origins.len()).map(route).collect()
    }
}

/// Records of all partitions in the order of their times. Records of one partition keep their own order.
#[derive(Debug)]
pub struct Merged {
    /// Of the values.
    pub bytes: Vec<u8>,
    /// Where each value ends.
    pub ends: Vec<usize>,
    /// The rest.
    pub recorded: Recorded,
    /// For the report.
    pub about: String,
    straightened: u64,
    with_headers: u64,
    beyond: u64,
}

impl Merged {
    /// At most `records_max` of them, none later than what all partitions are known to.
    pub fn of(partitions: impl IntoIterator<Item = Recording>, records_max: usize) -> Merged {
        let partitions: Vec<Recording> = partitions.into_iter().collect();
        let until_ms = partitions.iter().map(Recording::whole_until_ms).min().unwrap_or(i64::MAX);
        let mut order: Vec<(i64, u32, usize)> = Vec::new();
        for (partition, recording) in partitions.iter().enumerate() {
            let times = recording.records.iter().enumerate();
            order.extend(times.map(|(index, taken)| (taken.at_ms, partition as u32, index)));
        }
        let read = order.len();
        order.retain(|(at_ms, ..)| *at_ms <= until_ms);
        order.sort_unstable();
        order.truncate(records_max);
        let recorded = Recorded { keys: vec![], origins: vec![], partitions: partitions.len() };
        let mut merged = Merged {
            bytes: Vec::new(),
            ends: Vec::new(),
            recorded,
            about: String::new(),
            straightened: partitions.iter().map(|recording| recording.straightened).sum(),
            with_headers: partitions.iter().map(|recording| recording.with_headers).sum(),
            beyond: (read - order.len()) as u64,
        };
        for (at_ms, partition, index) in order {
            merged.push(at_ms, partition, &partitions[partition as usize], index);
        }
        merged
    }

    fn push(&mut self, at_ms: i64, partition: u32, from: &Recording, index: usize) {
        let taken = &from.records[index];
        let keys = &mut self.recorded.keys;
        let key = taken.key.clone().map(|range| {
            let start = keys.len();
            keys.extend_from_slice(&from.bytes[range]);
            start..keys.len()
        });
        self.bytes.extend_from_slice(taken.value.clone().map_or(&[], |range| &from.bytes[range]));
        self.ends.push(self.bytes.len());
        self.recorded.origins.push(Origin { at_ms, partition, key, has_value: taken.value.is_some() });
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Says what was taken and what was not.
    #[must_use]
    pub fn told_of(mut self, topic: &str, unread: u64) -> Merged {
        let origins = &self.recorded.origins;
        let (count, partitions) = (self.count(), self.recorded.partitions);
        let mean = (self.bytes.len() + self.recorded.keys.len()) as f64 / count.max(1) as f64;
        let without_value = origins.iter().filter(|origin| !origin.has_value).count() as u64;
        let with_key = origins.iter().filter(|origin| origin.key.is_some()).count();
        self.about = format!(
            "{count} records of {topic} ({partitions} partitions), {with_key} with keys, {mean:.0} B of key and value on average"
        );
        for (number, what) in [
            (without_value, "have no value (tombstones, kept)"),
            (self.with_headers, "of those read have headers (not kept)"),
            (self.straightened, "of those read had times that go back (straightened)"),
            (unread + self.beyond, "left out"),
        ] {
            if number > 0 {
                self.about += &format!("; {number} {what}");
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(is_whole: bool, records: &[(i64, Option<&str>, Option<&str>)]) -> Recording {
        let mut recording = Recording { is_whole, ..Recording::default() };
        for (timestamp_ms, key, value) in records {
            let (key, value) = (key.map(str::as_bytes), value.map(str::as_bytes));
            let timestamp_ms = *timestamp_ms;
            let record =
                RecordView { offset_delta: 0, timestamp_ms, key, value, stamp: None, has_headers: false };
            recording.push(&record, None);
        }
        recording
    }

    fn values(merged: &Merged) -> Vec<&str> {
        let mut start = 0;
        let value =
            |end: &usize| std::str::from_utf8(&merged.bytes[std::mem::replace(&mut start, *end)..*end]);
        merged.ends.iter().map(value).collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn partitions_are_merged_by_time_and_keep_their_own_order() {
        let one = recording(true, &[(5, None, Some("a")), (3, None, Some("b")), (9, Some("k"), None)]);
        let two = recording(true, &[(4, None, Some("c")), (5, None, Some("d"))]);
        let merged = Merged::of([one, two], 100).told_of("t", 0);
        assert_eq!(values(&merged), ["c", "a", "b", "d", ""]);
        let times: Vec<i64> = (0..5).map(|index| merged.recorded.at_ms(index)).collect();
        assert_eq!(times, [4, 5, 5, 5, 9], "b went back and was straightened");
        assert!(!merged.recorded.has_value(4) && merged.recorded.key(4) == Some(b"k"));
        assert!(
            merged.about.contains("; 1 have no value")
                && merged.about.contains("; 1 of those read had times")
        );
    }

    #[test]
    fn where_a_topic_has_the_brokers_time_that_counts() {
        let mut recording = Recording { is_whole: true, ..Recording::default() };
        let told = [(500, b"a"), (7, b"b"), (90, b"c")]; // by clients with clocks of their own
        for ((timestamp_ms, value), appended_ms) in told.iter().zip([1_000, 1_000, 1_020]) {
            let (timestamp_ms, value) = (*timestamp_ms, Some(&value[..]));
            let record = RecordView {
                offset_delta: 0,
                timestamp_ms,
                key: None,
                value,
                stamp: None,
                has_headers: false,
            };
            recording.push(&record, Some(appended_ms));
        }
        let merged = Merged::of([recording], 100).told_of("t", 0);
        let times: Vec<i64> = (0..3).map(|index| merged.recorded.at_ms(index)).collect();
        assert_eq!((times, values(&merged)), (vec![1_000, 1_000, 1_020], vec!["a", "b", "c"]));
        assert!(!merged.about.contains("times that go back"), "{}", merged.about);
    }

    #[test]
    fn only_a_whole_stretch_of_time_is_taken() {
        let cut = recording(false, &[(1, None, Some("a")), (4, None, Some("b"))]);
        let whole = recording(true, &[(2, None, Some("c")), (5, None, Some("d"))]);
        let merged = Merged::of([cut, whole], 100).told_of("t", 7);
        assert_eq!(values(&merged), ["a", "c", "b"], "what came to the first after 4 is not known");
        assert!(merged.about.ends_with("; 8 left out"), "{}", merged.about);
    }

    #[test]
    fn records_go_where_they_were_or_where_their_key_belongs() {
        let records = [(1, Some("21"), Some("a")), (2, None, Some("b"))];
        let merged = Merged::of([recording(true, &[]), recording(true, &[]), recording(true, &records)], 9);
        assert_eq!(merged.recorded.routes(3), [2, 2]);
        assert_eq!(merged.recorded.routes(2), [(murmur2(b"21") & 0x7fff_ffff) % 2, 0]);
    }
}
