//! Acts on what `jobs::upkeep` decides: it rolls, runs retention, and frees what an idle log does not need.

use std::io;
use std::rc::Rc;

use crate::error::AppendError;
use crate::jobs::running::Work;
use crate::jobs::upkeep::{Upkeep, decide};
use crate::log::Cursors;
use crate::offset::Offset;
use crate::partition::retention::{drop_before, drop_expired, load_largest};
use crate::partition::state::State;
use crate::partition::{Partition, commit, roll, spare, turn_writer};

impl Partition {
    /// Does what is due at `now_ms` (wall clock). Returns the last thing it did.
    pub async fn upkeep(&self, now_ms: i64) -> io::Result<Upkeep> {
        let state = self.state();
        if state.check_open().is_err() {
            return Ok(Upkeep::Nothing);
        }
        load_largest(state, now_ms).await?;
        rest(state, now_ms);
        let due = {
            let log = state.log.borrow();
            decide(&log, &state.config.borrow(), log.cursors().high_watermark, now_ms)
        };
        match due {
            Upkeep::Nothing => {}
            Upkeep::Roll => roll_now(state, now_ms),
            Upkeep::DropBefore(offset) => drop_expired(state, offset).await?,
        }
        Ok(due)
    }

    /// Closes the active segment, however small it is, and begins the next. Returns the base offset of the new segment:
    /// everything appended until now lies in whole segments before it.
    pub fn roll(&self) -> Result<Offset, AppendError> {
        let state = self.state();
        state.check_open()?;
        state.check_end()?;
        let mut log = state.log.borrow_mut();
        turn_writer::write_staged(state, &mut log)?;
        if !log.active().is_empty() {
            let base = log.cursors().written;
            roll::roll(state, &mut log, base, creel_io::wall_clock_ms())?;
        }
        let begins = log.active().base;
        drop(log);
        commit::start(state);
        Ok(begins)
    }

    /// Moves the log's start to `offset` (DeleteRecords, retention), but never beyond the high watermark. Whole
    /// segments before it are removed. Returns where the log starts now.
    pub async fn advance_log_start(&self, offset: Offset) -> io::Result<Offset> {
        drop_before(self.state(), offset).await?;
        Ok(self.log_start())
    }
}

fn roll_now(state: &Rc<State>, now_ms: i64) {
    if state.running.has(Work::Truncate) {
        return;
    }
    let mut log = state.log.borrow_mut();
    if turn_writer::write_staged(state, &mut log).is_ok() {
        let base = log.cursors().written;
        // The log's health shows a failure.
        let _ = roll::roll(state, &mut log, base, now_ms);
    }
    drop(log);
    commit::start(state);
}

/// Frees what an idle log does not need: descriptors, the memory of indexes, buffers, expired producers.
fn rest(state: &Rc<State>, now_ms: i64) {
    let expiry = i64::try_from(state.config.borrow().producer_id_expiration_ms).unwrap_or(i64::MAX);
    // A descriptor that was open when a page could not be written back is told so by the next sync. A new one may not be.
    let is_syncing = state.commit.borrow().is_syncing();
    let mut log = state.log.borrow_mut();
    log.rest(now_ms.saturating_sub(expiry), |sealed| is_syncing || state.side_files.borrow().is_due(sealed));
    let Cursors { written, next, synced, .. } = *log.cursors();
    let mut idleness = state.idleness.take();
    let is_idle = next == synced && idleness.is_idle(written);
    state.idleness.set(idleness);
    if is_idle && !state.running.has(Work::Truncate) {
        log.active().log.close();
        spare::discard(state);
    }
}
