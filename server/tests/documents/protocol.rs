//! `docs/protocol.md`: what a broker lists in ApiVersions, beside what the codec reads and what Apache Kafka 4.3.1 lists.

use std::collections::BTreeMap;
use std::fs;

use creel_wire::api::api_versions::ApiVersionsRequest;
use creel_wire::{ApiKey, VersionRange, versions};
use serde::Deserialize;

use crate::support::World;
use crate::table;

const HEAD: &str = "\
# Protocol

<!-- Made by a test from what a broker answers: UPDATE_EXPECT=1 cargo test -p creel-server --test documents -->

Creel speaks Kafka's protocol, to stock Kafka clients. A client asks with ApiVersions what the broker can do. A request for
an API or a version that is not served closes its connection, as in Kafka.

Each answer is compared with that of Apache Kafka 4.3.1 (`cargo xtask differential`). The differences that are accepted, field
by field, are in [clients/README.md](../clients/README.md).

## Served

\"Listed\" is what ApiVersions says. Where other versions are read than are listed, the notes say so.

";

const NOT_SERVED: &str = "
## Not served

Creel's ApiVersions does not list these, so clients do not use them.

";

/// What each API leaves out of what Kafka does, for those who write clients.
const LEFT_OUT: &[(ApiKey, &str)] = &[
    (
        ApiKey::Produce,
        "Transactional batches are refused (INVALID_TXN_STATE). Zstd needs version 7. Records are looked into only where the batch's header says too little about timestamps.",
    ),
    (
        ApiKey::Fetch,
        "Whole batches only. A session ends with its connection. There are no followers and no tiered storage.",
    ),
    (ApiKey::ListOffsets, "No tiered offsets: -4 means the same as -2; -5 and -6 find nothing."),
    (ApiKey::Metadata, "One broker is controller and leader of everything."),
    (ApiKey::OffsetCommit, ""),
    (ApiKey::OffsetFetch, ""),
    (
        ApiKey::FindCoordinator,
        "Groups only. Transactional ids are refused (TRANSACTIONAL_ID_AUTHORIZATION_FAILED), and so are share groups.",
    ),
    (ApiKey::JoinGroup, "The classic group protocol."),
    (ApiKey::Heartbeat, ""),
    (ApiKey::LeaveGroup, ""),
    (ApiKey::SyncGroup, ""),
    (ApiKey::DescribeGroups, "Classic groups only."),
    (ApiKey::ListGroups, "Every group is of the classic type."),
    (ApiKey::ApiVersions, "No features: they all belong to protocols that are not served."),
    (
        ApiKey::CreateTopics,
        "One replica. An assignment must name this broker alone. At most 10,000 partitions a request, as in Kafka.",
    ),
    (ApiKey::DeleteTopics, ""),
    (ApiKey::DeleteRecords, "Compacted topics refuse it, as in Kafka."),
    (
        ApiKey::InitProducerId,
        "For idempotent producers. A transactional id is refused (TRANSACTIONAL_ID_AUTHORIZATION_FAILED).",
    ),
    (ApiKey::OffsetForLeaderEpoch, ""),
    (ApiKey::DescribeConfigs, "Client metrics and loggers can be asked about, and have no settings."),
    (
        ApiKey::AlterConfigs,
        "Topics and groups: a broker's settings cannot be changed while it runs. Those of groups are kept for protocols that are not served yet.",
    ),
    (ApiKey::DescribeLogDirs, "There is one data directory."),
    (ApiKey::CreatePartitions, "An assignment must name this broker alone."),
    (ApiKey::DeleteGroups, ""),
    (
        ApiKey::IncrementalAlterConfigs,
        "Topics and groups: a broker's settings cannot be changed while it runs. Those of groups are kept for protocols that are not served yet.",
    ),
    (ApiKey::OffsetDelete, ""),
    (ApiKey::DescribeCluster, "One broker. Controllers have no endpoint."),
    (ApiKey::DescribeTopicPartitions, ""),
];

