//! The fuzz targets in one program: `CREEL_FUZZ_TARGET` names the one to run, and without it all names are printed.
//! `cargo xtask fuzz` builds and runs it; the arguments are libFuzzer's.

#![no_main]

mod allocation;
mod broker;
mod log;
mod protocol;
mod seeds;
mod target;
mod targets;

use std::sync::OnceLock;

use target::Target;

static CHOSEN: OnceLock<Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let chosen = *CHOSEN.get_or_init(targets::chosen);
        seeds::recorded(chosen.name);
    },
    |input: &[u8]| (CHOSEN.get().expect("libFuzzer initializes first").run)(input)
);
