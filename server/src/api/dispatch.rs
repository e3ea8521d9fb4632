//! From a frame to the handler of its API.
//!
//! Kafka closes the connection on an API or version that it does not know, and on a body that does not parse; so do we.
//! The exception is ApiVersions, with which clients find out (KIP-511).

use std::fmt;
use std::future::Future;
use std::rc::Rc;

use bytes::Bytes;
use creel_io::{Instant, offload, pace};
use creel_wire::api::api_versions;
use creel_wire::api::fetch::FetchRequest;
use creel_wire::api::produce::ProduceRequest;
use creel_wire::{ApiKey, Decode, DecodeError, Fault, Reader, Request, RequestHeader, versions};

use crate::api::call::{Call, Made};
use crate::api::{self, produce::Start};
use crate::budget::{TooMuch, weight};
use crate::core::Core;
use crate::limits::{
    FETCH_BYTES_READ_AT_ONCE, PRODUCE_BYTES_READ_HERE, PRODUCE_LISTS_READ_HERE, REQUEST_BYTES_READ_A_STEP,
    REQUEST_BYTES_READ_HERE,
};
use crate::net::connection::Client;
use crate::net::reply::{Pending, Reply};
use crate::tasks::race::Boxed;

/// Why a request can't be answered, so that its connection is closed.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// The API is not known, or not served.
    Api(i16),
    /// The version of the API is not.
    Version(ApiKey, i16),
    /// Header or body do not parse.
    Malformed(DecodeError),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(key) => match ApiKey::from_code(*key) {
                Some(api) => write!(f, "{api} is not served yet{}", kind_of(api)),
                None => write!(f, "no API has the key {key}"),
            },
            Self::Version(api, version) => write!(f, "{api} has no version {version} here"),
            Self::Malformed(error) => write!(f, "{error}"),
        }
    }
}

