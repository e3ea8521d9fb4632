//! `GET /stages`: every core's stage histograms since its start (see `crate::stages`).
//!
//! ```json
//! {"unit": "ns", "at_ns": 81, "cores": [{"core": 0, "stages": {
//!     "receive": {"count": 7, "sum_ns": 4711, "histogram": "HISTFAAAA..."}, "parse": ..., "queue": ...,
//!     "recompress": ..., "hop": ..., "write": ..., "fsync": ..., "send": ...},
//!     "between_cores": {"requests_asking": 3, "record_bytes": 700, "messages": 9, "packets": 5, "wakes": 4}}]}
//! ```
//!
//! `at_ns` is the broker's monotonic clock. `histogram` is HdrHistogram's portable form (V2, deflated, base64) with
//! three digits. Its values are the middles of buckets, each 1/32 of its value wide. The buckets are always the same,
//! so an earlier answer can be subtracted from a later one. `sum_ns` is exact. If the histograms are switched off,
//! `stages` is empty, and `between_cores` is left out. That is plain counts (see `BetweenCores`): of the requests (the
//! `count` of `parse`), those that asked another core; and what all messages to other cores took.

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use creel_io::histogram::Histogram;
use creel_io::{CoreId, now, offload};
use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use serde::Serialize;

use crate::core::{Core, Question, ask_all_cores};
use crate::peers::questions::ReadStages;
use crate::stages::{BetweenCores, Posted, StagesOfCore};

#[derive(Serialize)]
struct Report {
    unit: &'static str,
    at_ns: u64,
    cores: Vec<CoreReport>,
}

#[derive(Serialize)]
struct CoreReport {
    core: u16,
    stages: BTreeMap<&'static str, StageReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    between_cores: Option<BetweenCoresReport>,
}

#[derive(Serialize)]
struct BetweenCoresReport {
    requests_asking: u64,
    record_bytes: u64,
    messages: u64,
    packets: u64,
    wakes: u64,
}

#[derive(Serialize)]
struct StageReport {
    count: u64,
    sum_ns: u64,
    histogram: String,
}

/// Asks all cores; the answer as JSON.
pub(super) async fn report(core: &Rc<Core>) -> String {
    let at_ns = now().as_nanos();
    let cores = ask_all_cores(core, || ReadStages).await;
    // One histogram takes some hundred microseconds: too long for a core that has requests to serve.
    offload(move || {
        let cores = cores.into_iter().map(core_report).collect();
        serde_json::to_string(&Report { unit: "ns", at_ns, cores }).unwrap_or_default()
    })
    .await
}

impl Question for ReadStages {
    async fn answer_here(self, core: Rc<Core>) -> (CoreId, StagesOfCore) {
        (core.id, core.stages.read(core.peers.posted()))
    }
}

fn core_report((core, stages): (CoreId, StagesOfCore)) -> CoreReport {
    let StagesOfCore { histograms, between_cores } = stages;
    let stages = histograms.into_iter().map(|(name, histogram)| (name, stage_report(&histogram))).collect();
    CoreReport { core: core.0, stages, between_cores: between_cores.map(BetweenCoresReport::from) }
}

impl From<BetweenCores> for BetweenCoresReport {
    fn from(counted: BetweenCores) -> Self {
        let BetweenCores { requests_asking, record_bytes, posted } = counted;
        let Posted { messages, packets, wakes } = posted;
        Self { requests_asking, record_bytes, messages, packets, wakes }
    }
}

fn stage_report(histogram: &Histogram) -> StageReport {
    let sum_ns = histogram.sum().as_nanos() as u64;
    StageReport { count: histogram.count(), sum_ns, histogram: portable(histogram) }
}

/// In HdrHistogram's own form.
fn portable(histogram: &Histogram) -> String {
    let Ok(mut hdr) = Hdr::<u64>::new(3) else { return String::new() };
    for bucket in histogram.buckets() {
        // It grows with its values.
        let _ = hdr.record_n(bucket.value_ns, bucket.count);
    }
    let mut bytes = Vec::new();
    match V2DeflateSerializer::new().serialize(&hdr, &mut bytes) {
        Ok(_) => BASE64_STANDARD.encode(bytes),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hdrhistogram::serialization::Deserializer;

    use super::*;

    #[test]
    fn what_is_told_can_be_read_by_hdrhistogram() {
        let histogram = Histogram::default();
        for us in 1..=1000 {
            histogram.record(Duration::from_micros(us));
        }
        let bytes = BASE64_STANDARD.decode(portable(&histogram)).unwrap();
        let read: Hdr<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
        assert_eq!(read.len(), 1000);
        let median_us = read.value_at_quantile(0.5) / 1000;
        assert!((484..=516).contains(&median_us), "{median_us}");
    }
}
