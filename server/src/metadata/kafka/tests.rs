//! Kafka's metadata log: as Kafka 4.3.1 wrote it, and as it must not be.

use std::path::{Path, PathBuf};
use std::{fs, io};

use creel_engine::{Attributes, BatchBuilder, LastStop, Record, Records, TopicPartition};
use creel_io::runtime::{RuntimeConfig, start};
use creel_wire::{Encode, Str, Uuid, Writer};

use super::adopt::Adoption;
use super::image::{Image, ImageError};
use super::log as log_files;
use super::record::{
    ConfigRecord, FeatureLevelRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord,
    ProducerIdsRecord, RecordError, RemoveTopicRecord, TopicRecord,
};
use super::{KafkaDirectory, adopt, check_unchanged};
use crate::config::Config;
use crate::metadata::{MetaProperties, TopicId};

/// A log of Kafka's, killed with kill -9: `kept` with `retention.ms=-1`, a deleted topic, a broker's setting.
const SEGMENT: &[u8] = include_bytes!("golden/00000000000000000000.log");
const FIRST: &str = "00000000000000000000.log";
const NODE: i32 = 1;
const ID: Uuid = Uuid([7; 16]);
const HERE: Uuid = Uuid([9; 16]);

fn value(kind: u8, version: u8, message: &impl Encode) -> Vec<u8> {
    let mut writer = Writer::with_capacity(64);
    writer.raw(&[1, kind, version]);
    message.encode(&mut writer, version.into());
    writer.finish().bytes.to_vec()
}

fn marker(kind: u8) -> Vec<u8> {
    vec![1, kind, 0, 0]
}

fn topic(name: &str, id: Uuid) -> Vec<u8> {
    value(2, 0, &TopicRecord { name: Str::from(name.to_owned()), topic_id: id })
}

fn removed(id: Uuid) -> Vec<u8> {
    value(9, 0, &RemoveTopicRecord { topic_id: id })
}

fn held_by(index: i32, replicas: &[i32], isr: &[i32], directory: Uuid) -> Vec<u8> {
    let record = PartitionRecord {
        partition_id: index,
        topic_id: ID,
        replicas: replicas.to_vec(),
        isr: isr.to_vec(),
        directories: replicas.iter().map(|_| directory).collect(),
        ..PartitionRecord::default()
    };
    value(3, 2, &record)
}

fn partition(index: i32) -> Vec<u8> {
    held_by(index, &[NODE], &[NODE], HERE)
}

fn config(kind: i8, resource: &str, name: &str, value_given: Option<&str>) -> Vec<u8> {
    let text = |text: &str| Str::from(text.to_owned());
    let (resource_name, name, given) = (text(resource), text(name), value_given.map(text));
    value(4, 0, &ConfigRecord { resource_type: kind, resource_name, name, value: given })
}

fn feature(name: &str, level: i16) -> Vec<u8> {
    value(12, 0, &FeatureLevelRecord { name: Str::from(name.to_owned()), feature_level: level })
}

fn logged(value: &[u8]) -> Record {
    let batch = BatchBuilder::new(0).record(0, None, Some(value)).build().unwrap();
    Records::of(&batch).unwrap().next().unwrap().unwrap()
}

/// The image of records, in their order.
fn image(values: &[Vec<u8>]) -> Result<Image, ImageError> {
    let mut image = Image::default();
    for value in values {
        image.replay(MetadataRecord::read(&logged(value)).unwrap())?;
    }
    Ok(image)
}

/// A batch of records as it lies on the disk.
fn batch(base: i64, values: &[Vec<u8>]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0);
    for value in values {
        builder = builder.record(0, None, Some(value));
    }
    placed(base, builder)
}

/// A control record: 2 is a leader's election, 3 and 4 begin and end a snapshot.
fn control(base: i64, kind: u8, value: &[u8]) -> Vec<u8> {
    let builder = BatchBuilder::new(0).attributes(Attributes(1 << 5));
    placed(base, builder.record(0, Some(&[0, 0, 0, kind]), Some(value)))
}

