//! What cores ask each other, as plain data.
//!
//! This room owns the one list of questions and the type of each one's answer. It must not know how a question is
//! answered: that stands beside its handler (`core::Question`). If it is missing there, nothing compiles.

mod fetch;
mod groups;
mod lifecycle;
mod lookups;
mod produce;
mod topics;

use std::ops::Range;

use creel_io::CoreId;
use creel_wire::api::offset_for_leader_epoch::EpochEndOffset;

use crate::config::GroupSettings;
use crate::groups::FoundGroup;
use crate::groups::runtime::question::{GroupQuestion, GroupResult};
use crate::stages::StagesOfCore;
use crate::topics::controller::error::TopicError;
use crate::topics::controller::intents::TopicResult;
use crate::topics::replicas::opening::OpenedTopics;

pub(crate) use fetch::{Bounds, FetchLimits, FetchShare, FoundPartition, PartitionRead, WatchShare};
pub(crate) use groups::ListGroups;
pub(crate) use lifecycle::{
    BeginJournal, CheckpointOfCore, DurabilityOfCore, JournalOfCore, Progress, Quiesce, ReadDurability,
    ReadProgress, ReadStages, TakeCheckpoint, WriteCheckpoint,
};
pub(crate) use lookups::{
    DeletedRecords, EpochLookup, MeasurePartitions, OffsetLookup, OffsetsFound, PartitionSize,
    RecordsToDelete,
};
pub(crate) use produce::{Acks, ProduceShare, ShareError, ShareOutcome};
pub(crate) use topics::{
    AlterGroup, AlterTopic, CreateTopics, DeleteTopics, OpenTopics, ReadGroupSettings, RemoveTopics,
    RollBackUpdate, ShowTopics, TakeProducerIds, UpdateTopic,
};

/// A question of one kind, with its kind of answer.
pub(crate) trait Payload: Sized {
    type Answer;

    fn into_question(self) -> AnyQuestion;

    fn into_answer(answer: Self::Answer) -> AnyAnswer;

    /// The answer, if it is one to this kind of question.
    fn take(answer: AnyAnswer) -> Option<Self::Answer>;
}

/// The list of questions, given to a macro that makes something of it.
macro_rules! for_each_question {
    ($make:ident) => {
        $make! {
            /// Append these batches.
            Produce: ProduceShare => Vec<ShareOutcome>;
            /// Find what there is to read.
            Fetch: FetchShare => Vec<FoundPartition>;
            /// Find offsets.
            ListOffsets: OffsetLookup => Vec<OffsetsFound>;
            /// Find where epochs ended.
            EpochEnds: EpochLookup => Vec<EpochEndOffset>;
            /// Move the starts of these partitions' logs.
            DeleteRecords: RecordsToDelete => Vec<DeletedRecords>;
            /// Say how far you are with opening what is there.
            Progress: ReadProgress => Progress;
            /// Say where the time of your requests went.
            Stages: ReadStages => (CoreId, StagesOfCore);
            /// Say what you have written and not made durable.
            Durability: ReadDurability => DurabilityOfCore;
            /// Say how large your partitions are.
            Measure: MeasurePartitions => Vec<PartitionSize>;
            /// Ask the coordinator of a partition's groups.
            Group: GroupQuestion => GroupResult;
            /// List the groups you coordinate.
            ListGroups: ListGroups => Vec<FoundGroup>;
            /// Give me producer ids that nobody has (to core 0). None: they cannot be taken now.
            ProducerIds: TakeProducerIds => Option<Range<i64>>;
            /// Create these topics (to core 0).
            CreateTopics: CreateTopics => Vec<TopicResult>;
            /// Delete these topics (to core 0).
            DeleteTopics: DeleteTopics => Vec<TopicResult>;
            /// Change this topic (to core 0).
            AlterTopic: AlterTopic => Result<(), TopicError>;
            /// Change the settings of a group (to core 0).
            AlterGroup: AlterGroup => Result<(), TopicError>;
            /// Say which settings a group was given (to core 0).
            ReadGroupSettings: ReadGroupSettings => Result<GroupSettings, TopicError>;
            /// Open the new partitions of this topic, to show it in place of what you know of it.
            UpdateTopic: UpdateTopic => Result<(), String>;
            /// Remove them: it will not be shown.
            RollBackUpdate: RollBackUpdate => ();
            /// Open your partitions of these topics.
            OpenTopics: OpenTopics => OpenedTopics;
            /// Serve these topics: they are open on every core.
            ShowTopics: ShowTopics => ();
            /// Remove your partitions of these topics.
            RemoveTopics: RemoveTopics => ();
            /// Begin your journal, if there is to be one: what was found of the last life is void.
            BeginJournal: BeginJournal => ();
            /// Finish requests and take no more.
            Quiesce: Quiesce => ();
            /// Flush and close your partitions; or, while running, only say how far they are safe.
            Checkpoint: TakeCheckpoint => CheckpointOfCore;
            /// Write down where all partitions start and how far they are safe (to core 0). Whether that was possible.
            WriteCheckpoint: WriteCheckpoint => bool;
        }
    };
}
pub(crate) use for_each_question;

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident: $question:ty => $answer:ty;)*) => {
        /// A question to another core.
        pub(crate) enum AnyQuestion {
            $($(#[$doc])* $name($question),)*
        }

        /// The answer to the question of the same name.
        pub(crate) enum AnyAnswer {
            $($name($answer),)*
        }

        $(
            impl Payload for $question {
                type Answer = $answer;

                fn into_question(self) -> AnyQuestion {
                    AnyQuestion::$name(self)
                }

                fn into_answer(answer: $answer) -> AnyAnswer {
                    AnyAnswer::$name(answer)
                }

                fn take(answer: AnyAnswer) -> Option<$answer> {
                    match answer {
                        AnyAnswer::$name(answer) => Some(answer),
                        _ => None,
                    }
                }
            }
        )*
    };
}
for_each_question!(payloads);
