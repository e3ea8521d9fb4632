//! `cargo xtask test`: everything, from the cheapest judge to the dearest.

use crate::run::{Outcome, cargo, step};
use crate::{check, clients, fuzz, smoke};

/// Lints, every cargo test, every fuzz target for a moment, loadgen on real data, every real client.
///
/// The workspace is built in two profiles and no more: `dev` for the tests, `fast` for the binaries that clients and
/// loadgen run.
pub(crate) fn test() -> Outcome {
    check::lints()?;
    step("cargo tests", &mut cargo(&["test", "--workspace"]))?;
    fuzz::fuzz(&fuzz::Options::default())?;
    smoke::smoke()?;
    clients::clients(&clients::Options::default())
}
