//! DescribeLogDirs: the one data directory, with the sizes of the partitions in it.
//!
//! Null asks for all topics; partitions that are not here are left out. v4 says how large the volume is and how much of it
//! is free, -1 where the system does not tell.

use std::collections::BTreeMap;

use creel_io::{fs, offload};
use creel_wire::api::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsRequest, DescribeLogDirsResponse,
    DescribeLogDirsResult, DescribeLogDirsTopic,
};
use creel_wire::{ErrorCode, Str};

use crate::call::Call;
use crate::core::Core;
use crate::messages::MeasurePartitions;
use crate::route;

/// The size of a partition in bytes, by topic and index.
pub(crate) type PartitionSize = (Str, i32, u64);

/// Answers the request.
pub(crate) async fn answer(call: Call, request: DescribeLogDirsRequest) -> DescribeLogDirsResponse {
    let all = route::call_all(&call.core, || MeasurePartitions).await.into_iter().flatten();
    let mut sizes: BTreeMap<Str, BTreeMap<i32, u64>> = BTreeMap::new();
    all.for_each(|(topic, index, bytes)| {
        sizes.entry(topic).or_default().insert(index, bytes);
    });
    if let Some(wanted) = &request.topics {
        keep(&mut sizes, wanted);
    }
    let data_dir = call.core.node.config.data_dir.clone();
    let log_dir = data_dir.display().to_string();
    let space = offload(move || fs::space(&data_dir)).await.ok();
    let known = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let result = DescribeLogDirsResult {
        error_code: ErrorCode::None,
        log_dir: Str::from(log_dir),
        topics: sizes.into_iter().map(|(name, partitions)| shown(name, partitions)).collect(),
        total_bytes: space.map_or(-1, |space| known(space.total)),
        usable_bytes: space.map_or(-1, |space| known(space.usable)),
        is_cordoned: false,
    };
    DescribeLogDirsResponse { results: vec![result], ..Default::default() }
}

fn keep(sizes: &mut BTreeMap<Str, BTreeMap<i32, u64>>, wanted: &[DescribableLogDirTopic]) {
    sizes.retain(|name, partitions| {
        let asked =
            |index: &i32| wanted.iter().any(|topic| topic.topic == *name && topic.partitions.contains(index));
        partitions.retain(|index, _| asked(index));
        !partitions.is_empty()
    });
}

fn shown(name: Str, partitions: BTreeMap<i32, u64>) -> DescribeLogDirsTopic {
    let partition = |(partition_index, bytes)| DescribeLogDirsPartition {
        partition_index,
        partition_size: i64::try_from(bytes).unwrap_or(i64::MAX),
        ..Default::default()
    };
    DescribeLogDirsTopic { name, partitions: partitions.into_iter().map(partition).collect() }
}

/// The sizes of this core's partitions.
pub(crate) fn measure(core: &Core) -> Vec<PartitionSize> {
    let own = core.topics.own_partitions().into_iter();
    own.map(|partition| {
        let name = partition.name();
        (Str::from(name.topic.clone()), name.partition, partition.size_bytes())
    })
    .collect()
}
