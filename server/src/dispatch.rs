//! From a frame to the handler of its API.
//!
//! Kafka closes the connection on an API or version that it does not know, and on a body that does not parse; so do we.
//! The exception is ApiVersions, with which clients find out (KIP-511).

use std::fmt;
use std::future::Future;
use std::rc::Rc;

use bytes::Bytes;
use creel_io::Instant;
use creel_wire::api::api_versions;
use creel_wire::{ApiKey, DecodeError, Reader, Request, RequestHeader, versions};

use crate::api;
use crate::call::Call;
use crate::connection::Client;
use crate::core::Core;
use crate::reply::{Pending, Reply};

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
            Self::Api(key) => write!(f, "no API has the key {key}"),
            Self::Version(api, version) => write!(f, "{api} has no version {version} here"),
            Self::Malformed(error) => write!(f, "{error}"),
        }
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

/// Begins a request: what must happen in the order of arrival has happened when this returns.
pub(crate) async fn begin(core: &Rc<Core>, client: &Rc<Client>, frame: Bytes) -> Result<Begun, Refusal> {
    let (key, version, correlation_id) = peek(&frame)?;
    let api = ApiKey::from_code(key).ok_or(Refusal::Api(key))?;
    let entry = versions::entry(api).ok_or(Refusal::Api(key))?;
    if !entry.accepted.contains(version) {
        return match api {
            ApiKey::ApiVersions => {
                let reply = Reply::from(api_versions::unsupported_version(correlation_id));
                Ok(Begun { pending: Pending::Ready(reply), decoded_at: None })
            }
            _ => Err(Refusal::Version(api, version)),
        };
    }
    let mut reader = Reader::new(frame);
    let header = RequestHeader::decode(&mut reader)?;
    let (core, client) = (core.clone(), client.clone());
    let call = Call { core, client, api, version, correlation_id, client_id: header.client_id };
    match api {
        ApiKey::Produce => {
            let (request, decoded_at) = timed(&call, &mut reader)?;
            Ok(Begun { pending: api::produce::begin(call, request).await, decoded_at })
        }
        ApiKey::Fetch => {
            let (request, decoded_at) = timed(&call, &mut reader)?;
            Ok(Begun { pending: api::fetch::begin(call, request), decoded_at })
        }
        _ => Ok(Begun { pending: handle(call, &mut reader)?, decoded_at: None }),
    }
}

/// What every header begins with, whatever its version: key, version and correlation id.
fn peek(frame: &Bytes) -> Result<(i16, i16, i32), DecodeError> {
    let mut reader = Reader::new(frame.clone());
    Ok((reader.i16()?, reader.i16()?, reader.i32()?))
}

/// One arm an API, but for the two whose time is told apart.
fn handle(call: Call, reader: &mut Reader) -> Result<Pending, Refusal> {
    Ok(match call.api {
        ApiKey::ApiVersions => now(call, reader, api::api_versions::answer)?,
        ApiKey::Metadata => later(call, reader, api::metadata::answer)?,
        ApiKey::ListOffsets => later(call, reader, api::list_offsets::answer)?,
        ApiKey::OffsetCommit => later(call, reader, api::offset_commit::answer)?,
        ApiKey::OffsetFetch => later(call, reader, api::offset_fetch::answer)?,
        ApiKey::FindCoordinator => later(call, reader, api::find_coordinator::answer)?,
        ApiKey::JoinGroup => later(call, reader, api::join_group::answer)?,
        ApiKey::Heartbeat => later(call, reader, api::heartbeat::answer)?,
        ApiKey::LeaveGroup => later(call, reader, api::leave_group::answer)?,
        ApiKey::SyncGroup => later(call, reader, api::sync_group::answer)?,
        ApiKey::DescribeGroups => later(call, reader, api::describe_groups::answer)?,
        ApiKey::ListGroups => later(call, reader, api::list_groups::answer)?,
        ApiKey::DeleteGroups => later(call, reader, api::delete_groups::answer)?,
        ApiKey::InitProducerId => later(call, reader, api::init_producer_id::answer)?,
        ApiKey::OffsetForLeaderEpoch => later(call, reader, api::offset_for_leader_epoch::answer)?,
        ApiKey::DescribeConfigs => now(call, reader, api::describe_configs::answer)?,
        ApiKey::DescribeCluster => now(call, reader, api::describe_cluster::answer)?,
        ApiKey::CreateTopics => later(call, reader, api::create_topics::answer)?,
        ApiKey::DeleteTopics => later(call, reader, api::delete_topics::answer)?,
        ApiKey::DeleteRecords => later(call, reader, api::delete_records::answer)?,
        ApiKey::DescribeLogDirs => later(call, reader, api::describe_log_dirs::answer)?,
        ApiKey::OffsetDelete => later(call, reader, api::offset_delete::answer)?,
        ApiKey::DescribeTopicPartitions => now(call, reader, api::describe_topic_partitions::answer)?,
        ApiKey::CreatePartitions => later(call, reader, api::create_partitions::answer)?,
        ApiKey::AlterConfigs => later(call, reader, api::alter_configs::answer)?,
        ApiKey::IncrementalAlterConfigs => later(call, reader, api::alter_configs::answer_incremental)?,
        other => return Err(Refusal::Api(other.code())),
    })
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

fn read<R: Request>(reader: &mut Reader, version: i16) -> Result<R, DecodeError> {
    R::decode(reader, version)
}

/// The request, and when it was decoded.
fn timed<R: Request>(call: &Call, reader: &mut Reader) -> Result<(R, Option<Instant>), DecodeError> {
    let request = read(reader, call.version)?;
    Ok((request, Some(call.core.stages.clock())))
}

/// An API that is answered at once.
fn now<R: Request>(
    call: Call,
    reader: &mut Reader,
    answer: fn(&Call, R) -> R::Response,
) -> Result<Pending, Refusal> {
    let request = read(reader, call.version)?;
    Ok(Pending::Ready(Reply::from(call.encode(&answer(&call, request)))))
}

/// An API whose answer takes time. It is begun when it is its turn to be answered, as in Kafka, which does not look at a
/// connection's next request before.
fn later<R, F>(
    call: Call,
    reader: &mut Reader,
    answer: impl FnOnce(Call, R) -> F + 'static,
) -> Result<Pending, Refusal>
where
    R: Request + 'static,
    F: Future<Output = R::Response> + 'static,
{
    let request = read(reader, call.version)?;
    Ok(Pending::later(async move {
        let response = answer(call.clone(), request).await;
        Reply::from(call.encode(&response)).into()
    }))
}
