//! The tests can fail: with a bug planted in the engine, some life in the simulator comes to a bad end.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod fate;
mod load;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use creel_engine::fault_points::{Bug, activate};
use fate::Blow;

/// Lives after which a bug counts as overlooked.
const SEEDS: u64 = 60;

/// The seed whose life shows the bug.
fn find(bug: Bug, blows: &'static [Blow]) -> Option<u64> {
    activate(Some(bug));
    let ends_badly = |seed: &u64| {
        let life = || fate::Life::with(*seed, blows).live();
        catch_unwind(AssertUnwindSafe(life)).is_err()
    };
    let found = (0..SEEDS).find(ends_badly);
    activate(None);
    found
}

fn must_find(bug: Bug, blows: &'static [Blow]) {
    let found = find(bug, blows);
    eprintln!("planted {bug:?}: found with seed {found:?}");
    assert!(found.is_some(), "{bug:?} was not found in {SEEDS} lives");
    // It is the bug that is found, and nothing else.
    fate::Life::with(found.unwrap(), blows).live();
}

#[test]
fn an_ack_before_the_sync_is_found() {
    must_find(Bug::AckBeforeSync, &[Blow::PowerCut]);
}

#[test]
fn a_high_watermark_ahead_of_durability_is_found() {
    must_find(Bug::HighWatermarkAheadOfDurability, &[Blow::PowerCut]);
}

#[test]
fn a_directory_that_is_not_synced_is_found() {
    must_find(Bug::DirectoryNotSynced, &[Blow::PowerCut]);
}

#[test]
fn a_page_cache_that_is_trusted_after_a_failed_sync_is_found() {
    must_find(Bug::PageCacheTrusted, &[Blow::SyncsFail, Blow::PowerCut]);
}

#[test]
fn a_batch_that_overtakes_one_that_is_compressed_anew_is_found() {
    must_find(Bug::RecompressedOvertaken, &[Blow::SlowNetwork]);
}

#[test]
fn producers_that_are_forgotten_are_found() {
    must_find(Bug::ProducersForgotten, &[Blow::Kill]);
}
