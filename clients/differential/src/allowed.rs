//! The differences that are accepted, each with its reason.
//!
//! In every column `*` stands for anything. An entry that no difference fits any more fails the run, so that the list says
//! what is true today.

/// Differences that are accepted.
#[derive(Debug)]
pub(crate) struct Allowed {
    /// The story, as `metadata/auto-create`.
    pub(crate) story: &'static str,
    /// What was asked, as `Metadata v*`.
    pub(crate) ask: &'static str,
    /// The line of the answer.
    pub(crate) path: &'static str,
    pub(crate) kafka: &'static str,
    pub(crate) creel: &'static str,
    pub(crate) reason: &'static str,
}

/// One line each: story, what was asked, line of the answer: Kafka's, Creel's.
macro_rules! allowed {
    ($($reason:literal: $([$story:literal, $ask:literal, $path:literal: $kafka:literal, $creel:literal])*)*) => {
        /// All of them.
        pub(crate) const ALLOWED: &[Allowed] = &[$($(Allowed {
            story: $story, ask: $ask, path: $path, kafka: $kafka, creel: $creel, reason: $reason,
        },)*)*];
    };
}

allowed! {
    "APIs that are not served are not listed":
        ["negotiation/*", "ApiVersions v*", "apiKeys[*]": "(present)", "(absent)"]
    "older versions that clients still send are served as well":
        ["negotiation/*", "ApiVersions v*", "apiKeys[*].minVersion": "*", "0"]
    "the features belong to protocols that are not served":
        ["negotiation/*", "ApiVersions v*", "finalizedFeatures[*]": "(present)", "(absent)"]
        ["negotiation/*", "ApiVersions v*", "supportedFeatures[*]": "(present)", "(absent)"]
        ["negotiation/*", "ApiVersions v*", "finalizedFeaturesEpoch": "*", "0"]

    "a topic that is created by being named is there in the first answer, not in a later one":
        ["metadata/a_topic_comes_by_being_named", "Metadata v*", "topics[*].errorCode": "3", "0"]
        ["metadata/a_topic_comes_by_being_named", "Metadata v*", "topics[*].partitions": "[]", "(absent)"]
        ["metadata/a_topic_comes_by_being_named", "Metadata v*", "topics[*].partitions[*]": "(absent)", "(present)"]
        ["metadata/a_topic_comes_by_being_named", "Metadata v*", "topics[*].topicId": "*", "<a topicId>"]
    "ids in versions 10 and 11, and neither name nor id: Kafka refuses the request, Creel tells what it can":
        ["metadata/ids_before_their_time", "Metadata v*", "*": "*", "*"]

    "Kafka keeps this setting per cluster, because it has replicas to elect from":
        ["topics/*", "CreateTopics v*", "topics[*].configs[min.insync.replicas].configSource": "3", "5"]
        ["configs/settings_of_topics", "DescribeConfigs v*", "*configs[min.insync.replicas].configSource": "3", "5"]
        ["configs/settings_of_topics", "DescribeConfigs v*", "*configs[min.insync.replicas].synonyms[*": "(present)", "(absent)"]
        ["configs/settings_of_topics", "DescribeConfigs v*", "*configs[min.insync.replicas].synonyms[*": "3", "5"]
    "what is named twice is answered once":
        ["configs/descriptions_refused", "DescribeConfigs v4", "results[* again 2]*": "(present)", "(absent)"]
        ["configs/changes_refused", "IncrementalAlterConfigs v1", "responses[* again 2]*": "(present)", "(absent)"]
        ["groups/coordinators_in_each_version", "FindCoordinator v4", "coordinators[* again 2]*": "(present)", "(absent)"]
        ["groups/descriptions_in_each_version", "DescribeGroups v5", "groups[* again 2]*": "(present)", "(absent)"]
        ["offsets/several_groups", "OffsetFetch v*", "groups[* again 2]*": "(present)", "(absent)"]
    "a group is gone with its last offset; Kafka knows it for a while longer":
        ["offsets/deleted", "OffsetDelete v0", "errorCode": "0", "69"]
        ["offsets/deleted", "OffsetDelete v0", "topics": "(absent)", "[]"]
        ["offsets/deleted", "OffsetDelete v0", "topics[*": "(present)", "(absent)"]
    "Creel says what is wrong where Kafka says nothing":
        ["*", "*", "*errorMessage": "null", "<a errorMessage>"]
        ["configs/*", "DescribeConfigs v*", "*errorMessage": "\"\"", "<a errorMessage>"]

    "Kafka finds the fault when it opens its log, and says where that begins":
        ["*", "Produce v*", "*logStartOffset": "0", "-1"]
    "both refuse, for two faults in one batch":
        ["produce-wrong/damaged_batches", "Produce v*", "*errorCode": "2", "87"]
        ["produce-wrong/damaged_batches", "Produce v*", "*errorCode": "87", "2"]
    "records are not looked into when they are produced, headers are":
        ["produce-wrong/fewer_records_counted_than_sent", "Produce v*", "*": "*", "*"]
    "what a header says of several records' times is believed":
        ["produce/timestamps_beyond_what_the_header_tells", "Fetch v12", "*maxTimestamp": "*", "*"]
        ["produce/timestamps_beyond_what_the_header_tells", "ListOffsets v7", "*": "*", "*"]
    "a record without a timestamp is found behind older ones, too":
        ["list-offsets/the_largest_of_no_timestamps", "ListOffsets v*", "*": "-1", "*"]
    "the offset a client made up does not matter, as it is replaced":
        ["produce/a_base_offset_other_than_0", "Produce v9", "*": "*", "*"]
    "a few bytes behind a batch are not one batch":
        ["produce-wrong/a_batch_and_some_bytes", "Produce v*", "*": "*", "*"]
    "a codec that does not exist, which Kafka meets with an unknown error":
        ["produce-wrong/batches_no_client_may_send", "Produce v*", "*errorCode": "-1", "87"]
    "transactions are not served":
        ["produce-wrong/batches_no_client_may_send", "Produce v*", "*errorCode": "53", "*"]
        ["idempotence/transactional_records*", "Produce v*", "*errorCode": "*", "48"]
    "an idempotent producer has an epoch":
        ["produce-wrong/a_producer_without_an_epoch", "Produce v*", "*": "*", "*"]
    "a topic without partitions is answered for":
        ["produce/each_acks", "Produce v9", "responses*": "*", "*"]
    "a partition that is named twice is answered twice":
        ["produce/several_partitions", "note", "partitions answered": "1", "2"]
    "the time of a duplicate is told only where the broker stamps it":
        ["idempotence/*", "Produce v*", "*logAppendTimeMs": "story time*", "-1"]
        ["produce/compressed_anew", "Produce v9", "*logAppendTimeMs": "story time*", "-1"]

    "Creel sends whole batches only, Kafka cuts the last":
        ["fetch/limits*", "Fetch v*", "*records*": "*", "*"]
    "a size below zero asks for nothing; Kafka fails":
        ["fetch/limits_below_zero", "Fetch v12", "*": "*", "*"]
    "an isolation level that does not exist counts as the first; Kafka fails":
        ["fetch/isolation_levels_that_do_not_exist", "Fetch v*", "*": "*", "*"]
    "there are no replicas: who says he is one is a consumer":
        ["fetch/replicas_that_do_not_exist", "Fetch v12", "*": "*", "*"]
    "only followers say what they fetched last, and there are none":
        ["fetch/last_fetched_epochs", "Fetch v12", "*": "*", "*"]

    "assignments of a generation that has ended are not shown":
        ["groups/descriptions_of_states", "DescribeGroups v5", "*memberAssignment": "*", "\"\""]
    "who never joined can leave without a rebalance":
        ["groups-wrong/a_pending_member_acts", "Heartbeat v3", "errorCode": "27", "0"]

    "there is no tiered storage, so its settings can only have their defaults":
        ["configs/settings_of_tiered_storage", "IncrementalAlterConfigs v1", "*errorCode": "0", "40"]
        ["configs/settings_of_tiered_storage", "CreateTopics v4", "*errorCode": "0", "40"]
    "brokers' settings can't be changed while they run":
        ["configs/settings_of_brokers", "DescribeConfigs v*", "*readOnly": "false", "true"]
    "the id is the default one":
        ["configs/settings_of_brokers", "DescribeConfigs v*", "*configs[node.id]*": "4", "5"]
    "a setting that does not exist can't be taken back, and there are four operations":
        ["configs/changes_refused", "IncrementalAlterConfigs v1", "*errorCode": "*", "*"]
}