/// The parts of Kafka that are not there, and what they would take.
const MISSING: &[(&str, &[ApiKey])] = &[
    (
        "transactions",
        &[
            ApiKey::AddPartitionsToTxn,
            ApiKey::AddOffsetsToTxn,
            ApiKey::EndTxn,
            ApiKey::WriteTxnMarkers,
            ApiKey::TxnOffsetCommit,
            ApiKey::DescribeProducers,
            ApiKey::DescribeTransactions,
            ApiKey::ListTransactions,
        ],
    ),
    (
        "passwords, tokens and ACLs",
        &[
            ApiKey::SaslHandshake,
            ApiKey::SaslAuthenticate,
            ApiKey::DescribeAcls,
            ApiKey::CreateAcls,
            ApiKey::DeleteAcls,
            ApiKey::CreateDelegationToken,
            ApiKey::RenewDelegationToken,
            ApiKey::ExpireDelegationToken,
            ApiKey::DescribeDelegationToken,
            ApiKey::DescribeUserScramCredentials,
            ApiKey::AlterUserScramCredentials,
        ],
    ),
    (
        "replication, several brokers, a quorum",
        &[
            ApiKey::ElectLeaders,
            ApiKey::AlterPartitionReassignments,
            ApiKey::ListPartitionReassignments,
            ApiKey::DescribeQuorum,
            ApiKey::UnregisterBroker,
            ApiKey::AddRaftVoter,
            ApiKey::RemoveRaftVoter,
        ],
    ),
    (
        "the consumer group protocol of KIP-848",
        &[ApiKey::ConsumerGroupHeartbeat, ApiKey::ConsumerGroupDescribe],
    ),
    (
        "share groups",
        &[
            ApiKey::ShareGroupHeartbeat,
            ApiKey::ShareGroupDescribe,
            ApiKey::ShareFetch,
            ApiKey::ShareAcknowledge,
            ApiKey::InitializeShareGroupState,
            ApiKey::ReadShareGroupState,
            ApiKey::WriteShareGroupState,
            ApiKey::DeleteShareGroupState,
            ApiKey::ReadShareGroupStateSummary,
            ApiKey::DescribeShareGroupOffsets,
            ApiKey::AlterShareGroupOffsets,
            ApiKey::DeleteShareGroupOffsets,
        ],
    ),
    ("streams groups", &[ApiKey::StreamsGroupHeartbeat, ApiKey::StreamsGroupDescribe]),
    ("quotas", &[ApiKey::DescribeClientQuotas, ApiKey::AlterClientQuotas]),
    ("several data directories", &[ApiKey::AlterReplicaLogDirs]),
    ("clients' metrics", &[ApiKey::GetTelemetrySubscriptions, ApiKey::PushTelemetry]),
    ("settings of other things than topics and brokers", &[ApiKey::ListConfigResources]),
    ("features that can be raised", &[ApiKey::UpdateFeatures]),
];

/// What Apache Kafka lists.
#[derive(Deserialize)]
struct Listed {
    key: i16,
    min: i16,
    max: i16,
}

pub(crate) fn text() -> String {
    let ours = listed_by_a_broker();
    let kafkas = listed_by_kafka();
    assert_eq!(
        LEFT_OUT.iter().map(|(api, _)| api.code()).collect::<Vec<_>>(),
        ours.keys().copied().collect::<Vec<_>>(),
        "LEFT_OUT has a row for each API that is served, in the order of their keys"
    );
    let missing: Vec<ApiKey> = MISSING.iter().flat_map(|(_, apis)| apis.iter().copied()).collect();
    for key in kafkas.keys().filter(|key| !ours.contains_key(key)) {
        let api = ApiKey::from_code(*key).unwrap();
        assert!(missing.contains(&api), "{api} is neither served nor among MISSING");
    }
    for api in &missing {
        assert!(!ours.contains_key(&api.code()), "{api} is served, and among MISSING");
    }
    let served = LEFT_OUT.iter().map(|(api, left_out)| served_row(*api, left_out, &ours, &kafkas));
    let not_served = MISSING.iter().map(|(what, apis)| {
        let names: Vec<String> = apis.iter().map(|api| format!("{api} ({})", api.code())).collect();
        [(*what).to_owned(), names.join(", ")]
    });
    [
        HEAD,
        &table(["key", "API", "listed", "Kafka 4.3.1 lists", "what is left out"], served),
        NOT_SERVED,
        &table(["what is missing", "APIs"], not_served),
    ]
    .concat()
}

fn served_row(
    api: ApiKey,
    left_out: &str,
    ours: &BTreeMap<i16, VersionRange>,
    kafkas: &BTreeMap<i16, VersionRange>,
) -> [String; 5] {
    let key = api.code();
    let accepted = versions::known_api(api).unwrap().accepted;
    let mut notes = left_out.to_owned();
    if accepted != ours[&key] {
        notes = format!("Versions {accepted} are read; some clients want older ones to be listed. {notes}");
    }
    let kafkas = kafkas.get(&key).map_or_else(|| "-".to_owned(), VersionRange::to_string);
    [key.to_string(), api.to_string(), ours[&key].to_string(), kafkas, notes.trim_end().to_owned()]
}

/// What ApiVersions answers.
fn listed_by_a_broker() -> BTreeMap<i16, VersionRange> {
    let request =
        ApiVersionsRequest { client_software_name: "documents".into(), client_software_version: "1".into() };
    let response = World::new(0, 1, &[]).client(|broker| async move {
        let mut client = broker.connect().await;
        client.call(4, &request).await
    });
    let listed = response.api_keys.iter();
    listed.map(|one| (one.api_key, VersionRange::new(one.min_version, one.max_version))).collect()
}

fn listed_by_kafka() -> BTreeMap<i16, VersionRange> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/data/kafka-4.3.1-api-versions.json");
    let listed: Vec<Listed> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    listed.iter().map(|one| (one.key, VersionRange::new(one.min, one.max))).collect()
}
