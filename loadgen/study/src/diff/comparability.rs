//! Whether two cells measured the same thing. The broker may differ in everything, because it is what is judged. The
//! machine, the load and the data may not.

use super::read::Cell;
use loadgen_result::report::machine::Machine;
use loadgen_result::report::{BrokerKind, BrokerReport, SettingsReport};

/// A fifth more or less of a window, such as by an interrupt, is not the same window.
const DURATION_RATIO: f64 = 1.2;

/// What was not the same and should have been, each in words.
pub(super) fn unlike(a: &Cell, b: &Cell) -> Vec<String> {
    let mut found = Vec::new();
    let others = traits(b);
    for (what, a) in traits(a) {
        // What one of the two does not tell is no difference.
        let other = others.iter().find(|(other, _)| *other == what);
        other.into_iter().for_each(|(_, b)| note(&mut found, what, &a, b));
    }
    if let (Some(a), Some(b)) = (a.measured_s, b.measured_s)
        && !is_as_long(a, b)
    {
        found.push(format!("seconds measured ({a:.1}, then {b:.1})"));
    }
    found
}

/// As long as makes no difference.
pub(super) fn is_as_long(a_s: f64, b_s: f64) -> bool {
    (a_s / b_s).max(b_s / a_s) <= DURATION_RATIO
}

/// All that must be the same but for the time measured: the load, the data and the machine, as far as they are known.
pub(super) fn traits(cell: &Cell) -> Vec<(&'static str, String)> {
    let loads = cell.settings.iter().flat_map(loads);
    loads.chain(cell.machine.iter().flat_map(machines)).collect()
}

/// What is new in B's broker, to be told beside the figures.
pub(super) fn changes(a: &Cell, b: &Cell) -> Vec<String> {
    let (Some(a), Some(b)) = (&a.broker, &b.broker) else { return Vec::new() };
    let mut found = Vec::new();
    let settings = |broker: &BrokerReport| broker.settings.join(", ");
    // The titles of others hold the port of the day, and that says nothing.
    let has_name = |broker: &BrokerReport| matches!(broker.kind, BrokerKind::Creel | BrokerKind::Kafka);
    if has_name(a) && has_name(b) {
        note(&mut found, "broker", &a.title(), &b.title());
    }
    note(&mut found, "its settings", &settings(a), &settings(b));
    note(
        &mut found,
        "its cores",
        a.cores.as_deref().unwrap_or_default(),
        b.cores.as_deref().unwrap_or_default(),
    );
    found
}

fn machines(machine: &Machine) -> Vec<(&'static str, String)> {
    let known = [
        ("processor", machine.cpu.clone()),
        ("CPUs", machine.cpus.to_string()),
        ("kernel", machine.kernel.clone()),
        ("memory", machine.memory_bytes.to_string()),
    ];
    known.into_iter().chain(machine.disk.clone().map(|disk| ("disk", disk))).collect()
}

/// All but the topic's name and the seed.
fn loads(settings: &SettingsReport) -> Vec<(&'static str, String)> {
    let shape = settings.schedule.as_deref().unwrap_or("constant");
    let rate = settings.target_rate.map_or("maximum".into(), |rate| format!("{rate}/s {shape}"));
    vec![
        ("load", rate),
        ("acks", settings.acks.clone()),
        ("codec", settings.codec.clone()),
        ("payload", settings.payload.clone()),
        ("linger ms", settings.linger_ms.to_string()),
        ("stamp in each record", settings.stamp_bytes.to_string()),
        ("partitions", settings.partitions.to_string()),
        ("connections", settings.connections.to_string()),
        ("consumers", settings.consumers.to_string()),
        ("threads", settings.threads.to_string()),
        ("batch bytes", settings.batch_bytes.to_string()),
        ("requests in flight", settings.in_flight.to_string()),
        ("keys", settings.keys.map_or("none".into(), |keys| keys.to_string())),
    ]
}

fn note(found: &mut Vec<String>, what: &str, a: &str, b: &str) {
    let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    if a != b {
        found.push(format!("{what} ({}, then {})", shown(a), shown(b)));
    }
}
