//! Records to send, and the comparison of what was sent with what came back.

use std::collections::BTreeMap;
use std::path::Path;

use rand::RngCore;

pub const PARTITIONS: [i32; 3] = [0, 1, 2];

/// A record names its partition, so that the order within it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub partition: i32,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// A record that was read, and where.
#[derive(Clone, Debug)]
pub struct Read {
    pub offset: i64,
    pub record: Record,
}

impl Read {
    pub fn value(&self) -> String {
        String::from_utf8(self.record.value.clone().expect("it has a value")).expect("it is text")
    }
}

/// Keys, headers and values of every kind: absent, empty, binary, short and long.
pub fn varied(count: usize) -> Vec<Record> {
    (0..count).map(varied_record).collect()
}

fn varied_record(number: usize) -> Record {
    let size = [0, 1, 17, 100, 1_000, 9_000][number % 6];
    let value = [noise(size / 2), b"spool ".repeat(size / 12)].concat();
    let mut headers = vec![("number".to_owned(), number.to_string().into_bytes())];
    if number.is_multiple_of(3) {
        headers.insert(0, ("empty".to_owned(), Vec::new()));
        headers.insert(0, ("bytes".to_owned(), noise(256)));
    }
    Record {
        partition: partition_of(number),
        key: match number % 7 {
            0 => None,
            1 => Some(Vec::new()),
            _ => Some(format!("key-{}", number % 23).into_bytes()),
        },
        value: (number % 31 != 5).then_some(value),
        headers,
    }
}

/// Small records whose values tell them apart.
pub fn numbered(first: usize, count: usize) -> Vec<Record> {
    let record = |number: usize| Record {
        partition: partition_of(number),
        key: Some(format!("key-{number}").into_bytes()),
        value: Some(number.to_string().into_bytes()),
        headers: Vec::new(),
    };
    (first..first + count).map(record).collect()
}

/// Real JSON documents where they are at hand, made ones elsewhere.
pub fn json() -> Vec<Record> {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data/twitter_statuses.ndjson");
    let text = std::fs::read_to_string(real).unwrap_or_else(|_| {
        (0..500).map(|n| format!("{{\"order\": {n}, \"name\": \"Žofie „naïve“ 織機\"}}\n")).collect()
    });
    let record = |(number, line): (usize, &str)| Record {
        partition: partition_of(number),
        value: Some(line.as_bytes().to_vec()),
        ..Record::default()
    };
    text.lines().filter(|line| !line.trim().is_empty()).enumerate().map(record).collect()
}

fn partition_of(number: usize) -> i32 {
    PARTITIONS[number % PARTITIONS.len()]
}

fn noise(size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A name that no other story and no earlier run uses.
pub fn unique(name: &str) -> String {
    format!("{name}-{:08x}", rand::rng().next_u32())
}

/// Everything came back, equal, in the order of sending within each partition, at offsets without gaps.
pub fn assert_same(sent: &[Record], read: &[Read]) {
    assert_eq!(sent.len(), read.len());
    let mut expected: BTreeMap<i32, Vec<&Record>> = BTreeMap::new();
    sent.iter().for_each(|record| expected.entry(record.partition).or_default().push(record));
    let mut next: BTreeMap<i32, usize> = BTreeMap::new();
    for Read { offset, record } in read {
        let due = next.entry(record.partition).or_default();
        assert_eq!(*offset, *due as i64, "partition {}", record.partition);
        assert_eq!(
            record, expected[&record.partition][*due],
            "partition {}, offset {offset}",
            record.partition
        );
        *due += 1;
    }
}

pub fn assert_json(read: &[Read]) {
    for one in read {
        let value: serde_json::Value = serde_json::from_str(&one.value()).expect("it is JSON");
        assert!(value.is_object() || value.is_array());
    }
}
