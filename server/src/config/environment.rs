//! Settings from environment variables: `CREEL_NUM_PARTITIONS=8`.

use super::{
    error::{ConfigError, nearest},
    key::ALIASES,
    keys::BROKER_KEYS,
    settings::{Given, Origin},
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
) -> Result<Vec<Given>, ConfigError> {
    let mut given = Vec::new();
    for (variable, text) in environment {
        if variable.starts_with(PREFIX) && !is_someone_elses(&variable) {
            let origin = Origin::Environment(variable.clone());
            given.push(Given { name: setting_name(variable)?, text, origin });
        }
    }
    given.sort_by(|a, b| a.origin.cmp(&b.origin));
    Ok(given)
}

fn setting_name(variable: String) -> Result<String, ConfigError> {
    match names().find(|(candidate, _)| *candidate == variable) {
        Some((_, name)) => Ok(name.to_owned()),
        None => {
            let variables: Vec<_> = names().map(|(variable, _)| variable).collect();
            let nearest = nearest(&variable, variables.iter().map(String::as_str));
            let origin = Origin::Environment(variable.clone());
            Err(ConfigError::Unknown { name: variable, origin, nearest })
        }
    }
}

fn names() -> impl Iterator<Item = (String, &'static str)> {
    let own = BROKER_KEYS.iter().map(|key| (key.environment_name(), key.name));
    let aliases = ALIASES
        .iter()
        .map(|(alias, _)| (format!("{PREFIX}{}", alias.replace('.', "_").to_ascii_uppercase()), *alias));
    own.chain(aliases)
}
