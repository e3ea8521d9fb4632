//! The machine that is measured on: its name, its network, and the versions that its programs report.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{Failure, about};

/// Linux ships with it, and it does not pace what is sent: pacing costs several times what a fetch over loopback does.
const CUBIC: &str = "cubic";

/// The network that all sides are measured in.
pub(crate) enum Network {
    /// The machine's own, with this TCP congestion control.
    Machine(String),
    /// One of its own, with cubic.
    Own,
}

impl Network {
    /// A network namespace of its own, if the machine uses another congestion control and such a namespace can be
    /// made.
    pub(crate) fn find() -> Self {
        let control = fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control").unwrap_or_default();
        let control = control.trim().to_owned();
        if control == CUBIC {
            return Network::Machine(control);
        }
        match Network::Own.command(Path::new("true")).status() {
            Ok(status) if status.success() => Network::Own,
            _ => {
                say!("no network of its own to be had (unshare, ip): all sides are measured with {control}");
                Network::Machine(control)
            }
        }
    }

    /// Runs a program in it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        if let Network::Machine(_) = self {
            return Command::new(program);
        }
        let route = |to| {
            format!("ip route replace local {to} dev lo table local scope host src 127.0.0.1 congctl {CUBIC}")
        };
        let script = [
            "ip link set lo up".to_owned(),
            route("127.0.0.0/8"),
            route("127.0.0.1"),
            "exec \"$0\" \"$@\"".to_owned(),
        ];
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "sh", "-c", &script.join(" && ")]).arg(program);
        command
    }

    /// As reports name it.
    pub(crate) fn about(&self) -> String {
        match self {
            Network::Machine(control) => control.clone(),
            Network::Own => format!("{CUBIC}, in a network namespace"),
        }
    }
}

/// The processor's name and how many of it.
pub(crate) fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names: Vec<&str> = cpus.lines().filter(|line| line.starts_with("model name")).collect();
    let name = names.first().and_then(|line| line.split(':').nth(1)).map_or("unknown", str::trim);
    format!("{name}, {} CPUs", names.len())
}

/// As part of a file's name.
pub(crate) fn slug(machine: &str) -> String {
    let words = machine.to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// A command's one line of output.
pub(crate) fn said(command: &[&str]) -> Result<String, Failure> {
    let output = Command::new(command[0]).args(&command[1..]).output().map_err(about(command[0]))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
