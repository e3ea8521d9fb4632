//! DescribeLogDirs: the one data directory, with the sizes of the partitions in it.
//!
//! Null asks for all topics. Partitions that are not here are left out. v4 tells how large the volume is and how much
//! of it is free, or -1 if the system does not say.

use std::collections::BTreeMap;
use std::rc::Rc;

use creel_io::{fs, offload, pace, pace_tenth};
use creel_wire::api::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsRequest, DescribeLogDirsResponse,
    DescribeLogDirsResult, DescribeLogDirsTopic,
};
use creel_wire::{ErrorCode, Str};

use crate::api::call::{Call, Made, PrepareContext};
use crate::budget::{AnswerTooLarge, dedup_merging};
use crate::core::{Core, Question, ask_all_cores};
use crate::peers::questions::{MeasurePartitions, PartitionSize};

/// What a partition takes in memory on its way from its core, in the answer and in the frame.
const BYTES_OF_A_PARTITION: usize = 400;

/// Each topic once, in the order of names, and its partitions in order.
pub(crate) fn prepare(_: PrepareContext, mut request: DescribeLogDirsRequest) -> DescribeLogDirsRequest {
    if let Some(topics) = &mut request.topics {
        topics.sort_by(|one, other| one.topic.cmp(&other.topic));
        let also = |first: &mut DescribableLogDirTopic, again: DescribableLogDirTopic| {
            first.partitions.extend(again.partitions);
        };
        dedup_merging(topics, |one, other| one.topic.cmp(&other.topic), also);
        topics.iter_mut().for_each(|topic| topic.partitions.sort_unstable());
    }
    request
}

/// Answers the request.
pub(crate) async fn answer(
    call: Call,
    request: DescribeLogDirsRequest,
    counted: usize,
) -> Result<Made<DescribeLogDirsResponse>, AnswerTooLarge> {
    let all =
        call.core.topics.all().iter().map(|topic| topic.partitions.unsigned_abs() as usize).sum::<usize>();
    let held = call.hold(counted + all * BYTES_OF_A_PARTITION).await?;
    let mut sizes: BTreeMap<Str, BTreeMap<i32, u64>> = BTreeMap::new();
    for (topic, index, bytes) in ask_all_cores(&call.core, || MeasurePartitions).await.into_iter().flatten() {
        pace(1).await;
        if is_wanted(request.topics.as_deref(), &topic, index) {
            sizes.entry(topic).or_default().insert(index, bytes);
        }
    }
    let data_dir = call.core.node.config.data_dir.clone();
    let log_dir = data_dir.display().to_string();
    let space = offload(move || fs::space(&data_dir)).await.ok();
    let known = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut topics = Vec::with_capacity(sizes.len());
    for (name, partitions) in sizes {
        topics.push(shown(name, partitions).await);
    }
    let result = DescribeLogDirsResult {
        error_code: ErrorCode::None,
        log_dir: Str::from(log_dir),
        topics,
        total_bytes: space.map_or(-1, |space| known(space.total)),
        usable_bytes: space.map_or(-1, |space| known(space.usable)),
        is_cordoned: false,
    };
    Ok(Made { response: DescribeLogDirsResponse { results: vec![result], ..Default::default() }, held })
}

/// Whether a partition is asked for. If no topics are given, all are.
fn is_wanted(wanted: Option<&[DescribableLogDirTopic]>, name: &Str, index: i32) -> bool {
    let Some(wanted) = wanted else { return true };
    let found = wanted.binary_search_by(|topic| topic.topic.cmp(name)).ok();
    let topic = found.and_then(|at| wanted.get(at));
    topic.is_some_and(|topic| topic.partitions.binary_search(&index).is_ok())
}

async fn shown(name: Str, sizes: BTreeMap<i32, u64>) -> DescribeLogDirsTopic {
    let mut partitions = Vec::with_capacity(sizes.len());
    pace(1).await;
    for (at, (partition_index, bytes)) in sizes.into_iter().enumerate() {
        pace_tenth(at).await;
        let partition_size = i64::try_from(bytes).unwrap_or(i64::MAX);
        partitions.push(DescribeLogDirsPartition { partition_index, partition_size, ..Default::default() });
    }
    DescribeLogDirsTopic { name, partitions }
}

impl Question for MeasurePartitions {
    /// The sizes of this core's partitions.
    async fn answer_here(self, core: Rc<Core>) -> Vec<PartitionSize> {
        let mut sizes = Vec::new();
        let mut own = core.topics.walk();
        while let Some(partition) = own.next(&core.topics) {
            pace(1).await;
            let name = partition.name();
            sizes.push((Str::from(name.topic.clone()), name.partition, partition.size_bytes()));
        }
        sizes
    }
}
