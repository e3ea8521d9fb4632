//! Listeners by name, as `listeners`, `advertised.listeners` and the settings around them give them, under Kafka's rules.
//!
//! Three things are allowed beyond these rules: an address without a name; no advertised address, so that each client
//! is told the address that it came by; and no listener between brokers, as brokers do not talk to each other yet.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    error::ConfigError,
    keys::BrokerConfig,
    listener::{HostPort, ListenerConfig},
    settings::Settings,
    value::Value,
};

const LISTENERS: &str = "listeners";
const ADVERTISED: &str = "advertised.listeners";
const PROTOCOLS: &str = "listener.security.protocol.map";
const CONTROLLERS: &str = "controller.listener.names";
const BETWEEN_BROKERS: &str = "inter.broker.listener.name";
const BROKERS_PROTOCOL: &str = "security.inter.broker.protocol";
const ROLES: &str = "process.roles";

const LISTENERS_ACCEPTED: &str = "NAME://host:port or host:port, several separated by commas";
const PLAINTEXT: &str = "PLAINTEXT";
const KNOWN_PROTOCOLS: [&str; 4] = [PLAINTEXT, "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

const NOT_SERVED: &str = "TLS (SSL) and passwords (SASL) are not supported yet. Use PLAINTEXT://, on 127.0.0.1 or in a network \
     that only trusted machines reach, or behind a proxy that ends TLS";

/// A listener as it is written.
#[derive(Clone, Debug)]
struct ListenerEntry {
    name: String,
    at: HostPort,
}

/// The listeners to bind, in the order in which they are given.
pub(super) fn read(settings: &Settings, broker: &BrokerConfig) -> Result<Vec<ListenerConfig>, ConfigError> {
    let all = entries(settings, LISTENERS, &broker.listeners, PLAINTEXT)?;
    check_ports(&all).map_err(|reason| settings.conflict(LISTENERS, reason))?;
    let controllers: BTreeSet<_> =
        broker.controller_listener_names.iter().flatten().map(|name| name.to_uppercase()).collect();
    let protocols = protocols(settings, broker, &controllers)?;
    check_protocols(settings, LISTENERS, &all, &protocols, &controllers)?;
    check_roles(settings, &all, &controllers)?;
    let own: Vec<_> = all.iter().filter(|one| !controllers.contains(&one.name)).cloned().collect();
    if own.is_empty() {
        let reason = "there is no listener for clients: all of them are in controller.listener.names";
        return Err(settings.conflict(LISTENERS, reason));
    }
    let advertised = advertised(settings, broker, &own, &protocols, &controllers)?;
    check_between_brokers(settings, &own, &advertised, &protocols)?;
    own.into_iter().map(|one| listener(settings, one, &advertised)).collect()
}

fn listener(
    settings: &Settings,
    one: ListenerEntry,
    advertised: &BTreeMap<String, HostPort>,
) -> Result<ListenerConfig, ConfigError> {
    let Some(bind) = one.at.resolve() else {
        let reason = format!("{} is not an address of this machine", one.at);
        return Err(settings.conflict(LISTENERS, reason));
    };
    let advertised = advertised.get(&one.name).cloned();
    Ok(ListenerConfig { name: one.name, bind, advertised })
}

/// Reads a list of listeners, whose names must differ. `bare` is the name of an address without one.
fn entries(
    settings: &Settings,
    key: &'static str,
    texts: &[String],
    bare: &str,
) -> Result<Vec<ListenerEntry>, ConfigError> {
    let read = |text: &String| {
        let (name, at) = text.split_once("://").unwrap_or((bare, text));
        let at = HostPort::read(at).filter(|_| !name.is_empty())?;
        Some(ListenerEntry { name: name.to_uppercase(), at })
    };
    let all: Option<Vec<_>> = texts.iter().map(read).collect();
    let all = all.filter(|all| !all.is_empty()).ok_or_else(|| settings.refuse(key, LISTENERS_ACCEPTED))?;
    let mut names = BTreeSet::new();
    match all.iter().find(|one| !names.insert(one.name.as_str())) {
        Some(twice) => Err(settings.conflict(key, format!("two listeners have the name {}", twice.name))),
        None => Ok(all),
    }
}

/// Two listeners may share a port only if one has an IPv4 address and the other an IPv6 address.
fn check_ports(all: &[ListenerEntry]) -> Result<(), String> {
    let mut by_port: BTreeMap<u16, Vec<&ListenerEntry>> = BTreeMap::new();
    all.iter()
        .filter(|one| one.at.port != 0)
        .for_each(|one| by_port.entry(one.at.port).or_default().push(one));
    for (port, sharing) in by_port {
        let is_v4 = |one: &ListenerEntry| one.at.ip().map(|ip| ip.is_ipv4());
        match sharing.as_slice() {
            [_] => {}
            [a, b] if is_v4(a).is_some() && is_v4(b).is_some() && is_v4(a) != is_v4(b) => {}
            _ => {
                return Err(format!(
                    "two listeners have the port {port}: that is possible only if one has an IPv4 address and the other an \
                     IPv6 address"
                ));
            }
        }
    }
    Ok(())
}

/// The protocol of each name. Without a map of their own, listeners of controllers speak PLAINTEXT.
fn protocols(
    settings: &Settings,
    broker: &BrokerConfig,
    controllers: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut protocols = BTreeMap::new();
    let pairs = broker.listener_security_protocol_map.split(',').map(str::trim);
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let Some((name, protocol)) = pair.rsplit_once(':') else {
            return Err(settings.refuse(PROTOCOLS, "NAME:PROTOCOL, several separated by commas"));
        };
        let protocol = protocol.trim().to_uppercase();
        if !KNOWN_PROTOCOLS.contains(&protocol.as_str()) {
            let known = KNOWN_PROTOCOLS.join(", ");
            return Err(settings
                .conflict(PROTOCOLS, format!("{protocol} is not a protocol: the protocols are {known}")));
        }
        protocols.insert(name.trim().to_uppercase(), protocol);
    }
    if !settings.is_given(PROTOCOLS) {
        for name in controllers {
            protocols.entry(name.clone()).or_insert_with(|| PLAINTEXT.to_owned());
        }
    }
    Ok(protocols)
}

