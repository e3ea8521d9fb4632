//! `cargo xtask kafka`: a real Apache Kafka, with which our tests compare.
//!
//! It comes from Maven Central into `clients/.tools/kafka`, with the version pinned in `clients/kafka/pom.xml`. The
//! process becomes Kafka (exec), so a signal sent to it reaches Kafka itself and its exit code is Kafka's own.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::paths;
use crate::run::{Failure, Outcome, about, step};
use crate::tools;

/// What Kafka's own `kafka-run-class.sh` gives the JVM of a server.
const START_SCRIPT_FLAGS: [&str; 6] = [
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
];

/// How to start it.
#[derive(Args)]
pub(crate) struct Options {
    /// Port on 127.0.0.1 [default: a free one]
    #[arg(long)]
    port: Option<u16>,
    /// Data directory, which is kept [default: a temporary one, emptied at the start]
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// A line of server.properties, as name=value (repeatable)
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Heap of the JVM, as -Xms and -Xmx take it
    #[arg(long, default_value = "768m")]
    heap: String,
    /// All flags of the JVM, heap included [default: those of Kafka's start scripts]
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true, conflicts_with = "heap")]
    jvm: Option<String>,
    /// Fetch the jars, and do not start
    #[arg(long)]
    install_only: bool,
}

/// Installs, formats, and becomes Kafka.
pub(crate) fn kafka(options: &Options) -> Outcome {
    if let Some(program) = tools::first_missing(&["java", "mvn"]) {
        return Err(Failure::Missing { what: program.to_owned() });
    }
    install()?;
    if options.install_only {
        return Ok(());
    }
    let port = options.port.map_or_else(free_port, Ok)?;
    let folder = data_folder(options, port)?;
    let properties = folder.join("server.properties");
    let text = server_properties(port, free_port()?, &folder, &options.settings);
    fs::write(&properties, text).map_err(about("server.properties"))?;
    if !folder.join("logs/meta.properties").exists() {
        format(&properties)?;
    }
    say!("Apache Kafka on 127.0.0.1:{port}, data in {}", folder.display());
    let error = java().args(jvm_flags(options)).arg("kafka.Kafka").arg(&properties).exec();
    Err(about("java")(error))
}

fn jvm_flags(options: &Options) -> Vec<String> {
    match &options.jvm {
        Some(flags) => flags.split_ascii_whitespace().map(str::to_owned).collect(),
        None => {
            let heap = [format!("-Xms{}", options.heap), format!("-Xmx{}", options.heap)];
            START_SCRIPT_FLAGS.map(str::to_owned).into_iter().chain(heap).collect()
        }
    }
}

/// Where the jars are.
pub(crate) fn jars() -> PathBuf {
    paths::tools().join("kafka")
}

/// Fetches the jars unless those of this very pom are there.
pub(crate) fn install() -> Outcome {
    let pom = paths::root().join("clients/kafka/pom.xml");
    let stamp = jars().join("pom.xml");
    let wanted = fs::read(&pom).map_err(about("clients/kafka/pom.xml"))?;
    if fs::read(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "-f"]).arg(&pom).arg("dependency:copy-dependencies");
    maven.arg(format!("-DoutputDirectory={}", jars().display()));
    step("Apache Kafka from Maven Central", &mut maven)?;
    fs::write(&stamp, wanted).map_err(about("the stamp of Kafka's jars"))
}

/// The jar of Kafka's clients, which holds its message definitions.
pub(crate) fn clients_jar() -> Result<PathBuf, Failure> {
    let folder = jars();
    let entries = fs::read_dir(&folder).map_err(about(folder.display().to_string()))?;
    let jar = entries.flatten().map(|entry| entry.path()).find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("kafka-clients-") && name.ends_with(".jar")
    });
    jar.ok_or_else(|| Failure::Missing { what: format!("kafka-clients in {}", folder.display()) })
}

/// A port that nothing listens on.
pub(crate) fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(about("a free port"))?;
    Ok(listener.local_addr().map_err(about("a free port"))?.port())
}

fn data_folder(options: &Options, port: u16) -> Result<PathBuf, Failure> {
    let folder = options.data_dir.clone().unwrap_or_else(|| {
        let temporary = std::env::temp_dir().join(format!("creel-kafka-{port}"));
        // Absent is as good as emptied; anything else shows at the next line.
        let _ = fs::remove_dir_all(&temporary);
        temporary
    });
    fs::create_dir_all(&folder).map_err(about(folder.display().to_string()))?;
    Ok(folder)
}

/// One node that is broker and controller (its id is 1, or what the settings say); small internal topics; no wait before a group's first rebalance.
fn server_properties(port: u16, controller_port: u16, folder: &Path, settings: &[String]) -> String {
    let id = settings.iter().find_map(|setting| setting.strip_prefix("node.id=")).unwrap_or("1");
    let mut text = format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={id}@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
",
        folder.join("logs").display(),
    );
    for setting in settings {
        writeln!(text, "{setting}").expect("writing to a String cannot fail");
    }
    text
}

fn format(properties: &Path) -> Outcome {
    let mut tool = java();
    tool.args(["kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c"]).arg(properties);
    step("format Kafka's storage", &mut tool)
}

fn java() -> Command {
    let mut command = Command::new("java");
    command.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    command.arg("-cp").arg(jars().join("*"));
    command
}
