//! The journal: what is acknowledged by it survives, whatever happens to its files and to those of the partitions.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod busy;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "planted-bugs")]
mod planted;
mod stories;
mod world;

use world::{End, World};

/// `CREEL_SEEDS=1000` runs more of them, `CREEL_FIRST_SEED=17` begins with another one.
fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let first = number("CREEL_FIRST_SEED", 0);
    first..first + number("CREEL_SEEDS", default)
}

/// Lives that are cut short, one after another, and one that is not. Returns the world.
fn lives(seed: u64, cuts: &[u64]) -> World {
    let mut world = World::new(seed);
    for cut in cuts {
        let _ = world.live(*cut, 400, End::Open);
    }
    world.live_on(20, if seed.is_multiple_of(2) { End::Clean } else { End::Open });
    world.live_on(5, End::Clean);
    world.live_on(0, End::Open);
    world
}

#[test]
fn a_cut_after_every_io_loses_nothing_that_was_acknowledged() {
    for cut in seeds(150) {
        eprintln!("cut {cut}");
        lives(cut, &[cut]);
    }
}

#[test]
fn lives_one_after_another_lose_nothing_that_was_acknowledged() {
    let (mut pieces, mut full, mut deleted, mut cut) = (0, 0, 0, 0);
    for seed in seeds(30) {
        eprintln!("seed {seed}");
        let step = seed % 500;
        let world = lives(seed, &[200 + step * 7, 900 - step, 300 + step, 60, 1500]);
        let seen = world.seen();
        (pieces, full) = (pieces + seen.counts.pieces, full + seen.counts.full);
        (deleted, cut) = (deleted + seen.deleted, cut + seen.cut);
    }
    assert!(pieces > 250 && full > 5, "{pieces} pieces, {full} times full");
    assert!(deleted > 50 && cut > 50, "{deleted} deleted, {cut} cut");
}

#[test]
fn a_ring_that_fills_because_the_logs_are_slow_loses_nothing() {
    let mut full = 0;
    for seed in seeds(20) {
        eprintln!("seed {seed}");
        let mut world = World::new(seed);
        world.logs_are_slow = true;
        for cut in [250 + seed % 100 * 13, 800, 500 + seed] {
            let _ = world.live(cut, 400, End::Open);
        }
        world.live_on(60, if seed.is_multiple_of(2) { End::Clean } else { End::Open });
        world.live_on(0, End::Open);
        full += world.seen().counts.full;
    }
    assert!(full > 20, "{full} times full");
}

#[test]
fn cuts_during_a_replay_change_nothing() {
    for seed in seeds(30) {
        let mut world = World::new(seed);
        let _ = world.live(500 + seed % 300 * 3, 400, End::Open);
        for cut in 0..8 {
            let _ = world.live(cut * 9 + seed % 9, 10, End::Open);
        }
        world.live_on(10, End::Clean);
        world.live_on(0, End::Open);
    }
}

#[test]
fn a_start_without_room_loses_nothing_that_was_acknowledged() {
    let mut refused = 0;
    for seed in seeds(40) {
        eprintln!("seed {seed}");
        let mut world = World::new(seed);
        for cut in [300 + seed * 11, 700] {
            let _ = world.live(cut, 400, End::Open);
            for room in [0, 3000, 10_000] {
                refused += usize::from(!world.starts_with_room(room));
            }
        }
        world.live_on(10, End::Open);
        world.live_on(0, End::Open);
    }
    assert!(refused > 10, "{refused} starts refused");
}

#[test]
fn a_journal_that_has_no_room_leaves_no_file() {
    for seed in 0..5 {
        assert_eq!(World::new(seed).files_without_room(), Vec::<std::path::PathBuf>::new());
    }
}

#[test]
fn a_journal_that_cannot_be_read_keeps_no_start_back() {
    for seed in seeds(20) {
        let mut world = World::new(seed);
        let _ = world.live(400 + seed * 11, 400, End::Open);
        world.fail_reads(true);
        assert!(world.are_journals_read());
        // A read that fails once loses nothing.
        world.fail_reads(false);
        world.live_on(10, End::Open);
        world.live_on(0, End::Open);
    }
}

#[test]
fn a_journal_that_fails_is_given_up_and_nothing_is_lost() {
    let mut failed = 0;
    for seed in seeds(20) {
        eprintln!("seed {seed}");
        let mut world = World::new(seed);
        world.journal_fails = true;
        for cut in [150 + seed % 100 * 11, 700, 400 + seed] {
            let _ = world.live(cut, 400, End::Open);
        }
        world.live_on(40, if seed.is_multiple_of(2) { End::Clean } else { End::Open });
        world.live_on(0, End::Open);
        failed += world.seen().failed;
    }
    assert!(failed > 7, "{failed} journals failed");
}
