//! Every bound of the broker in one place, each with what happens when it is reached.

use std::time::Duration;

use creel_io::STEPS_A_TURN;

/// Messages that ask something of one other core and wait to leave together, at the end of the turn. At the bound they
/// leave at once. If the mailbox has no room, the sender waits, and with it the connection it works for: its socket is
/// not read. Answers do not count: there are no more than were asked for.
pub(crate) const PACKET_MESSAGES: usize = 64;
/// Packets that may wait on their way from one core to another. At the bound they stay where they are.
pub(crate) const MAILBOX_PACKETS: usize = 16;

/// Files of a core's journal, which are written one after another. At the bound, when none is free, partitions are synced
/// instead.
pub(crate) const JOURNAL_FILES: usize = 4;
/// Its files are of whole blocks of this many bytes.
pub(crate) const JOURNAL_BLOCK_BYTES: u64 = 4096;

/// When a partition has so many bytes that no sync covers yet, the kernel is told to begin with them, one partition of a core
/// at a time. `None`: it begins when it likes, or when a sync asks for it.
pub(crate) const EARLY_WRITE_BACK_BYTES: Option<u64> = None;

/// Bytes of requests of one connection that are not answered yet. At the bound its socket is not read.
pub(crate) const REQUEST_BYTES_IN_FLIGHT: usize = 64 << 20;

/// Of these, bytes that a connection may hold without asking: small requests pass whatever others hold.
pub(crate) const CONNECTION_BYTES_FREE: usize = 64 << 10;

/// Bytes that the requests of all connections of a core may hold beyond that. `queued.max.request.bytes`, if it is
/// set, says how many all cores may hold instead. At the bound, requests that need more wait in the order of asking,
/// and their sockets are not read. A request larger than the bound passes alone.
pub(crate) const REQUEST_BYTES_OF_CORE: usize = 256 << 20;
/// One part of so many is for requests other than Produce, which may wait for as long as their clients like.
pub(crate) const OTHER_REQUESTS_SHARED_BY: usize = 8;
/// There each byte counts as so many: while a request is read, and while it waits, its lists take about that much
/// more.
pub(crate) const OTHER_REQUEST_FACTOR: usize = 8;

/// What a Produce counts as beside its bytes until it is answered: its place among its connection's requests, and the
/// state of its answer.
pub(crate) const PRODUCE_BYTES_BESIDE: usize = 1 << 10;
/// The same for other requests.
pub(crate) const OTHER_REQUEST_BYTES_BESIDE: usize = 3 << 10;

/// While somebody waits at that bound, slow clients are closed. A client that sends a large request must send
/// `LARGE_REQUEST_PACE_BYTES` of it within this time. A client that is owed replies must take
/// something within it.
pub(crate) const LARGE_REQUEST_PATIENCE: Duration = Duration::from_millis(10_000);
/// See `LARGE_REQUEST_PATIENCE`.
pub(crate) const LARGE_REQUEST_PACE_BYTES: usize = 320 << 10;

/// A request of at least this size is received into memory of its own, which is freed with the request. Several
/// smaller ones share what the socket is read into.
pub(crate) const OWN_ROOM_FROM_BYTES: usize = 256 << 10;
/// What that memory has beyond the request, so that its last bytes are received with as few calls as its first.
pub(crate) const OWN_ROOM_SPARE_BYTES: usize = 16 << 10;

/// Batches of one core whose records are looked at, or compressed anew, off the core at the same time. The others wait, and
/// with them their connections, which are not read. So other work off the core does not queue behind all of them.
pub(crate) const LOOKS_OF_CORE: usize = 4;
/// Of these, those of one Produce.
pub(crate) const LOOKS_AT_ONCE: usize = 2;

/// Bytes of batches for other cores that one request gathers while its records are looked at, before they are sent there.
pub(crate) const ELSEWHERE_BYTES: usize = 4 << 20;

/// Replies up to this size that are ready together leave together, copied into one buffer of at most
/// `REPLIES_TOGETHER_BYTES`. Larger ones are sent from where they are.
pub(crate) const SMALL_REPLY_BYTES: usize = 4 << 10;
/// See `SMALL_REPLY_BYTES`.
pub(crate) const REPLIES_TOGETHER_BYTES: usize = 64 << 10;
/// A connection keeps a buffer for them up to this size; a larger one goes with what was in it.
pub(crate) const REPLIES_BUFFER_KEPT_BYTES: usize = 16 << 10;

