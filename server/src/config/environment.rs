//! Settings from environment variables: `CREEL_NUM_PARTITIONS=8`.

use super::{
    error::{ConfigError, ConfigErrors, nearest},
    keys::BROKER_KEYS,
    names::{self, LISTENER_PREFIX},
    origin::Origin,
    settings::Given,
    value::Dialect,
};

const PREFIX: &str = "CREEL_";

/// Variables with the prefix that are no settings: the log filter, and what Kubernetes puts into each
/// container when a service is named `creel`.
fn is_someone_elses(name: &str) -> bool {
    name == "CREEL_LOG"
        || name == "CREEL_CONFIG"
        || name == "CREEL_PORT"
        || name.starts_with("CREEL_PORT_")
        || name.starts_with("CREEL_SERVICE_")
}

/// Picks the settings out of a process's environment.
pub(super) fn read(
    environment: impl IntoIterator<Item = (String, String)>,
    errors: &mut ConfigErrors,
) -> Vec<Given> {
    let mut given = Vec::new();
    for (variable, text) in environment {
        if variable.starts_with(PREFIX) && !is_someone_elses(&variable) && !errors.are_enough() {
            let origin = Origin::Environment(variable.clone());
            if let Some(name) = errors.note(setting_name(variable)) {
                given.push(Given { name, text, origin, dialect: Dialect::Creel });
            }
        }
    }
    given.sort_by(|a, b| a.origin.cmp(&b.origin));
    given
}

fn setting_name(variable: String) -> Result<String, ConfigError> {
    if let Some((_, name)) = variables().find(|(candidate, _)| *candidate == variable) {
        return Ok(name.to_owned());
    }
    of_listener(&variable).ok_or_else(|| {
        let variables: Vec<_> = variables().map(|(variable, _)| variable).collect();
        let nearest = nearest(&variable, variables.iter().map(String::as_str));
        let origin = Origin::Environment(variable.clone());
        ConfigError::Unknown { name: variable, origin, nearest }
    })
}

/// The name of a setting of one listener: `CREEL_LISTENER_NAME_INTERNAL_SSL_KEY_PASSWORD`. If several would fit, it
/// is the one with the shortest name of a listener.
fn of_listener(variable: &str) -> Option<String> {
    let rest = variable.strip_prefix("CREEL_LISTENER_NAME_")?;
    let found = variables().filter_map(|(candidate, name)| {
        let listener = rest.strip_suffix(candidate.strip_prefix(PREFIX)?)?.strip_suffix('_')?;
        (!listener.is_empty()).then_some((listener, name))
    });
    let (listener, name) = found.min_by_key(|(listener, _)| listener.len())?;
    Some(format!("{LISTENER_PREFIX}{}.{name}", listener.to_ascii_lowercase()))
}

/// Every variable with its setting's name.
fn variables() -> impl Iterator<Item = (String, &'static str)> {
    let own = BROKER_KEYS.iter().map(|key| (key.environment_name(), key.name));
    let others = names::others()
        .map(|name| (format!("{PREFIX}{}", name.replace('.', "_").to_ascii_uppercase()), name));
    own.chain(others)
}
