//! What a frame as a whole looks like: cuts for records held elsewhere, tags of the future, text that is
//! shared.

use std::collections::BTreeMap;

use creel_wire::api::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use creel_wire::api::metadata::{MetadataRequest, MetadataRequestTopic};
use creel_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use creel_wire::{
    ApiKey, Bytes, Cut, Decode, Encode, EncodedFrame, Fault, Reader, Records, Request, RequestHeader, Str,
    Writer, frame,
};

fn fetched(records: impl IntoIterator<Item = Records>) -> FetchResponse {
    let partitions = records.into_iter().map(|records| PartitionData { records, ..PartitionData::default() });
    let topic =
        FetchableTopicResponse { partitions: partitions.collect(), ..FetchableTopicResponse::default() };
    FetchResponse { responses: vec![topic], ..FetchResponse::default() }
}

fn encoded(response: &FetchResponse, version: i16) -> EncodedFrame {
    frame::encode_response(3, response, ApiKey::Fetch, version, frame::FRAME_BYTES_MAX).expect("it is small")
}

#[test]
fn what_no_frame_can_carry_is_refused_and_nothing_is_made_of_it() {
    let half = Records::External { len: 1 << 30 };
    let most = frame::encode_response(3, &fetched([half.clone()]), ApiKey::Fetch, 12, frame::FRAME_BYTES_MAX);
    assert!(most.is_ok());
    let beyond = fetched([half.clone(), half]);
    let refused = frame::encode_response(3, &beyond, ApiKey::Fetch, 12, frame::FRAME_BYTES_MAX);
    assert_eq!(refused.map_err(|error| error.bytes_max), Err(frame::FRAME_BYTES_MAX));

    let large = fetched([Records::from(Bytes::from(vec![0; 1 << 20]))]);
    let mut refused = Ok(EncodedFrame::default());
    let used = allocation_counter::measure(|| {
        refused = frame::encode_response(3, &large, ApiKey::Fetch, 12, 1 << 20);
    });
    assert!(refused.is_err());
    assert_eq!(used.bytes_max, 0);
}

/// A frame as it leaves: what the cuts name is put in.
fn sent(frame: &EncodedFrame, elsewhere: &[&[u8]]) -> Bytes {
    assert_eq!(frame.cuts.len(), elsewhere.len());
    let mut sent = Vec::new();
    let mut from = 0;
    for (Cut { at, len }, bytes) in frame.cuts.iter().zip(elsewhere) {
        assert_eq!(*len as usize, bytes.len());
        sent.extend_from_slice(&frame.bytes[from..*at]);
        sent.extend_from_slice(bytes);
        from = *at;
    }
    sent.extend_from_slice(&frame.bytes[from..]);
    sent.into()
}

#[test]
fn records_held_elsewhere_leave_a_frame_with_cuts_that_reads_as_if_they_were_inside() {
    for version in FetchRequest::VERSIONS.each() {
        let here = fetched([b"first".as_slice(), b"", b"third"].map(|bytes| Bytes::from(bytes).into()));
        let there = fetched([Records::External { len: 5 }, Records::EMPTY, Records::External { len: 5 }]);
        let whole = encoded(&here, version);
        let cut = encoded(&there, version);
        assert_eq!(cut.len(), whole.len());
        assert_eq!(sent(&cut, &[b"first", b"third"]), whole.bytes, "v{version}");
        let read = frame::decode_response::<FetchRequest>(whole.bytes.slice(frame::SIZE_PREFIX..), version);
        assert_eq!(read.map(|(header, body)| (header.correlation_id, body)), Ok((3, here)), "v{version}");
    }
}

#[test]
fn the_size_prefix_counts_what_is_held_elsewhere() {
    let frame = encoded(&fetched([Records::External { len: 1000 }]), 12);
    let prefix = frame.bytes.first_chunk().copied().expect("a prefix");
    assert_eq!(frame::size(prefix, usize::MAX), Ok(frame.len() - frame::SIZE_PREFIX));
    assert!(frame.bytes.len() < 200);
}

#[test]
fn no_records_are_never_null() {
    // KAFKA-18646: a null here breaks librdkafka.
    let mut v4 = Writer::with_capacity(100);
    let answer = fetched([Records::EMPTY]);
    answer.encode(&mut v4, 4);
    assert!(v4.finish().bytes.ends_with(&[0, 0, 0, 0]));
    let mut v12 = Writer::with_capacity(100);
    answer.encode(&mut v12, 12);
    // The records' length (one too high, as compact lengths are), then no tags of partition, topic and
    // answer.
    assert!(v12.finish().bytes.ends_with(&[1, 0, 0, 0]));
}