/// Groups that may have settings of their own. At the bound, settings of further ones are refused.
pub(crate) const GROUPS_WITH_SETTINGS_MAX: usize = 10_000;

/// The smallest size that a request can have: the shortest header has key, version, correlation id and client id.
pub(crate) const REQUEST_BYTES_MIN: usize = 10;

/// The largest request that is not a Produce. The connection of a larger one is closed. Only records are ever large,
/// and `socket.request.max.bytes` is for them. The lists of all other requests take up to eight times their size in
/// memory.
pub(crate) const OTHER_REQUEST_BYTES_MAX: usize = 16 << 20;

/// The largest request that is read on the core. A larger one that is not a Produce is read off the core.
pub(crate) const REQUEST_BYTES_READ_HERE: usize = REQUEST_BYTES_READ_A_STEP * STEPS_A_TURN;
/// Bytes of a request that are read in one step of work.
pub(crate) const REQUEST_BYTES_READ_A_STEP: usize = 64;
/// A Fetch up to this size is read without a pause before.
pub(crate) const FETCH_BYTES_READ_AT_ONCE: usize = 4 << 10;

/// A Produce up to this size is read on the core ...
pub(crate) const PRODUCE_BYTES_READ_HERE: usize = 128 << 10;
/// ... and a larger one, too, unless its lists take more than this: some thousand partitions.
pub(crate) const PRODUCE_LISTS_READ_HERE: usize = 64 << 10;

/// Bytes of an answer that are encoded in one step of work.
pub(crate) const ANSWER_BYTES_ENCODED_A_STEP: usize = 512;

/// Bytes of memory that an answer may take without asking, until it is sent. A connection has two at most: the one
/// that is being sent, and the next one.
pub(crate) const ANSWER_BYTES_FREE: usize = 64 << 10;
/// Bytes that all larger answers of a core may take together. At the bound another one waits until some have been
/// sent, and its connection's next requests wait with it. If one alone would take more, its connection is closed.
pub(crate) const ANSWER_BYTES_HELD: usize = 256 << 20;

/// An answer that takes more than this in memory is encoded, and freed, off the core.
pub(crate) const ANSWER_BYTES_ENCODED_HERE: usize = 1 << 20;

/// While somebody waits at that bound, slow clients are disconnected. A client that is owed an answer that counts
/// must take something of it, and each `ANSWER_PACE_BYTES` of it, within `ANSWER_PATIENCE`.
pub(crate) const ANSWER_PACE_BYTES: usize = 1 << 20;
/// See `ANSWER_PACE_BYTES`.
pub(crate) const ANSWER_PATIENCE: Duration = Duration::from_millis(3_000);

/// The most bytes of records in one answer to a Fetch, whatever the request and `fetch.max.bytes` allow. The first
/// batch may be larger, as always. With this bound no frame reaches 2 GiB.
pub(crate) const FETCH_BYTES_MAX: usize = 1 << 30;

/// The process's descriptors are divided into so many parts ...
pub(crate) const DESCRIPTORS_SHARED_BY: u64 = 4;
/// ... of which connections may take these; the others are for files. At the bound further connections are closed at
/// once.
pub(crate) const CONNECTIONS_SHARE: u64 = 3;

/// One in so many of the descriptors for files may be an open active segment, over all cores. At the bound the
/// segment that was opened longest ago is closed, and whoever needs another one waits for that.
pub(crate) const ACTIVE_SEGMENTS_SHARED_BY: u64 = 2;

/// One in so many of them may belong to an answer to a fetch, until it is sent. At the bound an answer has records of
/// one partition; the others' come with the next answers.
pub(crate) const ANSWERED_SEGMENTS_SHARED_BY: u64 = 8;

/// Sealed segments that a core keeps open between two fetches: opening one anew is a twentieth of a 64-KiB fetch. At the
/// bound the one that has been open for longest is closed.
pub(crate) const SEALED_SEGMENTS_OPEN: usize = 64;
/// A core keeps fewer open if all cores together would need more than one in so many of the descriptors for files.
pub(crate) const SEALED_SEGMENTS_SHARED_BY: u64 = 8;

