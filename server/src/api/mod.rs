//! From a request to its answer: `dispatch` finds the handler, `call` is what each handler gets.
//!
//! This room owns what each API of Kafka promises, one file per API: the promise on top, then how it is answered.
//! Handlers know topics, coordinators and other cores. They must not know sockets.

pub(crate) mod alter_configs;
pub(crate) mod api_versions;
pub(crate) mod authorized_operations;
pub(crate) mod call;
pub(crate) mod create_partitions;
pub(crate) mod create_topics;
pub(crate) mod delete_groups;
pub(crate) mod delete_records;
pub(crate) mod delete_topics;
pub(crate) mod describe_cluster;
pub(crate) mod describe_configs;
pub(crate) mod describe_groups;
pub(crate) mod describe_log_dirs;
pub(crate) mod describe_topic_partitions;
pub(crate) mod dispatch;
pub(crate) mod durable_ends;
pub(crate) mod fetch;
pub(crate) mod find_coordinator;
pub(crate) mod heartbeat;
pub(crate) mod init_producer_id;
pub(crate) mod join_group;
pub(crate) mod leader_epochs;
pub(crate) mod leave_group;
pub(crate) mod list_groups;
pub(crate) mod list_offsets;
pub(crate) mod metadata;
pub(crate) mod offset_commit;
pub(crate) mod offset_delete;
pub(crate) mod offset_fetch;
pub(crate) mod offset_for_leader_epoch;
pub(crate) mod produce;
mod served;
pub(crate) mod sync_group;
pub(crate) mod transactions;
#[cfg(test)]
mod worst_frames;
