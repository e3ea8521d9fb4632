//! Stories on the kernel: what a start does with a journal and with logs that lack something of it, or differ from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use creel_engine::{
    BatchBuilder, FoundJournals, InJournal, JournalFiles, JournalStatus, LogConfig, Offset, OpenLog,
    Partition, TopicId, TurnWriter,
};

use crate::common::{append, batch, log_path, name, on_core, opening, read_all};

const TOPIC: TopicId = TopicId([9; 16]);
const FILE_BYTES: u64 = 1 << 20;

fn files(directory: &Path) -> JournalFiles {
    JournalFiles { directory: directory.to_path_buf(), core: 0, count: 2, bytes: FILE_BYTES }
}

async fn open_at(directory: &Path, writer: &TurnWriter, topic: TopicId) -> Partition {
    let found = Arc::new(FoundJournals::read(directory).await.unwrap());
    let in_journal = Some(InJournal { topic, found });
    let opening = OpenLog { in_journal, ..opening(directory, LogConfig::default()) };
    Partition::open(writer, opening).await.unwrap()
}

/// A log of ten batches that are durable by the journal, and a writer that nobody closes.
async fn ten_batches(directory: &Path) -> (TurnWriter, Partition) {
    let writer = TurnWriter::new();
    let partition = open_at(directory, &writer, TOPIC).await;
    writer.begin_journal(&files(directory), 1).await.unwrap();
    for fill in 0..10 {
        append(&partition, &batch(2, 400, fill)).await;
    }
    assert_eq!(writer.journal_counts().pieces, 10, "every batch is in a record of its own");
    assert_eq!(partition.durable_end(), Offset::ZERO + 20);
    (writer, partition)
}

