//! The cores' journals: what a start finds in them, how it becomes void, and how the journals of this life begin.
//!
//! Partitions append what they lack of it when they are opened. What is found stays until all of them have.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use creel_engine::{FoundJournals, JournalFiles, TopicId, discard_journals};
use creel_io::spawn;
use creel_wire::Uuid;

use super::journal_places::JournalPlaces;
use crate::core::{Core, Question, ask_all_cores};
use crate::limits::{JOURNAL_BLOCK_BYTES, JOURNAL_FILES};
use crate::metadata::MetaProperties;
use crate::peers::questions::BeginJournal;
use crate::topics::replicas::opening::OpenedTopics;

/// Reads the journals of all cores that ever had one.
pub(super) async fn find(data_dir: &Path, places: &JournalPlaces) -> io::Result<Arc<FoundJournals>> {
    let directories: Vec<_> = [data_dir].into_iter().chain(places.before()).collect();
    Ok(Arc::new(FoundJournals::read_all(&directories).await?))
}

/// Says how many records the journals hold of topics that are not among these. Nobody appends them.
pub(super) fn tell_of_others(found: &FoundJournals, topics: &[Uuid]) -> u64 {
    let topics: BTreeSet<_> = topics.iter().map(|topic| topic.0).collect();
    let records = found.records_of_others(|topic| topics.contains(&topic.0));
    if records > 0 {
        tracing::info!(records, "records of the journals belong to topics that are not there");
    }
    records
}

/// Core 0: makes void what was found, and has every core begin its journal, if there is to be one. Every partition is
/// open now. Without this the broker serves all the same: it syncs partitions. Returns the files that were put aside; an
/// error says why what was found is still there.
pub(super) async fn begin(
    core: &Rc<Core>,
    places: &JournalPlaces,
    found: &FoundJournals,
    opened: &OpenedTopics,
) -> Result<Vec<PathBuf>, String> {
    if opened.failed.keys().any(|topic| found.holds(TopicId(topic.0))) {
        // Nothing else holds their records. The next start appends them, if it can open them.
        let reason = "the journals hold records of a partition that is offline: they are kept, and not used";
        tracing::error!("{reason}");
        return Err(reason.to_owned());
    }
    match make_way(core, places, found, opened.not_replayed).await {
        Ok(kept) => {
            places.give_back().await;
            let generation = found.next_generation();
            ask_all_cores(core, || BeginJournal { generation }).await;
            Ok(kept)
        }
        Err(error) => {
            let reason = "the journals cannot be emptied, or the directory not marked: they are not used";
            tracing::error!(%error, "{reason}");
            Err(format!("{reason}: {error}"))
        }
    }
}

/// Makes void what was found, and then says in the data directory where the journals of this life lie. A crash in between
/// finds either the old journals or none.
async fn make_way(
    core: &Core,
    places: &JournalPlaces,
    found: &FoundJournals,
    not_replayed: u64,
) -> io::Result<Vec<PathBuf>> {
    let (is_wanted, cores) = (core.node.broker().creel_journal, core.node.cores);
    let is_kept = |core: usize, number: usize| is_wanted && core < cores && number < JOURNAL_FILES;
    let directory = core.node.config.journal_directory();
    // What could not be read may be the only place of records that were acknowledged.
    let is_whole = !found.faults().iter().any(|fault| fault.is_loss);
    let kept = if not_replayed == 0 && is_whole {
        found.make_void(directory, is_kept).await?;
        Vec::new()
    } else {
        let kept = found.put_aside(directory, is_kept).await?;
        tell_kept(not_replayed, &kept);
        kept
    };
    if let Some(unread) = places.unread() {
        // What an earlier life has left there was in the segments when the data directory stopped naming it.
        discard_journals(unread, is_kept).await?;
    }
    // Before a journal takes its first record: nothing else opens the directory then as if there were none.
    MetaProperties::mark_journals(&core.node.config.data_dir, &places.mark(is_wanted)).await?;
    Ok(kept)
}

fn tell_kept(records: u64, kept: &[PathBuf]) {
    let why = match records {
        0 => "the journals could not be read whole",
        _ => "records of the journals fit no log",
    };
    for file in kept {
        tracing::error!(file = %file.display(), records, "{why}: this file is kept, and nothing reads it");
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
            directory: core.node.config.journal_directory().to_owned(),
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
