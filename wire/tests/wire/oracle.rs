//! The kafka-protocol crate as an oracle: for each API and version that both know, what one writes the other
//! reads, and writes again as the same bytes. Names of fields are compared too, in order, so that two fields
//! of one type cannot change places unnoticed.

use std::fmt::Debug;

use bytes::BytesMut;
use creel_wire::sample::{Sample, Source, sample};
use creel_wire::{Encode, Message, Reader, Request, RequestHeader, frame, versions};
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message as TheirMessage};

use crate::decoders::written;

const SAMPLES: u64 = 40;

fn both_ways<Ours, Theirs>(version: i16)
where
    Ours: Message + Sample,
    Theirs: Decodable + Encodable + Debug,
{
    for seed in 0..SAMPLES {
        let ours: Ours = sample(&mut Source::new(seed), version);
        let sent = written(&ours, version);
        let mut unread = sent.clone();
        let theirs = Theirs::decode(&mut unread, version);
        let theirs = theirs.unwrap_or_else(|error| panic!("v{version}, they refuse {ours:?}: {error}"));
        assert!(unread.is_empty(), "v{version}, they leave {} bytes of {ours:?}", unread.len());
        assert_eq!(names(&ours), names(&theirs), "v{version}, the order of fields");

        let mut echoed = BytesMut::new();
        theirs.encode(&mut echoed, version).expect("they write what they read");
        assert_eq!(echoed, sent, "v{version}, their bytes of {ours:?}");
        assert_eq!(
            Ours::decode(&mut Reader::new(echoed.freeze()), version),
            Ok(ours),
            "v{version}, seed {seed}"
        );
    }
}

/// The names of fields in a value's debug form, but for those that only one side has.
fn names(value: &impl Debug) -> Vec<String> {
    let shown = format!("{value:?}");
    let mut names = Vec::new();
    let mut rest = shown.as_str();
    while let Some(colon) = rest.find(": ") {
        let name =
            rest[..colon].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if !one_sided(name) {
            names.push(name.replace('_', ""));
        }
        rest = &rest[colon + 2..];
    }
    names
}

/// Fields that belong to versions only one side has, and what theirs keeps of unknown tags.
fn one_sided(name: &str) -> bool {
    const OLD_AND_NEW: [&str; 9] = [
        "max_num_offsets",
        "old_style_offsets",
        "is_default",
        "enable_2_pc",
        "keep_prepared_txn",
        "ongoing_txn_producer_id",
        "ongoing_txn_producer_epoch",
        "is_cordoned",
        "transaction_version",
    ];
    name.is_empty() || name == "unknown_tagged_fields" || OLD_AND_NEW.contains(&name)
}

fn headers<Ours: Request, Theirs: HeaderVersion, TheirResponse: HeaderVersion>(version: i16) {
    let header = RequestHeader {
        api_key: Ours::API_KEY.code(),
        api_version: version,
        correlation_id: 7,
        client_id: Some("someone".into()),
    };
    let mut sent = frame::encode_request(&header, &Ours::default()).slice(frame::SIZE_PREFIX..);
    let ours = RequestHeader::decode(&mut Reader::new(sent.clone()));
    assert_eq!(ours.as_ref(), Ok(&header));
    let theirs = theirs::RequestHeader::decode(&mut sent, Theirs::header_version(version)).expect("a header");
    assert_eq!(theirs.client_id.as_deref(), Some("someone"));
    assert_eq!(
        sent.len(),
        Ours::default().encoded_len(version),
        "{} v{version}: the body begins here",
        Ours::API_KEY
    );

    let answer = Ours::Response::default();
    let answered = frame::encode_response(7, &answer, Ours::API_KEY, version, frame::FRAME_BYTES_MAX)
        .expect("it is small")
        .bytes;
    let mut answered = answered.slice(frame::SIZE_PREFIX..);
    theirs::ResponseHeader::decode(&mut answered, TheirResponse::header_version(version)).expect("a header");
    assert_eq!(
        answered.len(),
        answer.encoded_len(version),
        "{} v{version}: the answer begins here",
        Ours::API_KEY
    );
}