fn copy_all(directory: &Path, copy: &Path) {
    fs::create_dir_all(copy.join("orders-0")).unwrap();
    for from in [directory.to_path_buf(), directory.join("orders-0")] {
        let to = if from == directory { copy.to_path_buf() } else { copy.join("orders-0") };
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The directory as a crash leaves it now, with the segment cut to so many of its batches.
fn crashed(directory: &Path, batches: usize) -> PathBuf {
    let copy = directory.join(format!("crashed-{}", creel_io::random_u64()));
    copy_all(directory, &copy);
    let log = fs::OpenOptions::new().write(true).open(log_path(&copy, 0)).unwrap();
    log.set_len((batches * one_batch()) as u64).unwrap();
    copy
}

fn one_batch() -> usize {
    batch(2, 400, 0).size_bytes()
}

fn first_journal(directory: &Path) -> PathBuf {
    directory.join("creel-0-0.journal")
}

/// Reopens what a crash has left, and returns how many batches there are.
async fn reopened(directory: &Path) -> usize {
    reopened_as(directory, TOPIC).await
}

/// The same, and the last byte of the first value of each.
async fn reopened_values(directory: &Path) -> Vec<u8> {
    let partition = open_at(directory, &TurnWriter::new(), TOPIC).await;
    let found = read_all(&partition, 0).await;
    found.iter().map(|(_, bytes)| bytes[200]).collect()
}

async fn reopened_as(directory: &Path, topic: TopicId) -> usize {
    let partition = open_at(directory, &TurnWriter::new(), topic).await;
    assert_eq!(partition.durable_end(), partition.next_offset(), "what is served is on the medium");
    let found = read_all(&partition, 0).await;
    for (at, (header, _)) in (0..).zip(&found) {
        assert_eq!(header.base_offset, Offset::ZERO + 2 * at);
    }
    found.len()
}

#[test]
fn a_log_gets_back_what_only_the_journal_holds() {
    on_core(|directory| async move {
        let _open = ten_batches(&directory).await;
        for left in [0, 1, 5, 9, 10] {
            let copy = crashed(&directory, left);
            assert_eq!(reopened(&copy).await, 10, "{left} were left");
            // Nothing made the journal void: the next start finds all of it once more.
            assert_eq!(reopened(&copy).await, 10, "{left} were left");
        }
    });
}

#[test]
fn a_void_journal_says_nothing_and_another_life_begins() {
    on_core(|directory| async move {
        let _open = ten_batches(&directory).await;
        let copy = crashed(&directory, 4);
        let found = FoundJournals::read(&copy).await.unwrap();
        assert!(!found.is_empty() && found.holds(TOPIC) && !found.holds(TopicId([8; 16])));
        assert_eq!(found.next_generation(), 2);
        found.make_void(&copy, |_, _| true).await.unwrap();
        assert_eq!(reopened(&copy).await, 4);
        assert!(FoundJournals::read(&copy).await.unwrap().is_empty());

        let writer = TurnWriter::new();
        let partition = open_at(&copy, &writer, TOPIC).await;
        writer.begin_journal(&files(&copy), 2).await.unwrap();
        append(&partition, &batch(2, 400, 77)).await;
        assert_eq!(
            reopened(&crashed(&copy, 4)).await,
            5,
            "records of the life before lie behind the new one"
        );

        fs::write(copy.join("creel-7-1.journal.tmp"), b"unfinished").unwrap();
        found.make_void(&copy, |_, number| number == 0).await.unwrap();
        assert!(!copy.join("creel-7-1.journal.tmp").exists());
        assert!(first_journal(&copy).exists() && !copy.join("creel-0-1.journal").exists());
    });
}

#[test]
fn a_clean_stop_leaves_the_journal_empty() {
    on_core(|directory| async move {
        let (writer, partition) = ten_batches(&directory).await;
        let refusal = writer.end_journal().await.unwrap_err();
        assert!(refusal.to_string().contains("segments may lack"), "{refusal}");
        assert_eq!(writer.journal_status(), JournalStatus::On);
        partition.close().await.unwrap();
        assert!(!FoundJournals::read(&directory).await.unwrap().is_empty());
        writer.end_journal().await.unwrap();
        assert_eq!(writer.journal_status(), JournalStatus::Off);
        assert!(FoundJournals::read(&directory).await.unwrap().is_empty());
        assert_eq!(reopened(&directory).await, 10);
    });
}

#[test]
fn a_topic_that_was_made_again_has_nothing_in_the_journal() {
    on_core(|directory| async move {
        let _open = ten_batches(&directory).await;
        assert_eq!(reopened_as(&crashed(&directory, 0), TopicId([1; 16])).await, 0);
    });
}

#[test]
fn a_log_that_differs_stays_as_it_is() {
    on_core(|directory| async move {
        let _open = ten_batches(&directory).await;
        let copy = crashed(&directory, 5);
        {
            // Something that knows no journal opens the directory and appends.
            let other =
                Partition::open(&TurnWriter::new(), opening(&copy, LogConfig::default())).await.unwrap();
            append(&other, &batch(2, 400, 99)).await;
        }
        assert_eq!(reopened(&copy).await, 6);
    });
}

#[test]
fn what_fits_no_log_is_kept_under_another_name() {
    on_core(|directory| async move {
        let _open = ten_batches(&directory).await;
        let copy = crashed(&directory, 10);
        let mut bytes = fs::read(log_path(&copy, 0)).unwrap();
        let journal = fs::read(first_journal(&copy)).unwrap();
        bytes.truncate(5 * one_batch());
        fs::write(log_path(&copy, 0), &bytes).unwrap();
        // The log goes on differently than the journal says.
        let other = Partition::open(&TurnWriter::new(), opening(&copy, LogConfig::default())).await.unwrap();
        append(&other, &batch(2, 400, 99)).await;
        let partition = open_at(&copy, &TurnWriter::new(), TOPIC).await;
        assert_eq!(partition.not_replayed(), 10, "five batches of two records");
        for number in 1..3 {
            let found = FoundJournals::read(&copy).await.unwrap();
            assert_eq!(found.records_of_others(|topic| topic == TOPIC), 0);
            assert_eq!(found.records_of_others(|_| false), 20);
            let kept = found.put_aside(&copy, |_, _| true).await.unwrap();
            assert_eq!(kept, [copy.join(format!("creel-0-0.journal.kept-{number}"))]);
            assert_eq!(fs::read(&kept[0]).unwrap(), journal);
            assert!(FoundJournals::read(&copy).await.unwrap().is_empty());
            assert!(copy.join("creel-0-1.journal").exists());
            fs::write(first_journal(&copy), &journal).unwrap();
        }
        assert_eq!(open_at(&crashed(&directory, 5), &TurnWriter::new(), TOPIC).await.not_replayed(), 0);
    });
}

#[test]
fn what_was_cut_off_or_thrown_away_does_not_come_back() {
    on_core(|directory| async move {
        let (_writer, partition) = ten_batches(&directory).await;
        partition.truncate_to(Offset::ZERO + 8, async |_| Ok(())).await.unwrap();
        for left in [0, 4] {
            assert_eq!(reopened(&crashed(&directory, left)).await, 4);
        }
        append(&partition, &batch(2, 400, 50)).await;
        for left in [0, 4, 5] {
            let found = reopened_values(&crashed(&directory, left)).await;
            assert_eq!(found, [0, 1, 2, 3, 50]);
        }
        let start = Offset::ZERO + 2;
        partition.truncate_fully_and_start_at(start, async || Ok(())).await.unwrap();
        let copy = directory.join("anew");
        copy_all(&directory, &copy);
        let anew = open_at(&copy, &TurnWriter::new(), TOPIC).await;
        assert_eq!((anew.log_start(), anew.next_offset()), (start, start));
    });
}

#[test]
fn what_lies_behind_a_gap_is_not_appended() {
    on_core(|directory| async move {
        let writer = TurnWriter::new();
        let partition = open_at(&directory, &writer, TOPIC).await;
        for fill in 0..3 {
            append(&partition, &batch(2, 400, fill)).await;
        }
        writer.begin_journal(&files(&directory), 1).await.unwrap();
        append(&partition, &batch(2, 400, 3)).await;
        assert_eq!(reopened(&crashed(&directory, 3)).await, 4);
        assert_eq!(reopened(&crashed(&directory, 2)).await, 2, "batch 2 was synced, and is gone");
    });
}

#[test]
fn a_damaged_record_ends_what_is_appended_and_hides_no_other_partition() {
    on_core(|directory| async move {
        let _open = ten_batches(&directory).await;
        let copy = crashed(&directory, 0);
        let mut bytes = fs::read(first_journal(&copy)).unwrap();
        // One block a record: this is in the fourth.
        bytes[3 * 4096 + 200] ^= 1;
        fs::write(first_journal(&copy), &bytes).unwrap();
        assert_eq!(reopened(&copy).await, 3);
        let copy = crashed(&directory, 4);
        fs::write(first_journal(&copy), &bytes).unwrap();
        assert_eq!(reopened(&copy).await, 10, "what is lost of the journal, the log has");
    });
}

#[test]
fn a_torn_record_counts_for_nothing() {
    on_core(|directory| async move {
        let _open = ten_batches(&directory).await;
        let whole = fs::read(first_journal(&directory)).unwrap();
        for cut in [0, 1, 30, 47, 48, 100, 512, 900, 1000] {
            let copy = crashed(&directory, 0);
            let mut torn = whole.clone();
            torn[9 * 4096 + cut..10 * 4096].fill(0);
            fs::write(first_journal(&copy), torn).unwrap();
            assert_eq!(reopened(&copy).await, if cut == 1000 { 10 } else { 9 }, "cut at {cut}");
        }
    });
}

#[test]
fn a_journal_of_another_version_is_not_passed_over() {
    on_core(|directory| async move {
        let _open = ten_batches(&directory).await;
        let copy = crashed(&directory, 0);
        let mut bytes = fs::read(first_journal(&copy)).unwrap();
        bytes[15] = 2;
        fs::write(first_journal(&copy), bytes).unwrap();
        let error = FoundJournals::read(&copy).await.unwrap_err();
        assert!(error.to_string().contains("version 2"), "{error}");
    });
}

/// Ten batches, eight in the first file and two in the second.
async fn in_two_files(directory: &Path) -> (TurnWriter, Partition) {
    let writer = TurnWriter::new();
    let partition = open_at(directory, &writer, TOPIC).await;
    writer.begin_journal(&JournalFiles { bytes: 8 * 4096, ..files(directory) }, 1).await.unwrap();
    for fill in 0..10 {
        append(&partition, &batch(2, 400, fill)).await;
    }
    assert_eq!(writer.journal_counts().pieces, 10);
    (writer, partition)
}

fn flip(path: &Path, position: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[position] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_record_hides_none_behind_it_whatever_file_it_lies_in() {
    on_core(|directory| async move {
        let _open = in_two_files(&directory).await;
        for damaged in [3, 7] {
            let copy = crashed(&directory, 8);
            flip(&first_journal(&copy), damaged * 4096 + 200);
            assert_eq!(reopened(&copy).await, 10);
            let copy = crashed(&directory, damaged + 1);
            flip(&first_journal(&copy), damaged * 4096 + 200);
            assert_eq!(reopened(&copy).await, 10, "the log has what is lost of record {damaged}");
        }
        // The first of a file.
        let copy = crashed(&directory, 1);
        flip(&first_journal(&copy), 200);
        assert_eq!(reopened(&copy).await, 10);
        let copy = crashed(&directory, 9);
        flip(&copy.join("creel-0-1.journal"), 200);
        assert_eq!(reopened(&copy).await, 10);
    });
}

#[test]
fn what_a_damaged_record_says_of_its_life_counts_for_nothing() {
    on_core(|directory| async move {
        let _open = in_two_files(&directory).await;
        for position in [24, 31, 32, 39] {
            let copy = crashed(&directory, 0);
            flip(&copy.join("creel-0-1.journal"), position);
            assert_eq!(reopened(&copy).await, 8);
        }
    });
}

#[test]
fn what_clients_sent_is_never_taken_for_a_record() {
    on_core(|directory| async move {
        let writer = TurnWriter::new();
        let partition = open_at(&directory, &writer, TOPIC).await;
        writer.begin_journal(&JournalFiles { bytes: 16 * 4096, ..files(&directory) }, 1).await.unwrap();
        let pattern: Vec<u8> = b"CREELJRN".iter().copied().cycle().take(9 * 1024).collect();
        for phase in 0..8 {
            let value = &pattern[phase..];
            let evil = BatchBuilder::new(creel_io::wall_clock_ms()).record(1, None, Some(value)).build();
            append(&partition, &evil.unwrap()).await;
            partition.sync().await.unwrap();
        }
        assert_eq!(writer.journal_counts().pieces, 8);
        for fill in 0..40 {
            append(&partition, &batch(2, 400, fill)).await;
            FoundJournals::read(&directory).await.unwrap();
            partition.sync().await.unwrap();
        }
    });
}

#[test]
fn large_appends_and_those_of_no_topic_are_synced() {
    on_core(|directory| async move {
        let writer = TurnWriter::new();
        let partition = open_at(&directory, &writer, TOPIC).await;
        writer.begin_journal(&files(&directory), 1).await.unwrap();
        append(&partition, &batch(1, 100_000, 1)).await;
        assert_eq!(writer.journal_counts().records, 0);
        append(&partition, &batch(1, 100, 2)).await;
        assert_eq!(writer.journal_counts().records, 1);
        partition.close().await.unwrap();
        let none = Partition::open(&writer, opening(&directory, LogConfig::default())).await.unwrap();
        append(&none, &batch(1, 100, 3)).await;
        assert_eq!(writer.journal_counts().records, 1);
        assert_eq!(none.name(), &name());
    });
}

#[test]
fn a_file_of_another_size_is_made_anew() {
    on_core(|directory| async move {
        let _open = ten_batches(&directory).await;
        let copy = crashed(&directory, 0);
        // Not even whole blocks.
        fs::OpenOptions::new()
            .write(true)
            .open(copy.join("creel-0-1.journal"))
            .unwrap()
            .set_len(5000)
            .unwrap();
        let found = FoundJournals::read(&copy).await.unwrap();
        assert_eq!(reopened(&copy).await, 10);
        found.make_void(&copy, |_, _| true).await.unwrap();
        let larger = JournalFiles { bytes: 2 * FILE_BYTES, count: 3, ..files(&copy) };
        let writer = TurnWriter::new();
        writer.begin_journal(&larger, 2).await.unwrap();
        assert_eq!(writer.journal_status(), JournalStatus::On);
        for number in 0..3 {
            let path = copy.join(format!("creel-0-{number}.journal"));
            assert_eq!(fs::metadata(path).unwrap().len(), 2 * FILE_BYTES);
        }
    });
}
