//! Frame parse: what decoding costs a produce and a fetch request, and encoding their answers.

use bytes::Bytes;
use creel_benches::frames::produce_request;
use creel_benches::shape::{Acks, SHAPES};
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use creel_wire::api::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use creel_wire::frame::{FRAME_BYTES_MAX, encode_request, encode_response};
use creel_wire::{ApiKey, Reader, Request, RequestHeader, Str};
use criterion::{Criterion, criterion_group, criterion_main};

const TOPIC: &str = "bench";

/// What the broker does with a frame before its handler sees it.
fn decode<R: Request>(frame: &Bytes) -> R {
    let mut reader = Reader::new(frame.slice(4..));
    let header = RequestHeader::decode(&mut reader).expect("a frame made here has a header");
    R::decode(&mut reader, header.api_version).expect("and a body")
}

fn frame(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    let produce = produce_request(TOPIC, 0, &SHAPES[1], Acks::Written);
    group.bench_function("decode produce v7, one 16 KB batch", |b| {
        b.iter(|| decode::<ProduceRequest>(&produce))
    });
    let fetch = fetch_request(100);
    group.bench_function("decode fetch v12, 100 partitions", |b| b.iter(|| decode::<FetchRequest>(&fetch)));
    let answer = produce_answer();
    group.bench_function("encode produce v7 answer", |b| {
        b.iter(|| encode_response(7, &answer, ApiKey::Produce, 7, FRAME_BYTES_MAX));
    });
    group.finish();
}

fn fetch_request(partitions: i32) -> Bytes {
    let partitions = (0..partitions).map(|partition| FetchPartition {
        partition,
        partition_max_bytes: 1 << 20,
        ..FetchPartition::default()
    });
    let topic =
        FetchTopic { topic: Str::from(TOPIC), partitions: partitions.collect(), ..FetchTopic::default() };
    let request = FetchRequest { topics: vec![topic], max_wait_ms: 500, ..FetchRequest::default() };
    encode_request(&header(ApiKey::Fetch, 12), &request)
}

fn header(api: ApiKey, version: i16) -> RequestHeader {
    RequestHeader {
        api_key: api.code(),
        api_version: version,
        correlation_id: 7,
        client_id: Some(Str::from("bench")),
    }
}

fn produce_answer() -> ProduceResponse {
    let partition =
        PartitionProduceResponse { base_offset: 1_000_000, ..PartitionProduceResponse::default() };
    let topic = TopicProduceResponse {
        name: Str::from(TOPIC),
        partition_responses: vec![partition],
        ..TopicProduceResponse::default()
    };
    ProduceResponse { responses: vec![topic], ..ProduceResponse::default() }
}

criterion_group!(benches, frame);
criterion_main!(benches);
