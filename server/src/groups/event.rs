//! What goes into the coordinator and what comes out: plain types, not the wire's.

use std::time::Duration;

use bytes::Bytes;
use creel_io::Instant;

use super::error::GroupError;
use super::log_lines::LogLine;
use crate::config::BrokerConfig;
use crate::limits::OFFSETS_AT_ONCE;
use crate::offsets::OffsetsRecord;

/// The caller's name for a request whose reply is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// The coordinator's name for a write whose durability it must be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// Both clocks at one moment. Deadlines go by the monotonic clock, timestamps in records by the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock.
    pub monotonic: Instant,
    /// The wall clock, in milliseconds since 1970.
    pub wall_ms: i64,
}

/// The moment `ms` milliseconds later. Kafka's timeouts are such numbers; a negative one counts as 0.
#[expect(clippy::arithmetic_side_effects, reason = "the sum saturates")]
pub(super) fn after(moment: Instant, ms: i32) -> Instant {
    moment + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// The settings a coordinator goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupLimits {
    /// `group.initial.rebalance.delay.ms`
    pub initial_rebalance_delay_ms: i32,
    /// `group.min.session.timeout.ms`
    pub session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`
    pub session_timeout_max_ms: i32,
    /// `group.max.size`
    pub members_max: usize,
    /// `offset.metadata.max.bytes`
    pub offset_metadata_chars_max: usize,
    /// `offsets.retention.minutes`
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`
    pub expiry_interval_ms: i64,
    /// Offsets that are looked at, or taken back, at a time.
    pub offsets_at_once: usize,
    /// Bytes from which on a batch takes no further record.
    pub batch_bytes: usize,
    /// Bytes that a group's own record may take. A larger one is not written: its leader's assignment is refused.
    pub state_bytes_max: usize,
}

impl From<&BrokerConfig> for GroupLimits {
    fn from(config: &BrokerConfig) -> Self {
        let size = |number: i32| usize::try_from(number).unwrap_or(0);
        let mut limits = Self {
            initial_rebalance_delay_ms: config.group_initial_rebalance_delay_ms,
            session_timeout_min_ms: config.group_min_session_timeout_ms,
            session_timeout_max_ms: config.group_max_session_timeout_ms,
            members_max: size(config.group_max_size),
            offset_metadata_chars_max: size(config.offset_metadata_max_bytes),
            offsets_retention_ms: i64::from(config.offsets_retention_minutes).saturating_mul(60_000),
            expiry_interval_ms: config.offsets_retention_check_interval_ms,
            offsets_at_once: OFFSETS_AT_ONCE,
            batch_bytes: 0,
            state_bytes_max: 0,
        };
        limits.set_batch_bytes_max(size(config.message_max_bytes));
        limits
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// JoinGroup.
    Join(Token, JoinRequest),
    /// SyncGroup.
    Sync(Token, SyncRequest),
    /// Heartbeat.
    Heartbeat(Token, HeartbeatRequest),
    /// LeaveGroup.
    Leave(Token, LeaveRequest),
    /// OffsetCommit.
    Commit(Token, CommitRequest),
    /// OffsetDelete: the group, topics and partitions.
    DeleteOffsets(Token, String, Vec<(String, Vec<i32>)>),
    /// DeleteGroups, one group of it. Of one with many offsets some are taken back, and it is asked for again.
    DeleteGroup(Token, String),
    /// A write is durable, its first record at this offset of the partition.
    Persisted(WriteId, i64),
    /// A write has failed. Failures are final for the log, so nothing is tried again.
    WriteFailed(WriteId, GroupError),
    /// The deadline that was asked for has come. (Any event looks at the deadlines, too.)
    Tick,
}

impl Event {
    /// The client for whose members it needs memory, if it does.
    pub const fn brings_members_of(&self) -> Option<GroupClient> {
        match self {
            Self::Join(_, request) => Some(request.client),
            Self::Sync(_, request) if !request.assignments.is_empty() => Some(request.client),
            _ => None,
        }
    }
}

/// What an event leads to.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// Replies, each for a token that came with this event or an earlier one.
    pub replies: Vec<(Token, GroupReply)>,
    /// Records to append, in this order; what becomes of each batch is to be told by `Persisted` or `WriteFailed`.
    pub writes: Vec<Write>,
    /// What is worth a line on the log.
    pub log_lines: Vec<LogLine>,
}

/// One batch to append to the coordinator's partition.
#[derive(Clone, Debug)]
pub struct Write {
    /// Its name.
    pub id: WriteId,
    /// Its records, at least one.
    pub records: Vec<OffsetsRecord>,
}