/// What is missing, where it has a name of its own.
fn kind_of(api: ApiKey) -> &'static str {
    match api {
        ApiKey::SaslHandshake | ApiKey::SaslAuthenticate => {
            ": there are no passwords (SASL), so the client has to use PLAINTEXT (security.protocol)"
        }
        ApiKey::AddPartitionsToTxn
        | ApiKey::AddOffsetsToTxn
        | ApiKey::EndTxn
        | ApiKey::WriteTxnMarkers
        | ApiKey::TxnOffsetCommit
        | ApiKey::DescribeTransactions
        | ApiKey::ListTransactions => ": there are no transactions",
        _ => "",
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// A request that has begun.
pub(crate) struct Begun {
    pub(crate) pending: Pending,
    /// When it was decoded, if it is one whose way through the broker is timed.
    pub(crate) decoded_at: Option<Instant>,
}

/// A request on its way to having begun. Most Produce and Fetch requests begin without waiting, and pay for no future.
pub(crate) enum Beginning {
    Now(Begun),
    /// It has begun when this is ready.
    Later(Boxed<'static, Result<Begun, Refusal>>),
}

impl Beginning {
    pub(crate) async fn begun(self) -> Result<Begun, Refusal> {
        match self {
            Self::Now(begun) => Ok(begun),
            Self::Later(later) => later.await,
        }
    }
}

/// Begins a request: what must happen in the order of arrival has happened when it has begun.
pub(crate) fn begin(core: &Rc<Core>, client: &Rc<Client>, frame: Bytes) -> Result<Beginning, Refusal> {
    let (key, version, correlation_id) = peek(&frame)?;
    let api = ApiKey::from_code(key).ok_or(Refusal::Api(key))?;
    let entry = versions::entry(api).ok_or(Refusal::Api(key))?;
    if !entry.accepted.contains(version) {
        return match api {
            ApiKey::ApiVersions => {
                let reply = Reply::from(api_versions::unsupported_version(correlation_id));
                Ok(Beginning::Now(Begun { pending: Pending::Ready(reply), decoded_at: None }))
            }
            _ => Err(Refusal::Version(api, version)),
        };
    }
    let mut reader = Reader::new(frame);
    let header = RequestHeader::decode(&mut reader)?;
    let (core, client) = (core.clone(), client.clone());
    let call = Call { core, client, api, version, correlation_id, client_id: header.client_id };
    let bytes = reader.remaining();
    Ok(match api {
        ApiKey::Produce if bytes <= PRODUCE_BYTES_READ_HERE => {
            let request = ProduceRequest::decode(&mut reader, version)?;
            begin_produce(call, request)
        }
        ApiKey::Fetch if bytes <= FETCH_BYTES_READ_AT_ONCE => {
            let request = FetchRequest::decode(&mut reader, version)?;
            Beginning::Now(begin_fetch(call, request))
        }
        ApiKey::Produce => Beginning::Later(Box::pin(async move {
            let request = read_large_produce(reader, version).await?;
            begin_produce(call, request).begun().await
        })),
        ApiKey::Fetch => Beginning::Later(Box::pin(async move {
            let request = decoded(bytes, move || FetchRequest::decode(&mut reader, version)).await?;
            Ok(begin_fetch(call, request))
        })),
        _ => Beginning::Later(Box::pin(async move {
            Ok(Begun { pending: handle(call, reader).await?, decoded_at: None })
        })),
    })
}

fn begin_produce(call: Call, request: ProduceRequest) -> Beginning {
    let decoded_at = Some(call.core.stages.clock());
    match api::produce::begin(call, request) {
        Start::Now(pending) => Beginning::Now(Begun { pending, decoded_at }),
        Start::Later(later) => {
            Beginning::Later(Box::pin(async move { Ok(Begun { pending: later.await, decoded_at }) }))
        }
    }
}

fn begin_fetch(call: Call, request: FetchRequest) -> Begun {
    let decoded_at = Some(call.core.stages.clock());
    Begun { pending: api::fetch::begin(call, request), decoded_at }
}

/// What every header begins with, whatever its version: key, version and correlation id.
fn peek(frame: &Bytes) -> Result<(i16, i16, i32), DecodeError> {
    if let Some([k0, k1, v0, v1, id @ ..]) = frame.first_chunk::<8>() {
        return Ok((i16::from_be_bytes([*k0, *k1]), i16::from_be_bytes([*v0, *v1]), i32::from_be_bytes(*id)));
    }
    // Too short: the reader says where.
    let mut reader = Reader::new(frame.clone());
    Ok((reader.i16()?, reader.i16()?, reader.i32()?))
}

/// One arm an API, but for the two whose time is told apart.
async fn handle(call: Call, reader: Reader) -> Result<Pending, Refusal> {
    use crate::api::*;
    match call.api {
        ApiKey::ApiVersions => now(&call, reader, api_versions::answer),
        ApiKey::DescribeCluster => now(&call, reader, describe_cluster::answer),
        ApiKey::Heartbeat => later(call, reader, as_it_is, heartbeat::answer).await,
        ApiKey::InitProducerId => later(call, reader, as_it_is, init_producer_id::answer).await,
        ApiKey::SyncGroup => later(call, reader, sync_group::prepare, sync_group::answer).await,
        ApiKey::ListOffsets => later(call, reader, list_offsets::prepare, list_offsets::answer).await,
        ApiKey::OffsetCommit => later(call, reader, offset_commit::prepare, offset_commit::answer).await,
        ApiKey::FindCoordinator => {
            later(call, reader, find_coordinator::prepare, find_coordinator::answer).await
        }
        ApiKey::LeaveGroup => later(call, reader, leave_group::prepare, leave_group::answer).await,
        ApiKey::DeleteGroups => later(call, reader, delete_groups::prepare, delete_groups::answer).await,
        ApiKey::OffsetForLeaderEpoch => {
            later(call, reader, offset_for_leader_epoch::prepare, offset_for_leader_epoch::answer).await
        }
        ApiKey::DeleteTopics => later(call, reader, delete_topics::prepare, delete_topics::answer).await,
        ApiKey::DeleteRecords => later(call, reader, delete_records::prepare, delete_records::answer).await,
        ApiKey::OffsetDelete => later(call, reader, offset_delete::prepare, offset_delete::answer).await,
        ApiKey::CreatePartitions => {
            later(call, reader, create_partitions::prepare, create_partitions::answer).await
        }
        ApiKey::AlterConfigs => later(call, reader, alter_configs::prepare, alter_configs::answer).await,
        ApiKey::IncrementalAlterConfigs => {
            later(call, reader, alter_configs::prepare_incremental, alter_configs::answer_incremental).await
        }
        ApiKey::DescribeTopicPartitions => {
            weighed(call, reader, describe_topic_partitions::prepare, describe_topic_partitions::answer).await
        }
        ApiKey::JoinGroup => weighed(call, reader, join_group::prepare, join_group::answer).await,
        ApiKey::Metadata => weighed(call, reader, metadata::prepare, metadata::answer).await,
        ApiKey::OffsetFetch => weighed(call, reader, offset_fetch::prepare, offset_fetch::answer).await,
        ApiKey::DescribeGroups => {
            weighed(call, reader, describe_groups::prepare, describe_groups::answer).await
        }
        ApiKey::ListGroups => weighed(call, reader, list_groups::prepare, list_groups::answer).await,
        ApiKey::DescribeConfigs => {
            weighed(call, reader, describe_configs::prepare, describe_configs::answer).await
        }
        ApiKey::CreateTopics => weighed(call, reader, create_topics::prepare, create_topics::answer).await,
        ApiKey::DescribeLogDirs => {
            weighed(call, reader, describe_log_dirs::prepare, describe_log_dirs::answer).await
        }
        other => Err(Refusal::Api(other.code())),
    }
}

/// The APIs that `begin` and `handle` have an arm for: what ApiVersions lists.
pub(crate) const SERVED: &[ApiKey] = &[
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::Heartbeat,
    ApiKey::LeaveGroup,
    ApiKey::SyncGroup,
    ApiKey::DescribeGroups,
    ApiKey::ListGroups,
    ApiKey::ApiVersions,
    ApiKey::CreateTopics,
    ApiKey::DeleteTopics,
    ApiKey::DeleteRecords,
    ApiKey::InitProducerId,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::DescribeConfigs,
    ApiKey::AlterConfigs,
    ApiKey::DescribeLogDirs,
    ApiKey::CreatePartitions,
    ApiKey::DeleteGroups,
    ApiKey::IncrementalAlterConfigs,
    ApiKey::OffsetDelete,
    ApiKey::DescribeCluster,
    ApiKey::DescribeTopicPartitions,
];

/// What a request is made ready by: it knows these, and otherwise the request alone, so that it can work beside the core.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) version: i16,
    pub(crate) node_id: i32,
    pub(crate) num_partitions: i32,
}

/// Nothing is to be made ready.
fn as_it_is<R>(_: Facts, request: R) -> R {
    request
}

/// A request, made ready to be answered: what is named twice is taken once.
struct Ready<P> {
    prepared: P,
    /// Bytes that its lists take.
    lists: usize,
}

/// Reads a request; a large one beside the core, as its lists may take long.
async fn read<R, P>(
    call: &Call,
    mut reader: Reader,
    prepare: fn(Facts, R) -> P,
) -> Result<Ready<P>, DecodeError>
where
    R: Request + 'static,
    P: Send + 'static,
{
    let broker = call.core.node.broker();
    let (version, node_id, num_partitions) = (call.version, broker.node_id, broker.num_partitions);
    let facts = Facts { version, node_id, num_partitions };
    let bytes = reader.remaining();
    let read = move || {
        let request = R::decode(&mut reader, version)?;
        let lists = reader.lists_bytes();
        Ok(Ready { prepared: prepare(facts, request), lists })
    };
    decoded(bytes, read).await
}

/// Reads a request of so many bytes: here once there is room in a turn, or beside the core.
async fn decoded<T: Send + 'static>(bytes: usize, read: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes > REQUEST_BYTES_READ_HERE {
        return offload(read).await;
    }
    pace(bytes / REQUEST_BYTES_READ_A_STEP).await;
    read()
}

