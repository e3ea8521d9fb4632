//! AlterConfigs and IncrementalAlterConfigs: the first replaces all settings of a topic, the second changes single
//! ones.
//!
//! Each resource has its own error and is changed as a whole or not at all. Groups' settings are checked, kept and described,
//! for protocols that are not served yet. Brokers' settings can't be changed while they run (INVALID_REQUEST); client metrics
//! and loggers have none (INVALID_CONFIG). A resource that comes twice, a
//! setting that comes twice, and a null value where one is needed are INVALID_REQUEST; a name or value that is wrong is
//! INVALID_CONFIG.

use std::collections::BTreeSet;

use creel_io::pace;
use creel_wire::{ErrorCode, Str};

use crate::answers::KafkaError;
use crate::api::call::{Call, PrepareContext};
use crate::budget::dedup_merging;
use crate::config::TopicSettings;
use crate::core::ask_core;
use crate::peers::questions::{AlterGroup, AlterTopic};
use crate::topics::controller::intents::{SettingChange, TopicChange};
use crate::topics::{CONTROLLER, TopicError, check_name};

use creel_wire::api::{alter_configs as whole, incremental_alter_configs as single};

const OF_TOPIC: i8 = 2;
const OF_LOGGERS: i8 = 8;
const OF_CLIENT_METRICS: i8 = 16;
const OF_GROUP: i8 = 32;

/// A resource's type and name.
type Resource = (i8, Str);

/// A requested change, as far as the request alone says what it is, and whether its resource came twice.
struct ResourceToAlter {
    resource: Resource,
    change: Result<TopicChange, TopicError>,
    came_twice: bool,
}

/// What is asked for.
pub(crate) struct PreparedAlterConfigs {
    changes: Vec<ResourceToAlter>,
    /// Whether what is asked for replaces all settings that a resource has.
    replaces: bool,
    validate_only: bool,
}

/// Each resource once.
pub(crate) fn prepare(_: PrepareContext, request: whole::AlterConfigsRequest) -> PreparedAlterConfigs {
    let read = |one: whole::AlterConfigsResource| {
        let change = match one.resource_type {
            OF_TOPIC => replacement(one.configs),
            OF_LOGGERS => Err(invalid("Loggers can only be changed with IncrementalAlterConfigs.")),
            _ => Ok(settings_set(one.configs)),
        };
        ((one.resource_type, one.resource_name), change)
    };
    PreparedAlterConfigs::dedup(request.resources.into_iter().map(read), true, request.validate_only)
}

/// The same, for IncrementalAlterConfigs.
pub(crate) fn prepare_incremental(
    _: PrepareContext,
    request: single::IncrementalAlterConfigsRequest,
) -> PreparedAlterConfigs {
    let read =
        |one: single::AlterConfigsResource| ((one.resource_type, one.resource_name), changes(one.configs));
    PreparedAlterConfigs::dedup(request.resources.into_iter().map(read), false, request.validate_only)
}

impl PreparedAlterConfigs {
    fn dedup(
        changes: impl Iterator<Item = (Resource, Result<TopicChange, TopicError>)>,
        replaces: bool,
        validate_only: bool,
    ) -> Self {
        let asked = |(resource, change)| ResourceToAlter { resource, change, came_twice: false };
        let mut changes: Vec<_> = changes.map(asked).collect();
        dedup_merging(
            &mut changes,
            |one, other| one.resource.cmp(&other.resource),
            |first, _| first.came_twice = true,
        );
        Self { changes, replaces, validate_only }
    }

    /// Makes the changes, one after another; what became of each.
    async fn carry_out(self, call: &Call) -> Vec<(Resource, (ErrorCode, Option<Str>))> {
        let mut results = Vec::with_capacity(self.changes.len());
        let how = How { replaces: self.replaces, validate_only: self.validate_only };
        for ResourceToAlter { resource, change, came_twice } in self.changes {
            pace(1).await;
            let result = match (change, came_twice) {
                (Err(error), _) => Err(error),
                (Ok(_), true) => Err(invalid("Each resource must appear at most once.")),
                (Ok(change), false) => alter(call, &resource, change, how).await,
            };
            results.push((resource, shown(result)));
        }
        results
    }
}

/// Answers AlterConfigs.
pub(crate) async fn answer(call: Call, request: PreparedAlterConfigs) -> whole::AlterConfigsResponse {
    let response = |((resource_type, resource_name), (error_code, error_message))| {
        whole::AlterConfigsResourceResponse { error_code, error_message, resource_type, resource_name }
    };
    let responses = request.carry_out(&call).await.into_iter().map(response).collect();
    whole::AlterConfigsResponse { responses, ..Default::default() }
}

