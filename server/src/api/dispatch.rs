//! From a frame to the handler of its API.
//!
//! Kafka closes the connection on an API or version that it does not know, and on a body that does not parse; so do we.
//! The exception is ApiVersions, with which clients find out (KIP-511).

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::rc::Rc;

use bytes::Bytes;
use creel_io::{offload, pace};
use creel_wire::api::api_versions;
use creel_wire::api::fetch::FetchRequest;
use creel_wire::api::produce::ProduceRequest;
use creel_wire::{ApiKey, Decode, DecodeError, Fault, Reader, Request, RequestHeader, versions};

use crate::api::call::{Call, Made, PrepareContext};
use crate::api::served::for_each_api;
use crate::api::{self, produce::Start};
use crate::budget::{AnswerTooLarge, weight};
use crate::core::Core;
use crate::limits::{
    FETCH_BYTES_READ_AT_ONCE, PRODUCE_BYTES_READ_HERE, PRODUCE_LISTS_READ_HERE, REQUEST_BYTES_READ_A_STEP,
    REQUEST_BYTES_READ_HERE,
};
use crate::net::client::Client;
use crate::net::reply::{PendingReply, Reply};
use crate::net::service::{Beginning, Begun, Refused, Service};
use crate::stages::FrameTimes;

/// A request for something that is not served. Its connection is closed.
#[derive(Clone, Debug)]
enum Refusal {
    /// The API is not known, or not served.
    Api(i16),
    /// The version of the API is not known, or not served.
    Version(ApiKey, i16),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(key) => match ApiKey::from_code(*key) {
                Some(api) => write!(f, "{api} is not supported yet{}", kind_of(api)),
                None => write!(f, "no API has the key {key}"),
            },
            Self::Version(api, version) => write!(f, "{api} version {version} is not supported"),
        }
    }
}

/// What is missing, where it has a name of its own.
fn kind_of(api: ApiKey) -> &'static str {
    match api {
        ApiKey::SaslHandshake | ApiKey::SaslAuthenticate => {
            ": set the client's security.protocol to PLAINTEXT"
        }
        ApiKey::AddPartitionsToTxn
        | ApiKey::AddOffsetsToTxn
        | ApiKey::EndTxn
        | ApiKey::WriteTxnMarkers
        | ApiKey::TxnOffsetCommit
        | ApiKey::DescribeTransactions
        | ApiKey::ListTransactions => ": transactions are missing",
        _ => "",
    }
}

impl Error for Refusal {}

/// A request whose header is read.
struct IncomingRequest {
    call: Call,
    /// At its body.
    reader: Reader,
    times: FrameTimes,
}

impl Service for Core {
    fn begin(
        self: &Rc<Self>,
        client: &Rc<Client>,
        frame: Bytes,
        times: FrameTimes,
    ) -> Result<Beginning, Refused> {
        let (key, version, correlation_id) = peek(&frame)?;
        let api = ApiKey::from_code(key).ok_or(Refusal::Api(key))?;
        let entry = versions::known_api(api).ok_or(Refusal::Api(key))?;
        if !entry.accepted.contains(version) {
            return match api {
                ApiKey::ApiVersions => {
                    Ok(now(Reply::from(api_versions::unsupported_version(correlation_id))))
                }
                _ => Err(Refusal::Version(api, version).into()),
            };
        }
        let mut reader = Reader::new(frame);
        let header = RequestHeader::decode(&mut reader)?;
        let (core, client) = (self.clone(), client.clone());
        let call = Call { core, client, api, version, correlation_id, client_id: header.client_id };
        begin(IncomingRequest { call, reader, times })
    }

    fn connection_ended(&self, number: u64) {
        self.sessions.borrow_mut().end_of(number);
        self.node.connection_closed(self.id);
    }
}

macro_rules! handlers {
    ($($api:ident: $how:ident($($part:path),*);)*) => {
        /// Begins a request in the way of its API.
        fn begin(incoming: IncomingRequest) -> Result<Beginning, Refused> {
            use crate::api::*;
            match incoming.call.api {
                $(ApiKey::$api => $how(incoming, $($part),*),)*
                other => Err(Refusal::Api(other.code()).into()),
            }
        }
    };
}
for_each_api!(handlers);

fn now(reply: Reply) -> Beginning {
    Beginning::Now(Begun { pending: PendingReply::Ready(reply), queued: None })
}

fn later(begun: impl Future<Output = Result<Begun, Refused>> + 'static) -> Beginning {
    Beginning::Later(Box::pin(begun))
}

/// Produce: requests begin in the order of arrival.
fn produce(incoming: IncomingRequest) -> Result<Beginning, Refused> {
    let IncomingRequest { call, mut reader, times } = incoming;
    let version = call.version;
    if reader.remaining() <= PRODUCE_BYTES_READ_HERE {
        let request = ProduceRequest::decode(&mut reader, version)?;
        return Ok(begin_produce(call, request, times));
    }
    Ok(later(async move {
        let request = read_large_produce(reader, version).await?;
        begin_produce(call, request, times).begun().await
    }))
}

