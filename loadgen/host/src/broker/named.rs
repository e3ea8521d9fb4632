//! Checks what the user says of a broker that runs already, before anything is measured. If a figure was asked for
//! and can't be measured, that is an error now, and not a missing line at the end.

use crate::broker_stages::Snapshot;
use crate::cost;
use crate::error::HostError;
use loadgen_engine::client::cluster::Topic;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// TCP's state of a socket that listens, as `/proc/PID/net/tcp` has it.
const LISTENING: &str = "0A";

/// That `--broker-pid` names a process that serves.
pub(super) fn check_pid(pid: u32) -> Result<(), HostError> {
    let wrong = |why: String| Err(HostError::Options(format!("--broker-pid {pid}{why}")));
    if pid == 0 || cost::cpu_seconds(pid).is_none() {
        return wrong(": there is no such process here".into());
    }
    if listens(pid) == Some(false) {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        return wrong(format!(
            " ({}): it listens on no port; name the process of the broker, not the one that started it",
            name.trim()
        ));
    }
    Ok(())
}

/// That `--broker-admin` answers as the admin listener of a creel does.
pub(super) fn check_admin(address: &str) -> Result<(), HostError> {
    let wrong = |why: HostError| {
        HostError::Options(format!("--broker-admin {address}: {why}; give the broker's creel.admin.listener"))
    };
    Snapshot::read(address).map(drop).map_err(wrong)
}

/// That `--broker-data-dir` can be read.
pub(super) fn check_data_dir(dir: &Path) -> Result<(), HostError> {
    let wrong =
        |why: std::io::Error| HostError::Options(format!("--broker-data-dir {}: {why}", dir.display()));
    fs::read_dir(dir).map(drop).map_err(wrong)
}

/// That `--broker-data-dir` is where this broker keeps `topic`, which is there by now.
pub(super) fn check_holds(dir: &Path, topic: &Topic) -> Result<(), HostError> {
    let name = topic.name.as_str();
    match cost::topic_bytes_on_disk(dir, name) {
        Some(_) => Ok(()),
        None => Err(HostError::Options(format!(
            "--broker-data-dir {}: it holds no partition of topic {name}; give the broker's log.dirs",
            dir.display()
        ))),
    }
}

/// Whether process `pid` has a TCP socket that listens; `None` where that may not be seen.
fn listens(pid: u32) -> Option<bool> {
    let sockets: BTreeSet<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .ok()?
        .flatten()
        .filter_map(|fd| socket_of(&fd.path()))
        .collect();
    // Of its own network namespace, which need not be ours.
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")).ok());
    tables[0].as_ref()?;
    let listening = tables.iter().flatten().flat_map(|table| table.lines().filter_map(listening_socket));
    Some(listening.into_iter().any(|inode| sockets.contains(inode)))
}

/// `socket:[12345]`
fn socket_of(fd: &Path) -> Option<String> {
    let target = fs::read_link(fd).ok()?;
    Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
}

/// The inode of a listening socket's line: `sl local remote st queues timer retransmits uid timeout inode ...`.
fn listening_socket(line: &str) -> Option<&str> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    (*fields.get(3)? == LISTENING).then(|| fields.get(9).copied())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn who_listens_is_told_from_who_does_not() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert_eq!(listens(child.id()), Some(false));
        child.kill().unwrap();
        child.wait().unwrap();
        let _listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(listens(std::process::id()), Some(true));
        check_pid(std::process::id()).unwrap();
    }
}
