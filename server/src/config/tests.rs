//! Sources against each other, and what is said about mistakes.

use expect_test::expect;

use super::*;

fn config(
    sets: &[&str],
    environment: &[(&str, &str)],
    file: Option<(&str, &str)>,
) -> Result<Config, ConfigErrors> {
    let args = Args {
        set: sets.iter().map(|one| (*one).to_owned()).collect(),
        config: file.map(|(path, _)| path.into()),
        ..Args::default()
    };
    let environment = environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Config::from_sources(&args, environment, file.map(|(_, text)| text))
}

fn error(sets: &[&str], environment: &[(&str, &str)], file: Option<&str>) -> String {
    config(sets, environment, file.map(|text| ("creel.toml", text))).unwrap_err().to_string()
}

#[test]
fn alone_it_starts_on_localhost_with_all_cores() {
    let config = Config::with(&[]).unwrap();
    assert_eq!(config.listeners[0].bind.to_string(), "127.0.0.1:9092");
    assert_eq!(config.listeners[0].advertised, None);
    assert_eq!(config.cores, CoreList::All);
    assert_eq!(config.data_dir.to_str(), Some("./creel-data"));
    assert_eq!(config.broker.num_partitions, 1);
}

#[test]
fn flags_win_over_environment_over_file_over_default() {
    let file = Some(("creel.toml", "num.partitions = 2\nnode.id = 2\nmax.connections = 2"));
    let environment = [("CREEL_NUM_PARTITIONS", "3"), ("CREEL_NODE_ID", "3"), ("HOME", "/root")];
    let config = config(&["num.partitions=4"], &environment, file).unwrap();
    assert_eq!(config.broker.num_partitions, 4);
    assert_eq!(config.broker.node_id, 3);
    assert_eq!(config.broker.max_connections, 2);
    let origin = |name| config.settings.get(name).unwrap().origin.to_string();
    assert_eq!(origin("num.partitions"), "--set");
    assert_eq!(origin("node.id"), "environment variable CREEL_NODE_ID");
    assert_eq!(origin("max.connections"), "creel.toml:3");
    assert_eq!(origin("group.max.size"), "default");
}

#[test]
fn toml_names_may_be_dotted_nested_or_quoted() {
    let file = "\"num.partitions\" = 5\nlisteners = [\"PLAINTEXT://127.0.0.1:1\"]\n\
                [log]\nsegment.bytes = \"64MiB\"\nretention.ms = 1000\n";
    let config = config(&[], &[], Some(("creel.toml", file))).unwrap();
    assert_eq!(config.broker.num_partitions, 5);
    assert_eq!(config.broker.log_segment_bytes, 64 << 20);
    assert_eq!(config.broker.retention_ms(), 1000);
    assert_eq!(config.listeners[0].bind.port(), 1);
}

#[test]
fn kafkas_own_properties_are_understood() {
    let file = "# a comment\nbroker.id=7\nlog.dir = /tmp/x\nnum.io.threads=8\n";
    let config = config(&[], &[], Some(("server.properties", file))).unwrap();
    assert_eq!(config.broker.node_id, 7);
    assert_eq!(config.data_dir.to_str(), Some("/tmp/x"));
}

#[test]
fn flags_have_settings_behind_them() {
    let args = Args {
        listen: Some("127.0.0.1:0".into()),
        data_dir: Some("d".into()),
        cores: Some("0".into()),
        ..Args::default()
    };
    let config = Config::from_sources(&args, [], None).unwrap();
    assert_eq!(config.listeners[0].bind.port(), 0);
    assert_eq!(config.data_dir.to_str(), Some("d"));
    assert_eq!(config.cores, CoreList::These(vec![0]));
}

