//! Sources against each other, and what is said about mistakes.

use expect_test::expect;

use super::*;

fn config(
    sets: &[&str],
    environment: &[(&str, &str)],
    file: Option<(&str, &str)>,
) -> Result<Config, ConfigError> {
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
    assert_eq!(config.listener.bind.to_string(), "127.0.0.1:9092");
    assert_eq!(config.listener.advertised, None);
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
    assert_eq!(config.listener.bind.port(), 1);
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
    assert_eq!(config.listener.bind.port(), 0);
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
        --set: advertised.listeners = "0.0.0.0:9092" is not accepted: it must be one PLAINTEXT://host:port or host:port that clients can connect to (not 0.0.0.0)
        --set: log.dirs = "a,b" is not accepted: it must be one directory
        --set: default.replication.factor = "3" is not accepted: it must be 1
        --set: queued.max.request.bytes = "104857599" is not accepted: it must be -1, or at least socket.request.max.bytes
        environment variable CREEL_NUM_PARTITION: unknown setting CREEL_NUM_PARTITION: did you mean CREEL_NUM_PARTITIONS?
        environment variable CREEL_CORES: creel.cores = "0-" is not accepted: it must be all, or a list of CPUs as 0-3,6 that names none twice
        creel.toml:1: unknown setting a
        creel.toml:3: unknown setting log.segment.byte: did you mean log.segment.bytes?
        creel.toml:2: log.segment.bytes = "true" is not accepted: it must be a whole number of bytes (KiB, MiB, GiB may follow), 16384 or more
        creel.toml:1: string values must be quoted, expected literal string
        creel.toml:1: num.partitions: a setting is a text, a number, true, false or a list of texts"#]].assert_eq(&cases.join("\n"));
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
