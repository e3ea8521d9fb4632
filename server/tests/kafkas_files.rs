//! The real binary and configuration files written for Kafka: it starts with them, says what has no effect, and refuses, with
//! exit code 2, what it must not leave out.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use creel_io::runtime::{self, RuntimeConfig};
use creel_wire::api::metadata::MetadataRequest;
use support::Connector;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What Kafka 4.3's own `config/server.properties` sets, on other ports and with another directory.
fn server_properties(port: u16, controller: u16, data: &Path) -> String {
    format!(
        "# as shipped\nprocess.roles=broker,controller\nnode.id=1\n\
         controller.quorum.bootstrap.servers=localhost:{controller}\n\
         listeners=PLAINTEXT://:{port},CONTROLLER://:{controller}\ninter.broker.listener.name=PLAINTEXT\n\
         advertised.listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:{controller}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL\n\
         num.network.threads=3\nnum.io.threads=8\nsocket.send.buffer.bytes=102400\n\
         socket.receive.buffer.bytes=102400\nsocket.request.max.bytes=104857600\nlog.dirs={}\n\
         num.partitions=1\nnum.recovery.threads.per.data.dir=2\noffsets.topic.replication.factor=1\n\
         share.coordinator.state.topic.replication.factor=1\nshare.coordinator.state.topic.min.isr=1\n\
         transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
         log.retention.hours=168\nlog.segment.bytes=1073741824\nlog.retention.check.interval.ms=300000\n\
         some.plugin.setting=x\n",
        data.display()
    )
}

/// A process that does not outlive the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn creel(file: &Path, sets: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_creel"));
    command
        .arg("--config")
        .arg(file)
        .args(["--cores", "0", "--set", "creel.pin=false"])
        .args(sets.iter().flat_map(|one| ["--set", one]));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn kafkas_own_server_properties_start_a_broker() {
    let folder = tempfile::tempdir().unwrap();
    let (port, controller, file) = (free_port(), free_port(), folder.path().join("server.properties"));
    let text = server_properties(port, controller, &folder.path().join("logs"));
    // A comment as older editors save it: no UTF-8.
    std::fs::write(&file, [b"# caf\xe9\n", text.as_bytes()].concat()).unwrap();
    let mut process = Process(creel(&file, &[]).spawn().unwrap());
    let banner = BufReader::new(process.0.stdout.take().unwrap());
    let address = banner.lines().map_while(Result::ok).find(|line| line.contains("  address  "));
    let expected = format!("(clients: localhost:{port})");
    assert!(address.as_ref().is_some_and(|line| line.ends_with(&expected)), "{address:?}");
    assert!(folder.path().join("logs/meta.properties").exists());
    assert!(TcpStream::connect(("127.0.0.1", controller)).is_err(), "the controller's listener is not bound");
    // No host is every address, of both families.
    let hosts = ["127.0.0.1", "::1"].map(|host| SocketAddr::new(host.parse().unwrap(), port));
    let has_v6 = TcpListener::bind("[::1]:0").is_ok();
    runtime::start(&RuntimeConfig::unpinned(1), move |_| async move {
        for address in hosts.into_iter().filter(|address| address.is_ipv4() || has_v6) {
            let mut client = Connector::to(address).connect().await;
            let told = client.call(12, &MetadataRequest::default()).await.brokers.remove(0);
            assert_eq!((told.host.as_str(), told.port), ("localhost", i32::from(port)), "{address}");
        }
    })
    .unwrap()
    .join();
    process.0.kill().unwrap();
    let mut said = String::new();
    process.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    for name in ["num.io.threads", "controller.quorum.bootstrap.servers", "process.roles"] {
        let lines = said.lines().filter(|line| line.contains(&format!(": {name} = "))).count();
        assert_eq!(lines, 1, "{name} has no effect, which is said once:\n{said}");
    }
    assert!(said.contains("unknown setting some.plugin.setting"), "{said}");
    assert!(!said.contains("log.retention.hours"), "{said}");
}

#[test]
fn what_must_not_be_left_out_ends_with_2_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.properties");
    std::fs::write(&file, server_properties(free_port(), free_port(), &folder.path().join("logs"))).unwrap();
    let refused = [
        ("ssl.keystore.location=/etc/kafka/keystore.jks", "TLS is not supported yet"),
        ("authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "no authorizer"),
        ("listeners=PLAINTEXT://:9092,SSL://:9093", "TLS (SSL) and passwords (SASL) are not supported yet"),
        ("listeners=OTHER://:9092", "listener OTHER has no protocol"),
        ("inter.broker.listener.name=CONTROLLER", "not among the listeners that are advertised"),
    ];
    for (setting, why) in refused {
        let output = creel(&file, &[setting]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{setting}: {said}");
        assert!(said.contains(why), "{setting}: {said}");
    }
    assert!(!folder.path().join("logs").exists(), "nothing is made before the configuration is right");
}

#[test]
fn the_printed_configuration_of_a_kafka_file_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.properties");
    std::fs::write(&file, server_properties(1, 2, folder.path())).unwrap();
    let print = |file: &Path| {
        let output = creel(file, &[]).arg("--print-config").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let printed = folder.path().join("creel.toml");
    std::fs::write(&printed, print(&file)).unwrap();
    let settings =
        |text: &str| text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    assert_eq!(settings(&print(&printed)), settings(&std::fs::read_to_string(&printed).unwrap()));
}