fn elected(base: i64, voters: &[u8]) -> Vec<u8> {
    let voters = voters.iter().flat_map(|id| [0, 0, 0, *id, 0]);
    let message = [0, 0, 0, 0, 0, 1, 1 + u8::try_from(voters.clone().count() / 5).unwrap()];
    control(base, 2, &message.into_iter().chain(voters).chain([1, 0]).collect::<Vec<_>>())
}

fn placed(base: i64, builder: BatchBuilder) -> Vec<u8> {
    let mut bytes = builder.build().unwrap().bytes().to_vec();
    bytes[..8].copy_from_slice(&base.to_be_bytes());
    bytes
}

/// A data directory with a metadata log of these files.
struct Directory(tempfile::TempDir);

impl Directory {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let directory = Self(tempfile::tempdir().unwrap());
        fs::create_dir(directory.log()).unwrap();
        for (name, content) in files {
            fs::write(directory.log().join(name), content).unwrap();
        }
        directory
    }

    fn log(&self) -> PathBuf {
        self.0.path().join("__cluster_metadata-0")
    }

    /// The image that the log adds up to, or what is said against it.
    fn read(&self, last_stop: LastStop) -> Result<Option<Image>, String> {
        let log = self.log();
        on_a_core(async move |_| {
            let read = log_files::read(&log, last_stop).await;
            read.map(|read| read.map(|found| found.image)).map_err(|error| error.to_string())
        })
    }

    /// Adds a file to the data directory.
    fn with(self, path: &str, content: &[u8]) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Adds a partition of a topic.
    fn with_partition(self, name: &str, topic: Uuid) -> Self {
        let id = format!("version: 0\ntopic_id: {}", TopicId(topic.0));
        self.with(&format!("{name}/partition.metadata"), id.as_bytes()).with(&format!("{name}/{FIRST}"), b"")
    }

    /// What is taken over of it, with these partitions there: names, numbers of partitions and settings.
    fn adopted(&self, partitions: &[&str]) -> Result<Option<String>, String> {
        self.adopted_behind(LastStop::Unclean, partitions)
    }

    /// What is taken over of it behind a stop that was clean, or was not.
    fn adopted_behind(&self, last_stop: LastStop, partitions: &[&str]) -> Result<Option<String>, String> {
        let shown = |adoption: Adoption| {
            let topics = adoption
                .topics
                .iter()
                .map(|topic| format!("{} {} {:?}", topic.name, topic.partitions, topic.settings.texts()));
            topics.collect::<Vec<_>>().join("; ")
        };
        self.adoption(last_stop, partitions).map(|adoption| adoption.map(shown))
    }

    /// Where producer ids begin behind it.
    fn producer_ids(&self, partitions: &[&str]) -> i64 {
        self.adoption(LastStop::Unclean, partitions).unwrap().unwrap().next_producer_id
    }

    fn adoption(&self, last_stop: LastStop, partitions: &[&str]) -> Result<Option<Adoption>, String> {
        let (log, data_dir) = (self.log(), self.0.path().to_owned());
        let found = partitions
            .iter()
            .map(|name| (TopicPartition::from_directory_name(name).unwrap(), self.0.path().join(name)));
        let partitions: Vec<_> = found.collect();
        on_a_core(async move |settings| {
            let owner = MetaProperties {
                cluster_id: "C".to_owned(),
                node_id: NODE,
                directory_id: TopicId(HERE.0).to_string(),
            };
            let directory = KafkaDirectory {
                data_dir: &data_dir,
                log: &log,
                owner: Some(&owner),
                partitions: &partitions,
                last_stop,
                settings: &settings,
            };
            adopt(&directory).await.map_err(|error| error.to_string())
        })
    }
}

/// Runs a story on a core of its own.
fn on_a_core<T: Send + 'static, F>(story: F) -> T
where
    F: AsyncFnOnce(crate::config::Settings) -> T + Send + 'static,
{
    let (sender, receiver) = std::sync::mpsc::channel();
    let story = std::sync::Arc::new(std::sync::Mutex::new(Some(story)));
    let run = move |_| {
        let (story, sender) = (story.lock().unwrap().take().unwrap(), sender.clone());
        async move {
            let settings = Config::with(&["log.retention.hours=24"]).unwrap().settings;
            sender.send(story(settings).await).unwrap();
        }
    };
    start(&RuntimeConfig::unpinned(1), run).unwrap().join();
    receiver.recv().unwrap()
}

