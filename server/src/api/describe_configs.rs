//! DescribeConfigs: every setting of a topic or of this broker, with its source, its type and, if asked for, its
//! documentation.
//!
//! A client can also ask about groups, which need not exist, and about client metrics and this broker's loggers, which have no
//! settings.
//!
//! Some tools fail if a setting is missing. So all are shown, even those without an effect here. A resource that is
//! named twice is answered once.

use std::collections::BTreeSet;

use creel_io::pace;
use creel_wire::api::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResponse,
    DescribeConfigsResult, DescribeConfigsSynonym,
};
use creel_wire::{ErrorCode, Str};

use crate::answers::KafkaError;
use crate::api::call::{Call, Made, PrepareContext};
use crate::budget::{AnswerTooLarge, dedup};
use crate::config::{
    BROKER_KEYS, GROUP_KEYS, GroupKey, GroupSettings, Key, Kind, Origin, Settings, TOPIC_KEYS, TopicKey,
};
use crate::core::ask_core;
use crate::peers::questions::ReadGroupSettings;
use crate::topics::{CONTROLLER, Topic, TopicError, check_name};

const OF_TOPIC: i8 = 2;
const OF_BROKER: i8 = 4;
const OF_LOGGERS: i8 = 8;
const OF_CLIENT_METRICS: i8 = 16;
const OF_GROUP: i8 = 32;

/// What a setting takes in memory, with its documentation and synonyms, and again in the frame.
const BYTES_OF_A_SETTING: usize = 1500;

/// Where a value comes from, as Kafka numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Topic = 1,
    StaticBroker = 4,
    Default = 5,
    Group = 8,
}

/// Keeps each resource once, and sorts the keys that are asked for.
pub(crate) fn prepare(_: PrepareContext, mut request: DescribeConfigsRequest) -> DescribeConfigsRequest {
    dedup(&mut request.resources, |one, other| NamedResource::from(one).cmp(&NamedResource::from(other)));
    let mut known = BTreeSet::new();
    for keys in request.resources.iter_mut().filter_map(|resource| resource.configuration_keys.as_mut()) {
        if keys.is_empty() {
            continue;
        }
        if known.is_empty() {
            known.extend(BROKER_KEYS.iter().map(|key| key.name).chain(TOPIC_KEYS.iter().map(|key| key.name)));
            known.extend(GROUP_KEYS.iter().map(|key| key.name));
        }
        keys.retain(|key| known.contains(&**key));
        keys.sort_unstable();
        keys.dedup();
        // Only unknown keys were asked for. An empty list would ask for all, so one that matches nothing stays.
        if keys.is_empty() {
            keys.push(Str::default());
        }
    }
    request
}

/// What a resource's type and name stand for. A broker's id has more than one spelling.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum NamedResource<'a> {
    Broker(i32),
    Other(i8, &'a str),
}

impl<'a> From<&'a DescribeConfigsResource> for NamedResource<'a> {
    fn from(resource: &'a DescribeConfigsResource) -> Self {
        let name = &*resource.resource_name;
        match (resource.resource_type, name.parse()) {
            (OF_BROKER, Ok(id)) => Self::Broker(id),
            (other, _) => Self::Other(other, name),
        }
    }
}

/// Answers the request.
pub(crate) async fn answer(
    call: Call,
    request: DescribeConfigsRequest,
    counted: usize,
) -> Result<Made<DescribeConfigsResponse>, AnswerTooLarge> {
    let mut bytes = counted;
    for resource in &request.resources {
        pace(1).await;
        bytes += settings_of(&call, resource) * BYTES_OF_A_SETTING;
    }
    let held = call.hold(bytes).await?;
    let wants = Wants { synonyms: request.include_synonyms, documentation: request.include_documentation };
    let mut results = Vec::with_capacity(request.resources.len());
    for resource in request.resources {
        pace(1 + settings_of(&call, &resource)).await;
        results.push(describe(&call, wants, resource).await);
    }
    Ok(Made { response: DescribeConfigsResponse { results, ..Default::default() }, held })
}

