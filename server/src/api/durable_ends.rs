//! Waits until the ends of partitions that a question is about are durable. What was acknowledged when the question
//! came counts in the answer. What a power cut can take back is told to nobody. So the answer waits until all that is
//! written by then is durable.

use creel_engine::{Partition, Settling};
use creel_io::pace;
use creel_wire::{ErrorCode, Uuid};

use crate::answers::KafkaError;
use crate::core::Core;

/// A partition of this core whose end is becoming durable. All partitions of a request begin to sync before the first
/// of them is awaited, so their syncs run side by side.
pub(crate) struct SettlingPartition {
    partition: Partition,
    settling: Option<Settling>,
}

impl SettlingPartition {
    /// Begins to sync what is written to a partition, if the question is about its end.
    fn begin(core: &Core, topic: &Uuid, index: i32, is_about_end: bool) -> Result<Self, ErrorCode> {
        let partition = core.topics.own(topic, index).map_err(|error| error.code())?;
        let settling = is_about_end.then(|| partition.settle()).flatten();
        Ok(Self { partition, settling })
    }

    /// The partition, once that is done.
    async fn settled(self) -> Result<Partition, ErrorCode> {
        if let Some(settling) = self.settling {
            settling.done().await.map_err(|error| error.code())?;
        }
        Ok(self.partition)
    }
}

/// A question with its partition that is becoming durable, or why there is none.
pub(crate) type SettlingQuestion<Q> = (Q, Result<SettlingPartition, ErrorCode>);

/// Begins to sync the partitions that these questions are about. `about` says which partition of its topic a question
/// means, and whether it is about that partition's end.
pub(crate) async fn begin_all<Q>(
    core: &Core,
    questions: Vec<(Uuid, Q)>,
    about: impl Fn(&Q) -> (i32, bool),
) -> Vec<SettlingQuestion<Q>> {
    let mut begun = Vec::with_capacity(questions.len());
    for (topic, question) in questions {
        pace(1).await;
        let (index, is_about_end) = about(&question);
        let settling = SettlingPartition::begin(core, &topic, index, is_about_end);
        begun.push((question, settling));
    }
    begun
}

/// The partition of a question, once it has settled.
pub(crate) async fn settled(begun: Result<SettlingPartition, ErrorCode>) -> Result<Partition, ErrorCode> {
    begun?.settled().await
}