mod records {
    use super::*;

    #[test]
    fn one_is_read_as_kafka_writes_it() {
        let feature = b"\x01\x0c\x00\x11metadata.version\x00\x1e\x00";
        let expected = FeatureLevelRecord { name: "metadata.version".into(), feature_level: 30 };
        assert_eq!(MetadataRecord::read(&logged(feature)), Ok(MetadataRecord::Feature(expected.clone())));
        assert_eq!(value(12, 0, &expected), feature);
        let setting = b"\x01\x04\x00\x04\x01\x14min.insync.replicas\x021\x00";
        assert_eq!(config(4, "", "min.insync.replicas", Some("1")), setting);
    }

    #[test]
    fn what_is_not_known_is_told() {
        let read = |bytes: &[u8]| MetadataRecord::read(&logged(bytes));
        assert_eq!(read(&[2, 2, 0]), Err(RecordError::Frame(2)));
        assert_eq!(read(&[1, 29, 0]), Err(RecordError::Unknown(29)));
        assert_eq!(read(&[1, 6, 0]), Err(RecordError::Unknown(6)));
        let name = "TopicRecord";
        assert_eq!(read(&[1, 2, 1]), Err(RecordError::Version { name, version: 1, known: 0 }));
        let more = [topic("a", ID), vec![0]].concat();
        assert_eq!(read(&more), Err(RecordError::Trailing(1)));
        let empty = Record { value: None, ..logged(&[0]) };
        assert_eq!(MetadataRecord::read(&empty), Err(RecordError::Empty));
    }

    #[test]
    fn no_prefix_and_no_flipped_bit_of_one_does_more_than_fail() {
        let change =
            PartitionChangeRecord { isr: Some(vec![]), replicas: Some(vec![1, 2]), ..Default::default() };
        let ids = ProducerIdsRecord { next_producer_id: 5000, ..Default::default() };
        let values = [
            topic("orders", ID),
            partition(3),
            value(5, 2, &change),
            config(2, "orders", "retention.ms", None),
            removed(ID),
            feature("metadata.version", 30),
            value(15, 0, &ids),
            marker(23),
        ];
        for value in values {
            assert!(MetadataRecord::read(&logged(&value)).is_ok());
            for end in 1..value.len() {
                let _ = MetadataRecord::read(&logged(&value[..end]));
            }
            for bit in 0..value.len() * 8 {
                let mut value = value.clone();
                value[bit / 8] ^= 1 << (bit % 8);
                let _ = MetadataRecord::read(&logged(&value));
            }
        }
    }

    #[test]
    fn a_count_that_the_bytes_do_not_hold_takes_no_memory() {
        let hostile = [&[1, 3, 0][..], &[0; 20], &[0xff, 0xff, 0xff, 0xff, 0x0f]].concat();
        assert!(matches!(MetadataRecord::read(&logged(&hostile)), Err(RecordError::Malformed(_))));
    }
}

mod images {
    use super::*;

    fn names(image: &Image) -> Vec<&str> {
        image.topics.values().map(|topic| topic.name.as_str()).collect()
    }

    #[test]
    fn a_topic_that_is_removed_takes_its_settings_along() {
        let setting = || config(2, "a", "retention.ms", Some("1"));
        let records = [topic("a", ID), setting(), partition(0), removed(ID), topic("a", HERE)];
        let image = image(&records).unwrap();
        assert_eq!(names(&image), ["a"]);
        assert!(image.topic_configs("a").is_empty() && image.topics[&HERE].partitions.is_empty());
    }