/// Answers IncrementalAlterConfigs.
pub(crate) async fn answer_incremental(
    call: Call,
    request: PreparedAlterConfigs,
) -> single::IncrementalAlterConfigsResponse {
    let response = |((resource_type, resource_name), (error_code, error_message))| {
        single::AlterConfigsResourceResponse { error_code, error_message, resource_type, resource_name }
    };
    let responses = request.carry_out(&call).await.into_iter().map(response).collect();
    single::IncrementalAlterConfigsResponse { responses, ..Default::default() }
}

fn invalid(message: impl Into<String>) -> TopicError {
    TopicError::InvalidRequest(message.into())
}

/// What a whole request asks for.
#[derive(Clone, Copy)]
struct How {
    replaces: bool,
    validate_only: bool,
}

async fn alter(call: &Call, resource: &Resource, change: TopicChange, how: How) -> Result<(), TopicError> {
    let change = match (resource.0, change) {
        (OF_TOPIC, change) => change,
        (OF_GROUP, TopicChange::Settings(changes)) if !resource.1.is_empty() => {
            return alter_group(call, &resource.1, changes, how).await;
        }
        (_, change) => return alter_nothing(call, resource, &change),
    };
    if resource.1.is_empty() {
        return Err(invalid("Default topic resources are not allowed."));
    }
    check_name(&resource.1).map_err(|_| TopicError::InvalidName)?;
    let question = AlterTopic { name: resource.1.detached(), change, validate_only: how.validate_only };
    ask_core(&call.core, CONTROLLER, question).await.unwrap_or(Err(TopicError::Stopping))
}

async fn alter_group(
    call: &Call,
    name: &Str,
    changes: Vec<(String, SettingChange)>,
    how: How,
) -> Result<(), TopicError> {
    let How { replaces, validate_only } = how;
    let question = AlterGroup { name: name.detached(), changes, replaces, validate_only };
    ask_core(&call.core, CONTROLLER, question).await.unwrap_or(Err(TopicError::Stopping))
}

/// Client metrics and loggers: tools ask for them, but they have no settings here. So nothing can be set, and
/// nothing taken back.
fn alter_nothing(call: &Call, (kind, name): &Resource, change: &TopicChange) -> Result<(), TopicError> {
    let (of_what, may_unset) = match *kind {
        OF_CLIENT_METRICS if !name.is_empty() => ("client metrics", true),
        OF_LOGGERS if name.parse().is_ok_and(|id| call.is_own_id(id)) => ("loggers", false),
        _ => return Err(invalid("Only the settings of topics can be changed.")),
    };
    let sets = |change: &SettingChange| !may_unset || !matches!(change, SettingChange::Unset);
    match change {
        TopicChange::Settings(changes) if changes.iter().any(|(_, change)| sets(change)) => {
            Err(TopicError::InvalidConfig(format!("There are no settings of {of_what} to change.")))
        }
        _ => Ok(()),
    }
}

fn settings_set(configs: Vec<whole::AlterableConfig>) -> TopicChange {
    let set = |config: whole::AlterableConfig| {
        let value = config.value.as_deref().unwrap_or_default().to_owned();
        (config.name.as_str().to_owned(), SettingChange::Set(value))
    };
    TopicChange::Settings(configs.into_iter().map(set).collect())
}

fn replacement(configs: Vec<whole::AlterableConfig>) -> Result<TopicChange, TopicError> {
    let mut settings = TopicSettings::default();
    for config in configs {
        let name = config.name.as_str().to_owned();
        let Some(value) = config.value else {
            return Err(invalid(format!("Null value not supported for : {name}")));
        };
        if settings.texts().contains_key(&name) {
            return Err(invalid("Error due to duplicate config keys"));
        }
        settings.set(name, &value)?;
    }
    Ok(TopicChange::Replace(settings))
}

fn changes(configs: Vec<single::AlterableConfig>) -> Result<TopicChange, TopicError> {
    let mut names = BTreeSet::new();
    let mut changes = Vec::with_capacity(configs.len());
    for config in configs {
        let name = config.name.as_str().to_owned();
        if !names.insert(name.clone()) {
            return Err(invalid("Error due to duplicate config keys"));
        }
        let value = config.value.map(|value| value.as_str().to_owned());
        let change = match (config.config_operation, value) {
            (1, _) => SettingChange::Unset,
            (0, Some(value)) => SettingChange::Set(value),
            (2, Some(value)) => SettingChange::Append(value),
            (3, Some(value)) => SettingChange::Subtract(value),
            (0 | 2 | 3, None) => return Err(invalid(format!("Null value not supported for : {name}"))),
            (other, _) => return Err(invalid(format!("Unknown operation {other} for {name}"))),
        };
        changes.push((name, change));
    }
    Ok(TopicChange::Settings(changes))
}

fn shown(result: Result<(), TopicError>) -> (ErrorCode, Option<Str>) {
    match result {
        Ok(()) => (ErrorCode::None, None),
        Err(error) => (error.code(), Some(Str::from(error.to_string()))),
    }
}
