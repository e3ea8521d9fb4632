//! Writes the records of the core's journal: one small write for all partitions in which someone waits.
//!
//! What goes into a record is read back from the page cache. At most one record is written at a time. What asks meanwhile
//! goes into the next one, so the busier the core is, the more partitions one write serves. While the journal is full, and
//! once a write to it has failed, partitions are synced instead.

use std::io;
use std::rc::Rc;

use creel_io::fs::AlignedBuffer;

use crate::fault_points::{self, Bug};
use crate::format::batch::{BatchHeader, check_crc};
use crate::format::journal_record::{PieceHeader, RecordBuilder};
use crate::jobs::running::{Run, Work};
use crate::journal::open::{JournalFiles, OpenJournal, Ready};
use crate::journal::shared::{JournalCounts, JournalStatus, Phase, SharedJournal};
use crate::journal::void::make_all_void;
use crate::log::End;
use crate::offset::Offset;
use crate::partition::journaling::Gap;
use crate::partition::state::{State, TurnWriter};
use crate::partition::{commit, open_files};

type CoreJournal = SharedJournal<State>;

/// How a core's journal ended. Either way the segments hold on the medium all that it ever held.
#[derive(Debug)]
pub enum JournalEnd {
    /// It holds nothing any more, durably.
    Void,
    /// Its files could not be emptied. Whoever reads them finds what the segments hold, too.
    StillThere(io::Error),
}

impl TurnWriter {
    /// Begins the core's journal. What a start found must be void by now; `generation` is its
    /// [`next_generation`](crate::FoundJournals::next_generation). Files that are missing are made and written once,
    /// which takes a while. Until then partitions are synced as if there were no journal.
    pub async fn begin_journal(&self, files: &JournalFiles, generation: u64) -> io::Result<()> {
        self.forgo_journal();
        let open = OpenJournal::open(files, generation).await?;
        self.journal.set_phase(Phase::On(Box::new(open)));
        creel_io::spawn(write_records(self.clone()));
        Ok(())
    }

    /// Goes on without a journal. What was found must be void by now.
    pub fn forgo_journal(&self) {
        self.journal.set_phase(Phase::Void);
    }

    /// Ends the core's journal, and makes it void, also if a write to it has failed. Every partition of the core must be
    /// closed. Refused if the segments lack something that the journal holds: then the stop was not clean.
    pub async fn end_journal(&self) -> io::Result<JournalEnd> {
        self.journal.begin_alone().await;
        let outcome = self.end_alone().await;
        self.journal.end_writing();
        outcome
    }

    async fn end_alone(&self) -> io::Result<JournalEnd> {
        let Some(files) = self.journal.written_files() else { return Ok(JournalEnd::Void) };
        if !self.journal.is_all_synced() {
            return Err(io::Error::other("the journal holds batches that the segments may lack"));
        }
        self.journal.set_phase(Phase::Unused);
        if let Err(error) = make_all_void(&files).await {
            return Ok(JournalEnd::StillThere(error));
        }
        self.forgo_journal();
        Ok(JournalEnd::Void)
    }

    /// What the core's journal does.
    pub fn journal_status(&self) -> JournalStatus {
        self.journal.status()
    }

    /// What the core's journal has done.
    pub fn journal_counts(&self) -> JournalCounts {
        self.journal.counts()
    }
}

/// Writes records for as long as the journal takes any.
async fn write_records(writer: TurnWriter) {
    let journal = &writer.journal;
    while journal.begin_writing().await {
        while journal.goes_on() {
            if let Some((ready, pieces)) = gather(journal) {
                write(&writer, ready, pieces).await;
            }
        }
        journal.end_writing();
    }
    // Those who came while the last write failed.
    journal.take_waiting().iter().for_each(commit::sync_soon);
}

/// A partition in the record that is being written. While it is, the log is busy.
struct Piece {
    run: Run<Rc<State>>,
    covers: End,
}

