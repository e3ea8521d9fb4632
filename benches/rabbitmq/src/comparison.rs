//! The result as data: everything the page is made from.

use crate::arm::Arm;
use crate::figures::{Crash, Measured, Order};
use loadgen_result::report::machine::Machine;
use serde::{Deserialize, Serialize};
use std::process::Command;

/// Everything that was measured, and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comparison {
    /// The command that made it.
    pub command: String,
    /// The commit it was built from; with `+` where the tree was not clean.
    pub commit: String,
    /// The day.
    pub date: String,
    /// Where.
    pub machine: Machine,
    /// RabbitMQ's own word on itself and its Erlang.
    pub rabbitmq: String,
    /// The AMQP client.
    pub lapin: String,
    /// CPUs of the broker.
    pub broker_cpus: String,
    /// CPUs of the generator.
    pub generator_cpus: String,
    /// Producers, each with a connection.
    pub producers: usize,
    /// What messages hold.
    pub payload: String,
    /// Seconds before measuring, and measured.
    pub seconds: [f64; 2],
    /// Common rates, messages per second.
    pub rates: Vec<f64>,
    /// Delivered by RabbitMQ to a reader and not acknowledged, at most.
    pub prefetch: u16,
    /// Systems compared.
    pub arms: Vec<Arm>,
    /// Every load of every round.
    pub measured: Vec<Measured>,
    /// One kill -9 each.
    pub crashes: Vec<Crash>,
    /// Readers' deaths and replays.
    pub orders: Vec<Order>,
    /// What could not be measured, and why.
    pub failures: Vec<String>,
}

/// The version of a crate in this workspace's lock file.
pub fn locked(name: &str) -> Option<String> {
    version_in(include_str!("../Cargo.lock"), name)
}

fn version_in(lock: &str, name: &str) -> Option<String> {
    let package =
        lock.split("[[package]]").find(|package| package.contains(&format!("\nname = \"{name}\"\n")))?;
    let version = package.lines().find_map(|line| line.strip_prefix("version = "))?;
    Some(version.trim_matches('"').to_owned())
}

/// The checkout's commit.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return "unknown".into() };
    let is_clean = git(&["status", "--porcelain"]).is_some_and(|changes| changes.is_empty());
    if is_clean { commit } else { format!("{commit}+") }
}

/// Today, as directories of results begin.
pub fn today() -> String {
    let output = Command::new("date").arg("+%F").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

/// `epyc-2c`: the machine in a directory's name.
pub fn machine_slug(machine: &Machine) -> String {
    let cpu = machine.cpu.to_lowercase();
    let families = ["epyc", "ryzen", "xeon", "core", "neoverse", "graviton"];
    let family = families.into_iter().find(|family| cpu.contains(family)).unwrap_or("machine");
    format!("{family}-{}c", machine.cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_version_is_the_locked_one() {
        let lock = "[[package]]\nname = \"lapin-like\"\nversion = \"9.9.9\"\n\n[[package]]\nname = \"lapin\"\nversion = \"4.1.2\"\n";
        assert_eq!(version_in(lock, "lapin").as_deref(), Some("4.1.2"));
        assert_eq!(version_in(lock, "other"), None);
        assert!(locked("lapin").is_some());
    }

    #[test]
    fn a_machine_has_a_short_name() {
        let machine = |cpu: &str| Machine { cpu: cpu.to_owned(), cpus: 2, ..Default::default() };
        assert_eq!(machine_slug(&machine("AMD EPYC 9R14")), "epyc-2c");
        assert_eq!(machine_slug(&machine("")), "machine-2c");
    }
}
