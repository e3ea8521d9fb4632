//! What a binary says it is: `BUILD_VERSION`, such as `0.1.0 (3f2a1b4c5d6e)`, the commit it was built from, `modified` where
//! the sources were. Outside of a checkout, or without git, it is the version alone; a debug build says that it is one, for
//! its measurements mean nothing, and is spared the work at every commit. (Not `CREEL_...`: cargo hands it on to what it
//! runs, and to the broker such a variable is a setting.)

use std::env::var;
use std::path::Path;
use std::process::Command;

/// What the measured programs are made of, below the workspace.
const SOURCES: [&str; 12] = [
    "wire",
    "io",
    "engine",
    "server",
    "loadgen",
    "loadgen/result",
    "loadgen/engine",
    "loadgen/host",
    "loadgen/run",
    "loadgen/study",
    "loadgen/page",
    "loadgen/dashboard",
];

fn main() {
    println!("cargo::rerun-if-changed=../build/version.rs");
    let version = var("CARGO_PKG_VERSION").unwrap_or_default();
    let about = if var("PROFILE").is_ok_and(|profile| profile == "release") {
        watch();
        commit()
    } else {
        Some("debug build".into())
    };
    let about = about.map(|about| format!(" ({about})")).unwrap_or_default();
    println!("cargo::rustc-env=BUILD_VERSION={version}{about}");
}

/// Every commit, checkout and rebase writes the log of HEAD; a change to any source may make them differ from it.
fn watch() {
    let head = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|path| Path::new(path).exists());
    let sources = SOURCES.map(|source| format!("../{source}/src"));
    for path in head.into_iter().chain(sources) {
        println!("cargo::rerun-if-changed={path}");
    }
}

fn commit() -> Option<String> {
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let sources = SOURCES.map(|source| format!("../{source}"));
    let changed =
        git(&[&["status", "--porcelain", "--"][..], &sources.each_ref().map(String::as_str)].concat())?;
    Some(if changed.is_empty() { commit } else { format!("{commit}, modified") })
}

/// What it says; `None` if it fails, and where this is no checkout of the project itself but lies in another.
fn git(arguments: &[&str]) -> Option<String> {
    let is_own = Path::new("../.git").exists();
    let output = is_own.then(|| Command::new("git").args(arguments).output().ok()).flatten()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
