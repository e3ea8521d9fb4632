//! Readers: one a partition that follows its end, and the sweep that reads it whole.

use creel_wire::ErrorCode;
use creel_wire::api::fetch::PartitionData;
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};

use super::Load;
use super::content::{RecordId, read};
use super::judge::Part;
use crate::support::{Client, fetch_request};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// Follows a partition's end until the load drains.
pub async fn follow(load: Load, part: Part) {
    let mut next = 0;
    while !load.is_draining() {
        load.gate().await;
        if let Some(mut client) = load.connect().await {
            while !load.is_draining() && read_on(&load, &mut client, part, &mut next).await.is_some() {
                load.pause().await;
            }
        }
        load.rest().await;
    }
}

async fn read_on(load: &Load, client: &mut Client, part: Part, next: &mut i64) -> Option<()> {
    let data = fetch(load, client, part, *next, 20).await?;
    if data.error_code == ErrorCode::OffsetOutOfRange {
        let start = offset(load, client, part, EARLIEST).await?;
        assert!(start > *next, "{part:?} starts at {start}; what was served up to {next} is gone");
        *next = start;
        return Some(());
    }
    for (offset, id) in records(load, data, *next)? {
        load.judge.borrow_mut().served(part, offset, id);
        *next = offset + 1;
    }
    Some(())
}

/// Reads all of a partition; `None` when that did not succeed, or retention came in between.
pub async fn sweep(load: &Load, part: Part) -> Option<()> {
    let mut client = load.connect().await?;
    let start = offset(load, &mut client, part, EARLIEST).await?;
    let end = offset(load, &mut client, part, LATEST).await?;
    let mut found = Vec::new();
    let mut next = start;
    while next < end {
        let data = fetch(load, &mut client, part, next, 0).await?;
        let more = records(load, data, next)?;
        next = more.last()?.0 + 1;
        found.extend(more);
    }
    let end = next;
    load.judge.borrow_mut().swept(part, start, end, &found);
    Some(())
}

async fn fetch(
    load: &Load,
    client: &mut Client,
    part: Part,
    from: i64,
    max_wait_ms: i32,
) -> Option<PartitionData> {
    let response = load.ask(client, 12, &fetch_request(part.topic, part.index, from, max_wait_ms)).await?;
    response.responses.into_iter().next()?.partitions.into_iter().next()
}

/// What lies at `from` and behind it; `None` if the broker refused.
fn records(load: &Load, data: PartitionData, from: i64) -> Option<Vec<(i64, RecordId)>> {
    if data.error_code != ErrorCode::None {
        load.refused("fetch", data.error_code);
        return None;
    }
    let mut found = read(data.records.inline().clone(), load.plan.value_bytes_max);
    assert!(
        found.iter().all(|(offset, _)| *offset < data.high_watermark),
        "nothing above the high watermark"
    );
    found.retain(|(offset, _)| *offset >= from);
    Some(found)
}

async fn offset(load: &Load, client: &mut Client, part: Part, timestamp: i64) -> Option<i64> {
    let asked = ListOffsetsPartition { partition_index: part.index, timestamp, ..Default::default() };
    let topic = ListOffsetsTopic { name: part.topic.into(), partitions: vec![asked] };
    let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
    let response = load.ask(client, 7, &request).await?;
    let found = response.topics.into_iter().next()?.partitions.into_iter().next()?;
    (found.error_code == ErrorCode::None).then_some(found.offset)
}
