//! A planted stall of 200 ms: the open loop charges it to every record that was due meanwhile; the closed loop, which asks
//! for nothing while it waits, hardly notices. That is why `--rate` exists.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use loadgen_result::latency::Latency;
use support::proxy::{Lie, LyingBroker, STALL};
use support::{Loadgen, Ran, creel};

/// At most seven records in a request, and no ack that waits for a disk.
const LOAD: &str = "--duration 2s --warmup 0s --linger-ms 1 --partitions 1 --connections 1 --acks 1 \
                    --record-size 100 --batch-bytes 1k";
const RECORDS_PER_REQUEST_MAX: u64 = 7;
const IN_FLIGHT: u64 = 5;
/// Half of the stall.
const LONG_NS: u64 = 100_000_000;
const RATE: u64 = 10_000;

fn stalled(more: &str) -> Ran {
    let data = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), data.path(), Lie::Stall);
    Loadgen::run(&format!("{LOAD} {more} --bootstrap {}", broker.address)).ran().expect(0)
}

/// Records that took long, and all.
fn long(ran: &Ran, of: &str) -> (u64, u64) {
    let text = ran.json()["figures"]["distributions"][of].as_str().unwrap();
    let latency = Latency::from_portable(text).unwrap();
    (latency.count_above(LONG_NS), latency.count())
}

#[test]
fn an_open_loop_charges_a_stall_to_every_record_due_during_it() {
    let ran = stalled(&format!("--rate {RATE} --in-flight {IN_FLIGHT}"));
    let (response, all) = long(&ran, "response");
    // All that was due in the first half of the stall waited for longer than its other half.
    let due = (STALL.as_nanos() as u64 - LONG_NS) * RATE / 1_000_000_000;
    assert_eq!(all, 2 * RATE, "every record of the schedule counts");
    assert!(response >= due * 99 / 100, "{response} of {due}");
    let p99_us = ran.json()["figures"]["response"]["p99_us"].as_f64().unwrap();
    assert!(p99_us * 1e3 >= LONG_NS as f64, "a twentieth of the records were due then: {p99_us}");

    let (service, _) = long(&ran, "service");
    assert!(service > 0 && service * 4 < response, "only what was in flight: {service} of {response}");
    let (queue, _) = long(&ran, "queue");
    assert!(queue > response / 2, "the others waited for a slot: {queue} of {response}");
}

#[test]
fn a_closed_loop_hardly_sees_the_same_stall() {
    let ran = stalled("--in-flight 1");
    let (response, all) = long(&ran, "response");
    assert!(response > 0, "the one request in flight does");
    assert!(response * 100 < all, "its p99 looks away: {response} of {all}");
    let open_due = (STALL.as_nanos() as u64 - LONG_NS) * RATE / 1_000_000_000;
    assert!(response < open_due / 4 && RECORDS_PER_REQUEST_MAX < open_due / 4, "{response}");
}

/// The service of a record is a part of its response: a longer one would be of a record that is not measured.
#[test]
fn a_stall_in_the_warm_up_is_in_no_column() {
    let data = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), data.path(), Lie::Stall);
    let load =
        "--duration 500ms --warmup 1500ms --linger-ms 1 --partitions 1 --connections 1 --acks 1 --rate 1k";
    let ran = Loadgen::run(&format!("{load} --bootstrap {}", broker.address)).ran().expect(0);
    let figures = &ran.json()["figures"];
    let [response, queue, service] = ["response", "queue", "service"].map(|of| figures[of].clone());
    let [whole, queued, served] = [&response, &queue, &service].map(|of| of["count"].as_u64().unwrap());
    let unsent = figures["schedule"]["unsent_records"].as_u64().unwrap();
    assert_eq!((queued, served + unsent), (whole, whole), "what was never sent has no service: {figures}");
    for part in [&queue, &service] {
        let [part, whole] = [part, &response].map(|of| of["max_us"].as_f64().unwrap());
        assert!(part <= whole * 1.002, "to three digits: {part} of {whole}");
    }
}