/// How many settings it has, if it is there.
fn settings_of(call: &Call, resource: &DescribeConfigsResource) -> usize {
    match NamedResource::from(resource) {
        NamedResource::Broker(id) if call.is_own_id(id) => BROKER_KEYS.len(),
        NamedResource::Other(OF_TOPIC, name) if call.core.topics.by_name(name).is_some() => TOPIC_KEYS.len(),
        NamedResource::Other(OF_GROUP, _) => GROUP_KEYS.len(),
        NamedResource::Broker(_) | NamedResource::Other(..) => 0,
    }
}

#[derive(Clone, Copy)]
struct Wants {
    synonyms: bool,
    documentation: bool,
}

async fn describe(call: &Call, wants: Wants, resource: DescribeConfigsResource) -> DescribeConfigsResult {
    let name = &resource.resource_name;
    let all = match resource.resource_type {
        OF_TOPIC => of_topic(call, wants, name),
        OF_BROKER => of_broker(call, wants, name),
        OF_GROUP if !name.is_empty() => of_group(call, wants, name).await,
        // They have no settings here.
        OF_CLIENT_METRICS if !name.is_empty() => Ok(Vec::new()),
        OF_LOGGERS if name.parse().is_ok_and(|id| call.is_own_id(id)) => Ok(Vec::new()),
        _ => Err(ErrorCode::InvalidRequest),
    };
    let (error_code, mut configs) = match all {
        Ok(configs) => (ErrorCode::None, configs),
        Err(code) => (code, Vec::new()),
    };
    // Null and an empty list both ask for every key.
    if let Some(keys) = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty()) {
        configs.retain(|config| keys.binary_search(&config.name).is_ok());
    }
    DescribeConfigsResult {
        error_code,
        // Without an error Kafka says nothing rather than null.
        error_message: Some(Str::from_static(if error_code.is_none() {
            ""
        } else {
            error_code.description()
        })),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        configs,
    }
}

fn of_topic(call: &Call, wants: Wants, name: &str) -> Result<Vec<DescribeConfigsResourceResult>, ErrorCode> {
    check_name(name).map_err(|error| error.code())?;
    let local = call.core.topics.by_name(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let is_shown =
        |key: &&TopicKey| !key.is_internal() || local.topic.settings.texts().contains_key(key.name);
    Ok(TOPIC_KEYS.iter().filter(is_shown).map(|key| topic_setting(call, wants, &local.topic, key)).collect())
}

fn topic_setting(call: &Call, wants: Wants, topic: &Topic, key: &TopicKey) -> DescribeConfigsResourceResult {
    let broker = &call.core.node.config.settings;
    let own = topic.settings.texts().get(key.name);
    let inherited = key.inherited(broker).1;
    let is_static =
        inherited.and_then(|name| broker.get(name)).is_some_and(|one| one.origin != Origin::Default);
    let source = match own {
        Some(_) => Source::Topic,
        None if is_static => Source::StaticBroker,
        None => Source::Default,
    };
    let value = topic.effective(key, broker).to_string();
    let shown = setting(wants, key.name, Some(value), source, key.kind, Some(key.doc));
    let synonyms = if wants.synonyms { synonyms(broker, key, own) } else { Vec::new() };
    DescribeConfigsResourceResult { synonyms, ..shown }
}

/// Where the value could come from: the topic's own, then the first of the broker's settings for it, if they are
/// given.
fn synonyms(broker: &Settings, key: &TopicKey, own: Option<&String>) -> Vec<DescribeConfigsSynonym> {
    let own = own.map(|value| synonym(key.name, value, Source::Topic));
    let first = key.inherits.first().and_then(|(name, _)| BROKER_KEYS.iter().find(|key| key.name == *name));
    own.into_iter().chain(first.into_iter().flat_map(|first| broker_synonyms(broker, first))).collect()
}

/// The value that the broker was given, if it was, and the default, if there is one.
fn broker_synonyms(broker: &Settings, key: &Key) -> Vec<DescribeConfigsSynonym> {
    let given = broker.get(key.name).filter(|setting| setting.origin != Origin::Default);
    let given = given.and_then(|setting| setting.value.as_ref()).filter(|_| !key.is_secret());
    let given = given.map(|value| synonym(key.name, value, Source::StaticBroker));
    let default = key.default_value().map(|value| synonym(key.name, &value, Source::Default));
    given.into_iter().chain(default).collect()
}

fn synonym(name: &'static str, value: &impl ToString, source: Source) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym {
        name: name.into(),
        value: Some(Str::from(value.to_string())),
        source: source as i8,
    }
}

