//! Who reads what a command prints may go at any time, as `head` does.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::process::{Command, Stdio};

/// Where nothing is installed, what a command says and does at once.
fn xtask(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
    let mut process = xtask(&["fuzz", "--list"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(process.stdout.take());
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[test]
fn what_fails_without_a_reader_fails_all_the_same() {
    let mut process = xtask(&["fuzz"]).env("CI", "true").stderr(Stdio::piped()).spawn().unwrap();
    drop(process.stderr.take());
    assert_eq!(process.wait().unwrap().code(), Some(1));
}
