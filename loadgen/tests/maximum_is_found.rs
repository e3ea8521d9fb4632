//! `loadgen max` against a broker whose maximum is known: one request in flight, each held for 10 ms on its way, seven
//! records in each.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use support::proxy::{Lie, LyingBroker, SLOW};
use support::{Loadgen, Ran, creel};

const RECORDS_PER_REQUEST_MAX: f64 = 7.0;
const PRECISION: f64 = 0.2;
const PROBE: &str = "--duration 400ms --warmup 100ms --partitions 1 --connections 1 --in-flight 1 --acks 1 \
                     --record-size 100 --batch-bytes 1k --p99 1s --precision 0.2";

#[test]
fn no_rate_above_what_can_be_is_found_and_the_one_found_was_confirmed() {
    let data = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), data.path(), Lie::Slow);
    let ran = Loadgen::command("max", &format!("{PROBE} --bootstrap {}", broker.address)).ran();
    let ran = as_its_noise_has_it(ran, 0);
    let json = ran.json();
    let possible = RECORDS_PER_REQUEST_MAX / SLOW.as_secs_f64();
    let found = json["records_per_s"].as_f64().unwrap();
    assert!(found <= possible * (1.0 + PRECISION), "{found} of {possible}");
    let probes = json["probes"].as_array().unwrap();
    let held_at_found =
        probes.iter().filter(|probe| probe["held"] == true && probe["rate"].as_f64() == Some(found)).count();
    assert!(held_at_found >= 3, "found by one, confirmed by three: {probes:?}");
    for probe in probes.iter().filter(|probe| probe["rate"].as_f64().unwrap() > possible * 1.1) {
        assert_eq!(probe["held"], false, "{probe}");
        assert!(!probe["against"].as_array().unwrap().is_empty(), "{probe}");
    }
    assert!(ran.told().contains("maximum") && ran.told().contains("confirmed 3 times"), "{}", ran.stdout);
}

/// Exit code and headline: those of a quiet machine, or what a search says that this one's noise has steered.
fn as_its_noise_has_it(ran: Ran, quiet_code: i32) -> Ran {
    let is_steered = ran.json()["steered_by_noise"].as_bool().unwrap();
    let disturbed = ran.json()["probes"].as_array().unwrap().iter();
    let disturbed = disturbed.filter(|probe| !probe["disturbed"].as_array().unwrap().is_empty()).count();
    assert_eq!(ran.json()["disturbed_probes"].as_u64(), Some(disturbed as u64));
    assert!(!is_steered || disturbed > 0, "{}", ran.stdout);
    assert_eq!(
        ran.told().contains("NOT KNOWN: noise on this machine decided the search"),
        is_steered,
        "{}",
        ran.stdout
    );
    ran.expect(if is_steered { 3 } else { quiet_code })
}

#[test]
fn a_search_refuses_options_that_it_decides_itself() {
    for option in
        ["--rate 5k", "--topic t", "--schedule poisson", "--replay 2x --payload-topic h:1/t", "--crash"]
    {
        let ran = Loadgen::command("max", option).ran().expect(2);
        assert!(ran.error().contains(option.split(' ').next().unwrap()), "{}", ran.error());
    }
}

#[test]
fn where_no_rate_holds_the_verdict_is_against() {
    let data = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), data.path(), Lie::Slow);
    let impossible = PROBE.replace("--p99 1s", "--p99 1ms --consumers 0 --verify off");
    let impossible = impossible.replace("400ms", "60ms").replace("--warmup 100ms", "--warmup 0s");
    let ran = Loadgen::command("max", &format!("{impossible} --bootstrap {}", broker.address)).ran();
    let ran = as_its_noise_has_it(ran, 1);
    assert!(ran.json()["records_per_s"].is_null(), "{}", ran.stdout);
}