    #[test]
    fn a_setting_is_taken_back_by_null_and_a_brokers_own_is_over_that_of_all() {
        let records = [
            config(2, "a", "retention.ms", Some("1")),
            config(2, "a", "retention.ms", None),
            config(4, "1", "log.retention.ms", Some("3")),
            config(4, "", "log.retention.ms", Some("2")),
            config(4, "", "log.roll.ms", Some("4")),
            config(4, "2", "log.roll.ms", Some("5")),
        ];
        let image = image(&records).unwrap();
        assert!(image.topic_configs("a").is_empty());
        let of_broker: Vec<_> = image.broker_configs(1).into_iter().collect();
        let expected = [("log.retention.ms", "3"), ("log.roll.ms", "4")];
        assert_eq!(of_broker, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn of_a_transaction_all_counts_once_it_has_ended_and_nothing_before() {
        let ended = image(&[marker(23), topic("a", ID), marker(24)]).unwrap();
        assert_eq!(names(&ended), ["a"]);
        let aborted = image(&[marker(23), topic("a", ID), marker(25), topic("b", HERE)]).unwrap();
        assert_eq!(names(&aborted), ["b"]);
        let open = image(&[topic("b", HERE), marker(23), topic("a", ID)]).unwrap();
        assert_eq!(names(&open), ["b"]);
        assert_eq!(image(&[marker(24)]), Err(ImageError::Transaction));
        assert_eq!(image(&[marker(23), marker(23)]), Err(ImageError::Transaction));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let level = ImageError::Level { name: "metadata.version".to_owned(), level: 31, known: 30 };
        assert_eq!(image(&[feature("metadata.version", 31)]), Err(level));
        assert_eq!(
            image(&[feature("diskless.version", 1)]),
            Err(ImageError::Feature("diskless.version".into()))
        );
        assert!(image(&[feature("diskless.version", 0), feature("metadata.version", 7)]).is_ok());
        assert_eq!(image(&[partition(0)]), Err(ImageError::NoTopic(ID)));
        assert_eq!(image(&[topic("a", ID), topic("a", HERE)]), Err(ImageError::NameTaken("a".to_owned())));
        let change = PartitionChangeRecord { partition_id: 1, topic_id: ID, ..Default::default() };
        let records = [topic("a", ID), partition(0), value(5, 2, &change)];
        assert_eq!(image(&records), Err(ImageError::NoPartition(1, "a".to_owned())));
    }
}

mod logs {
    use super::*;

    #[test]
    fn kafkas_own_is_read() {
        let image = Directory::new(&[(FIRST, SEGMENT)]).read(LastStop::Unclean).unwrap().unwrap();
        let mut topics: Vec<_> =
            image.topics.values().map(|topic| (topic.name.as_str(), topic.partitions.len())).collect();
        topics.sort_unstable();
        let expected = [("__consumer_offsets", 4), ("both", 1), ("compacted", 1), ("kept", 2), ("plain", 3)];
        assert_eq!(topics, expected);
        assert_eq!(
            image.topic_configs("kept").into_iter().collect::<Vec<_>>(),
            [("retention.ms".to_owned(), "-1".to_owned())]
        );
        assert_eq!(image.broker_configs(1)["log.retention.ms"], "-1");
        assert_eq!((image.next_producer_id, image.voters), (1000, Some(vec![1])));
    }

    #[test]
    fn a_log_is_read_from_its_latest_snapshot_on() {
        let snapshot = |name: &str, id| {
            let content = batch(1, &[topic(name, id), config(2, name, "retention.ms", Some("1"))]);
            [control(0, 3, &[0, 0, 0]), content, control(3, 4, &[0, 0, 0])].concat()
        };
        let (old, new) = (snapshot("old", HERE), snapshot("new", ID));
        let before = batch(0, &[topic("lost", Uuid([1; 16])), marker(23)]);
        // The snapshot holds offsets up to 11, in the middle of the second segment.
        let second = [batch(2, &vec![vec![1, 99, 0]; 9]), batch(11, &[partition(0)])].concat();
        let mut directory = Directory::new(&[
            (FIRST, &before),
            ("00000000000000000002.log", &second),
            ("00000000000000000012.log", &batch(12, &[partition(1)])),
            ("00000000000000000002-0000000001.checkpoint", &old),
            ("00000000000000000011-0000000001.checkpoint", &new),
            ("00000000000000000099-0000000001.checkpoint.part", b"not whole"),
            ("00000000000000000099-0000000001.checkpoint.deleted", b"on its way out"),
        ]);
        let image = directory.read(LastStop::Clean).unwrap().unwrap();
        let topics: Vec<_> = image.topics.values().collect();
        assert_eq!((topics.len(), &*topics[0].name, topics[0].partitions.len()), (1, "new", 2));
        fs::remove_file(directory.log().join("00000000000000000002.log")).unwrap();
        let said = directory.read(LastStop::Clean).unwrap_err();
        assert!(said.ends_with("it begins with offset 12, but the records before it end with 2"), "{said}");
        fs::remove_file(directory.log().join(FIRST)).unwrap();
        let said = directory.read(LastStop::Clean).unwrap_err();
        assert!(said.ends_with("the records from offset 11 to 12 are missing"), "{said}");
        directory = Directory::new(&[("00000000000000000011-0000000001.checkpoint", &new[..new.len() - 70])]);
        assert!(directory.read(LastStop::Unclean).is_err(), "a snapshot is whole or none");
    }

    #[test]
    fn a_torn_end_counts_for_nothing_but_not_behind_a_clean_stop_or_before_something_whole() {
        let (first, second) = (batch(0, &[topic("a", ID)]), batch(1, &[partition(0)]));
        // Its last byte is what the one behind it begins with.
        for cut in (1..second.len() - 1).step_by(5) {
            let torn = [&first, &second[..cut]].concat();
            let directory = Directory::new(&[(FIRST, &torn)]);
            let image = directory.read(LastStop::Unclean).unwrap().unwrap();
            assert!(image.topics[&ID].partitions.is_empty());
            let said = directory.read(LastStop::Clean).unwrap_err();
            assert!(said.contains(FIRST) && said.contains("the batch at byte"), "{said}");
            let third = batch(2, &[partition(1)]);
            let directory = Directory::new(&[(FIRST, &[&torn[..], &third].concat())]);
            assert!(
                directory.read(LastStop::Unclean).is_err(),
                "something whole lies behind the first {cut} bytes"
            );
            let last = Directory::new(&[(FIRST, &torn), ("00000000000000000002.log", &third)]);
            assert!(last.read(LastStop::Unclean).is_err(), "a segment lies behind the first {cut} bytes");
        }
    }

    #[test]
    fn a_gap_a_flipped_bit_and_what_is_no_batch_are_told() {
        let (first, last) = (batch(0, &[topic("a", ID)]), batch(2, &[partition(0)]));
        let said =
            Directory::new(&[(FIRST, &[&first[..], &last].concat())]).read(LastStop::Unclean).unwrap_err();
        assert!(said.contains("it begins with offset 2 instead of 1"), "{said}");
        let middle = [first, batch(1, &[partition(0)])].concat();
        let whole = [&middle[..], &batch(2, &[partition(1)])].concat();
        for bit in (0..middle.len() * 8).step_by(7) {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let read = Directory::new(&[(FIRST, &flipped)]).read(LastStop::Unclean);
            // The leader's epoch has no checksum.
            let is_harmless = read
                .as_ref()
                .is_ok_and(|read| read.as_ref().is_some_and(|image| image.topics[&ID].partitions.len() == 2));
            assert!(read.is_err() || is_harmless, "bit {bit}");
        }
    }

    fn two() -> Vec<u8> {
        [batch(0, &[topic("a", ID)]), batch(1, &[partition(0)])].concat()
    }

    #[test]
    fn a_log_that_ends_before_what_it_is_known_to_have_reached_is_refused() {
        let entry = |offset: u32| [offset.to_be_bytes(), 4200_u32.to_be_bytes()].concat();
        let used = [entry(1), vec![0; 40_000]].concat();
        let closed = entry(1);
        let many: Vec<u8> = (1..=9000).flat_map(entry).collect();
        let beside: [(&str, &[u8], i64); 5] = [
            ("leader-epoch-checkpoint", b"0\n2\n1 0\n2 3\n", 3),
            ("00000000000000000002.snapshot", b"", 2),
            ("00000000000000000000.index", &used, 2),
            ("00000000000000000000.index", &closed, 2),
            ("00000000000000000000.index", &many, 9001),
        ];
        for (name, content, reached) in beside {
            let path = format!("__cluster_metadata-0/{name}");
            let cut = [&batch(0, &[topic("a", ID)])[..], &batch(1, &[partition(0)])[..40]].concat();
            for left in [&batch(0, &[topic("a", ID)])[..], &cut, b""] {
                let directory = Directory::new(&[(FIRST, left)]).with(&path, content);
                let said = directory.read(LastStop::Unclean).unwrap_err();
                let expected = format!("{name} shows that it went on to {reached}");
                assert!(said.contains(&expected) && said.contains(FIRST), "{said}");
            }
            let whole = Directory::new(&[(FIRST, &two())]).with(&path, content);
            assert_eq!(whole.read(LastStop::Unclean).is_ok(), reached == 2, "{name}");
        }
    }

    #[test]
    fn what_says_nothing_of_the_end_does_not_matter() {
        let beside: [(&str, &[u8]); 5] = [
            ("leader-epoch-checkpoint", b"nonsense"),
            ("leader-epoch-checkpoint", b"0\n1\n1 2\n"),
            ("00000000000000000000.index", &[0; 1 << 20]),
            ("00000000000000000000.index", &[0, 0, 0]),
            ("00000000000000000009.index", &[0, 0, 0, 1, 0, 0, 0, 1]),
        ];
        for (name, content) in beside {
            let path = format!("__cluster_metadata-0/{name}");
            let directory = Directory::new(&[(FIRST, &two())]).with(&path, content);
            assert_eq!(
                directory.read(LastStop::Unclean).unwrap().unwrap().topics[&ID].partitions.len(),
                1,
                "{name}"
            );
        }
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(Directory::new(&[]).read(LastStop::Clean), Ok(None));
    }

    #[test]
    fn its_end_is_seen_by_names_and_lengths() {
        let directory = Directory::new(&[(FIRST, SEGMENT)]);
        let end = log_files::end(&directory.log()).unwrap();
        assert_eq!((end.segment.as_str(), end.length), (FIRST, SEGMENT.len() as u64));
        assert!(check_unchanged(&directory.log(), &end).is_ok());
        append(&directory.log().join(FIRST), b"more").unwrap();
        let said = check_unchanged(&directory.log(), &end).unwrap_err().to_string();
        assert!(said.contains("Kafka has run here since"), "{said}");
    }

    fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut content = fs::read(path)?;
        content.extend_from_slice(bytes);
        fs::write(path, content)
    }
}

mod adoptions {
    use super::*;

