//! The table of targets.

use std::process::exit;

use crate::target::Target;
use crate::{broker, log, protocol};

/// All of them.
pub fn all() -> impl Iterator<Item = Target> {
    protocol::targets().into_iter().chain(log::TARGETS).chain(broker::TARGETS)
}

/// The one that was asked for; without one the names are printed, and that is all.
pub fn chosen() -> Target {
    let Ok(name) = std::env::var("CREEL_FUZZ_TARGET") else {
        all().for_each(|target| println!("{}", target.name));
        exit(0);
    };
    all().find(|target| target.name == name).unwrap_or_else(|| {
        eprintln!("no target is called {name}: without CREEL_FUZZ_TARGET all names are printed");
        exit(2);
    })
}