#[test]
fn mistakes_are_named_with_their_place_and_the_accepted_form() {
    let cases = [
        error(&["num.partition=4"], &[], None),
        error(&["zzzz=4"], &[], None),
        error(&["num.partitions"], &[], None),
        error(&["num.partitions=0"], &[], None),
        error(&["advertised.listeners=0.0.0.0:9092"], &[], None),
        error(&["log.dirs=a,b"], &[], None),
        error(&["default.replication.factor=3"], &[], None),
        error(&["queued.max.request.bytes=104857599"], &[], None),
        error(&[], &[("CREEL_NUM_PARTITION", "4")], None),
        error(&[], &[("CREEL_CORES", "0-")], None),
        error(&[], &[], Some("a = 1")),
        error(&[], &[], Some("\n\nlog.segment.byte = 1")),
        error(&[], &[], Some("\nlog.segment.bytes = true")),
        error(&[], &[], Some("num.partitions = ")),
        error(&[], &[], Some("num.partitions = 1979-05-27")),
    ];
    expect![[r#"
        --set: unknown setting num.partition: did you mean num.partitions?
        --set: unknown setting zzzz
        --set num.partitions: write it as name=value
        --set: num.partitions = "0" is not accepted: it must be a whole number, from 1 to 100000
        --set: advertised.listeners = "0.0.0.0:9092": clients cannot connect to 0.0.0.0:9092: give an address, and a port, that they can reach
        --set: log.dirs = "a,b" is not accepted: it must be one directory
        --set: default.replication.factor = "3" is not accepted: it must be 1
        --set: queued.max.request.bytes = "104857599" is not accepted: it must be -1, or at least socket.request.max.bytes
        environment variable CREEL_NUM_PARTITION: unknown setting CREEL_NUM_PARTITION: did you mean CREEL_NUM_PARTITIONS?
        environment variable CREEL_CORES: creel.cores = "0-" is not accepted: it must be all, or a list such as 0-3,6 that names each CPU once
        creel.toml:1: unknown setting a
        creel.toml:3: unknown setting log.segment.byte: did you mean log.segment.bytes?
        creel.toml:2: log.segment.bytes = "true" is not accepted: it must be a whole number of bytes (KiB, MiB, GiB may follow), 16384 or more
        creel.toml:1: string values must be quoted, expected literal string
        creel.toml:1: num.partitions: a setting must be a text, a number, true, false or a list of texts"#]].assert_eq(&cases.join("\n"));
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_line() {
    let toml = "num.partitions = 0\n\"log.segment.byte\" = 1\nbroker.rack = rack\n[log]\nretention.ms = \"soon\"\n\
                dirs = [\"a\", \"b\"]\nsegment.bytes = 1979-05-27\n";
    let environment = [("CREEL_CORES", "0-"), ("CREEL_NUM_PARTITION", "4")];
    let told = config(&["zzzz=4", "num.partitions"], &environment, Some(("creel.toml", toml))).unwrap_err();
    expect![[r#"
        creel.toml:1: num.partitions = "0" is not accepted: it must be a whole number, from 1 to 100000
        creel.toml:2: unknown setting log.segment.byte: did you mean log.segment.bytes?
        creel.toml:3: string values must be quoted, expected literal string
        creel.toml:5: log.retention.ms = "soon" is not accepted: it must be a whole number of milliseconds (s, m, h, d may follow), -1 or more
        creel.toml:6: log.dirs = "a,b" is not accepted: it must be one directory
        creel.toml:7: log.segment.bytes: a setting must be a text, a number, true, false or a list of texts
        environment variable CREEL_CORES: creel.cores = "0-" is not accepted: it must be all, or a list such as 0-3,6 that names each CPU once
        environment variable CREEL_NUM_PARTITION: unknown setting CREEL_NUM_PARTITION: did you mean CREEL_NUM_PARTITIONS?
        --set num.partitions: write it as name=value
        --set: unknown setting zzzz"#]].assert_eq(&told.to_string());
    let java = "num.partitions=0\nauthorizer.class.name=a.B\nlisteners=SSL://:1,SASL_PLAINTEXT://:2\n\
                log.retention.ms=7d\nssl.client.auth=required\nqueued.max.request.bytes=1\n";
    expect![[r#"
        server.properties:1: num.partitions = "0" is not accepted: it must be a whole number, from 1 to 100000
        server.properties:2: authorizer.class.name is refused. There is no authorizer yet: every client can do everything.
        server.properties:3: listeners = "SSL://:1,SASL_PLAINTEXT://:2": listener SSL would speak SSL, listener SASL_PLAINTEXT would speak SASL_PLAINTEXT: TLS (SSL) and passwords (SASL) are not supported yet. Use PLAINTEXT://, on 127.0.0.1 or in a network that only trusted machines reach, or behind a proxy that ends TLS
        server.properties:4: log.retention.ms = "7d" is not accepted: it must be a whole number, -1 or more
        server.properties:5: ssl.client.auth is refused. TLS is not supported yet.
        server.properties:6: queued.max.request.bytes = "1" is not accepted: it must be -1, or at least socket.request.max.bytes"#]].assert_eq(&properties(java).unwrap_err().to_string());
}

#[test]
fn what_follows_from_a_mistake_is_not_told_as_another() {
    // That the listener has no protocol is due to the line that gives it one.
    for map in
        ["listener.security.protocol.mapp = \"A:PLAINTEXT\"", "listener.security.protocol.map = A:PLAINTEXT"]
    {
        let told = error(&[], &[], Some(&format!("listeners = \"A://127.0.0.1:1\"\n{map}\n")));
        assert!(told.starts_with("creel.toml:2: ") && !told.contains('\n'), "{told}");
    }
}

#[test]
fn a_file_that_is_none_of_ours_is_not_told_whole() {
    let text: String = (0..1000).map(|line| format!("zz.{line} = 1\n")).collect();
    let told = error(&[], &[], Some(&text));
    assert_eq!(told.lines().count(), 101);
    assert!(told.ends_with("\nonly the first 100 mistakes are shown: there may be more"), "{told}");
    // Nor is one that is no TOML in any line.
    assert!(error(&[], &[], Some(&"= = =\n".repeat(1000))).lines().count() < 120);
}

#[test]
fn variables_of_kubernetes_and_the_log_filter_are_left_alone() {
    let environment =
        [("CREEL_SERVICE_HOST", "10.0.0.1"), ("CREEL_PORT_9092_TCP", "tcp://x"), ("CREEL_LOG", "info")];
    assert!(config(&[], &environment, None).is_ok());
}

#[test]
fn the_listing_gives_the_same_settings_again() {
    let first = Config::with(&["num.partitions=9", "log.retention.ms=7d"]).unwrap();
    let text = listing(&first.settings);
    let second = config(&[], &[], Some(("creel.toml", &text))).unwrap();
    assert_eq!(first.broker, second.broker);
}

/// What Kafka 4.3's own `config/server.properties` sets.
const SERVER_PROPERTIES: &str = "process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=2
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
";

/// How `config/broker.properties` differs.
const BROKERS_OWN: [(&str, &str); 5] = [
    ("process.roles=broker,controller", "process.roles=broker"),
    ("node.id=1", "node.id=2"),
    ("listeners=PLAINTEXT://:9092,CONTROLLER://:9093", "listeners=PLAINTEXT://localhost:9092"),
    (",CONTROLLER://localhost:9093", ""),
    ("kraft-combined-logs", "kraft-broker-logs"),
];

fn properties(text: &str) -> Result<Config, ConfigErrors> {
    config(&[], &[], Some(("server.properties", text)))
}

fn shown(config: &Config) -> Vec<(String, String, String)> {
    let advertised =
        |one: &ListenerConfig| one.advertised.as_ref().map(ToString::to_string).unwrap_or_default();
    config.listeners.iter().map(|one| (one.name.clone(), one.bind.to_string(), advertised(one))).collect()
}

fn one(name: &str, bind: &str, advertised: &str) -> (String, String, String) {
    (name.to_owned(), bind.to_owned(), advertised.to_owned())
}

#[test]
fn kafkas_own_files_start_a_broker_without_its_controller() {
    let server = properties(SERVER_PROPERTIES).unwrap();
    assert_eq!(shown(&server), [one("PLAINTEXT", "[::]:9092", "localhost:9092")]);
    assert_eq!(server.data_dir.to_str(), Some("/tmp/kraft-combined-logs"));
    let text = BROKERS_OWN.iter().fold(SERVER_PROPERTIES.to_owned(), |text, (a, b)| text.replace(a, b));
    let broker = properties(&text).unwrap();
    assert_eq!(shown(&broker), [one("PLAINTEXT", "127.0.0.1:9092", "localhost:9092")]);
    assert_eq!((broker.broker.node_id, broker.data_dir.to_str()), (2, Some("/tmp/kraft-broker-logs")));
    // What is not served is told, each once; what is, is not.
    let notices = server.settings.notices();
    let about = |name: &str| notices.iter().filter(|one| one.contains(&format!(": {name} ="))).count();
    for name in
        ["num.io.threads", "controller.quorum.bootstrap.servers", "share.coordinator.state.topic.min.isr"]
    {
        assert_eq!(about(name), 1, "{name}: {notices:?}");
    }
    for name in ["listeners", "controller.listener.names", "log.retention.hours", "num.partitions"] {
        assert_eq!(about(name), 0, "{name}: {notices:?}");
    }
    let expected = "server.properties:10: num.io.threads = \"8\" has no effect. Each core has one thread for everything: see creel.cores.";
    assert!(notices.contains(&expected), "{notices:?}");
}

#[test]
fn a_properties_file_may_name_what_nobody_knows_and_takes_no_units() {
    let text = "confluent.balancer.enable=true\nnum.partition=3\nzookeeper.connect=localhost:2181\n";
    let config = properties(text).unwrap();
    expect![[r#"
        server.properties:1: unknown setting confluent.balancer.enable (it is ignored)
        server.properties:2: unknown setting num.partition: did you mean num.partitions? (it is ignored)
        server.properties:3: zookeeper.connect = "localhost:2181" has no effect. There is no ZooKeeper."#]]
    .assert_eq(&config.settings.notices().join("\n"));
    let error = properties("log.retention.ms=7d").unwrap_err().to_string();
    let expected = "server.properties:1: log.retention.ms = \"7d\" is not accepted: it must be a whole number, -1 or more";
    assert_eq!(error, expected);
    assert!(properties("log.message.timestamp.type=createtime").is_err());
}

#[test]
fn what_would_be_missed_is_refused_with_the_reason_unless_it_asks_for_nothing() {
    let cases = [
        error(&["ssl.keystore.location=/etc/x.jks"], &[], None),
        error(&["authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"], &[], None),
        error(&["config.providers=file"], &[], None),
        error(&["process.roles=controller"], &[], None),
        error(&[], &[("CREEL_SASL_ENABLED_MECHANISMS", "PLAIN")], None),
        error(&["listener.name.internal.ssl.client.auth=required"], &[], None),
        error(&["listener.name.internal.plain.sasl.jaas.config=secret"], &[], None),
        error(&[], &[("CREEL_LISTENER_NAME_INTERNAL_SSL_KEY_PASSWORD", "secret")], None),
        error(&["num.io.threads=many"], &[], None),
        error(&["listener.name.internal.num.partition=3"], &[], None),
    ];
    expect![[r#"
        --set: ssl.keystore.location is refused. TLS is not supported yet.
        --set: authorizer.class.name is refused. There is no authorizer yet: every client can do everything.
        --set: config.providers is refused. Configuration providers are not supported: write the value itself.
        --set: process.roles = "controller": a controller without a broker is not supported: there is no Raft quorum
        environment variable CREEL_SASL_ENABLED_MECHANISMS: sasl.enabled.mechanisms is refused. SASL is not supported yet.
        --set: listener.name.internal.ssl.client.auth is refused. TLS is not supported yet.
        --set: listener.name.internal.plain.sasl.jaas.config is refused. SASL is not supported yet.
        environment variable CREEL_LISTENER_NAME_INTERNAL_SSL_KEY_PASSWORD: listener.name.internal.ssl.key.password is refused. TLS is not supported yet.
        --set: num.io.threads = "many" is not accepted: it must be a whole number, 1 or more
        --set: unknown setting listener.name.internal.num.partition: did you mean listener.name.internal.num.partitions?"#]]
    .assert_eq(&cases.join("\n"));
    let sets = ["ssl.client.auth=none", "authorizer.class.name=", "sasl.enabled.mechanisms=GSSAPI"];
    expect![[r#"
        --set: authorizer.class.name = "" has no effect. There is no authorizer yet: every client can do everything.
        --set: sasl.enabled.mechanisms = "GSSAPI" has no effect. SASL is not supported yet.
        --set: ssl.client.auth = "none" has no effect. TLS is not supported yet."#]].assert_eq(&Config::with(&sets).unwrap().settings.notices().join("\n"));
    let overridden =
        config(&["ssl.client.auth=none"], &[], Some(("a.properties", "ssl.client.auth=required")));
    assert!(overridden.is_ok());
}

#[test]
fn secrets_are_never_shown() {
    let sets = ["delegation.token.secret.key=hush", "listener.name.x.max.connections=5"];
    let config = Config::with(&sets).unwrap();
    expect![[r#"
        --set: listener.name.x.max.connections = "5" has no effect. A setting applies to all listeners alike.
        --set: delegation.token.secret.key = "[hidden]" has no effect. Delegation tokens are not supported."#]]
    .assert_eq(&config.settings.notices().join("\n"));
    assert!(!listing(&config.settings).contains("hush"));
}

#[test]
fn a_settings_own_name_wins_over_its_other_one_in_one_file() {
    let one_file = properties("log.dirs=/own\nlog.dir=/other\nbroker.id=3\nnode.id=4\n").unwrap();
    assert_eq!((one_file.data_dir.to_str(), one_file.broker.node_id), (Some("/own"), 4));
    let environment = [("CREEL_LOG_DIR", "/later")];
    let config = config(&[], &environment, Some(("a.properties", "log.dirs=/own"))).unwrap();
    assert_eq!(config.data_dir.to_str(), Some("/later"));
}

#[test]
fn listeners_have_names_protocols_and_addresses_of_their_own() {
    let file = "listeners=internal://127.0.0.1:19092, External://[::1]:19093,BACK://:0\n\
                listener.security.protocol.map=INTERNAL:PLAINTEXT,external:plaintext,BACK:PLAINTEXT,C:SSL\n\
                advertised.listeners=EXTERNAL://creel.example:9093,INTERNAL://[fd00::1]:9092,C://c:1\n\
                controller.listener.names=C\ninter.broker.listener.name=INTERNAL\n";
    let config = properties(file).unwrap();
    let expected = [
        one("INTERNAL", "127.0.0.1:19092", "[fd00::1]:9092"),
        one("EXTERNAL", "[::1]:19093", "creel.example:9093"),
        one("BACK", "[::]:0", ""),
    ];
    assert_eq!(shown(&config), expected);
    let sets = ["listeners=CLIENTS://127.0.0.1:1", "listener.security.protocol.map=CLIENTS:PLAINTEXT"];
    let config = Config::with(&[&sets[..], &["advertised.listeners=a:2"]].concat()).unwrap();
    assert_eq!(shown(&config), [one("CLIENTS", "127.0.0.1:1", "a:2")]);
    // One port for both families, as Kafka allows.
    let both = [
        "listeners=PLAINTEXT://127.0.0.1:1,A://[::1]:1",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,A:PLAINTEXT",
    ];
    assert_eq!(Config::with(&both).unwrap().listeners.len(), 2);
}

#[test]
fn listeners_that_do_not_go_together_are_refused_as_by_kafka() {
    const MAP: &str = "listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT,S:SASL_SSL";
    let wrong = |sets: &[&str]| error(&[&[MAP], sets].concat(), &[], None);
    let cases = [
        wrong(&["listeners=A://:1,a://:2"]),
        wrong(&["listeners=A://:1,B://:1"]),
        wrong(&["listeners=A://127.0.0.1:1,B://127.0.0.2:1"]),
        wrong(&["listeners=A://:1,X://:2"]),
        wrong(&["listeners=S://:1"]),
        wrong(&["listeners=A://nowhere"]),
        wrong(&["listeners=A://a:b:9092"]),
        wrong(&["listeners="]),
        wrong(&["listeners=A://creel.invalid:1"]),
        wrong(&["listeners=A://:1", "advertised.listeners=B://x:1"]),
        wrong(&["listeners=A://:1", "advertised.listeners=A://:1"]),
        wrong(&["listeners=A://:1", "advertised.listeners=A://x:1,A://y:1"]),
        wrong(&["listeners=A://:1", "inter.broker.listener.name=B"]),
        wrong(&["listeners=A://:1", "inter.broker.listener.name=X"]),
        wrong(&["listeners=A://:1,B://:2", "advertised.listeners=A://x:1", "inter.broker.listener.name=B"]),
        wrong(&["listeners=A://:1", "security.inter.broker.protocol=PLAINTEXT"]),
        wrong(&[
            "listeners=A://:1",
            "inter.broker.listener.name=A",
            "security.inter.broker.protocol=PLAINTEXT",
        ]),
        wrong(&["listeners=A://:1", "controller.listener.names=A"]),
        wrong(&["listeners=A://:1,B://:2", "controller.listener.names=B", "process.roles=broker"]),
        error(&["listener.security.protocol.map=A:TLS"], &[], None),
        error(&["listener.security.protocol.map=A"], &[], None),
    ];
    expect![[r#"
        --set: listeners = "A://:1,a://:2": two listeners have the name A
        --set: listeners = "A://:1,B://:1": two listeners have the port 1: that is possible only if one has an IPv4 address and the other an IPv6 address
        --set: listeners = "A://127.0.0.1:1,B://127.0.0.2:1": two listeners have the port 1: that is possible only if one has an IPv4 address and the other an IPv6 address
        --set: listeners = "A://:1,X://:2": listener X has no protocol: add X:PLAINTEXT to listener.security.protocol.map
        --set: listeners = "S://:1": listener S would speak SASL_SSL: TLS (SSL) and passwords (SASL) are not supported yet. Use PLAINTEXT://, on 127.0.0.1 or in a network that only trusted machines reach, or behind a proxy that ends TLS
        --set: listeners = "A://nowhere" is not accepted: it must be NAME://host:port or host:port, several separated by commas
        --set: listeners = "A://a:b:9092" is not accepted: it must be NAME://host:port or host:port, several separated by commas
        --set: listeners = "" is not accepted: it must be NAME://host:port or host:port, several separated by commas
        --set: listeners = "A://creel.invalid:1": creel.invalid:1 is not an address of this machine
        --set: advertised.listeners = "B://x:1": B is not among the listeners, which are A
        --set: advertised.listeners = "A://:1": clients cannot connect to :1: give an address, and a port, that they can reach
        --set: advertised.listeners = "A://x:1,A://y:1": two listeners have the name A
        --set: inter.broker.listener.name = "B": B is not among the listeners that are advertised: A
        --set: inter.broker.listener.name = "X": X is not in listener.security.protocol.map
        --set: inter.broker.listener.name = "B": B is not among the listeners that are advertised: A
        --set: security.inter.broker.protocol = "PLAINTEXT": PLAINTEXT is not in listener.security.protocol.map
        --set: inter.broker.listener.name = "A": security.inter.broker.protocol is set too: set only one of the two
        --set: listeners = "A://:1": there is no listener for clients: all of them are in controller.listener.names
        --set: controller.listener.names = "B": if process.roles is broker, B must not be one of the listeners
        --set: listener.security.protocol.map = "A:TLS": TLS is not a protocol: the protocols are PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL
        --set: listener.security.protocol.map = "A" is not accepted: it must be NAME:PROTOCOL, several separated by commas"#]].assert_eq(&cases.join("\n"));
}

#[test]
fn the_listing_of_kafkas_own_file_is_a_file() {
    let first = properties(SERVER_PROPERTIES).unwrap();
    let second = config(&[], &[], Some(("creel.toml", &listing(&first.settings)))).unwrap();
    assert_eq!((&first.broker, &first.listeners), (&second.broker, &second.listeners));
    // The defaults as a file ask for nothing.
    let defaults = listing(&Config::with(&[]).unwrap().settings);
    let again = config(&[], &[], Some(("creel.toml", &defaults))).unwrap();
    assert!(again.settings.notices().is_empty(), "{:?}", again.settings.notices());
    // A text is the same again, whatever is in it.
    let odd = Config::with(&["broker.rack=a\u{1}\"b\\\u{7f}\u{e9}"]).unwrap();
    let again = config(&[], &[], Some(("creel.toml", &listing(&odd.settings)))).unwrap();
    assert_eq!(again.broker, odd.broker);
}
