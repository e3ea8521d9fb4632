//! `cargo xtask test`: everything, from the cheapest judge to the dearest.

use crate::run::{Outcome, cargo, step};
use crate::{check, clients, smoke};

/// Lints, every cargo test, loadgen on real data, every real client.
///
/// Two profiles are built and no more: `dev` for the tests, `fast` for the binaries that clients and loadgen run.
pub(crate) fn test() -> Outcome {
    check::lints()?;
    step("cargo tests", &mut cargo(&["test", "--workspace"]))?;
    smoke::smoke()?;
    clients::clients(&clients::Options::default())
}