async fn of_group(
    call: &Call,
    wants: Wants,
    name: &Str,
) -> Result<Vec<DescribeConfigsResourceResult>, ErrorCode> {
    let own = ask_core(&call.core, CONTROLLER, ReadGroupSettings(name.detached())).await;
    let own = own.unwrap_or(Err(TopicError::Stopping)).map_err(|error| error.code())?;
    Ok(GROUP_KEYS.iter().map(|key| group_setting(call, wants, &own, key)).collect())
}

fn group_setting(
    call: &Call,
    wants: Wants,
    group: &GroupSettings,
    key: &GroupKey,
) -> DescribeConfigsResourceResult {
    let broker = &call.core.node.config.settings;
    let own = group.texts().get(key.name).map(|value| synonym(key.name, value, Source::Group));
    let of_broker = key.inherits.and_then(|name| BROKER_KEYS.iter().find(|key| key.name == name));
    let is_static = key.inherits.is_some_and(|name| broker.is_given(name));
    let source = match own {
        Some(_) => Source::Group,
        None if is_static => Source::StaticBroker,
        None => Source::Default,
    };
    let value = group.effective(key.name, broker).map(|value| value.to_string());
    let shown = setting(wants, key.name, value, source, key.kind, Some(key.doc));
    let inherited = match of_broker {
        Some(of_broker) => broker_synonyms(broker, of_broker),
        None => vec![synonym(key.name, &key.default, Source::Default)],
    };
    let synonyms = if wants.synonyms { own.into_iter().chain(inherited).collect() } else { Vec::new() };
    DescribeConfigsResourceResult { synonyms, ..shown }
}

fn of_broker(call: &Call, wants: Wants, name: &str) -> Result<Vec<DescribeConfigsResourceResult>, ErrorCode> {
    // An empty name asks for the cluster-wide dynamic settings, of which there are none.
    if name.is_empty() {
        return Ok(Vec::new());
    }
    if !name.parse().is_ok_and(|id| call.is_own_id(id)) {
        return Err(ErrorCode::InvalidRequest);
    }
    let settings = &call.core.node.config.settings;
    let shown = BROKER_KEYS.iter().filter(|key| !key.is_internal() || settings.is_given(key.name));
    Ok(shown.map(|key| broker_setting(call, wants, key)).collect())
}

fn broker_setting(call: &Call, wants: Wants, key: &Key) -> DescribeConfigsResourceResult {
    let found = call.core.node.config.settings.get(key.name);
    let is_default = found.is_none_or(|setting| setting.origin == Origin::Default);
    let source = if is_default { Source::Default } else { Source::StaticBroker };
    let value = found.and_then(|setting| setting.value.as_ref()).map(ToString::to_string);
    // Kafka tells nobody a password, nor that there is none.
    let value = value.filter(|_| !key.is_secret());
    let shown = setting(wants, key.name, value, source, key.kind, Some(key.doc));
    let synonyms =
        if wants.synonyms { broker_synonyms(&call.core.node.config.settings, key) } else { Vec::new() };
    DescribeConfigsResourceResult { read_only: true, is_sensitive: key.is_secret(), synonyms, ..shown }
}

fn setting(
    wants: Wants,
    name: &'static str,
    value: Option<String>,
    source: Source,
    kind: Kind,
    documentation: Option<&'static str>,
) -> DescribeConfigsResourceResult {
    let value = value.map(Str::from);
    DescribeConfigsResourceResult {
        name: name.into(),
        value,
        is_default: source == Source::Default,
        config_source: source as i8,
        config_type: type_of(kind),
        documentation: documentation.filter(|_| wants.documentation).map(Str::from),
        ..Default::default()
    }
}

/// Kafka's numbers for types (`DescribeConfigsResponse.ConfigType`).
fn type_of(kind: Kind) -> i8 {
    match kind {
        Kind::Boolean => 1,
        Kind::Text | Kind::Choice(_) => 2,
        Kind::Int(..) | Kind::GzipLevel => 3,
        Kind::Short(..) => 4,
        Kind::Long(..) => 5,
        Kind::Double(..) => 6,
        Kind::List | Kind::Choices(_) | Kind::ThrottledReplicas => 7,
        Kind::Class => 8,
        Kind::Password => 9,
    }
}