/// Partitions that one core opens, or closes, at the same time. The others wait.
pub(crate) const PARTITIONS_OPENING: usize = 64;
/// A core opens fewer at a time if all cores together would need more than one in so many of the descriptors for
/// files. Each partition takes up to two files at a time.
pub(crate) const PARTITIONS_OPENING_SHARED_BY: u64 = 16;

/// Partitions that a walk over all of a core's partitions looks up at a time. The others come later.
pub(crate) const PARTITIONS_LOOKED_UP: usize = 128;

/// Partitions of a DeleteRecords whose logs one core cuts at the same time. The others wait.
pub(crate) const PARTITIONS_CUTTING: usize = 64;

/// Partitions that one request may make, all its topics together. More are refused (POLICY_VIOLATION), before anything is
/// made: Kafka's `MAX_PARTITIONS_PER_BATCH`. Each topic counts as one at least.
pub(crate) const REQUEST_PARTITIONS_MAX: i64 = 10_000;

/// Creations of more partitions than this wait for each other. A smaller one runs beside them.
pub(crate) const PARTITIONS_MADE_BESIDE: i32 = 200;

/// Topics of one request that are deleted together: they are written down, and looked for among committed offsets, at
/// the same time. The others wait.
pub(crate) const TOPICS_DELETED_AT_ONCE: usize = 500;

/// Groups of one request that are deleted at the same time. The others wait.
pub(crate) const GROUPS_DELETED_AT_ONCE: usize = 64;

/// Partitions in one question to a coordinator that reads or commits offsets, and members in one that makes them
/// leave. More are handled in pieces.
pub(crate) const GROUP_NAMES_AT_ONCE: usize = STEPS_A_TURN;

/// Offsets of groups that expire, or are taken back with their group or topic, in one piece of work.
pub(crate) const OFFSETS_AT_ONCE: usize = 250;

/// Bytes that the members of all groups of a core may take together: what they have told of themselves, and twice
/// their assignments. A member that would need more is not let in (GROUP_MAX_SIZE_REACHED). An assignment that would
/// need more is not taken (COORDINATOR_NOT_AVAILABLE). A member that is in may come back as it was.
pub(crate) const MEMBERS_BYTES: usize = 64 << 20;
/// Of these, the bytes that one group may have, and one connection over all groups.
pub(crate) const MEMBERS_BYTES_OF_ONE: usize = MEMBERS_BYTES / 4;

/// Protocols that a member of a group may offer. More are refused (INCONSISTENT_GROUP_PROTOCOL).
pub(crate) const PROTOCOLS_MAX: usize = 1000;

/// Members that a leader may hand in assignments for. More are refused (INVALID_REQUEST).
pub(crate) const ASSIGNMENTS_MAX: usize = 20_000;

/// Partitions a topic may have. More are refused (INVALID_PARTITIONS).
pub(crate) const TOPIC_PARTITIONS_MAX: i32 = 100_000;

/// Bytes of `__consumer_offsets` that are read at a time when a coordinator begins; a larger batch is read whole.
pub(crate) const COORDINATOR_READ_BYTES: usize = 1 << 20;

/// Bytes that the fetch sessions of one core may take together. A new session that finds no room is declined, and its
/// client goes on without. One that grows beyond the bound is given up (FETCH_SESSION_ID_NOT_FOUND).
pub(crate) const SESSIONS_BYTES: usize = 32 << 20;
/// One connection's sessions may take one in so many of these bytes, and one in so many of the places for sessions.
pub(crate) const SESSIONS_SHARED_BY: usize = 4;
/// What is counted for a session, with room for the trees that it is made of ...
pub(crate) const SESSION_BYTES: usize = 2 << 10;
/// ... for each topic in it, to which its name is added ...
pub(crate) const SESSION_TOPIC_BYTES: usize = 256;
/// ... and for each partition.
pub(crate) const SESSION_PARTITION_BYTES: usize = 128;

/// A partition of `__consumer_offsets` is folded once it is so many times as large as its live records were when that
/// was last known ...
pub(crate) const FOLD_FACTOR: u64 = 4;
/// ... and not below this size in bytes, or one segment's where that is less.
pub(crate) const FOLD_BYTES_MIN: u64 = 1 << 20;

