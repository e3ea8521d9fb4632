//! What a setting's name means: one of the table, one of a single listener, or one of somebody else's.

use super::{
    error,
    key::{ALIASES, FOREIGN, Key, canonical},
    keys::BROKER_KEYS,
};

/// What the settings of a single listener begin with: `listener.name.internal.ssl.key.password`.
pub(super) const LISTENER_PREFIX: &str = "listener.name.";

/// What may stand between a listener's name and a SASL setting.
const MECHANISMS: &[&str] = &["gssapi", "plain", "scram-sha-256", "scram-sha-512", "oauthbearer"];

/// What a name means.
pub(super) enum Meaning {
    /// A setting of the table.
    Key(&'static Key),
    /// A setting of the table for a single listener.
    OfListener(&'static Key),
    /// Not a setting of this broker, and why it has no effect.
    Foreign(&'static str),
}

/// What this name means, if it is known.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    if let Some((_, why)) = FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
        return Some(Meaning::Foreign(why));
    }
    find(name).map(Meaning::Key).or_else(|| of_listener(name))
}

/// The known name that is most like an unknown one. A listener's part of the name is taken as it is.
pub(super) fn nearest(name: &str) -> Option<String> {
    let all = || BROKER_KEYS.iter().map(|key| key.name).chain(others());
    let of_listener = name.strip_prefix(LISTENER_PREFIX).and_then(|rest| rest.split_once('.'));
    match of_listener {
        None => error::nearest(name, all()),
        Some((listener, rest)) => {
            error::nearest(rest, all()).map(|rest| format!("{LISTENER_PREFIX}{listener}.{rest}"))
        }
    }
}

/// Known names that the table does not have.
pub(super) fn others() -> impl Iterator<Item = &'static str> {
    ALIASES.iter().chain(FOREIGN).map(|(name, _)| *name)
}

fn find(name: &str) -> Option<&'static Key> {
    let name = canonical(name);
    BROKER_KEYS.iter().find(|key| key.name == name)
}

fn of_listener(name: &str) -> Option<Meaning> {
    let (_, rest) = name.strip_prefix(LISTENER_PREFIX)?.split_once('.')?;
    let of_mechanism = || {
        let (mechanism, rest) = rest.split_once('.')?;
        find(rest).filter(|_| MECHANISMS.contains(&mechanism))
    };
    find(rest).or_else(of_mechanism).map(Meaning::OfListener)
}
