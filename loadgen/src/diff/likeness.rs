//! Whether two cells measured the same thing. The broker may differ in all it is: that is what is judged. The machine, the
//! load and the data may not.

use super::read::Cell;
use crate::report::machine::Machine;
use crate::report::{BrokerKind, BrokerReport, SettingsReport};

/// A fifth more or less of a window, such as by an interrupt, is not the same window.
const DURATION_RATIO: f64 = 1.2;

/// What was not the same and should have been, each in words.
pub(super) fn unlike(a: &Cell, b: &Cell) -> Vec<String> {
    let mut found = Vec::new();
    if let (Some(a), Some(b)) = (&a.machine, &b.machine) {
        machines(a, b, &mut found);
    }
    if let (Some(a), Some(b)) = (&a.settings, &b.settings) {
        loads(a, b, &mut found);
    }
    if let (Some(a), Some(b)) = (a.measured_s, b.measured_s)
        && (a / b).max(b / a) > DURATION_RATIO
    {
        found.push(format!("seconds measured ({a:.1}, then {b:.1})"));
    }
    found
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

fn machines(a: &Machine, b: &Machine, found: &mut Vec<String>) {
    note(found, "processor", &a.cpu, &b.cpu);
    note(found, "CPUs", &a.cpus.to_string(), &b.cpus.to_string());
    note(found, "kernel", &a.kernel, &b.kernel);
    note(found, "memory", &a.memory_bytes.to_string(), &b.memory_bytes.to_string());
    if let (Some(a), Some(b)) = (&a.disk, &b.disk) {
        note(found, "disk", a, b);
    }
}

/// All but the topic's name and the seed.
fn loads(a: &SettingsReport, b: &SettingsReport, found: &mut Vec<String>) {
    let keys = |settings: &SettingsReport| settings.keys.map_or("none".into(), |keys| keys.to_string());
    let rate = |settings: &SettingsReport| {
        let shape = settings.schedule.as_deref().unwrap_or("constant");
        settings.target_rate.map_or("maximum".into(), |rate| format!("{rate}/s {shape}"))
    };
    note(found, "payload", &a.payload, &b.payload);
    note(found, "codec", &a.codec, &b.codec);
    note(found, "acks", &a.acks, &b.acks);
    note(found, "linger ms", &a.linger_ms.to_string(), &b.linger_ms.to_string());
    for (what, a, b) in [
        ("stamp in each record", a.stamp_bytes, b.stamp_bytes),
        ("partitions", a.partitions, b.partitions),
        ("connections", a.connections, b.connections),
        ("consumers", a.consumers, b.consumers),
        ("threads", a.threads, b.threads),
        ("batch bytes", a.batch_bytes, b.batch_bytes),
        ("requests in flight", a.in_flight, b.in_flight),
    ] {
        note(found, what, &a.to_string(), &b.to_string());
    }
    note(found, "keys", &keys(a), &keys(b));
    note(found, "load", &rate(a), &rate(b));
}

fn note(found: &mut Vec<String>, what: &str, a: &str, b: &str) {
    let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    if a != b {
        found.push(format!("{what} ({}, then {})", shown(a), shown(b)));
    }
}
