//! The whole broker in the simulator, under load, with everything going wrong that can: power cuts, kills, failing and
//! full disks, slow and broken networks. Whatever happens, the judge's promises hold; and once it has stopped
//! happening, everything that was begun comes to its end.
//!
//! `CREEL_SEEDS=20000` runs that many seeds, `CREEL_FIRST_SEED=17` begins with another one: that is how a seed that failed
//! is run again. With `CREEL_LOG=info` the broker says what it does.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod fate;
mod load;
mod support;

use fate::Life;

const SEEDS: u64 = 200;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn nothing_acknowledged_is_lost_whatever_fails() {
    if let Ok(filter) = std::env::var("CREEL_LOG") {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
    let first = number("CREEL_FIRST_SEED", 0);
    let mut total = fate::Tally::default();
    for seed in first..first + number("CREEL_SEEDS", SEEDS) {
        total += Life::begin(seed).live();
        if seed % 1000 == 999 {
            eprintln!("{} seeds: {total:?}", seed + 1 - first);
        }
    }
    eprintln!("{total:?}");
}

#[test]
fn the_same_seed_gives_the_same_life() {
    let trace = |seed| {
        let mut life = Life::begin(seed);
        life.suffer();
        life.trace_hash()
    };
    assert_eq!(trace(5), trace(5));
    assert_ne!(trace(5), trace(6));
}
