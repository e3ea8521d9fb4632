//! A real Apache Kafka: one JVM that is broker and controller (KRaft). It has the JVM flags of Kafka's own start
//! scripts, and Kafka's own defaults except where a single node forces another value.

use super::{CommandLine, Launch, LaunchSite, Pinning, process};
use crate::error::HostError;
use loadgen_result::files::FileError;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// `kafka-server-start.sh` (the heap) and `kafka-run-class.sh` (the rest) of Kafka 4.
const START_SCRIPT_FLAGS: &str = "-Xmx1G -Xms1G -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
     -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true";
/// Where `cargo xtask kafka --install-only` puts the jars.
const CHECKOUT_JARS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../clients/.tools/kafka");
/// Whose file name tells Kafka's version.
const CLIENTS_JAR: &str = "kafka-clients-";
/// Any will do: 16 bytes, base64.
const CLUSTER_ID: &str = "AAAAAAAAAAAAAAAAAAAAAQ";
const READY_WITHIN: Duration = Duration::from_secs(90);
const STOP_WITHIN: Duration = Duration::from_secs(60);
/// What a JVM exits with after it has run its shutdown hooks for a SIGTERM.
const JVM_TERMINATED: i32 = 128 + 15;

/// An Apache Kafka.
#[derive(Debug, Clone, Default)]
pub struct Kafka {
    /// An unpacked distribution (with `libs/`), or a folder of its jars.
    pub dir: Option<PathBuf>,
    /// Flags in place of the start scripts'.
    pub jvm: Option<String>,
    /// Lines of `server.properties`, `name=value`.
    pub settings: Vec<String>,
}

impl Kafka {
    /// Formats the data directory, then starts.
    pub fn launch(&self, place: &LaunchSite<'_>) -> Result<Launch, HostError> {
        let jars = self.jars()?;
        let properties = place.dir.join("server.properties");
        let controller = process::free_address()?;
        let text = server_properties(place.address, controller, &place.data_dir(), &self.settings);
        fs::write(&properties, text)
            .map_err(|why| HostError::File(FileError { path: properties.clone(), why }))?;
        let java = java();
        let flags = self.jvm.as_deref().unwrap_or(START_SCRIPT_FLAGS).split_ascii_whitespace();
        let mut arguments: Vec<OsString> = flags.map(OsString::from).collect();
        arguments.extend(on_class_path(&jars, &["kafka.Kafka"]));
        arguments.push(properties.clone().into());
        let mut format = on_class_path(&jars, &["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"]);
        format.push(properties.into());
        Ok(Launch {
            before: vec![CommandLine { program: java.clone(), arguments: format }],
            admin: None,
            version: version(&jars, &java),
            broker: CommandLine { program: java, arguments },
            pinning: Pinning::BeforeExec,
            ready_within: READY_WITHIN,
            stop_within: STOP_WITHIN,
            is_orderly,
        })
    }

    /// The folder that holds the jars.
    fn jars(&self) -> Result<PathBuf, HostError> {
        let named = self.dir.clone().or_else(|| std::env::var_os("KAFKA_HOME").map(PathBuf::from));
        let dir = named.unwrap_or_else(|| CHECKOUT_JARS.into());
        let found = [dir.join("libs"), dir.clone()].into_iter().find(|dir| clients_jar(dir).is_some());
        found.and_then(|dir| dir.canonicalize().ok()).ok_or_else(|| {
            HostError::Broker(format!(
                "no Apache Kafka in {}: name an unpacked distribution with --kafka-dir or KAFKA_HOME, or run `cargo \
                 xtask kafka --install-only` in a checkout",
                dir.display()
            ))
        })
    }
}

/// Ended by itself, or by the SIGTERM it was sent.
fn is_orderly(status: ExitStatus) -> bool {
    status.success() || status.code() == Some(JVM_TERMINATED) || status.signal() == Some(15)
}

fn java() -> PathBuf {
    match std::env::var_os("JAVA_HOME") {
        Some(home) => Path::new(&home).join("bin/java"),
        None => "java".into(),
    }
}

fn on_class_path(jars: &Path, words: &[&str]) -> Vec<OsString> {
    let mut arguments = vec!["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn".into(), "-cp".into()];
    arguments.push(jars.join("*").into_os_string());
    arguments.extend(words.iter().map(OsString::from));
    arguments
}

/// The file name of the clients' jar in `dir`.
fn clients_jar(dir: &Path) -> Option<String> {
    let names = fs::read_dir(dir).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.into_iter().find(|name| name.starts_with(CLIENTS_JAR) && name.ends_with(".jar"))
}

/// `4.3.1 on openjdk version "17.0.15"`.
fn version(jars: &Path, java: &Path) -> Option<String> {
    let jar = clients_jar(jars)?;
    let kafka = jar.strip_prefix(CLIENTS_JAR)?.strip_suffix(".jar")?;
    let said = Command::new(java).arg("-version").output().ok();
    let said = said.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    Some(match said.lines().next() {
        Some(line) => format!("{kafka} on {}", line.replace('"', "")),
        None => kafka.to_owned(),
    })
}

/// What a single node forces, then what the user says: of two lines for one name Java takes the last.
fn server_properties(
    address: SocketAddr,
    controller: SocketAddr,
    data_dir: &Path,
    settings: &[String],
) -> String {
    let mut text = format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{controller}
listeners=PLAINTEXT://{address},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{address}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
",
        data_dir.display(),
    );
    for setting in settings {
        writeln!(text, "{setting}").expect("writing to a String cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_comes_last_so_that_it_wins() {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let settings = ["node.id=7".to_owned(), "flush.messages=1".to_owned()];
        let text = server_properties(address(9092), address(9093), Path::new("/data"), &settings);
        assert!(
            text.contains("\nlisteners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\n"),
            "{text}"
        );
        assert!(text.find("node.id=1").unwrap() < text.find("node.id=7").unwrap(), "{text}");
        assert!(text.ends_with("flush.messages=1\n"), "{text}");
    }

    #[test]
    fn a_distribution_and_a_folder_of_jars_are_both_found_and_nothing_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let kafka = Kafka { dir: Some(dir.path().into()), ..Kafka::default() };
        assert!(kafka.jars().unwrap_err().to_string().contains("--kafka-dir"));
        fs::write(dir.path().join("kafka-clients-4.3.1.jar"), "").unwrap();
        assert_eq!(kafka.jars().unwrap(), dir.path());
        fs::create_dir(dir.path().join("libs")).unwrap();
        fs::write(dir.path().join("libs/kafka-clients-4.2.0.jar"), "").unwrap();
        assert_eq!(kafka.jars().unwrap(), dir.path().join("libs"));
        assert!(version(&kafka.jars().unwrap(), Path::new("/no/java")).unwrap().starts_with("4.2.0"));
    }
}