/// Each name must have a protocol. Each bound name must have one that is served.
fn check_protocols(
    settings: &Settings,
    key: &'static str,
    entries: &[ListenerEntry],
    protocols: &BTreeMap<String, String>,
    controllers: &BTreeSet<String>,
) -> Result<(), ConfigError> {
    let mut unserved = Vec::new();
    for ListenerEntry { name, .. } in entries {
        let Some(protocol) = protocols.get(name) else {
            let reason = format!("listener {name} has no protocol: add {name}:{PLAINTEXT} to {PROTOCOLS}");
            return Err(settings.conflict(key, reason));
        };
        if protocol != PLAINTEXT && !controllers.contains(name) {
            unserved.push(format!("listener {name} would speak {protocol}"));
        }
    }
    match unserved.is_empty() {
        true => Ok(()),
        false => Err(settings.conflict(key, format!("{}: {NOT_SERVED}", unserved.join(", ")))),
    }
}

fn check_roles(
    settings: &Settings,
    all: &[ListenerEntry],
    controllers: &BTreeSet<String>,
) -> Result<(), ConfigError> {
    let Some(Value::List(roles)) = settings.value(ROLES) else { return Ok(()) };
    if !roles.iter().any(|role| role == "broker") {
        let reason = "a controller without a broker is not supported: there is no Raft quorum";
        return Err(settings.conflict(ROLES, reason));
    }
    if roles.len() > 1 {
        return Ok(());
    }
    match all.iter().find(|one| controllers.contains(&one.name)) {
        Some(ListenerEntry { name, .. }) => Err(settings.conflict(
            CONTROLLERS,
            format!("if {ROLES} is broker, {name} must not be one of the {LISTENERS}"),
        )),
        None => Ok(()),
    }
}

/// What clients of each listener are told, by name.
fn advertised(
    settings: &Settings,
    broker: &BrokerConfig,
    own: &[ListenerEntry],
    protocols: &BTreeMap<String, String>,
    controllers: &BTreeSet<String>,
) -> Result<BTreeMap<String, HostPort>, ConfigError> {
    let Some(texts) = &broker.advertised_listeners else { return Ok(BTreeMap::new()) };
    let bare = match own {
        [one] => &one.name,
        _ => PLAINTEXT,
    };
    let mut given = entries(settings, ADVERTISED, texts, bare)?;
    given.retain(|one| !controllers.contains(&one.name));
    check_protocols(settings, ADVERTISED, &given, protocols, controllers)?;
    for ListenerEntry { name, at } in &given {
        if !own.iter().any(|one| one.name == *name) {
            let reason = format!(
                "{name} is not among the {LISTENERS}, which are {}",
                names(own.iter().map(|one| &one.name))
            );
            return Err(settings.conflict(ADVERTISED, reason));
        }
        if at.is_nowhere() {
            let reason =
                format!("clients cannot connect to {at}: give an address, and a port, that they can reach");
            return Err(settings.conflict(ADVERTISED, reason));
        }
    }
    Ok(given.into_iter().map(|one| (one.name, one.at)).collect())
}

/// The listener between brokers must be one of those that are advertised. If none is named, none is needed. Kafka
/// asks for more: it then takes the listener of `security.inter.broker.protocol`.
fn check_between_brokers(
    settings: &Settings,
    own: &[ListenerEntry],
    advertised: &BTreeMap<String, HostPort>,
    protocols: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    let key = match (settings.is_given(BETWEEN_BROKERS), settings.is_given(BROKERS_PROTOCOL)) {
        (false, false) => return Ok(()),
        (true, true) => {
            let reason = format!("{BROKERS_PROTOCOL} is set too: set only one of the two");
            return Err(settings.conflict(BETWEEN_BROKERS, reason));
        }
        (true, false) => BETWEEN_BROKERS,
        (false, true) => BROKERS_PROTOCOL,
    };
    let name = settings.value(key).map(|value| value.to_string().to_uppercase()).unwrap_or_default();
    if !protocols.contains_key(&name) {
        return Err(settings.conflict(key, format!("{name} is not in {PROTOCOLS}")));
    }
    let told: Vec<_> = match advertised.is_empty() {
        true => own.iter().map(|one| &one.name).collect(),
        false => advertised.keys().collect(),
    };
    if told.contains(&&name) {
        return Ok(());
    }
    Err(settings
        .conflict(key, format!("{name} is not among the listeners that are advertised: {}", names(told))))
}

fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
