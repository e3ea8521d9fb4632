//! What the broker reads: its configuration, its metadata, groups and offsets, and what consumers say of themselves.

use bytes::Bytes;
use creel_engine::LoggedBatch;
use creel_server::config::{Args, Config, listing};
use creel_server::fuzzing;
use creel_server::groups::{Coordinator, Event, GroupLimits, Now};
use creel_server::metadata::{Entry, Revision, Snapshot, StoredTopics, TopicId};
use creel_server::offsets::{
    BatchContent, GroupMetadata, LoggedRecord, OffsetCommit, OffsetsRecord, RecordKey,
};

use crate::allocation::within;
use crate::target::Target;

pub const TARGETS: [Target; 13] = [
    Target { name: "offset_record_key", run: offset_record_key },
    Target { name: "committed_offset", run: committed_offset },
    Target { name: "group_state", run: group_state },
    Target { name: "consumer_offsets_batch", run: consumer_offsets_batch },
    Target { name: "coordinator_load", run: coordinator_load },
    Target { name: "subscription", run: subscription },
    Target { name: "metadata_journal", run: |input| metadata_journal(&Bytes::copy_from_slice(input)) },
    Target { name: "sealed_metadata_journal", run: sealed_metadata_journal },
    Target { name: "topic_record", run: topic_record },
    Target { name: "meta_properties", run: meta_properties },
    Target { name: "kafka_metadata", run: kafka_metadata },
    Target { name: "config_file", run: config_file },
    Target { name: "config_set", run: config_set },
];

/// What reading may take: a multiple of the input, and a little.
fn in_proportion<T>(input: &[u8], read: impl FnOnce(&Bytes) -> T) -> T {
    let bytes = Bytes::copy_from_slice(input);
    within(64 * input.len() + 1024, || read(&bytes))
}

fn offset_record_key(input: &[u8]) {
    match in_proportion(input, RecordKey::decode) {
        Ok(RecordKey::Other { .. }) | Err(_) => {}
        Ok(key) => assert_eq!(RecordKey::decode(&key.encode()), Ok(key)),
    }
}

fn committed_offset(input: &[u8]) {
    if let Ok(commit) = in_proportion(input, OffsetCommit::decode)
        && commit.metadata.len() <= i16::MAX as usize
    {
        let again = OffsetCommit::decode(&commit.encode()).expect("what is written can be read");
        assert_eq!((again.offset, again.metadata), (commit.offset, commit.metadata));
    }
}

fn group_state(input: &[u8]) {
    let Ok(state) = in_proportion(input, GroupMetadata::decode) else { return };
    // Texts of the flexible version may be longer than those of the one that is written.
    if input.len() <= i16::MAX as usize {
        assert_eq!(GroupMetadata::decode(&state.encode()), Ok(state));
    }
}

/// As it comes, and with the length and checksum that its bytes have, so that the walk over the records is reached.
fn consumer_offsets_batch(input: &[u8]) {
    let read = |bytes: &Bytes| {
        let batch = LoggedBatch::split_from(&mut bytes.clone()).ok().flatten();
        batch.map(|batch| BatchContent::read(&batch).is_ok())
    };
    let _ = in_proportion(input, read);
    let mut sealed = input.to_vec();
    creel_engine::fuzzing::seal_batch(&mut sealed);
    let _ = in_proportion(&sealed, read);
}

const LIMITS: GroupLimits = GroupLimits {
    initial_rebalance_delay_ms: 0,
    session_timeout_min_ms: 1,
    session_timeout_max_ms: 1000,
    members_max: 2,
    offset_metadata_chars_max: 4096,
    offsets_retention_ms: 1000,
    expiry_interval_ms: 1000,
    offsets_at_once: 2,
    batch_bytes: 4096,
    state_bytes_max: 4096,
};

