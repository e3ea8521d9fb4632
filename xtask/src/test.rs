//! `cargo xtask test`: everything, from the cheapest check to the dearest.

use crate::run::{Outcome, cargo, step};
use crate::{check, clients, differential, fuzz, smoke};

/// The tests that must fail when the engine has a bug, with the bugs in it; and a comparison that must find a slow one.
const PLANTED: [&str; 20] = [
    "test",
    "-p",
    "creel-engine",
    "-p",
    "creel-server",
    "-p",
    "loadgen",
    "--features",
    "creel-engine/planted-bugs,creel-server/planted-bugs,loadgen/planted-bugs",
    "--test",
    "every_bit",
    "--test",
    "journal",
    "--test",
    "planted_bugs",
    "--test",
    "planted_slowdown",
    "--",
    "_found",
    "_inconclusive",
];

/// Lints, every cargo test, every fuzz target for a moment, loadgen on real data, a real Kafka beside
/// the broker, every real client.
///
/// The workspace is built in two profiles and no more: `dev` for the tests, `fast` for the binaries that clients and
/// loadgen run; what holds planted bugs is built once more.
pub(crate) fn test() -> Outcome {
    check::lints()?;
    step("cargo tests", &mut cargo(&["test", "--workspace"]))?;
    step("planted bugs are found", &mut cargo(&PLANTED))?;
    fuzz::fuzz(&fuzz::Options::default())?;
    smoke::smoke()?;
    differential::differential(&differential::Options::default())?;
    clients::clients(&clients::Options::default())
}