/// A reply to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupReply {
    /// To `Join`.
    Join(JoinReply),
    /// To `Sync`.
    Sync(SyncReply),
    /// To `Heartbeat`.
    Heartbeat(Result<(), GroupError>),
    /// To `Leave`.
    Leave(LeaveReply),
    /// To `Commit`.
    Commit(CommitReply),
    /// To `DeleteOffsets`.
    DeleteOffsets(DeleteOffsetsReply),
    /// To `DeleteGroup`.
    DeleteGroup(Result<GroupDeletion, GroupError>),
}

/// What is left of a group that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupDeletion {
    /// Nothing.
    Whole,
    /// The group, and those of its offsets that are not taken back yet: it is to be deleted again.
    InPart,
}

/// A member as a request names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The member's id; empty when it has none yet.
    pub member_id: String,
    /// A static member's own name (`group.instance.id`).
    pub instance_id: Option<String>,
}

/// Who has brought a member or its assignment. Members that come from the log belong to nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupClient(pub Option<u64>);

/// A protocol a member can follow, for consumers an assignor, with what it subscribes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The protocol's name.
    pub name: String,
    /// The member's data for it. Kept for long: it should not hold on to a whole frame.
    pub metadata: Bytes,
}

/// JoinGroup.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// The group.
    pub group: String,
    /// Who joins.
    pub member: Member,
    /// Its connection, whose share of the memory for members it takes.
    pub client: GroupClient,
    /// The client id of the request's header.
    pub client_id: String,
    /// Where it comes from, as Kafka writes it: `/127.0.0.1`.
    pub client_host: String,
    /// How long the member may be silent.
    pub session_timeout_ms: i32,
    /// How long a rebalance waits for it: the session timeout in version 0.
    pub rebalance_timeout_ms: i32,
    /// `consumer`, `connect`, ...
    pub protocol_type: String,
    /// The member's protocols, the preferred first.
    pub protocols: Vec<Protocol>,
    /// Versions from 4 on: a new member must come back with the id it is given.
    pub member_id_required: bool,
    /// Versions from 9 on: a returning static leader may be told to skip the assignment.
    pub can_skip_assignment: bool,
    /// Randomness for a new member's id.
    pub entropy: [u8; 16],
    /// Why it joins, in its client's words.
    pub reason: Option<String>,
}

/// What a member takes in memory beside its data and names.
pub(super) const MEMBER_BYTES: usize = 500;
/// What each protocol of it takes beside its name and data.
const PROTOCOL_BYTES: usize = 100;
/// How many copies of its id are kept. The id begins with its client's name or its own.
pub(super) const MEMBER_ID_COPIES: usize = 4;

impl JoinRequest {
    /// What the member will take in memory, about, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let own_name = self.member.instance_id.as_ref().map_or(0, String::len);
        let names = self.client_id.len().saturating_add(own_name).saturating_mul(MEMBER_ID_COPIES);
        let one =
            |one: &Protocol| one.name.len().saturating_add(one.metadata.len()).saturating_add(PROTOCOL_BYTES);
        let protocols = self.protocols.iter().map(one).fold(MEMBER_BYTES, usize::saturating_add);
        names.saturating_add(protocols)
    }
}

/// The reply to JoinGroup.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinReply {
    /// The error, if any.
    pub error: Option<GroupError>,
    /// The member's id.
    pub member_id: String,
    /// The generation; -1 with an error.
    pub generation: i32,
    /// The group's kind.
    pub protocol_type: Option<String>,
    /// The chosen protocol.
    pub protocol_name: Option<String>,
    /// The leader's member id; empty with an error.
    pub leader: String,
    /// Told to a returning static leader: the assignment stands, don't make another.
    pub skip_assignment: bool,
    /// All members, for the leader only.
    pub members: Vec<JoinedMember>,
}

/// A member as its leader is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// Its id.
    pub member_id: String,
    /// Its own name.
    pub instance_id: Option<String>,
    /// Its data for the chosen protocol.
    pub metadata: Bytes,
}

/// SyncGroup.
#[derive(Clone, Debug, Default)]
pub struct SyncRequest {
    /// The group.
    pub group: String,
    /// Who asks.
    pub member: Member,
    /// The generation it joined.
    pub generation: i32,
    /// Its connection.
    pub client: GroupClient,
    /// Versions from 5 on: what it thinks the group's kind is.
    pub protocol_type: Option<String>,
    /// Versions from 5 on: what it thinks the chosen protocol is.
    pub protocol_name: Option<String>,
    /// From the leader: what each member is to do.
    pub assignments: Vec<(String, Bytes)>,
}

