//! The cores' journals: what a start finds in them, how it becomes void, and how the journals of this life begin.
//!
//! Partitions append what they lack of it when they are opened. What is found stays until all of them have.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use creel_engine::{FoundJournals, JournalFiles, TopicId};
use creel_io::spawn;
use creel_wire::Uuid;

use crate::core::{Core, Question, ask_all_cores};
use crate::limits::{JOURNAL_BLOCK_BYTES, JOURNAL_FILES};
use crate::metadata::MetaProperties;
use crate::peers::questions::BeginJournal;
use crate::topics::replicas::opening::OpenedTopics;

/// Reads the journals of all cores that ever had one here.
pub(super) async fn find(data_dir: &Path) -> io::Result<Arc<FoundJournals>> {
    Ok(Arc::new(FoundJournals::read(data_dir).await?))
}

/// Says what the journals hold of topics that are not among these. Nobody appends it.
pub(super) fn tell_of_others(found: &FoundJournals, topics: &[Uuid]) {
    let topics: BTreeSet<_> = topics.iter().map(|topic| topic.0).collect();
    let records = found.records_of_others(|topic| topics.contains(&topic.0));
    if records > 0 {
        tracing::info!(records, "records of the journals belong to topics that are not there");
    }
}

/// Core 0: makes void what was found, and has every core begin its journal, if there is to be one. Every partition is
/// open now. Without this the broker serves all the same: it syncs partitions.
pub(super) async fn begin(core: &Rc<Core>, data_dir: &Path, found: &FoundJournals, opened: &OpenedTopics) {
    if opened.failed.keys().any(|topic| found.holds(TopicId(topic.0))) {
        // Nothing else holds their records. The next start appends them, if it can open them.
        tracing::error!(
            "the journals hold records of a partition that is offline: they are kept, and not used"
        );
        return;
    }
    let (is_wanted, cores) = (core.node.broker().creel_journal, core.node.cores);
    let is_kept = |core: usize, number: usize| is_wanted && core < cores && number < JOURNAL_FILES;
    let emptied = if opened.not_replayed == 0 {
        found.make_void(data_dir, is_kept).await
    } else {
        found.put_aside(data_dir, is_kept).await.map(|kept| tell_kept(opened.not_replayed, &kept))
    };
    // Before a journal takes its first record: nothing else opens the directory then as if there were none.
    let marked = match emptied {
        Ok(()) => MetaProperties::mark_journals(data_dir, is_wanted).await,
        Err(error) => Err(error),
    };
    match marked {
        Ok(()) => {
            let generation = found.next_generation();
            ask_all_cores(core, || BeginJournal { generation }).await;
        }
        Err(error) => {
            tracing::error!(%error, "the journals cannot be emptied, or the directory not marked: they are not used")
        }
    }
}

fn tell_kept(records: u64, kept: &[PathBuf]) {
    for file in kept {
        tracing::error!(
            file = %file.display(), records,
            "records of the journals fit no log: this file is kept, and nothing reads it"
        );
    }
}

impl Question for BeginJournal {
    /// Making the files takes a while, so nobody waits for it.
    async fn answer_here(self, core: Rc<Core>) {
        let broker = core.node.broker();
        if !broker.creel_journal {
            core.turn_writer.forgo_journal();
            return;
        }
        let bytes = u64::try_from(broker.creel_journal_bytes).unwrap_or_default() / JOURNAL_FILES as u64;
        let files = JournalFiles {
            directory: core.node.config.data_dir.clone(),
            core: core.id.index(),
            count: JOURNAL_FILES,
            bytes: bytes / JOURNAL_BLOCK_BYTES * JOURNAL_BLOCK_BYTES,
        };
        spawn(async move {
            if let Err(error) = core.turn_writer.begin_journal(&files, self.generation).await {
                tracing::error!(%error, "this core has no journal: partitions are synced instead");
            }
        });
    }
}
