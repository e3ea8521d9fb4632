//! Batches that other cores have received for this one's partitions.
//!
//! The shares of one packet are appended where they are received, in their order. Their acks are awaited by one task,
//! which sends each answer once its own batches have theirs.

use std::future::{Future, poll_fn};
use std::mem::take;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use creel_engine::{AppendOrigin, Batch, PendingAck};
use creel_io::{count_work, spawn, wall_clock_ms};
use creel_wire::Uuid;

use super::{PARTITIONS_AT_ONCE, STEPS_AN_APPEND};
use crate::core::{Core, Question};
use crate::peers::Responder;
use crate::peers::questions::{Acks, Payload, ProduceShare, ShareError, ShareOutcome};
use crate::tasks::LocalBoxFuture;

/// What has begun of each batch of a share.
type Appends = Vec<Result<PendingAck, ShareError>>;

impl Question for ProduceShare {
    /// Appends the share's batches at once, and then waits for their acks.
    fn answer_here(self, core: Rc<Core>) -> impl Future<Output = Vec<ShareOutcome>> + 'static {
        let acks = self.acks;
        finish(acks, append(self, &core))
    }

    fn is_long(&self) -> bool {
        self.batches.len() > PARTITIONS_AT_ONCE
    }
}

fn append(share: ProduceShare, core: &Core) -> Appends {
    count_work(share.batches.len() * STEPS_AN_APPEND);
    let (awaits, now_ms) = (share.acks.awaits(), wall_clock_ms());
    let append = |(topic, index, batch): (Uuid, i32, Batch)| {
        let partition = core.topics.own(&topic, index).map_err(ShareError::Partition)?;
        partition.append_at(&batch, AppendOrigin::Client, awaits, now_ms).map_err(ShareError::Append)
    };
    share.batches.into_iter().map(append).collect()
}

/// Waits for the acks of a share.
async fn finish(acks: Acks, appends: Appends) -> Vec<ShareOutcome> {
    let mut outcomes = Vec::with_capacity(appends.len());
    for append in appends {
        outcomes.push(match append {
            Ok(pending) => acks.wait(&pending).await.map_err(ShareError::Append),
            Err(refusal) => Err(refusal),
        });
    }
    outcomes
}

/// Shares whose batches are appended, and whose acks are not awaited yet.
#[derive(Default)]
pub(crate) struct BegunShares(Vec<BegunShare>);

struct BegunShare {
    responder: Responder,
    acks: AwaitedAcks,
}

enum AwaitedAcks {
    /// Usually the turn's write brings them all. It needs no state, so this is no future.
    Written {
        appends: Appends,
        outcomes: Vec<ShareOutcome>,
    },
    Durable(LocalBoxFuture<'static, Vec<ShareOutcome>>),
}

impl BegunShares {
    /// Appends a share's batches. Returns whether there were so many that other tasks should run now.
    pub(crate) fn begin(&mut self, core: &Core, responder: Responder, share: ProduceShare) -> bool {
        let (is_long, acks) = (share.is_long(), share.acks);
        let appends = append(share, core);
        let acks = match acks {
            Acks::None | Acks::Leader => {
                AwaitedAcks::Written { outcomes: Vec::with_capacity(appends.len()), appends }
            }
            Acks::All => AwaitedAcks::Durable(Box::pin(finish(acks, appends))),
        };
        self.0.push(BegunShare { responder, acks });
        is_long
    }

    /// Starts the task that answers those that have begun.
    pub(crate) fn answer_later(&mut self) {
        if self.0.is_empty() {
            return;
        }
        let mut begun = take(&mut self.0);
        spawn(poll_fn(move |cx| {
            begun.retain_mut(|share| share.poll(cx).is_pending());
            if begun.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        }));
    }
}

impl BegunShare {
    /// Sends the answer once it is there.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let outcomes = std::task::ready!(self.acks.poll(cx));
        self.responder.send(ProduceShare::into_answer(outcomes));
        Poll::Ready(())
    }
}

impl AwaitedAcks {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Vec<ShareOutcome>> {
        match self {
            Self::Written { appends, outcomes } => {
                while let Some(append) = appends.get(outcomes.len()) {
                    outcomes.push(match append {
                        Ok(pending) => {
                            std::task::ready!(pin!(pending.written()).poll(cx)).map_err(ShareError::Append)
                        }
                        Err(refusal) => Err(refusal.clone()),
                    });
                }
                Poll::Ready(take(outcomes))
            }
            Self::Durable(outcomes) => outcomes.as_mut().poll(cx),
        }
    }
}
