//! Our own broker: the binary named, or the one beside loadgen.

use super::process::free_address;
use super::{CommandLine, Launch, LaunchSite, Pinning};
use crate::cores;
use crate::error::HostError;
use loadgen_engine::client::control::resolve;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const BINARY_NAME: &str = "creel";
const ADMIN_SETTING: &str = "creel.admin.listener";
const PACKAGE: &str = "creel-server";
const READY_WITHIN: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// A creel.
#[derive(Debug, Clone, Default)]
pub struct Creel {
    /// The binary, if not the one beside loadgen.
    pub binary: Option<PathBuf>,
    /// `--set`, each.
    pub settings: Vec<String>,
}

impl Creel {
    /// Where the settings have it listen, if they say so.
    fn named_admin(&self) -> Option<&str> {
        let settings = self.settings.iter().rev().filter_map(|setting| setting.split_once('='));
        settings.into_iter().find_map(|(name, value)| (name.trim() == ADMIN_SETTING).then_some(value.trim()))
    }

    /// With its own `--cores`.
    pub fn launch(&self, place: &LaunchSite<'_>) -> Result<Launch, HostError> {
        let program = find_binary(self.binary.as_deref())?;
        let mut arguments = vec!["--listen".into(), place.address.to_string().into()];
        arguments.extend(["--data-dir".into(), place.data_dir().into_os_string()]);
        arguments.extend(["--cores".into(), cores::list(place.cores).into()]);
        let admin = match self.named_admin() {
            Some(named) => resolve(named).ok(),
            None => {
                let free = has_admin_listener(&program).then(free_address).transpose()?;
                let set = |at| ["--set".into(), format!("{ADMIN_SETTING}={at}").into()];
                arguments.extend(free.into_iter().flat_map(set));
                free
            }
        };
        arguments.extend(self.settings.iter().flat_map(|setting| ["--set".into(), setting.into()]));
        Ok(Launch {
            before: Vec::new(),
            admin,
            version: version(&program),
            broker: CommandLine { program, arguments },
            pinning: Pinning::ByItself,
            ready_within: READY_WITHIN,
            stop_within: STOP_WITHIN,
            is_orderly: |status| status.success(),
        })
    }
}

/// Older ones have none, and would not start with a setting they do not know.
fn has_admin_listener(program: &Path) -> bool {
    let listing = Command::new(program).arg("--print-config").output();
    listing.is_ok_and(|listing| String::from_utf8_lossy(&listing.stdout).contains(ADMIN_SETTING))
}

/// What it says of itself; a broker that says nothing may still run.
fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let said = output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())?;
    Some(said.strip_prefix("creel ").unwrap_or(&said).to_owned())
}

/// The build of [`find_binary`] was made.
static BUILT: AtomicBool = AtomicBool::new(false);

/// The binary named, or the one beside loadgen; under `cargo run` that one is built before the first run of a process,
/// so that it is never stale, and no compiler runs between the runs of a sweep.
fn find_binary(named: Option<&Path>) -> Result<PathBuf, HostError> {
    if let Some(named) = named {
        return named.is_file().then(|| named.to_owned()).ok_or_else(|| missing(named));
    }
    let own = std::env::current_exe().map_err(HostError::system("loadgen's own path"))?;
    // Tests run from `deps`, one below.
    let dir = own.parent().map(|dir| if dir.ends_with("deps") { dir.parent().unwrap_or(dir) } else { dir });
    let beside = dir.unwrap_or(Path::new(".")).join(BINARY_NAME);
    if let Some(cargo) = std::env::var_os("CARGO").filter(|_| !BUILT.load(Ordering::Relaxed)) {
        build(&cargo, &beside)?;
        BUILT.store(true, Ordering::Relaxed);
    }
    beside.is_file().then(|| beside.clone()).ok_or_else(|| missing(&beside))
}

fn missing(path: &Path) -> HostError {
    HostError::Broker(format!(
        "no broker at {}: build it with `cargo build --release -p {PACKAGE}`, name another with --broker-bin, or give the \
         address of a running one with --bootstrap",
        path.display()
    ))
}

/// Builds the broker with the profile that loadgen itself was built with.
fn build(cargo: &std::ffi::OsStr, beside: &Path) -> Result<(), HostError> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let profile_dir = beside.parent();
    let (Some(profile), Some(target)) =
        (profile_dir.and_then(Path::file_name), profile_dir.and_then(Path::parent))
    else {
        return Ok(());
    };
    if !workspace.join("Cargo.toml").is_file() {
        return Ok(());
    }
    let profile = if profile == "debug" { "dev".into() } else { profile.to_owned() };
    let mut command = Command::new(cargo);
    command.current_dir(&workspace).args(["build", "--quiet", "--package", PACKAGE, "--bin", BINARY_NAME]);
    command.arg("--profile").arg(profile).arg("--target-dir").arg(target);
    let ended: ExitStatus = command.status().map_err(HostError::system("cargo"))?;
    if ended.success() { Ok(()) } else { Err(HostError::Broker("cargo could not build the broker".into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_listener_is_where_the_settings_have_it() {
        let of = |settings: &[&str]| {
            let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
            Creel { binary: None, settings }.named_admin().map(str::to_owned)
        };
        assert_eq!(of(&["log.flush.interval.ms=1"]), None);
        let settings = ["creel.admin.listener=127.0.0.1:1", "a=b", "creel.admin.listener=127.0.0.1:2"];
        assert_eq!(of(&settings).as_deref(), Some("127.0.0.1:2"), "the last is the one that holds");
    }
}