fn produced() -> (RequestHeader, ProduceRequest) {
    let header =
        RequestHeader { api_key: 0, api_version: 9, correlation_id: 1, client_id: Some("me".into()) };
    let partition = PartitionProduceData { index: 0, records: Bytes::from_static(b"batch").into() };
    let topic = TopicProduceData {
        name: "orders".into(),
        partition_data: vec![partition],
        ..TopicProduceData::default()
    };
    (header, ProduceRequest { acks: -1, topic_data: vec![topic], ..ProduceRequest::default() })
}

#[test]
fn what_is_read_lies_in_the_frame_itself() {
    let (header, request) = produced();
    let bytes = frame::encode_request(&header, &request).slice(frame::SIZE_PREFIX..);
    let mut reader = Reader::new(bytes.clone());
    assert_eq!(RequestHeader::decode(&mut reader), Ok(header));
    let read = ProduceRequest::decode(&mut reader, 9).expect("a request");
    let within = |part: &[u8]| bytes.as_ptr_range().contains(&part.as_ptr());
    assert!(within(read.topic_data[0].name.as_bytes()));
    assert!(within(read.topic_data[0].partition_data[0].records.inline()));
}

#[test]
fn reading_a_produce_request_allocates_only_its_two_lists() {
    let (header, request) = produced();
    let bytes = frame::encode_request(&header, &request).slice(frame::SIZE_PREFIX..);
    // The first share of a frame makes its reference count: a frame off a socket has that already.
    let shared = bytes.clone();
    let used = allocation_counter::measure(|| {
        let mut reader = Reader::new(shared);
        RequestHeader::decode(&mut reader).expect("a header");
        drop(ProduceRequest::decode(&mut reader, 9).expect("a request"));
    });
    assert_eq!(used.count_total, 2, "topics and partitions");
}

#[test]
fn a_frame_is_written_into_one_allocation_of_its_size() {
    let (header, request) = produced();
    let mut frame = Bytes::new();
    let used = allocation_counter::measure(|| frame = frame::encode_request(&header, &request));
    assert_eq!((used.count_total, used.bytes_total), (1, frame.len() as u64));
}

#[test]
fn tags_of_the_future_are_passed_over() {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some("orders".into()),
            ..MetadataRequestTopic::default()
        }]),
        ..MetadataRequest::default()
    };
    let mut writer = Writer::with_capacity(100);
    request.encode(&mut writer, 9);
    let mut told = writer.finish().bytes.to_vec();
    assert_eq!(told.pop(), Some(0), "no tags yet");
    // Two tags: 7 of three bytes, 300 of none.
    told.extend_from_slice(&[2, 7, 3, b'a', b'b', b'c', 0xac, 0x02, 0]);
    let mut reader = Reader::new(told.into());
    assert_eq!(MetadataRequest::decode(&mut reader, 9), Ok(request));
    assert_eq!(reader.remaining(), 0);
}

#[test]
fn a_known_tag_has_to_fill_its_size() {
    let mut writer = Writer::with_capacity(100);
    FetchRequest { cluster_id: Some("c".into()), ..FetchRequest::default() }.encode(&mut writer, 12);
    let told = writer.finish().bytes;
    // The tag is the last thing: count 1, tag 0, size 2, then the text. One byte more than the text fills is
    // wrong.
    assert!(told.ends_with(&[1, 0, 2, 2, b'c']));
    let mut longer = told.to_vec();
    let size = longer.len() - 3;
    longer[size] += 1;
    longer.push(0);
    let read = FetchRequest::decode(&mut Reader::new(longer.into()), 12);
    assert_eq!(read.map_err(|error| error.fault), Err(Fault::TagSize));
}

#[test]
fn null_is_empty_where_a_version_has_no_null() {
    // Metadata v0 has no null: an empty list asks for all topics there.
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    let mut writer = Writer::with_capacity(4);
    all.encode(&mut writer, 0);
    assert_eq!(writer.finish().bytes, [0; 4][..]);
}

#[test]
fn our_own_words_are_cut_at_kafkas_limit() {
    let long = Str::from("é".repeat(20_000));
    let request = ProduceRequest { transactional_id: Some(long), ..ProduceRequest::default() };
    let mut writer = Writer::with_capacity(request.encoded_len(9));
    request.encode(&mut writer, 9);
    assert_eq!(writer.len(), request.encoded_len(9));
    let read = ProduceRequest::decode(&mut Reader::new(writer.finish().bytes), 9).expect("well formed");
    assert_eq!(read.transactional_id.map(|id| id.len()), Some(32_766), "whole letters only");
}

#[test]
fn a_map_keyed_by_text_is_asked_with_str() {
    let map = BTreeMap::from([(Str::from("orders"), 1)]);
    assert_eq!(map.get("orders"), Some(&1));
    let owned = Str::from(String::from("orders"));
    assert_eq!(owned.detached(), "orders");
    assert_ne!(owned.detached().as_bytes().as_ptr(), owned.as_bytes().as_ptr());
}
