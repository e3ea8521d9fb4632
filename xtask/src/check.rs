//! `cargo xtask check`: the shape of the code.

use std::process::{Command, Stdio};

use crate::run::{Outcome, cargo, step};
use crate::{guards, tools};

/// Workspaces of their own, with dependencies of their own.
const OWN_WORKSPACES: [&str; 3] = ["fuzz", "benches/runtimes", "benches/rabbitmq"];

/// Lints and unit tests.
pub(crate) fn check() -> Outcome {
    lints()?;
    step("unit tests", &mut cargo(&["test", "--workspace", "--lib", "--bins"]))
}

/// Everything that checks the code without running it.
pub(crate) fn lints() -> Outcome {
    guards::guards()?;
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    for own in OWN_WORKSPACES {
        let title = format!("format of {own}");
        step(&title, &mut cargo(&["fmt", "--manifest-path", &manifest(own), "--check"]))?;
    }
    step("clippy", &mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut docs = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    step("docs", docs.env("RUSTDOCFLAGS", "-D warnings"))?;
    // The fuzz targets are built where they run. What these need besides is in no build of the broker's.
    for own in OWN_WORKSPACES.iter().filter(|own| **own != "fuzz") {
        let check = [
            "check",
            "--locked",
            "--all-targets",
            "--manifest-path",
            &manifest(own),
            "--target-dir",
            "target",
        ];
        step(&format!("{own} still builds"), &mut cargo(&check))?;
    }
    deny()
}

fn manifest(own: &str) -> String {
    format!("{own}/Cargo.toml")
}

/// Licences, sources and bans need only cargo-deny; advisories need its database as well.
fn deny() -> Outcome {
    if tools::find("cargo-deny").is_none() {
        tools::say_skipped("cargo deny", "cargo-deny is not installed");
        return Ok(());
    }
    step("cargo deny", &mut cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    if !succeeds_silently(&mut cargo(&["deny", "fetch", "db"])) {
        tools::say_skipped("cargo deny advisories", "the advisory database can't be reached");
        return Ok(());
    }
    step("cargo deny advisories", &mut cargo(&["deny", "check", "advisories"]))
}

fn succeeds_silently(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