fn begin_produce(call: Call, request: ProduceRequest, times: FrameTimes) -> Beginning {
    let queued = call.core.stages.decoded(times);
    match api::produce::begin(call, request) {
        Start::Now(pending) => Beginning::Now(Begun { pending, queued }),
        Start::Later(begun) => later(async move { Ok(Begun { pending: begun.await, queued }) }),
    }
}

/// Fetch: most are short, and are read at once.
fn fetch(incoming: IncomingRequest) -> Result<Beginning, Refused> {
    let IncomingRequest { call, mut reader, times } = incoming;
    let (version, bytes) = (call.version, reader.remaining());
    if bytes <= FETCH_BYTES_READ_AT_ONCE {
        let request = FetchRequest::decode(&mut reader, version)?;
        return Ok(Beginning::Now(begin_fetch(call, request, times)));
    }
    Ok(later(async move {
        let request = decoded(bytes, move || FetchRequest::decode(&mut reader, version)).await?;
        Ok(begin_fetch(call, request, times))
    }))
}

fn begin_fetch(call: Call, request: FetchRequest, times: FrameTimes) -> Begun {
    let queued = call.core.stages.decoded(times);
    Begun { pending: api::fetch::begin(call, request), queued }
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

/// Leaves a request as it is, for an API with nothing to prepare.
fn as_it_is<R>(_: PrepareContext, request: R) -> R {
    request
}

/// A prepared request: what it named twice is there once.
struct Ready<P> {
    prepared: P,
    /// Bytes that its lists take.
    lists: usize,
}

/// Reads a request. A large one is read off the core, because its lists may take long.
async fn read<R, P>(
    call: &Call,
    mut reader: Reader,
    prepare: fn(PrepareContext, R) -> P,
) -> Result<Ready<P>, DecodeError>
where
    R: Request + 'static,
    P: Send + 'static,
{
    let broker = call.core.node.broker();
    let (version, node_id, num_partitions) = (call.version, broker.node_id, broker.num_partitions);
    let facts = PrepareContext { version, node_id, num_partitions };
    let bytes = reader.remaining();
    let read = move || {
        let request = R::decode(&mut reader, version)?;
        let lists = reader.lists_bytes();
        Ok(Ready { prepared: prepare(facts, request), lists })
    };
    decoded(bytes, read).await
}

/// Reads a request of so many bytes: on this core once a turn has room for it, or off the core.
async fn decoded<T: Send + 'static>(bytes: usize, read: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes > REQUEST_BYTES_READ_HERE {
        return offload(read).await;
    }
    pace(bytes / REQUEST_BYTES_READ_A_STEP).await;
    read()
}

/// A Produce is usually large because of its records, which cost nothing here. One with large lists is read off the
/// core.
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
fn at_once<R: Request>(
    incoming: IncomingRequest,
    answer: fn(&Call, R) -> R::Response,
) -> Result<Beginning, Refused> {
    let IncomingRequest { call, mut reader, .. } = incoming;
    let request = R::decode(&mut reader, call.version)?;
    Ok(now(call.reply(&answer(&call, request))))
}

/// An API whose answer takes time, and whose answer's memory is at most a fixed multiple of its request's. A request
/// begins when it is its turn to be answered. Kafka does the same: it does not look at a connection's next request
/// before.
fn in_turn<R, P, F>(
    incoming: IncomingRequest,
    prepare: fn(PrepareContext, R) -> P,
    answer: impl FnOnce(Call, P) -> F + 'static,
) -> Result<Beginning, Refused>
where
    R: Request<Response: Send + 'static> + 'static,
    P: Send + 'static,
    F: Future<Output = R::Response> + 'static,
{
    weighed::<R, P, _>(incoming, prepare, async move |call: Call, prepared, counted| {
        let held = call.hold(counted).await?;
        Ok(Made { response: answer(call, prepared).await, held })
    })
}

/// The same for an API whose answer also grows with what the broker has. It is told how many bytes the request alone
/// makes it take. It holds room for these and for its own.
fn weighed<R, P, F>(
    incoming: IncomingRequest,
    prepare: fn(PrepareContext, R) -> P,
    answer: impl FnOnce(Call, P, usize) -> F + 'static,
) -> Result<Beginning, Refused>
where
    R: Request<Response: Send + 'static> + 'static,
    P: Send + 'static,
    F: Future<Output = Result<Made<R::Response>, AnswerTooLarge>> + 'static,
{
    let IncomingRequest { call, reader, .. } = incoming;
    Ok(later(async move {
        let Ready { prepared, lists } = read(&call, reader, prepare).await?;
        let pending = PendingReply::later(async move {
            let counted = lists.saturating_mul(weight(call.api));
            let made = answer(call.clone(), prepared, counted).await;
            call.reply_made(made).await.into()
        });
        Ok(Begun { pending, queued: None })
    }))
}
