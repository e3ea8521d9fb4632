//! Looks at the records of a request's batches, before they are appended in their order.
//!
//! A few looks are made side by side. No more, because what they have found waits here: nothing is appended before what
//! came before it in the request. All requests of a core together have a few at a time, too, for the threads beside the
//! cores have other work as well.

use std::collections::VecDeque;
use std::mem::take;
use std::rc::Rc;

use creel_engine::{AppendError, Batch, LookBudget, LookError};
use creel_io::{Instant, JoinHandle, spawn, wall_clock_ms};

use super::{ProduceRefusal, Sorting, Unseen, batch_limit, must_be_seen, partition_error};
use crate::limits::{ELSEWHERE_BYTES, LOOKS_AT_ONCE};
use crate::peers::ResponseSlot;
use crate::topics::{LocalTopic, Location, Topic};

/// A batch that is looked at, or that waits for those before it.
struct Look {
    slot: ResponseSlot,
    local: Rc<LocalTopic>,
    index: i32,
    location: Location,
    progress: Progress,
}

enum Progress {
    Seen(Result<Batch, LookError>),
    OffCore {
        look: JoinHandle<Result<Batch, LookError>>,
        /// Since when, if the batch is compressed anew.
        recompressed_since: Option<Instant>,
    },
}

/// What a look has made of a batch may be much larger than what came. It must fit before it waits for those behind it.
fn fits(topic: &Topic, batch: Batch) -> Result<Batch, ProduceRefusal> {
    let (size_bytes, max_bytes) = (batch.size_bytes(), batch_limit(topic));
    if size_bytes <= max_bytes {
        Ok(batch)
    } else {
        Err(AppendError::TooLarge { size_bytes, max_bytes }.into())
    }
}

impl Sorting {
    /// Looks at the batches that ask for it, and appends them and those behind them.
    pub(super) async fn look(&mut self) {
        let mut budget = LookBudget::default();
        let mut unseen = take(&mut self.aside().unseen).into_iter();
        let mut looks = VecDeque::with_capacity(LOOKS_AT_ONCE);
        let mut counted_until = Instant::default();
        loop {
            looks.extend(
                unseen
                    .by_ref()
                    .take(LOOKS_AT_ONCE - looks.len())
                    .map(|one| self.begin_look(one, &mut budget)),
            );
            let Some(Look { slot, local, index, location, progress }) = looks.pop_front() else { return };
            let seen = match progress {
                Progress::Seen(seen) => seen,
                Progress::OffCore { look, recompressed_since } => {
                    let seen = look.await;
                    if let Some(since) = recompressed_since {
                        self.count_recompressed(since, &mut counted_until);
                    }
                    self.now_ms = wall_clock_ms();
                    seen
                }
            };
            let seen = seen.map_err(Into::into).and_then(|batch| fits(&local.topic, batch));
            let appended = seen.and_then(|batch| self.append(slot, &local.topic, index, location, batch));
            if let Err(refusal) = appended {
                let at = &mut self.begun.response.responses[slot.topic].partition_responses[slot.partition];
                *at = partition_error(index, refusal);
            }
            if self.aside().elsewhere_bytes > ELSEWHERE_BYTES {
                self.share().await;
            }
        }
    }

    fn begin_look(&self, unseen: Unseen, budget: &mut LookBudget) -> Look {
        let Unseen { slot, local, index, location, batch } = unseen;
        let rules = local.topic.record_rules;
        let progress = if !must_be_seen(&local.topic, &batch, self.now_ms) {
            Progress::Seen(Ok(batch))
        } else if let Some(seen) = rules.look_now(&batch, self.now_ms, budget) {
            Progress::Seen(seen)
        } else {
            let recompressed_since = rules.recompress(&batch).then(|| self.call.core.stages.clock());
            let (core, now_ms) = (self.call.core.clone(), self.now_ms);
            let look = spawn(async move {
                let _slot = core.looks.take().await;
                rules.look_off_core(batch, now_ms).await
            });
            Progress::OffCore { look, recompressed_since }
        };
        Look { slot, local, index, location, progress }
    }

    /// Batches that were compressed side by side take the request's time once.
    fn count_recompressed(&mut self, since: Instant, counted_until: &mut Instant) {
        let until = self.call.core.stages.recompressed(since);
        self.begun.recompressing += until.saturating_since(since.max(*counted_until));
        *counted_until = until;
    }
}