/// How long a fetch session may be idle before another may take its place (Kafka's
/// `min.incremental.fetch.session.eviction.ms`). Where none is that idle, a new session is declined.
pub(crate) const SESSION_EVICTION: Duration = Duration::from_millis(120_000);

/// How long a stop waits for replies that are under way. Then their connections are closed.
pub(crate) const STOP_GRACE: Duration = Duration::from_millis(3_000);

/// How often a core says on the log what it has refused, at most. What comes in between is counted.
pub(crate) const REFUSED_LOG_INTERVAL: Duration = Duration::from_millis(1_000);

/// How often a core says on the log that a client was refused transactions, at most. What comes in between
/// is counted.
pub(crate) const TRANSACTIONS_LOG_INTERVAL: Duration = Duration::from_millis(60_000);

/// Lines a second that a core logs about topics, and as many about groups. What comes beyond is counted, and the count told.
pub(crate) const CHANGE_LOG_LINES_A_SECOND: u32 = 20;

/// How often a start that takes longer says how far it is.
pub(crate) const START_TOLD: Duration = Duration::from_millis(3_000);

/// How often a check says how far it is.
pub(crate) const CHECK_TOLD: Duration = Duration::from_millis(500);

/// How many partitions a check reads at a time.
pub(crate) const CHECKED_AT_ONCE: usize = 8;

/// How often each core looks after its partitions (rolls, retention), at most.
pub(crate) const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(60_000);

/// How long a start waits for a taken port to come free; then it says that the port is taken.
pub(crate) const TAKEN_PORT_PATIENCE: Duration = Duration::from_millis(3_000);

/// How often it tries meanwhile.
pub(crate) const TAKEN_PORT_PAUSE: Duration = Duration::from_millis(20);

/// Connections to the admin listener. Further ones are closed at once.
pub(crate) const ADMIN_CONNECTIONS_MAX: usize = 16;

/// How long such a connection may take for its one request and answer. Then it is closed.
pub(crate) const ADMIN_REQUEST: Duration = Duration::from_millis(10_000);

/// Bytes of a request's head there, and of what is read ahead of it. A larger one is refused (431).
pub(crate) const ADMIN_HEAD_BYTES_MAX: usize = 16 << 10;

/// Bytes of an answer there that are copied and sent at a time.
pub(crate) const ADMIN_SEND_BYTES: usize = 64 << 10;

/// How long to wait there when no connection can be accepted: the next try would fail at once.
pub(crate) const ADMIN_PAUSE: Duration = Duration::from_millis(50);

const _: () = assert!(SMALL_REPLY_BYTES < REPLIES_TOGETHER_BYTES);
const _: () = assert!(LOOKS_AT_ONCE <= LOOKS_OF_CORE);
const _: () = assert!(CONNECTIONS_SHARE < DESCRIPTORS_SHARED_BY);
const _: () = assert!(ANSWER_BYTES_FREE < ANSWER_BYTES_ENCODED_HERE);
const _: () = assert!(ANSWER_BYTES_ENCODED_HERE < ANSWER_BYTES_HELD);
// What leaves together is no more than one answer may be.
const _: () = assert!(REPLIES_TOGETHER_BYTES <= ANSWER_BYTES_FREE);
const _: () = assert!(FETCH_BYTES_MAX < i32::MAX as usize);
const _: () = assert!(REQUEST_BYTES_MIN < OTHER_REQUEST_BYTES_MAX);
const _: () = assert!(OTHER_REQUEST_BYTES_MAX < REQUEST_BYTES_IN_FLIGHT);
const _: () =
    assert!(REQUEST_BYTES_MIN < CONNECTION_BYTES_FREE && CONNECTION_BYTES_FREE < OWN_ROOM_FROM_BYTES);
const _: () = assert!(OTHER_REQUEST_BYTES_MAX <= REQUEST_BYTES_OF_CORE / OTHER_REQUESTS_SHARED_BY);
// A request without records that is let in may use all of its budget, and no Produce has a larger one.
const _: () = assert!(OTHER_REQUEST_BYTES_MAX == creel_wire::budget::FRAME_BYTES_COUNTED);
