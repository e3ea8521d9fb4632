//! What cores say to each other. Bytes of records travel uncopied: a message holds a reference to the frame.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use creel_engine::directory::TopicPartition;
use creel_engine::offset::Offset;
use creel_io::CoreId;
use creel_io::net::DetachedStream;
use creel_wire::api::offset_for_leader_epoch::EpochEndOffset;
use creel_wire::{Str, Uuid};

use crate::api::delete_records::{DeletedRecords, RecordsToDelete};
use crate::api::describe_log_dirs::PartitionSize;
use crate::api::fetch::{FetchShare, FoundPartition};
use crate::api::list_offsets::{OffsetLookup, OffsetsFound};
use crate::api::offset_for_leader_epoch::EpochLookup;
use crate::api::produce::{ProduceShare, ShareOutcome};
use crate::config::ListenerIndex;
use crate::groups::FoundGroup;
use crate::groups::runtime::{GroupQuestion, GroupResult};
use crate::opening::Progress;
use crate::parked::WatchShare;
use crate::stages::StagesOfCore;
use crate::topics::{NewTopic, Opened, Topic, TopicChange, TopicError, TopicResult};

/// Names a question whose answer is awaited on the core that asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

/// One message.
pub(crate) enum Message {
    /// A connection to be served from now on, and the listener it came by.
    Connection(DetachedStream, ListenerIndex),
    /// A question, to be answered under its ticket.
    Ask(Ticket, Ask),
    /// An answer, and how long it took here.
    Answer(Ticket, Answer, Duration),
    /// These of the partitions that the question named have moved; it goes on.
    Moved(Ticket, Vec<u32>),
    /// Nobody waits for this question's answer any more.
    Cancel(Ticket),
    /// The core may end.
    Exit,
}

/// A question of one kind, with its kind of answer.
pub(crate) trait Question: Sized {
    type Answer;

    fn into_ask(self) -> Ask;

    /// The answer, if it is one to this kind of question.
    fn take(answer: Answer) -> Option<Self::Answer>;
}

macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident: $question:ty => $answer:ty;)*) => {
        /// A question to another core.
        pub(crate) enum Ask {
            $($(#[$doc])* $name($question),)*
        }

        /// The answer to the question of the same name.
        pub(crate) enum Answer {
            $($name($answer),)*
        }

        $(
            impl Question for $question {
                type Answer = $answer;

                fn into_ask(self) -> Ask {
                    Ask::$name(self)
                }

                fn take(answer: Answer) -> Option<$answer> {
                    match answer {
                        Answer::$name(answer) => Some(answer),
                        _ => None,
                    }
                }
            }
        )*
    };
}

questions! {
    /// Append these batches.
    Produce: ProduceShare => Vec<ShareOutcome>;
    /// Find what there is to read.
    Fetch: FetchShare => Vec<FoundPartition>;
    /// Watch these partitions, and say whenever some have moved, until you are told to stop.
    Watch: WatchShare => ();
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
    /// Open the new partitions of this topic, to show it in place of what you know of it.
    UpdateTopic: UpdateTopic => Result<(), String>;
    /// Remove them: it will not be shown.
    TakeBackUpdate: TakeBackUpdate => ();
    /// Open your partitions of these topics.
    OpenTopics: OpenTopics => Opened;
    /// Serve these topics: they are open on every core.
    ShowTopics: ShowTopics => ();
    /// Remove your partitions of these topics.
    RemoveTopics: RemoveTopics => ();
    /// Finish requests and take no more.
    Quiesce: Quiesce => ();
    /// Flush and close your partitions; or, while running, only say how far they are safe.
    Checkpoint: TakeCheckpoint => Vec<RecoveryPoint>;
    /// Write down where all partitions start and how far they are safe (to core 0). Whether that was possible.
    WriteCheckpoint: WriteCheckpoint => bool;
}

/// See [`Ask::ListGroups`].
pub(crate) struct ListGroups;

/// See [`Ask::ProducerIds`].
pub(crate) struct TakeProducerIds;

/// See [`Ask::CreateTopics`].
pub(crate) struct CreateTopics {
    pub(crate) topics: Vec<NewTopic>,
    pub(crate) validate_only: bool,
}

/// See [`Ask::DeleteTopics`].
pub(crate) struct DeleteTopics(pub(crate) Vec<Uuid>);

/// See [`Ask::AlterTopic`].
pub(crate) struct AlterTopic {
    pub(crate) name: Str,
    pub(crate) change: TopicChange,
    pub(crate) validate_only: bool,
}

/// See [`Ask::UpdateTopic`].
pub(crate) struct UpdateTopic(pub(crate) Arc<Topic>);

/// See [`Ask::TakeBackUpdate`].
pub(crate) struct TakeBackUpdate(pub(crate) Uuid);

/// See [`Ask::OpenTopics`].
#[derive(Clone)]
pub(crate) struct OpenTopics(pub(crate) Arc<crate::topics::Opening>);

/// See [`Ask::ShowTopics`].
pub(crate) struct ShowTopics(pub(crate) Arc<[Uuid]>);

/// See [`Ask::RemoveTopics`].
pub(crate) struct RemoveTopics(pub(crate) Arc<[Uuid]>);

/// See [`Ask::Quiesce`].
pub(crate) struct Quiesce;

/// See [`Ask::Checkpoint`].
pub(crate) struct TakeCheckpoint {
    pub(crate) close: bool,
}

/// See [`Ask::WriteCheckpoint`].
pub(crate) struct WriteCheckpoint;

/// See [`Ask::Progress`].
pub(crate) struct ReadProgress;

/// See [`Ask::Stages`].
pub(crate) struct ReadStages;

/// See [`Ask::Measure`].
pub(crate) struct MeasurePartitions;

/// How far a partition is known to be on the medium, and where it begins.
pub(crate) struct RecoveryPoint {
    pub(crate) partition: TopicPartition,
    pub(crate) durable: Offset,
    pub(crate) log_start: Offset,
    /// Whether it is whole: nothing was lost of it.
    pub(crate) is_sound: bool,
}