fn api<Ours, Theirs, TheirResponse>()
where
    Ours: Request + Sample,
    Ours::Response: Sample,
    Theirs: Decodable + Encodable + Debug + HeaderVersion + TheirMessage,
    TheirResponse: Decodable + Encodable + Debug + HeaderVersion,
{
    let known = Theirs::VERSIONS;
    let shared = Ours::VERSIONS.each().filter(|version| (known.min..=known.max).contains(version));
    let mut compared = 0;
    for version in shared {
        both_ways::<Ours, Theirs>(version);
        both_ways::<Ours::Response, TheirResponse>(version);
        headers::<Ours, Theirs, TheirResponse>(version);
        compared += 1;
    }
    assert!(compared > 0, "no version of {} was compared", Ours::API_KEY);
}

macro_rules! apis {
    ($($test:ident: $request:ident $response:ident;)*) => {
        $(
            #[test]
            fn $test() {
                api::<creel_wire::api::$test::$request, theirs::$request, theirs::$response>();
            }
        )*

        #[test]
        fn no_api_is_left_out() {
            let compared = [$(<creel_wire::api::$test::$request as Request>::API_KEY),*];
            for known in versions::known() {
                assert!(compared.contains(&known.api), "{} is not compared", known.api);
            }
        }
    };
}

apis! {
    add_offsets_to_txn: AddOffsetsToTxnRequest AddOffsetsToTxnResponse;
    add_partitions_to_txn: AddPartitionsToTxnRequest AddPartitionsToTxnResponse;
    alter_configs: AlterConfigsRequest AlterConfigsResponse;
    api_versions: ApiVersionsRequest ApiVersionsResponse;
    consumer_group_describe: ConsumerGroupDescribeRequest ConsumerGroupDescribeResponse;
    consumer_group_heartbeat: ConsumerGroupHeartbeatRequest ConsumerGroupHeartbeatResponse;
    create_partitions: CreatePartitionsRequest CreatePartitionsResponse;
    create_topics: CreateTopicsRequest CreateTopicsResponse;
    delete_groups: DeleteGroupsRequest DeleteGroupsResponse;
    delete_records: DeleteRecordsRequest DeleteRecordsResponse;
    delete_topics: DeleteTopicsRequest DeleteTopicsResponse;
    describe_cluster: DescribeClusterRequest DescribeClusterResponse;
    describe_configs: DescribeConfigsRequest DescribeConfigsResponse;
    describe_groups: DescribeGroupsRequest DescribeGroupsResponse;
    describe_log_dirs: DescribeLogDirsRequest DescribeLogDirsResponse;
    describe_producers: DescribeProducersRequest DescribeProducersResponse;
    describe_topic_partitions: DescribeTopicPartitionsRequest DescribeTopicPartitionsResponse;
    describe_transactions: DescribeTransactionsRequest DescribeTransactionsResponse;
    end_txn: EndTxnRequest EndTxnResponse;
    fetch: FetchRequest FetchResponse;
    find_coordinator: FindCoordinatorRequest FindCoordinatorResponse;
    heartbeat: HeartbeatRequest HeartbeatResponse;
    incremental_alter_configs: IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse;
    init_producer_id: InitProducerIdRequest InitProducerIdResponse;
    join_group: JoinGroupRequest JoinGroupResponse;
    leave_group: LeaveGroupRequest LeaveGroupResponse;
    list_groups: ListGroupsRequest ListGroupsResponse;
    list_offsets: ListOffsetsRequest ListOffsetsResponse;
    list_transactions: ListTransactionsRequest ListTransactionsResponse;
    metadata: MetadataRequest MetadataResponse;
    offset_commit: OffsetCommitRequest OffsetCommitResponse;
    offset_delete: OffsetDeleteRequest OffsetDeleteResponse;
    offset_fetch: OffsetFetchRequest OffsetFetchResponse;
    offset_for_leader_epoch: OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse;
    produce: ProduceRequest ProduceResponse;
    sasl_authenticate: SaslAuthenticateRequest SaslAuthenticateResponse;
    sasl_handshake: SaslHandshakeRequest SaslHandshakeResponse;
    sync_group: SyncGroupRequest SyncGroupResponse;
    txn_offset_commit: TxnOffsetCommitRequest TxnOffsetCommitResponse;
    write_txn_markers: WriteTxnMarkersRequest WriteTxnMarkersResponse;
}