    fn of(values: &[Vec<u8>], partitions: &[&str]) -> Result<Option<String>, String> {
        Directory::new(&[(FIRST, &batch(0, values))]).adopted(partitions)
    }

    fn refused(values: &[Vec<u8>], partitions: &[&str]) -> String {
        of(values, partitions).unwrap_err()
    }

    #[test]
    fn a_topic_has_its_own_settings_and_the_brokers_that_were_changed_while_it_ran() {
        let records = [
            topic("a", ID),
            partition(0),
            config(2, "a", "retention.ms", Some(" -1")),
            config(4, "", "log.retention.ms", Some("5")),
            config(4, "", "log.segment.bytes", Some("2000000")),
            config(4, "", "min.insync.replicas", Some("1")),
            config(4, "1", "max.connections", Some("1")),
        ];
        let adopted = of(&records, &["a-0"]).unwrap().unwrap();
        assert_eq!(adopted, r#"a 1 {"retention.ms": "-1", "segment.bytes": "2000000"}"#);
    }

    #[test]
    fn where_a_setting_is_not_understood_nothing_is_deleted() {
        let forever = r#""retention.bytes": "-1", "retention.ms": "-1""#;
        let with = |name: &str, text: &str| {
            let retention = config(2, "a", "retention.ms", Some("1000"));
            let setting = config(2, "a", name, Some(text));
            of(&[topic("a", ID), partition(0), retention, setting], &["a-0"]).unwrap().unwrap()
        };
        for (name, text) in
            [("keep.for.the.court", "true"), ("cleanup.policy", "burn"), ("retention.bytes", "some")]
        {
            let adopted = with(name, text);
            assert!(adopted.contains(forever), "{name}: {adopted}");
        }
        assert!(
            with("compression.type", "lz4").contains(r#""compression.type": "lz4", "retention.ms": "1000""#)
        );
        assert!(with("cleanup.policy", "compact,delete").contains(r#""retention.ms": "1000""#));
    }

    #[test]
    fn only_what_this_node_holds_whole_is_taken_over() {
        let said = refused(&[topic("a", ID), held_by(0, &[2], &[2], HERE)], &["a-0"]);
        assert!(said.contains("a-0 is held by the nodes [2], but not by this one, 1"), "{said}");
        let said = refused(&[topic("a", ID), held_by(0, &[1, 2], &[2], HERE)], &["a-0"]);
        assert!(said.contains("this one, 1, is not in sync"), "{said}");
        assert!(of(&[topic("a", ID), held_by(0, &[2, 1], &[1, 2], HERE)], &["a-0"]).is_ok());
        assert!(of(&[topic("a", ID), held_by(0, &[1], &[], HERE)], &["a-0"]).is_ok(), "it has stopped");
        let said = refused(&[topic("a", ID), partition(1)], &["a-1"]);
        assert!(said.contains("lacks partitions: only [1] are known"), "{said}");
        let tiered = config(2, "a", "remote.storage.enable", Some("true"));
        let said = refused(&[topic("a", ID), partition(0), tiered], &["a-0"]);
        assert!(said.contains("remote.storage.enable"), "{said}");
    }

    #[test]
    fn a_partition_that_is_not_here_is_one_that_was_being_made_or_stands_in_the_way() {
        assert!(of(&[topic("a", ID), partition(0)], &[]).is_ok());
        let elsewhere = refused(&[topic("a", ID), held_by(0, &[1], &[1], Uuid([5; 16]))], &[]);
        assert!(
            elsewhere.contains("a-0 lies in the directory") && elsewhere.contains("log.dirs"),
            "{elsewhere}"
        );
        let said = refused(&[topic("a", ID), held_by(0, &[1], &[1], Uuid::ZERO)], &[]);
        assert!(said.contains("a-0 is not here"), "{said}");
    }

    #[test]
    fn partitions_that_the_log_does_not_know_are_refused_unless_it_is_whole_for_certain() {
        let other = Uuid([5; 16]);
        let log = || batch(0, &[topic("a", ID), partition(0)]);
        let directory = || Directory::new(&[(FIRST, &log())]).with_partition("a-0", ID);
        let unknown = directory().with_partition("a-1", ID).with_partition("b-0", other);
        let names = ["a-0", "a-1", "b-0"];
        for last_stop in [LastStop::Unclean, LastStop::Clean] {
            let said = unknown.adopted_behind(last_stop, &names).unwrap_err();
            assert!(said.contains("it ends with offset 2") && said.contains("(a-1, b-0)"), "{said}");
        }
        let at_the_end = unknown.with("__cluster_metadata-0/00000000000000000002.snapshot", b"");
        assert!(at_the_end.adopted(&names).is_ok(), "they are put aside, as by Kafka");
        let copy = directory().with_partition("copy-0", ID);
        assert!(copy.adopted(&["a-0", "copy-0"]).is_ok(), "a copy under another name");
        let records = [topic("b", other), removed(other), topic("a", ID), partition(0)];
        let deleted = Directory::new(&[(FIRST, &batch(0, &records))]).with_partition("a-0", ID);
        assert!(
            deleted.with_partition("b-0", other).adopted(&["a-0", "b-0"]).is_ok(),
            "it was being deleted"
        );
        let content = batch(1, &[topic("a", ID), partition(0)]);
        let snapshot = [control(0, 3, &[0, 0, 0]), content, control(3, 4, &[0, 0, 0])].concat();
        let name = "00000000000000000004-0000000001.checkpoint";
        let deleted = Directory::new(&[(FIRST, &batch(0, &records)), (name, &snapshot)]);
        let deleted = deleted.with_partition("a-0", ID).with_partition("b-0", other);
        assert!(deleted.adopted(&["a-0", "b-0"]).is_ok(), "a snapshot was made meanwhile");
    }

    #[test]
    fn a_segments_beginning_is_no_proof_that_it_has_no_more() {
        let log = batch(0, &[topic("a", ID), partition(0)]);
        let rolled = Directory::new(&[(FIRST, &log), ("00000000000000000002.log", b"")]);
        let rolled = rolled.with("__cluster_metadata-0/00000000000000000002.snapshot", b"");
        let rolled = rolled.with_partition("a-0", ID).with_partition("b-0", Uuid([5; 16]));
        assert!(rolled.adopted(&["a-0", "b-0"]).unwrap_err().contains("(b-0)"));
    }

    #[test]
    fn a_partition_whose_files_are_gone_is_refused_if_it_held_records() {
        let log = batch(0, &[topic("a", ID), partition(0)]);
        let directory = |files: &[(&str, &str)]| {
            let made = Directory::new(&[(FIRST, &log)]);
            files.iter().fold(made, |made, (name, offsets)| {
                made.with(&format!("{name}-checkpoint"), format!("0\n1\n{offsets}\n").as_bytes())
            })
        };
        let (synced, seen, start) = ("recovery-point-offset", "replication-offset", "log-start-offset");
        for held in [[(synced, "a 0 5"), (seen, "a 0 0")], [(synced, "a 0 0"), (seen, "a 0 7")]] {
            let said = directory(&held).adopted(&[]).unwrap_err();
            assert!(said.contains("held records are missing (a-0)"), "{said}");
            let empty = directory(&held).with("a-0/partition.metadata", b"");
            assert!(empty.adopted(&["a-0"]).unwrap_err().contains("(a-0)"), "its segments alone are gone");
            assert!(directory(&held).with_partition("a-0", ID).adopted(&["a-0"]).is_ok(), "it is there");
            let another = directory(&held).with_partition("a-0", Uuid([5; 16]));
            assert!(another.adopted(&["a-0"]).is_err(), "another topic's");
        }
        for nothing_lost in [[(synced, "a 0 0"), (seen, "b 0 7")], [(synced, "a 0 9"), (start, "a 0 9")]] {
            assert!(directory(&nothing_lost).adopted_behind(LastStop::Clean, &[]).is_ok());
        }
        let said = directory(&[]).adopted_behind(LastStop::Clean, &[]).unwrap_err();
        assert!(said.contains("recovery-point-offset-checkpoint") && said.contains("(a-0)"), "{said}");
    }

    #[test]
    fn producer_ids_are_far_from_those_that_kafka_gives_out_next() {
        let ids = ProducerIdsRecord { next_producer_id: 5000, ..Default::default() };
        let records = [topic("a", ID), partition(0), value(15, 0, &ids)];
        let first = || {
            let directory = Directory::new(&[(FIRST, &batch(0, &records))]).with_partition("a-0", ID);
            directory.producer_ids(&["a-0"])
        };
        let (one, another) = (first(), first());
        assert!(one >= 1 << 40 && another >= 1 << 40, "{one} {another}");
        assert!(one.abs_diff(another) > 1 << 30, "{one} {another}: an earlier life's come again");
    }

    #[test]
    fn of_several_voters_nobody_knows_what_is_committed() {
        let log = |voters: &[u8]| [elected(0, voters), batch(1, &[topic("a", ID), partition(0)])].concat();
        let said = Directory::new(&[(FIRST, &log(&[1, 2, 3]))]).adopted(&["a-0"]).unwrap_err();
        assert!(said.contains("with 3 controllers, [1, 2, 3]"), "{said}");
        assert!(Directory::new(&[(FIRST, &log(&[3]))]).adopted(&["a-0"]).unwrap().is_some());
    }

    #[test]
    fn partitions_without_a_metadata_log_are_refused_and_an_empty_directory_is_new() {
        assert_eq!(Directory::new(&[]).adopted(&[]), Ok(None));
        let said = Directory::new(&[]).adopted(&["a-0", "a-1", "b-0", "c-0"]).unwrap_err();
        assert!(said.contains("(a-0, a-1, b-0, c-0)") && said.contains("metadata.log.dir"), "{said}");
    }

    #[test]
    fn an_empty_log_knows_no_settings_either() {
        for blank in [&[][..], &elected(0, &[1]), &batch(0, &[feature("metadata.version", 30)])[..70]] {
            let directory = Directory::new(&[(FIRST, blank)]);
            let said = directory.adopted(&["a-0"]).unwrap_err();
            assert!(said.contains("it is empty") && said.contains("(a-0)"), "{said}");
            assert_eq!(directory.adopted(&[]), Ok(Some(String::new())), "Kafka was formatted and never ran");
        }
        let none =
            Directory::new(&[(FIRST, &batch(0, &[feature("metadata.version", 30)]))]).adopted(&["a-0"]);
        assert_eq!(none, Ok(Some(String::new())), "all topics were deleted");
    }
}
