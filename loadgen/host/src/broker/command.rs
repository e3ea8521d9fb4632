//! Any broker that one command line starts.

use super::{CommandLine, Launch, LaunchSite, Pinning};
use crate::cores;
use crate::error::HostError;
use loadgen_result::files::FileError;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

const READY_WITHIN: Duration = Duration::from_secs(90);
const STOP_WITHIN: Duration = Duration::from_secs(60);
/// What shells and runtimes exit with when a SIGTERM ended them.
const TERMINATED: i32 = 128 + 15;

/// A command line with placeholders: `{port}`, and if wanted `{dir}` (empty, there) and `{cores}` (such as `0,1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandBroker(String);

impl CommandBroker {
    /// One without `{port}` would listen where nobody looks.
    pub fn parse(text: &str) -> Result<CommandBroker, HostError> {
        let has_port = text.contains("{port}");
        has_port.then(|| CommandBroker(text.to_owned())).ok_or_else(|| {
            HostError::Options("--broker-command must hold {port}, in the place of the broker's port".into())
        })
    }

    /// A shell reads the words and becomes the program, so that the process is the broker's own.
    pub fn launch(&self, place: &LaunchSite<'_>) -> Result<Launch, HostError> {
        let data_dir = place.data_dir();
        fs::create_dir_all(&data_dir)
            .map_err(|why| HostError::File(FileError { path: data_dir.clone(), why }))?;
        let filled = self.0.replace("{port}", &place.address.port().to_string());
        let filled = filled.replace("{dir}", &quoted(&data_dir.to_string_lossy()));
        let filled = filled.replace("{cores}", &cores::list(place.cores));
        Ok(Launch {
            before: Vec::new(),
            admin: None,
            version: None,
            broker: CommandLine {
                program: "/bin/sh".into(),
                arguments: vec!["-c".into(), format!("exec {filled}").into()],
            },
            pinning: Pinning::BeforeExec,
            ready_within: READY_WITHIN,
            stop_within: STOP_WITHIN,
            is_orderly,
        })
    }
}

fn is_orderly(status: ExitStatus) -> bool {
    status.success() || status.code() == Some(TERMINATED) || status.signal() == Some(15)
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_a_port_is_demanded() {
        let dir = tempfile::Builder::new().prefix("it's a ").tempdir().unwrap();
        let place = LaunchSite { dir: dir.path(), address: ([127, 0, 0, 1], 4711).into(), cores: &[0, 2] };
        let broker = CommandBroker::parse("prog -p {port} --data {dir} --on {cores}").unwrap();
        let words = broker.launch(&place).unwrap().broker.words();
        let data = quoted(&place.data_dir().to_string_lossy());
        assert_eq!(words[2], format!("exec prog -p 4711 --data {data} --on 0,2"));
        assert!(place.data_dir().is_dir());
        assert!(CommandBroker::parse("prog").is_err());
    }
}
