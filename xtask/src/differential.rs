//! `cargo xtask differential`: the same requests to a real Apache Kafka and to `creel`, whose answers must be equal.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::run::{Failure, Outcome, about, cargo, step};
use crate::{kafka, paths, smoke, tools};

/// Stories, and brokers that run already.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Stories to run, by the beginning of their names [default: all]
    stories: Vec<String>,
    /// Print the answer of Kafka in every step
    #[arg(long)]
    print: bool,
    /// Address of a Kafka that is running already, with the settings in clients/README.md [default: start one]
    #[arg(long)]
    kafka: Option<SocketAddr>,
    /// Address of a Creel that is running already, with the same settings [default: start one]
    #[arg(long)]
    creel: Option<SocketAddr>,
}

/// What both brokers are told; their defaults are equal otherwise, or the difference is part of the test.
const SETTINGS: [&str; 3] = ["num.partitions=3", "group.initial.rebalance.delay.ms=0", "group.max.size=4"];

/// Builds, starts both brokers, and compares them.
pub(crate) fn differential(options: &Options) -> Outcome {
    if let Some(program) = tools::first_missing(&["java", "jar", "mvn"]) {
        return tools::skip("the comparison with Apache Kafka", &format!("{program} is not installed"));
    }
    kafka::install()?;
    step("build the comparison", &mut cargo(&["build", "--package", "creel-differential"]))?;
    let definitions = definitions()?;
    let folder = scratch()?;
    let kafka = options.kafka.map_or_else(|| start_kafka(&folder), |address| Ok(Broker::running(address)))?;
    let creel = options.creel.map_or_else(|| start_creel(&folder), |address| Ok(Broker::running(address)))?;
    let mut compare = Command::new(paths::debug_binary("differential"));
    compare.args(["--kafka", &kafka.address.to_string(), "--creel", &creel.address.to_string()]);
    compare.arg("--definitions").arg(definitions).args(&options.stories);
    if options.print {
        compare.arg("--print");
    }
    let outcome = step("Apache Kafka and Creel, side by side", &mut compare);
    drop((kafka, creel));
    match &outcome {
        Ok(()) => fs::remove_dir_all(&folder).map_err(about(folder.display().to_string()))?,
        Err(_) => say!("what the brokers said is kept in {}", folder.display()),
    }
    outcome
}

/// Kafka's message definitions, out of its client jar.
fn definitions() -> Result<PathBuf, Failure> {
    let messages = kafka::jars().join("common/message");
    let mut jar = Command::new("jar");
    jar.current_dir(kafka::jars()).arg("xf").arg(kafka::clients_jar()?).arg("common/message");
    let status = jar.status().map_err(about("jar"))?;
    if !status.success() {
        return Err(Failure::Step {
            title: "unpack Kafka's definitions".to_owned(),
            status: status.to_string(),
        });
    }
    Ok(messages)
}

fn scratch() -> Result<PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("creel-differential-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(about(folder.display().to_string()))?;
    Ok(folder)
}

/// A broker; one that was started here ends with this value.
struct Broker {
    address: SocketAddr,
    process: Option<Child>,
}

impl Broker {
    const fn running(address: SocketAddr) -> Self {
        Self { address, process: None }
    }

    /// Starts a broker and waits until it accepts connections.
    fn start(command: &mut Command, port: u16, log: &Path) -> Result<Self, Failure> {
        let output = fs::File::create(log).map_err(about(log.display().to_string()))?;
        let errors = output.try_clone().map_err(about(log.display().to_string()))?;
        let process = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
        let process = process.map_err(about(format!("{command:?}")))?;
        let mut broker = Self { address: SocketAddr::from(([127, 0, 0, 1], port)), process: Some(process) };
        while TcpStream::connect(broker.address).is_err() {
            if let Some(status) = broker.exit() {
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(Failure::Step { title: format!("{command:?} said\n{said}"), status });
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(broker)
    }

    fn exit(&mut self) -> Option<String> {
        self.process.as_mut()?.try_wait().ok().flatten().map(|status| status.to_string())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn start_kafka(folder: &Path) -> Result<Broker, Failure> {
    let port = kafka::free_port()?;
    let mut command = Command::new(paths::own());
    command.args(["kafka", "--port", &port.to_string()]).arg("--data-dir").arg(folder.join("kafka"));
    command.args(SETTINGS.map(|setting| format!("--set={setting}")));
    Broker::start(&mut command, port, &folder.join("kafka.out"))
}

fn start_creel(folder: &Path) -> Result<Broker, Failure> {
    smoke::build_binaries()?;
    let port = kafka::free_port()?;
    let mut command = Command::new(paths::fast_binary("creel"));
    command.args(["--listen", &format!("127.0.0.1:{port}")]).arg("--data-dir").arg(folder.join("creel"));
    command.args(SETTINGS.map(|setting| format!("--set={setting}")));
    // `cargo xtask kafka` gives its internal topics as many.
    command.arg("--set=offsets.topic.num.partitions=4");
    Broker::start(&mut command, port, &folder.join("creel.out"))
}
