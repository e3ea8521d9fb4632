//! WriteTxnMarkers (27): a coordinator asks for markers that end transactions in partitions.
//!
//! It is sent between brokers. v1 is flexible, v2 adds the transaction's version (KIP-1228).

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Markers to write.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "1+")]
pub struct WriteTxnMarkersRequest {
    /// The markers.
    pub markers: Vec<WritableTxnMarker>,
}

/// One of `WriteTxnMarkersRequest::markers`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarker {
    /// The producer's id.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// Whether it committed.
    pub transaction_result: bool,
    /// The topics.
    pub topics: Vec<WritableTxnMarkerTopic>,
    /// The coordinator's epoch; -1 if unknown.
    pub coordinator_epoch: i32,
    /// The transaction's version.
    #[wire(versions = "2+")]
    pub transaction_version: i8,
}

/// One of `WritableTxnMarker::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partition_indexes: Vec<i32>,
}

impl Request for WriteTxnMarkersRequest {
    const API_KEY: ApiKey = ApiKey::WriteTxnMarkers;
    const VERSIONS: VersionRange = VersionRange::new(1, 2);
    type Response = WriteTxnMarkersResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "1+")]
pub struct WriteTxnMarkersResponse {
    /// The markers.
    pub markers: Vec<WritableTxnMarkerResult>,
}

/// One of `WriteTxnMarkersResponse::markers`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerResult {
    /// The producer's id.
    pub producer_id: i64,
    /// The topics.
    pub topics: Vec<WritableTxnMarkerTopicResult>,
}

/// One of `WritableTxnMarkerResult::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerTopicResult {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

/// One of `WritableTxnMarkerTopicResult::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerPartitionResult {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