/// A Produce is large for its records, which cost nothing here; one that is large for its lists is read beside the core.
async fn read_large_produce(mut reader: Reader, version: i16) -> Result<ProduceRequest, DecodeError> {
    let mut in_short = reader.clone().with_lists(PRODUCE_LISTS_READ_HERE);
    match ProduceRequest::decode(&mut in_short, version) {
        Err(DecodeError { fault: Fault::Budget, .. }) => {
            offload(move || ProduceRequest::decode(&mut reader, version)).await
        }
        read => read,
    }
}

/// An API that is answered at once.
fn now<R: Request>(
    call: &Call,
    mut reader: Reader,
    answer: fn(&Call, R) -> R::Response,
) -> Result<Pending, Refusal> {
    let request = R::decode(&mut reader, call.version)?;
    Ok(Pending::Ready(call.reply(&answer(call, request))))
}

/// An API whose answer takes time, and no more memory than its request's by a factor. It is begun when it is its turn to be
/// answered, as in Kafka, which does not look at a connection's next request before.
async fn later<R, P, F>(
    call: Call,
    reader: Reader,
    prepare: fn(Facts, R) -> P,
    answer: impl FnOnce(Call, P) -> F + 'static,
) -> Result<Pending, Refusal>
where
    R: Request<Response: Send + 'static> + 'static,
    P: Send + 'static,
    F: Future<Output = R::Response> + 'static,
{
    weighed::<R, P, _>(call, reader, prepare, async move |call: Call, prepared, counted| {
        let held = call.hold(counted).await?;
        Ok(Made { response: answer(call, prepared).await, held })
    })
    .await
}

/// The same for one whose answer also grows with what the broker has: it is told how many bytes the request itself makes it
/// take, and holds room for these and its own.
async fn weighed<R, P, F>(
    call: Call,
    reader: Reader,
    prepare: fn(Facts, R) -> P,
    answer: impl FnOnce(Call, P, usize) -> F + 'static,
) -> Result<Pending, Refusal>
where
    R: Request<Response: Send + 'static> + 'static,
    P: Send + 'static,
    F: Future<Output = Result<Made<R::Response>, TooMuch>> + 'static,
{
    let Ready { prepared, lists } = read(&call, reader, prepare).await?;
    Ok(Pending::later(async move {
        let counted = lists.saturating_mul(weight(call.api));
        let made = answer(call.clone(), prepared, counted).await;
        call.reply_made(made).await.into()
    }))
}
