//! The tests can fail: with a bug planted in the journal, some life comes to a bad end.

use std::panic::{AssertUnwindSafe, catch_unwind};

use creel_engine::fault_points::{Bug, activate};

use crate::world::{End, World};

/// Lives after which a bug counts as overlooked.
const SEEDS: u64 = 60;

fn lives(seed: u64) {
    let mut world = World::new(seed);
    for cut in [300 + seed * 37, 700 + seed * 11, 500 + seed * 5] {
        let _ = world.live(cut, 400, End::Open);
    }
    world.live_on(0, End::Open);
}

fn must_find(bug: Bug) {
    activate(Some(bug));
    let found = (0..SEEDS).find(|seed| catch_unwind(AssertUnwindSafe(|| lives(*seed))).is_err());
    activate(None);
    eprintln!("planted {bug:?}: found with seed {found:?}");
    assert!(found.is_some(), "{bug:?} was not found in {SEEDS} lives");
    // It is the bug that is found, and nothing else.
    lives(found.unwrap());
}

#[test]
fn an_ack_before_the_journal_has_it_is_found() {
    must_find(Bug::JournalAckedEarly);
}

#[test]
fn space_that_is_freed_before_the_segments_are_synced_is_found() {
    must_find(Bug::JournalSpaceFreedEarly);
}

#[test]
fn a_record_of_an_earlier_life_is_found() {
    must_find(Bug::JournalRecordStale);
}

#[test]
fn a_batch_that_is_appended_twice_is_found() {
    must_find(Bug::JournalAppliedTwice);
}