/// Puts the next record together. Partitions that it has no room for wait for the one after it; those that the journal
/// can't serve are synced. `None`: there is nothing to write.
fn gather(journal: &CoreJournal) -> Option<(Ready, Vec<Piece>)> {
    let mut waiting = journal.take_waiting();
    let mut phase = journal.phase.borrow_mut();
    let Phase::On(open) = &mut *phase else {
        waiting.iter().for_each(commit::sync_soon);
        return None;
    };
    let Some(mut record) = open.begin(|key| journal.synced(key)) else {
        journal.note_full();
        waiting.iter().for_each(commit::sync_soon);
        return None;
    };
    let mut pieces = Vec::with_capacity(waiting.len());
    let left = waiting.iter().position(|state| add_piece(&mut record, state, &mut pieces) == Fits::No);
    journal.wait_on(waiting.split_off(left.unwrap_or(waiting.len())));
    if record.is_empty() {
        open.give_up(record);
        return None;
    }
    let Some(ready) = open.seal(record, |key| journal.synced(key)) else {
        journal.note_full();
        pieces.iter().for_each(|piece| commit::sync_soon(piece.run.owner()));
        return None;
    };
    Some((ready, pieces))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fits {
    Yes,
    /// Not in this record, but in the next one.
    No,
}

fn add_piece(record: &mut RecordBuilder<AlignedBuffer>, state: &Rc<State>, pieces: &mut Vec<Piece>) -> Fits {
    let log = state.log.borrow();
    let (Some(topic), true) = (state.in_journal.topic, state.is_healthy()) else { return Fits::Yes };
    let Some(gap) = Gap::of(&log) else {
        let is_durable = log.cursors().durable == log.cursors().written;
        drop(log);
        if !is_durable {
            commit::sync_soon(state);
        }
        return Fits::Yes;
    };
    let bytes = gap.bytes as u32;
    if !record.fits(bytes as usize) {
        return Fits::No;
    }
    let (partition, base, end) = (state.name.partition, gap.base, gap.covers.offset);
    let header = PieceHeader { topic, partition, base, end, bytes };
    let may_skip = state.config.borrow().may_skip_offsets();
    let read = open_files::active_file(state, log.active()).and_then(|file| {
        record.push(&header, |into| match file.try_read_at(into, gap.position.get())? {
            Some(read) if read == into.len() && are_whole(into, base, end, may_skip) => Ok(()),
            // It is not in the page cache any more.
            _ => Err(io::ErrorKind::WouldBlock.into()),
        })
    });
    drop(log);
    match read {
        Ok(()) => pieces.push(Piece { run: Run::begin(state.clone(), Work::Journal), covers: gap.covers }),
        Err(_) => commit::sync_soon(state),
    }
    Fits::Yes
}

/// Whether these are whole batches from `base` to `end`, without a gap unless the log may have some. If the kernel could not write a page back, it says
/// so at the next sync, and meanwhile it may have dropped the page. What is read then is what the medium holds.
fn are_whole(mut batches: &[u8], base: Offset, end: Offset, may_skip: bool) -> bool {
    let mut due = base;
    while !batches.is_empty() {
        let Ok(header) = BatchHeader::parse(batches) else { return false };
        let follows = header.base_offset == due || (may_skip && header.base_offset > due);
        let is_due = follows && header.size_bytes <= batches.len();
        if !is_due || check_crc(&header, batches).is_err() {
            return false;
        }
        due = header.end_offset();
        batches = &batches[header.size_bytes..];
    }
    due == end
}

/// Writes a record. When it is on the medium, its pieces are durable.
async fn write(writer: &TurnWriter, ready: Ready, pieces: Vec<Piece>) {
    let journal = &writer.journal;
    for piece in &pieces {
        journal.holds(piece.run.owner());
        if fault_points::has(Bug::JournalAckedEarly) {
            make_durable(piece.run.owner(), piece.covers);
        }
    }
    let Ready { file, memory, position, begins_file } = ready;
    let (outcome, memory) = file.write_durable(memory, position).await;
    match outcome {
        Ok(()) => wrote(journal, memory, &pieces),
        Err(error) => {
            tracing::error!(
                %error,
                "a write to the journal failed: it is not used until restart, partitions are synced instead"
            );
            let files = journal.written_files().unwrap_or_default();
            journal.set_phase(Phase::Failed(files));
        }
    }
    for piece in pieces {
        let state = piece.run.owner().clone();
        drop(piece);
        commit::start(&state);
    }
    if begins_file {
        journal.pace();
    }
    commit::make_space_soon(writer);
}

fn wrote(journal: &CoreJournal, memory: AlignedBuffer, pieces: &[Piece]) {
    journal.count(|counts| {
        counts.records += 1;
        counts.bytes += memory.len() as u64;
        counts.pieces += pieces.len() as u64;
    });
    if let Phase::On(open) = &mut *journal.phase.borrow_mut() {
        let ends = pieces.iter().map(|piece| (piece.run.owner().in_journal.key, piece.covers.offset));
        open.wrote(memory, ends);
    }
    pieces.iter().for_each(|piece| make_durable(piece.run.owner(), piece.covers));
}

fn make_durable(state: &Rc<State>, covers: End) {
    if !state.is_healthy() {
        return;
    }
    let mut log = state.log.borrow_mut();
    log.journaled(covers);
    if state.turn_writer.times().is_some() {
        state.sync_times.note(covers.offset, creel_io::now());
    }
    state.raise_high_watermark(&mut log, state.visibility().after_sync(covers));
}

/// Makes void what the journal holds of a partition from `end` on, durably. Everything before it is synced.
pub(crate) async fn write_cut(state: &Rc<State>, end: Offset) -> io::Result<()> {
    let (Some(topic), true) = (state.in_journal.topic, state.in_journal.has_pieces.get()) else {
        return Ok(());
    };
    let journal = &state.turn_writer.journal;
    journal.begin_alone().await;
    let cut = PieceHeader::cut(topic, state.name.partition, end);
    let outcome = match ready_cut(journal, state, &cut) {
        Ok(Some(ready)) => {
            write(&state.turn_writer, ready, Vec::new()).await;
            if journal.is_on() { Ok(()) } else { Err(io::Error::other("the journal failed")) }
        }
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    journal.end_writing();
    outcome
}

/// `None`: what was written does not count anyway.
fn ready_cut(journal: &CoreJournal, state: &State, cut: &PieceHeader) -> io::Result<Option<Ready>> {
    match &mut *journal.phase.borrow_mut() {
        Phase::Void => Ok(None),
        Phase::Unused | Phase::Failed(_) => {
            Err(io::Error::other("the journal holds what is cut, and takes no records"))
        }
        Phase::On(open) => {
            open.forget(state.in_journal.key);
            let full = || io::Error::new(io::ErrorKind::StorageFull, "the journal is full");
            let mut record = open.begin(|key| journal.synced(key)).ok_or_else(full)?;
            record.push(cut, |_| Ok::<(), io::Error>(()))?;
            open.seal(record, |key| journal.synced(key)).map(Some).ok_or_else(full)
        }
    }
}
