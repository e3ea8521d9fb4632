//! Where things are in a checkout.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

static OWN: OnceLock<PathBuf> = OnceLock::new();

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ lies in the repository's root")
}

/// What the real clients need and Git ignores: a Python venv, Kafka's jars.
pub(crate) fn tools() -> PathBuf {
    root().join("clients/.tools")
}

/// Real files to feed the broker with, when they lie beside the checkout.
pub(crate) fn shared_data() -> Option<PathBuf> {
    let data = root().join("../shared/data");
    data.is_dir().then_some(data)
}

/// Finds out where this program lies, at its start: once `cargo test` has linked it anew, Linux answers "(deleted)".
pub(crate) fn remember_own() -> io::Result<()> {
    let own = std::env::current_exe()?;
    OWN.set(own).expect("is asked once, by main");
    Ok(())
}

/// This program, for whoever must start it again.
pub(crate) fn own() -> &'static Path {
    OWN.get().expect("main asked")
}

/// A binary built with the profile `fast`: most of a release's speed for a fraction of its build time.
pub(crate) fn fast_binary(name: &str) -> PathBuf {
    binary("fast", name)
}

/// A binary built with the profile `dev`.
pub(crate) fn debug_binary(name: &str) -> PathBuf {
    binary("debug", name)
}

/// A binary built with the profile `release`.
pub(crate) fn release_binary(name: &str) -> PathBuf {
    binary("release", name)
}

fn binary(profile: &str, name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    root().join(target).join(profile).join(name)
}
