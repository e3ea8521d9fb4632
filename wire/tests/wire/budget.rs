//! The memory that a frame's lists may take (`creel_wire::budget`): never too little for what clients and brokers
//! really send, and never more than it says for what is made to hurt.
//!
//! `cargo test -p creel-wire --test wire budget -- --nocapture` prints the figures.

use creel_wire::api::create_topics::{CreatableReplicaAssignment, CreatableTopic, CreateTopicsRequest};
use creel_wire::api::delete_groups::DeleteGroupsRequest;
use creel_wire::api::describe_configs::*;
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use creel_wire::api::fetch::{FetchableTopicResponse, PartitionData};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::metadata::*;
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};
use creel_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use creel_wire::{ApiKey, Bytes, DecodeError, Fault, Request, Str, budget};

use crate::decoders::{self, Direction, written};
use crate::golden;

/// What reading a body takes in memory.
fn taken(api: ApiKey, direction: Direction, version: i16, body: &Bytes) -> Result<usize, DecodeError> {
    let decoder = decoders::of(api, direction);
    // The first share of a frame makes its reference count: a frame off a socket has that already.
    let shared = body.clone();
    let mut result = Ok(());
    let used = allocation_counter::measure(|| result = (decoder.parse)(shared, version));
    result.map(|()| used.bytes_total as usize)
}

/// Reads what is legitimate, says what it took, and fails unless `margin` times as much would have passed as well.
fn passes(told: &str, api: ApiKey, direction: Direction, version: i16, body: &Bytes, margin: usize) {
    let taken = taken(api, direction, version, body).unwrap_or_else(|error| panic!("{told}: {error}"));
    let (frame, allowed) = (body.len(), budget::of(body.len()));
    println!(
        "{told}: {frame} bytes take {taken} ({:.1} times), {:.1} % of what is allowed",
        taken as f64 / frame.max(1) as f64,
        100.0 * taken as f64 / allowed as f64
    );
    assert!(margin * taken <= allowed, "{told}: {taken} of {allowed}");
}

fn request<R: Request>(told: &str, version: i16, request: &R, margin: usize) {
    passes(told, R::API_KEY, Direction::Request, version, &written(request, version), margin);
}

fn response<R: Request>(told: &str, version: i16, response: &R::Response, margin: usize) {
    passes(told, R::API_KEY, Direction::Response, version, &written(response, version), margin);
}

/// `count` names of exactly `letters` letters.
fn names(count: usize, letters: usize) -> impl Iterator<Item = Str> {
    (0..count).map(move |number| Str::from(format!("{number:0letters$}")[..letters].to_owned()))
}

#[test]
fn recorded_frames_take_little() {
    let mut worst = 0.0_f64;
    for golden in golden::all() {
        let told = format!("{}: {} v{} {:?}", golden.client, golden.api, golden.version, golden.direction);
        let body = golden.body();
        let taken = taken(golden.api, golden.direction, golden.version, &body).expect(&told);
        assert!(100 * taken <= budget::of(body.len()), "{told}: {taken} of {} bytes", body.len());
        let ratio = taken as f64 / body.len().max(1) as f64;
        if ratio > worst {
            println!("{told}: {} bytes take {taken} ({ratio:.1} times)", body.len());
            worst = ratio;
        }
    }
    assert!(worst > 1.0, "nothing was measured");
}

fn groups(count: usize, letters: usize) -> OffsetFetchRequest {
    let group = |group_id| OffsetFetchRequestGroup { group_id, topics: None, ..Default::default() };
    OffsetFetchRequest { groups: names(count, letters).map(group).collect(), ..Default::default() }
}

fn keys(count: usize, letters: usize) -> FindCoordinatorRequest {
    FindCoordinatorRequest { coordinator_keys: names(count, letters).collect(), ..Default::default() }
}

fn topics(count: usize, letters: usize) -> MetadataRequest {
    let topic = |name| MetadataRequestTopic { name: Some(name), ..Default::default() };
    MetadataRequest { topics: Some(names(count, letters).map(topic).collect()), ..Default::default() }
}

#[test]
fn tens_of_thousands_of_names_of_one_letter_pass() {
    request("OffsetFetch, 10,000 groups of one letter", 8, &groups(10_000, 1), 1);
    request("FindCoordinator, 50,000 keys of one letter", 4, &keys(50_000, 1), 1);
    request("Metadata, 30,000 topics of one letter", 9, &topics(30_000, 1), 1);
    let deleted = DeleteGroupsRequest { groups_names: names(50_000, 1).collect() };
    request("DeleteGroups, 50,000 groups of one letter", 2, &deleted, 1);
}

