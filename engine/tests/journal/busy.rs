//! Partitions that are never idle: nobody else waits for them for ever.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use creel_engine::{
    Batch, InJournal, JournalFiles, LogConfig, Offset, OpenLog, Partition, TopicId, TopicPartition,
    TurnWriter,
};
use creel_io::JoinHandle;

use crate::common::{append, batch, on_core, opening};

async fn partition(directory: &Path, writer: &TurnWriter, topic: u8) -> Partition {
    let name = TopicPartition::new(&*format!("busy{topic}"), 0);
    let in_journal = Some(InJournal { topic: TopicId([topic; 16]), found: Default::default() });
    let opening = OpenLog {
        directory: directory.join(name.directory_name()),
        name,
        in_journal,
        ..opening(directory, LogConfig::default())
    };
    Partition::open(writer, opening).await.unwrap()
}

async fn with_journal(directory: &Path, blocks: u64) -> TurnWriter {
    let (directory, bytes) = (directory.to_path_buf(), blocks * 4096);
    let writer = TurnWriter::new();
    writer.begin_journal(&JournalFiles { directory, core: 0, count: 2, bytes }, 1).await.unwrap();
    writer
}

/// Appends without a pause until it is told to stop, `most` times at most. Returns how often.
fn flood(partition: &Partition, batch: Batch, most: usize, stop: &Rc<Cell<bool>>) -> JoinHandle<usize> {
    let (partition, stop) = (partition.clone(), stop.clone());
    creel_io::spawn(async move {
        let mut appended = 0;
        while appended < most && !stop.get() {
            append(&partition, &batch).await;
            appended += 1;
        }
        appended
    })
}

#[test]
fn a_cut_waits_for_one_record_and_not_for_those_that_follow() {
    const MOST: usize = 2000;
    on_core(|directory| async move {
        let writer = with_journal(&directory, 1024).await;
        let quiet = partition(&directory, &writer, 9).await;
        append(&quiet, &batch(2, 100, 1)).await;
        assert_eq!(writer.journal_counts().pieces, 1);
        let stop = Rc::new(Cell::new(false));
        let mut floods = Vec::new();
        for topic in 0..3 {
            let busy = partition(&directory, &writer, topic).await;
            floods.extend((0..3).map(|_| flood(&busy, batch(1, 100, topic), MOST, &stop)));
        }
        while writer.journal_counts().records < 20 {
            creel_io::pace(1000).await;
        }
        quiet.truncate_to(Offset::ZERO, async |_| Ok(())).await.unwrap();
        stop.set(true);
        for flood in floods {
            assert!(flood.await < MOST, "the cut came after all appends");
        }
    });
}