/// Input: records, each with one byte for a tombstone or not, two of key length, two of value length, key, value.
fn coordinator_load(input: &[u8]) {
    let (mut input, mut records) = (Bytes::copy_from_slice(input), Vec::new());
    while input.len() >= 5 {
        let (is_tombstone, key, value) = (input[0] & 1 == 1, length(&input[1..]), length(&input[3..]));
        let _ = input.split_to(5);
        let key = input.split_to(key.min(input.len()));
        let value = input.split_to(value.min(input.len()));
        let record = OffsetsRecord { key, value: (!is_tombstone).then_some(value) };
        records.push(LoggedRecord { offset: records.len() as i64, record });
    }
    let mut coordinator = Coordinator::new(LIMITS);
    let _ = coordinator.replay(BatchContent::Records(records));
    let now = Now { wall_ms: 5_000, ..Now::default() };
    let _ = coordinator.loaded(now);
    for group in coordinator.list() {
        let _ = coordinator.describe(&group.group);
    }
    let _ = coordinator.handle(now, Event::Tick);
}

fn length(bytes: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn subscription(input: &[u8]) {
    let _ = in_proportion(input, fuzzing::subscription);
}

fn metadata_journal(content: &Bytes) {
    let rewritten = within(128 * content.len() + 4096, || fuzzing::journal(content));
    if let Some(first) = rewritten.map(Bytes::from) {
        assert_eq!(fuzzing::journal(&first), Some(first.to_vec()));
    }
}

/// Input: frames, each with two bytes of length and a body; they are given their heads.
fn sealed_metadata_journal(mut input: &[u8]) {
    let mut journal = fuzzing::JOURNAL_MAGIC.to_vec();
    while let Some((size, rest)) = input.split_first_chunk::<2>() {
        let (body, rest) = rest.split_at(length(size).min(rest.len()));
        let mut frame = [&[0; 8], body].concat();
        fuzzing::seal_journal_frame(&mut frame);
        journal.extend_from_slice(&frame);
        input = rest;
    }
    metadata_journal(&journal.into());
}

/// A topic's entry in the metadata store.
fn topic_record(input: &[u8]) {
    let entry = Entry {
        key: "topics/orders".to_owned(),
        value: Bytes::copy_from_slice(input),
        created: Revision(1),
        modified: Revision(1),
        session: None,
    };
    let snapshot = Snapshot { revision: Revision(1), entries: vec![entry] };
    let _ = within(128 * input.len() + 65_536, || StoredTopics::from_snapshot(&snapshot).map(drop));
    if let Ok(text) = std::str::from_utf8(input)
        && let Some(id) = TopicId::read(text)
    {
        assert_eq!(TopicId::read(&id.to_string()), Some(id));
    }
}

fn meta_properties(input: &[u8]) {
    // Without a directory's id one would be made up, and input would not be all that counts.
    let text = format!("{}\ndirectory.id=D\n", String::from_utf8_lossy(input));
    let _ = within(64 * input.len() + 1024, || fuzzing::meta_properties(&text));
}

/// Input: records of Kafka's metadata log, each behind two bytes of length.
fn kafka_metadata(mut input: &[u8]) {
    let (whole, mut values) = (input.len(), Vec::new());
    while let Some((size, rest)) = input.split_first_chunk::<2>() {
        let (value, rest) = rest.split_at(length(size).min(rest.len()));
        values.push(value);
        input = rest;
    }
    let _ = within(512 * whole + 4096, || fuzzing::kafka_metadata(&values));
}

/// All settings with their defaults, before anything is given.
const CONFIGURATION: usize = 256 << 10;

/// Input: one byte for TOML (0) or `.properties`, then the file.
fn config_file(input: &[u8]) {
    let Some((kind, file)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(file) else { return };
    let path = if kind & 1 == 0 { "creel.toml" } else { "server.properties" };
    let args = Args { config: Some(path.into()), ..Args::default() };
    let read = |text: &str| Config::from_sources(&args, [], Some(text));
    // Of each line that has no effect, its place and name are said.
    let config = within(1024 * text.len() + CONFIGURATION, || read(text));
    if let (Ok(config), 0) = (config, kind & 1) {
        let again = read(&listing(&config.settings)).expect("a listing is a configuration");
        assert_eq!(again.broker, config.broker);
    }
}

/// Input: lines, each given as a `--set`.
fn config_set(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let sets: Vec<&str> = text.lines().collect();
    let _ = within(1024 * text.len() + CONFIGURATION, || Config::with(&sets).map(drop));
}