#[test]
fn longer_names_pass_in_any_number() {
    request("Metadata, 500,000 topics", 9, &topics(500_000, 8), 1);
    request("FindCoordinator, 500,000 keys", 4, &keys(500_000, 8), 1);
    request("OffsetFetch, 500,000 groups", 8, &groups(500_000, 10), 1);
    let resource =
        |resource_name| DescribeConfigsResource { resource_type: 2, resource_name, configuration_keys: None };
    let resources = names(500_000, 8).map(resource).collect();
    let all = DescribeConfigsRequest { resources, ..Default::default() };
    request("DescribeConfigs, 500,000 topics", 4, &all, 1);
}

#[test]
fn many_partitions_pass_twice_over() {
    let partitions =
        |count| (0..count).map(|partition| FetchPartition { partition, ..Default::default() }).collect();
    let fetched =
        FetchTopic { topic: "orders".into(), partitions: partitions(100_000), ..Default::default() };
    let fetch = FetchRequest { topics: vec![fetched], ..Default::default() };
    request("Fetch, 100,000 partitions", 4, &fetch, 2);
    request("Fetch, 100,000 partitions", 17, &fetch, 2);
    let alone =
        names(100_000, 6).map(|topic| FetchTopic { topic, partitions: partitions(1), ..Default::default() });
    let fetch = FetchRequest { topics: alone.collect(), ..Default::default() };
    request("Fetch, 100,000 topics of one partition", 12, &fetch, 2);
    // Batches of nothing but a header: no Produce has more partitions to the byte.
    let batch = PartitionProduceData { index: 1, records: Bytes::from_static(&[0; 61]).into() };
    let topic =
        TopicProduceData { name: "orders".into(), partition_data: vec![batch; 1], ..Default::default() };
    let produce = ProduceRequest { topic_data: vec![topic; 400_000], ..Default::default() };
    request("Produce, 400,000 topics of one empty batch", 7, &produce, 2);
    request("Produce, 400,000 topics of one empty batch", 12, &produce, 2);
    let placed = CreatableReplicaAssignment { partition_index: 1, broker_ids: vec![1] };
    let topic =
        CreatableTopic { name: "orders".into(), assignments: vec![placed; 10_000], ..Default::default() };
    let create = CreateTopicsRequest { topics: vec![topic; 10], ..Default::default() };
    request("CreateTopics, 100,000 assignments", 5, &create, 2);
}

#[test]
fn large_answers_pass() {
    let partition =
        MetadataResponsePartition { replica_nodes: vec![1], isr_nodes: vec![1], ..Default::default() };
    let topic = |partitions| MetadataResponseTopic {
        name: Some("orders".into()),
        partitions: vec![partition.clone(); partitions],
        ..Default::default()
    };
    let large = MetadataResponse { topics: vec![topic(100_000)], ..Default::default() };
    response::<MetadataRequest>("Metadata, 100,000 partitions", 12, &large, 2);
    let many = MetadataResponse { topics: vec![topic(1); 100_000], ..Default::default() };
    response::<MetadataRequest>("Metadata, 100,000 topics", 12, &many, 2);
    let topic =
        FetchableTopicResponse { partitions: vec![PartitionData::default(); 100_000], ..Default::default() };
    let nothing = FetchResponse { responses: vec![topic], ..Default::default() };
    response::<FetchRequest>("Fetch, 100,000 partitions with nothing new", 12, &nothing, 2);
    let key = DescribeConfigsResourceResult {
        name: "retention.ms".into(),
        value: Some("-1".into()),
        ..Default::default()
    };
    let result = DescribeConfigsResult {
        resource_name: "orders".into(),
        configs: vec![key; 40],
        ..Default::default()
    };
    let described = DescribeConfigsResponse { results: vec![result; 10_000], ..Default::default() };
    response::<DescribeConfigsRequest>("DescribeConfigs, 10,000 topics", 4, &described, 1);
}

/// DeleteGroups v2: a compact array of compact texts, each of them empty, and no tags.
fn empty_names(count: u32) -> Bytes {
    let mut body = Vec::new();
    let mut left = count + 1;
    while left >= 0x80 {
        body.push(left as u8 | 0x80);
        left >>= 7;
    }
    body.push(left as u8);
    body.resize(body.len() + count as usize, 1);
    body.push(0);
    body.into()
}

#[test]
fn lists_beyond_the_budget_are_refused_before_they_are_made() {
    let body = empty_names(15_000_000);
    let mut read = Ok(());
    let decoder = decoders::of(ApiKey::DeleteGroups, Direction::Request);
    let shared = body.clone();
    let used = allocation_counter::measure(|| read = (decoder.parse)(shared, 2));
    assert_eq!(read.map_err(|error| error.fault), Err(Fault::Budget));
    assert!(used.bytes_total < 100, "{used:?}");
    assert_eq!(
        taken(ApiKey::DeleteGroups, Direction::Request, 2, &empty_names(40_000)),
        Ok(40_000 * size_of::<Str>())
    );
}

#[test]
fn a_large_frame_may_take_no_more_than_one_of_16_mib() {
    assert_eq!(budget::of(1 << 30), budget::of(16 << 20));
    assert_eq!(budget::of(16 << 20), 129 << 20);
}