/// The reply to SyncGroup.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncReply {
    /// The error, if any.
    pub error: Option<GroupError>,
    /// The group's kind.
    pub protocol_type: Option<String>,
    /// The chosen protocol.
    pub protocol_name: Option<String>,
    /// What the member is to do.
    pub assignment: Bytes,
}

/// Heartbeat.
#[derive(Clone, Debug, Default)]
pub struct HeartbeatRequest {
    /// The group.
    pub group: String,
    /// Who is alive.
    pub member: Member,
    /// Its generation.
    pub generation: i32,
}

/// LeaveGroup.
#[derive(Clone, Debug, Default)]
pub struct LeaveRequest {
    /// The group.
    pub group: String,
    /// Who leaves. A static member may be named by its instance id alone.
    pub members: Vec<Member>,
}

/// The reply to LeaveGroup. Versions before 3 show the one member's error as the whole reply's.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaveReply {
    /// The error of the request as a whole.
    pub error: Option<GroupError>,
    /// The members as they were named, each with its error.
    pub members: Vec<LeavingMember>,
}

/// A member whose removal was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeavingMember {
    /// As it was named.
    pub member: Member,
    /// Why it was not removed.
    pub error: Option<GroupError>,
}

/// OffsetCommit. Topics that do not exist are the caller's to refuse.
#[derive(Clone, Debug, Default)]
pub struct CommitRequest {
    /// The group.
    pub group: String,
    /// Who commits; nobody in particular from an admin client or a lone consumer.
    pub member: Member,
    /// Its generation, or -1.
    pub generation: i32,
    /// Versions 2 to 4: how long to keep the offsets; `None` for -1.
    pub retention_ms: Option<i64>,
    /// Versions from 9 on: an unknown group is said to be unknown.
    pub knows_group_id_not_found: bool,
    /// What to commit, by topic.
    pub topics: Vec<(String, Vec<OffsetToCommit>)>,
}

/// A partition's offset to commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetToCommit {
    /// The partition.
    pub partition: i32,
    /// The next offset the group wants.
    pub offset: i64,
    /// The leader epoch of the record before it, or -1.
    pub leader_epoch: i32,
    /// The client's note; none is empty.
    pub metadata: Option<String>,
}

/// Topics, each with its partitions and what went wrong with them.
pub type TopicErrors = Vec<(String, Vec<(i32, Option<GroupError>)>)>;

/// The reply to OffsetCommit, in the request's order.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitReply {
    /// Each topic's partitions with their errors.
    pub topics: TopicErrors,
}

/// The reply to OffsetDelete.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteOffsetsReply {
    /// The error of the request as a whole; then there are no topics.
    pub error: Option<GroupError>,
    /// Each topic's partitions with their errors.
    pub topics: TopicErrors,
}

/// OffsetFetch, one group of it.
#[derive(Clone, Debug, Default)]
pub struct FetchRequest {
    /// The group.
    pub group: String,
    /// The topics and partitions asked for; `None` is all that the group has committed.
    pub topics: Option<Vec<(String, Vec<i32>)>>,
    /// Whether an offset that a transaction is about to replace is an error.
    pub require_stable: bool,
}

/// The reply to OffsetFetch. An unknown group or partition is no error: its offset is -1.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchReply {
    /// Each topic's partitions.
    pub topics: Vec<(String, Vec<FetchedOffset>)>,
}

/// A partition's committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedOffset {
    /// The partition.
    pub partition: i32,
    /// The offset, or -1.
    pub offset: i64,
    /// The leader epoch committed with it, or -1.
    pub leader_epoch: i32,
    /// The client's note.
    pub metadata: String,
    /// `UnstableOffsetCommit`, where that was asked for.
    pub error: Option<GroupError>,
}

/// A group as ListGroups shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundGroup {
    /// Its name.
    pub group: String,
    /// Its kind; empty in groups that only commit.
    pub protocol_type: String,
    /// Kafka's name of its state.
    pub state: &'static str,
}

/// A group as DescribeGroups shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its name.
    pub group: String,
    /// Kafka's name of its state: `Dead` when there is no such group.
    pub state: &'static str,
    /// Its kind.
    pub protocol_type: String,
    /// The chosen protocol, while stable.
    pub protocol: String,
    /// Its members.
    pub members: Vec<MemberDescription>,
}

/// A member as DescribeGroups shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDescription {
    /// Its id.
    pub member_id: String,
    /// Its own name.
    pub instance_id: Option<String>,
    /// Its client id.
    pub client_id: String,
    /// Where it came from.
    pub client_host: String,
    /// Its data for the chosen protocol, while stable.
    pub metadata: Bytes,
    /// What it is to do.
    pub assignment: Bytes,
}
