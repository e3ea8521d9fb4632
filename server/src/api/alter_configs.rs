//! AlterConfigs and IncrementalAlterConfigs: a topic's settings, all in place of all, or one by one.
//!
//! Each resource has its own error and is changed as a whole or not at all. Brokers' settings can't be changed while they
//! run (INVALID_REQUEST). A resource that comes twice, a setting that comes twice, and a null value where one is needed are
//! INVALID_REQUEST; a name or value that is wrong is INVALID_CONFIG.

use std::collections::{BTreeMap, BTreeSet};

use creel_wire::api::{alter_configs as whole, incremental_alter_configs as single};
use creel_wire::{ErrorCode, Str};

use crate::call::Call;
use crate::config::TopicSettings;
use crate::messages::AlterTopic;
use crate::route;
use crate::topics::{AUTHORITY, SettingChange, TopicChange, TopicRefusal, check_name};

const OF_TOPIC: i8 = 2;

type Outcome = Result<(), TopicRefusal>;

/// Answers AlterConfigs.
pub(crate) async fn answer(call: Call, request: whole::AlterConfigsRequest) -> whole::AlterConfigsResponse {
    let all = request.resources.iter().map(|one| (one.resource_type, one.resource_name.clone()));
    let twice = repeated(all);
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in request.resources {
        let name = (resource.resource_type, resource.resource_name);
        let outcome = match replacement(resource.configs) {
            Ok(change) => alter(&call, &twice, &name, change, request.validate_only).await,
            Err(refusal) => Err(refusal),
        };
        let (error_code, error_message) = shown(outcome);
        let (resource_type, resource_name) = name;
        responses.push(whole::AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type,
            resource_name,
        });
    }
    whole::AlterConfigsResponse { responses, ..Default::default() }
}

/// Answers IncrementalAlterConfigs.
pub(crate) async fn answer_incremental(
    call: Call,
    request: single::IncrementalAlterConfigsRequest,
) -> single::IncrementalAlterConfigsResponse {
    let all = request.resources.iter().map(|one| (one.resource_type, one.resource_name.clone()));
    let twice = repeated(all);
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in request.resources {
        let name = (resource.resource_type, resource.resource_name);
        let outcome = match changes(resource.configs) {
            Ok(change) => alter(&call, &twice, &name, change, request.validate_only).await,
            Err(refusal) => Err(refusal),
        };
        let (error_code, error_message) = shown(outcome);
        let (resource_type, resource_name) = name;
        responses.push(single::AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type,
            resource_name,
        });
    }
    single::IncrementalAlterConfigsResponse { responses, ..Default::default() }
}

type Resource = (i8, Str);

fn repeated(all: impl Iterator<Item = Resource>) -> BTreeSet<Resource> {
    let mut times: BTreeMap<Resource, u32> = BTreeMap::new();
    all.for_each(|one| *times.entry(one).or_default() += 1);
    times.into_iter().filter(|(_, times)| *times > 1).map(|(one, _)| one).collect()
}

fn invalid(message: impl Into<String>) -> TopicRefusal {
    TopicRefusal::new(ErrorCode::InvalidRequest, message)
}

async fn alter(
    call: &Call,
    twice: &BTreeSet<Resource>,
    resource: &Resource,
    change: TopicChange,
    validate_only: bool,
) -> Outcome {
    if twice.contains(resource) {
        return Err(invalid("Each resource must appear at most once."));
    }
    if resource.0 != OF_TOPIC {
        return Err(invalid("Only the settings of topics can be changed."));
    }
    if resource.1.is_empty() {
        return Err(invalid("Default topic resources are not allowed."));
    }
    check_name(&resource.1).map_err(|code| TopicRefusal::new(code, code.description()))?;
    let question = AlterTopic { name: resource.1.detached(), change, validate_only };
    let gone = || Err(TopicRefusal::new(ErrorCode::NotController, "the broker is stopping"));
    route::call(&call.core, AUTHORITY, question).await.unwrap_or_else(gone)
}

fn replacement(configs: Vec<whole::AlterableConfig>) -> Result<TopicChange, TopicRefusal> {
    let mut settings = TopicSettings::default();
    for config in configs {
        let name = config.name.as_str().to_owned();
        let Some(value) = config.value else {
            return Err(invalid(format!("Null value not supported for : {name}")));
        };
        if settings.texts().contains_key(&name) {
            return Err(invalid("Error due to duplicate config keys"));
        }
        settings
            .set(name, &value)
            .map_err(|error| TopicRefusal::new(ErrorCode::InvalidConfig, error.to_string()))?;
    }
    Ok(TopicChange::Replace(settings))
}

fn changes(configs: Vec<single::AlterableConfig>) -> Result<TopicChange, TopicRefusal> {
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

fn shown(outcome: Outcome) -> (ErrorCode, Option<Str>) {
    match outcome {
        Ok(()) => (ErrorCode::None, None),
        Err(refusal) => (refusal.code, Some(Str::from(refusal.message))),
    }
}
