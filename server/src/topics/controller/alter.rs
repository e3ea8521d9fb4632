//! A topic's change: written down first, then made on every core, then shown and answered. What cannot be made on every
//! core is taken back whole, so that a change that was refused can be repeated.

use std::rc::Rc;
use std::sync::Arc;

use creel_io::spawn;
use creel_wire::{ErrorCode, Uuid};

use super::state::Authority;
use crate::config::{Kind, TopicKey, TopicSettings, Value};
use crate::core::{Core, ask_all_cores};
use crate::limits::{PARTITIONS_MADE_BESIDE, TOPIC_PARTITIONS_MAX};
use crate::peers::questions::{
    AlterTopic, SettingChange, ShowTopics, TakeBackUpdate, TopicChange, TopicRefusal, UpdateTopic,
};
use crate::topics::image::Topic;
use crate::topics::names::is_internal;

/// Changes a topic. What has begun is finished, also when nobody waits any more.
pub(crate) async fn alter(core: &Rc<Core>, question: AlterTopic) -> Result<(), TopicRefusal> {
    let Some(authority) = core.authority() else {
        let message = "this core does not decide about topics";
        return Err(TopicRefusal::new(ErrorCode::NotController, message));
    };
    let core = core.clone();
    spawn(async move { alter_claimed(&core, &authority, question).await }).await
}

async fn alter_claimed(
    core: &Rc<Core>,
    authority: &Authority,
    question: AlterTopic,
) -> Result<(), TopicRefusal> {
    let _claim = authority.claim(vec![question.name.clone()]).await;
    let turn = authority.turn.lock().await;
    let code = ErrorCode::UnknownTopicOrPartition;
    let unknown = || TopicRefusal::new(code, code.description());
    let old = core.topics.by_name(&question.name).ok_or_else(unknown)?.topic.clone();
    let mut record = old.record();
    match question.change {
        TopicChange::Partitions(count) => record.partitions = grown(&old, count)?,
        TopicChange::Replace(settings) => record.settings = settings,
        TopicChange::Settings(changes) => {
            for (name, change) in changes {
                apply(core, &mut record.settings, name, change)?;
            }
        }
    }
    if question.validate_only {
        return Ok(());
    }
    authority.update(&record).await?;
    drop(turn);
    let new = record.partitions - old.partitions;
    let _many = if new > PARTITIONS_MADE_BESIDE { Some(authority.many.lock().await) } else { None };
    let topic = Topic::from_record(record, &core.node.config.settings);
    (0..old.partitions).for_each(|index| topic.set_leader_epoch(index, old.leader_epoch(index)));
    let topic = Arc::new(topic);
    let updated = ask_all_cores(core, || UpdateTopic(topic.clone())).await;
    if let Err(message) = updated.into_iter().collect::<Result<(), String>>() {
        take_back(core, authority, &old).await;
        tracing::error!(topic = %old.name, reason = %message, "cannot change a topic: it stays as it was");
        return Err(TopicRefusal::new(ErrorCode::KafkaStorageError, message));
    }
    let changed: Arc<[Uuid]> = [topic.id].into();
    ask_all_cores(core, || ShowTopics(changed.clone())).await;
    core.change_log.altered(&old, &topic);
    Ok(())
}

/// If the old record cannot be written, the topic's next change puts it right. A start before that makes the partitions that
/// were refused, empty.
async fn take_back(core: &Rc<Core>, authority: &Authority, old: &Topic) {
    ask_all_cores(core, || TakeBackUpdate(old.id)).await;
    let _turn = authority.turn.lock().await;
    if let Err(refusal) = authority.update(&old.record()).await {
        tracing::error!(reason = %refusal.message, "partitions that could not be made are still written down");
    }
}

/// The new number of partitions, if it is one.
fn grown(old: &Topic, count: i32) -> Result<i32, TopicRefusal> {
    let refuse = |message: String| Err(TopicRefusal::new(ErrorCode::InvalidPartitions, message));
    let now = old.partitions;
    if is_internal(&old.name) {
        // Which partition a group belongs to depends on their number.
        let message = "The number of partitions of an internal topic is fixed.";
        return Err(TopicRefusal::new(ErrorCode::InvalidRequest, message));
    }
    if count == now {
        return refuse(format!("Topic already has {now} partition(s)."));
    }
    if count < now {
        let name = &old.name;
        return refuse(format!(
            "The topic {name} currently has {now} partition(s); {count} would not be an increase."
        ));
    }
    match count > TOPIC_PARTITIONS_MAX {
        true => refuse(format!("A topic has at most {TOPIC_PARTITIONS_MAX} partitions.")),
        false => Ok(count),
    }
}

fn apply(
    core: &Core,
    settings: &mut TopicSettings,
    name: String,
    change: SettingChange,
) -> Result<(), TopicRefusal> {
    let refuse = |message: String| TopicRefusal::new(ErrorCode::InvalidConfig, message);
    let (text, is_append) = match change {
        SettingChange::Unset => {
            // Of any name, as in Kafka: tools take back what a later version no longer knows.
            settings.unset(&name);
            return Ok(());
        }
        SettingChange::Set(text) => {
            return settings.set(name, &text).map_err(|error| refuse(error.to_string()));
        }
        SettingChange::Append(text) => (text, true),
        SettingChange::Subtract(text) => (text, false),
    };
    let Some(key) = TopicKey::find(&name) else {
        return settings.set(name, "").map_err(|error| refuse(error.to_string()));
    };
    if !matches!(key.kind, Kind::List | Kind::Choices(_) | Kind::ThrottledReplicas) {
        return Err(refuse(format!("{name} is no list: nothing can be added to it or taken from it.")));
    }
    let mut list = match settings.effective(&name, &core.node.config.settings) {
        Value::List(list) => list,
        _ => Vec::new(),
    };
    for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        match is_append {
            true if list.iter().any(|known| known == one) => {}
            true => list.push(one.to_owned()),
            false => list.retain(|known| known != one),
        }
    }
    settings.set(name, &list.join(",")).map_err(|error| refuse(error.to_string()))
}
