//! A made-up point for tests, of this crate and of those that show points (feature `samples`).

use super::point::Point;
use crate::matrix::CellLoad;

/// A point in an open loop: records/s, p99 in ms, bytes per record on wire and disk.
pub fn point(cell: usize, records_per_s: f64, p99_ms: f64, bytes: f64) -> Point {
    let settings = serde_json::json!({
        "topic": "t", "partitions": 4, "payload": "lines", "keys": null, "stamp_bytes": 24, "seed": 1,
        "load": "open", "target_rate": records_per_s, "connections": 4, "consumers": 1, "threads": 1,
        "batch_bytes": 65536, "linger_ms": 5.0, "codec": "zstd:3", "acks": "all", "in_flight": 5
    });
    let quantiles = [p99_ms / 4.0, p99_ms / 2.0, p99_ms, p99_ms * 2.0, p99_ms * 3.0, p99_ms * 4.0];
    Point {
        cell,
        label: format!("cell={cell}"),
        load: CellLoad::Rate(records_per_s),
        round: 0,
        runs: 1,
        failed_runs: 0,
        noisy_runs: 0,
        disturbed_by: String::new(),
        measured_s: 1.0,
        missed_ratio: None,
        settings: serde_json::from_value(settings).expect("they are whole"),
        broker_set: Vec::new(),
        records_per_s,
        records_per_s_range: [records_per_s; 2],
        achieved: Some(1.0),
        response_ms: Some(quantiles),
        end_to_end_ms: Some(quantiles),
        wire_bytes_per_record: Some(bytes),
        disk_bytes_per_record: Some(bytes),
        broker_cpu_s_per_million: Some(0.5),
        generator_cpu_s_per_million: Some(1.0),
        generator_busy: 0.5,
        compression_ratio: Some(8.0),
        payload_bytes_per_record: 300.0,
    }
}
