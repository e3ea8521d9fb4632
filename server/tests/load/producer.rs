//! Producers. A careful one has an id, keeps a few batches in flight, and repeats in order what was not acknowledged,
//! over as many connections as it takes. A careless one asks for acks=1 and never looks back.

use std::collections::VecDeque;

use bytes::Bytes;
use creel_io::timeout;
use creel_wire::ErrorCode;
use creel_wire::api::init_producer_id::InitProducerIdRequest;
use creel_wire::api::produce::{PartitionProduceResponse, ProduceRequest};

use super::content::{ProducerId, RecordId, batch, compressed};
use super::judge::Part;
use super::{Load, PATIENCE, ROLLING, parts};
use crate::support::{Client, produce_request};

const VERSION: i16 = 9;
/// Batches in flight a partition; the broker remembers five.
const WINDOW: usize = 4;

struct Stream {
    part: Part,
    next: i32,
    unacked: VecDeque<Sent>,
}

#[derive(Clone)]
struct Sent {
    first: RecordId,
    count: i32,
    records: Bytes,
}

/// Why a session ended.
enum Over {
    Broken,
    Done,
}

pub async fn careful(load: Load, index: u16) {
    let id = loop {
        load.gate().await;
        match begin(&load).await {
            Some(id) => break id,
            None if load.is_draining() => return,
            None => load.rest().await,
        }
    };
    let mut streams: Vec<_> =
        parts().map(|part| Stream { part, next: 0, unacked: VecDeque::new() }).collect();
    loop {
        load.gate().await;
        if let Some(mut client) = load.connect().await
            && let Over::Done = session(&load, &mut client, id, index, &mut streams).await
        {
            return;
        }
        load.rest().await;
    }
}

async fn begin(load: &Load) -> Option<ProducerId> {
    let mut client = load.connect().await?;
    let response = load.ask(&mut client, 4, &InitProducerIdRequest::default()).await?;
    (response.error_code == ErrorCode::None)
        .then_some(ProducerId(response.producer_id, response.producer_epoch))
}

/// Repeats what is owed, then goes on; ends at the first refusal, which may have others behind it.
async fn session(
    load: &Load,
    client: &mut Client,
    id: ProducerId,
    index: u16,
    streams: &mut [Stream],
) -> Over {
    let mut in_flight = VecDeque::new();
    for (at, stream) in streams.iter().enumerate() {
        for sent in &stream.unacked {
            client.send(VERSION, &request(stream.part, sent, -1)).await;
            in_flight.push_back(at);
        }
    }
    loop {
        let at = creel_io::random_u64() as usize % streams.len();
        if !load.is_draining() && streams[at].unacked.len() < WINDOW {
            let sent = streams[at].take_next(load, Some(id), index);
            client.send(VERSION, &request(streams[at].part, &sent, -1)).await;
            streams[at].unacked.push_back(sent);
            in_flight.push_back(at);
        }
        let must_wait =
            load.is_draining() || in_flight.len() >= WINDOW * 2 || !creel_io::random_u64().is_multiple_of(3);
        if must_wait && let Some(at) = in_flight.pop_front() {
            if receive(load, client, &mut streams[at]).await.is_none() {
                return Over::Broken;
            }
        } else if must_wait && load.is_draining() {
            return Over::Done;
        }
        load.pause().await;
    }
}

/// Receives the reply to a stream's oldest batch; `None` unless it is an ack.
async fn receive(load: &Load, client: &mut Client, stream: &mut Stream) -> Option<()> {
    let response = reply(client).await?;
    let sent = stream.unacked.front().unwrap();
    // All before it was acknowledged: then it follows, or is a duplicate.
    let part = stream.part;
    assert_ne!(
        response.error_code,
        ErrorCode::OutOfOrderSequenceNumber,
        "{part:?} forgot what came before {:?}",
        sent.first
    );
    if response.error_code != ErrorCode::None {
        load.refused(&format!("{:?} of {part:?}", sent.first), response.error_code);
        return None;
    }
    load.judge.borrow_mut().acked(part, sent.first, sent.count, response.base_offset);
    stream.unacked.pop_front();
    Some(())
}

async fn reply(client: &mut Client) -> Option<PartitionProduceResponse> {
    let received = timeout(PATIENCE, client.try_receive::<ProduceRequest>(VERSION)).await.ok()?;
    Some(received?.responses.remove(0).partition_responses.remove(0))
}

fn request(part: Part, sent: &Sent, acks: i16) -> ProduceRequest {
    produce_request(part.topic, part.index, sent.records.clone(), acks)
}

impl Stream {
    fn take_next(&mut self, load: &Load, id: Option<ProducerId>, producer: u16) -> Sent {
        let count = 1 + (creel_io::random_u64() % 4) as i32;
        let first = RecordId { producer, number: self.next };
        self.next += count;
        let plain = batch(id, first, count, load.plan.value_bytes_max);
        // Where the topic has a codec, some batches have it already, and the others are compressed anew.
        let is_compressed = self.part.topic == ROLLING && creel_io::random_u64().is_multiple_of(2);
        let records = if is_compressed { compressed(&plain) } else { plain.bytes().clone() };
        Sent { first, count, records }
    }
}

pub async fn careless(load: Load, index: u16) {
    let mut streams: Vec<_> =
        parts().map(|part| Stream { part, next: 0, unacked: VecDeque::new() }).collect();
    while !load.is_draining() {
        load.gate().await;
        if let Some(mut client) = load.connect().await {
            while !load.is_draining() && one_more(&load, &mut client, index, &mut streams).await.is_some() {
                load.pause().await;
            }
        }
        load.rest().await;
    }
}

async fn one_more(load: &Load, client: &mut Client, index: u16, streams: &mut [Stream]) -> Option<()> {
    let at = creel_io::random_u64() as usize % streams.len();
    let stream = &mut streams[at];
    let sent = stream.take_next(load, None, index);
    load.judge.borrow_mut().sending(stream.part, sent.first, sent.count);
    client.send(VERSION, &request(stream.part, &sent, 1)).await;
    let response = reply(client).await?;
    load.judge.borrow_mut().answered(stream.part, sent.first, sent.count);
    if response.error_code == ErrorCode::None && load.plan.written_is_kept {
        load.judge.borrow_mut().acked(stream.part, sent.first, sent.count, response.base_offset);
    }
    Some(())
}
