//! The APIs that are served: one list, from which the way to each handler (`dispatch`) and the answer to ApiVersions are
//! made, so that nothing is promised that has no handler.

use creel_wire::ApiKey;

/// The list, in the order of keys, given to a macro that makes something of it. Of each API it says how it is begun, by the
/// name of a function of `dispatch`, and with which of its own functions.
macro_rules! for_each_api {
    ($make:ident) => {
        $make! {
            Produce: produce();
            Fetch: fetch();
            ListOffsets: in_turn(list_offsets::prepare, list_offsets::answer);
            Metadata: weighed(metadata::prepare, metadata::answer);
            OffsetCommit: in_turn(offset_commit::prepare, offset_commit::answer);
            OffsetFetch: weighed(offset_fetch::prepare, offset_fetch::answer);
            FindCoordinator: in_turn(find_coordinator::prepare, find_coordinator::answer);
            JoinGroup: weighed(join_group::prepare, join_group::answer);
            Heartbeat: in_turn(as_it_is, heartbeat::answer);
            LeaveGroup: in_turn(leave_group::prepare, leave_group::answer);
            SyncGroup: in_turn(sync_group::prepare, sync_group::answer);
            DescribeGroups: weighed(describe_groups::prepare, describe_groups::answer);
            ListGroups: weighed(list_groups::prepare, list_groups::answer);
            ApiVersions: at_once(api_versions::answer);
            CreateTopics: weighed(create_topics::prepare, create_topics::answer);
            DeleteTopics: in_turn(delete_topics::prepare, delete_topics::answer);
            DeleteRecords: in_turn(delete_records::prepare, delete_records::answer);
            InitProducerId: in_turn(as_it_is, init_producer_id::answer);
            OffsetForLeaderEpoch: in_turn(offset_for_leader_epoch::prepare, offset_for_leader_epoch::answer);
            DescribeConfigs: weighed(describe_configs::prepare, describe_configs::answer);
            AlterConfigs: in_turn(alter_configs::prepare, alter_configs::answer);
            DescribeLogDirs: weighed(describe_log_dirs::prepare, describe_log_dirs::answer);
            CreatePartitions: in_turn(create_partitions::prepare, create_partitions::answer);
            DeleteGroups: in_turn(delete_groups::prepare, delete_groups::answer);
            IncrementalAlterConfigs: in_turn(
                alter_configs::prepare_incremental,
                alter_configs::answer_incremental
            );
            OffsetDelete: in_turn(offset_delete::prepare, offset_delete::answer);
            DescribeCluster: at_once(describe_cluster::answer);
            DescribeTopicPartitions: weighed(
                describe_topic_partitions::prepare,
                describe_topic_partitions::answer
            );
        }
    };
}
pub(super) use for_each_api;

macro_rules! keys {
    ($($api:ident: $how:ident($($part:path),*);)*) => {
        /// Their keys.
        pub(super) const SERVED: &[ApiKey] = &[$(ApiKey::$api),*];
    };
}
for_each_api!(keys);
