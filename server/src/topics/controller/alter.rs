//! Changes a topic: the change is written down first, then made on every core, then shown and answered. A change that
//! cannot be made on every core is rolled back whole, so that it can be repeated.

use std::rc::Rc;
use std::sync::Arc;

use creel_io::spawn;
use creel_wire::Uuid;

use super::error::TopicError;
use super::intents::{SettingChange, TopicChange};
use super::state::Controller;
use crate::config::{Kind, TopicKey, TopicSettings, Value};
use crate::core::{Core, ask_all_cores};
use crate::limits::{PARTITIONS_MADE_BESIDE, TOPIC_PARTITIONS_MAX};
use crate::peers::questions::{AlterTopic, RollBackUpdate, ShowTopics, UpdateTopic};
use crate::topics::image::Topic;
use crate::topics::names::is_internal;

/// Changes a topic. What has begun is finished, even if nobody waits any more.
pub(crate) async fn alter(core: &Rc<Core>, question: AlterTopic) -> Result<(), TopicError> {
    let controller = core.controller().ok_or(TopicError::NotController)?;
    let core = core.clone();
    spawn(async move { alter_locked(&core, &controller, question).await }).await
}

async fn alter_locked(
    core: &Rc<Core>,
    controller: &Controller,
    question: AlterTopic,
) -> Result<(), TopicError> {
    let _lock = controller.lock_names(vec![question.name.clone()]).await;
    let writing = controller.writing.lock().await;
    let old = core.topics.by_name(&question.name).ok_or(TopicError::UnknownName)?.topic.clone();
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
    record.settings.check_together(&core.node.config.settings)?;
    if question.validate_only {
        return Ok(());
    }
    controller.update(&record).await?;
    drop(writing);
    let new = record.partitions - old.partitions;
    let _many = if new > PARTITIONS_MADE_BESIDE { Some(controller.making_many.lock().await) } else { None };
    let topic = Topic::from_record(record, &core.node.config.settings);
    (0..old.partitions).for_each(|index| topic.set_leader_epoch(index, old.leader_epoch(index)));
    let topic = Arc::new(topic);
    let updated = ask_all_cores(core, || UpdateTopic(topic.clone())).await;
    if let Err(message) = updated.into_iter().collect::<Result<(), String>>() {
        roll_back(core, controller, &old).await;
        tracing::error!(topic = %old.name, reason = %message, "cannot change a topic: the change was undone");
        return Err(TopicError::Storage(message));
    }
    let changed: Arc<[Uuid]> = [topic.id].into();
    ask_all_cores(core, || ShowTopics(changed.clone())).await;
    core.change_log.altered(&old, &topic);
    Ok(())
}

/// If the old record cannot be written, the topic's next change puts it right. A start before that makes the refused
/// partitions, empty.
async fn roll_back(core: &Rc<Core>, controller: &Controller, old: &Topic) {
    ask_all_cores(core, || RollBackUpdate(old.id)).await;
    let _writing = controller.writing.lock().await;
    if let Err(error) = controller.update(&old.record()).await {
        tracing::error!(reason = %error, "cannot take back the record of partitions that could not be created: the next start tries to open them");
    }
}

/// The new number of partitions, if it is one.
fn grown(old: &Topic, count: i32) -> Result<i32, TopicError> {
    let invalid = |message: String| Err(TopicError::InvalidPartitions(message));
    let now = old.partitions;
    if is_internal(&old.name) {
        return Err(TopicError::FixedPartitions);
    }
    if count == now {
        return invalid(format!("Topic already has {now} partition(s)."));
    }
    if count < now {
        let name = &old.name;
        return invalid(format!(
            "The topic {name} currently has {now} partition(s); {count} would not be an increase."
        ));
    }
    match count > TOPIC_PARTITIONS_MAX {
        true => invalid(format!("A topic has at most {TOPIC_PARTITIONS_MAX} partitions.")),
        false => Ok(count),
    }
}

fn apply(
    core: &Core,
    settings: &mut TopicSettings,
    name: String,
    change: SettingChange,
) -> Result<(), TopicError> {
    let (text, is_append) = match change {
        SettingChange::Unset => {
            // Any name is allowed, as in Kafka: tools take back settings that a later version no longer knows.
            settings.unset(&name);
            return Ok(());
        }
        SettingChange::Set(text) => {
            return Ok(settings.set(name, &text)?);
        }
        SettingChange::Append(text) => (text, true),
        SettingChange::Subtract(text) => (text, false),
    };
    let Some(key) = TopicKey::find(&name) else {
        return Ok(settings.set(name, "")?);
    };
    if !matches!(key.kind, Kind::List | Kind::Choices(_) | Kind::ThrottledReplicas) {
        let message = format!("{name} is not a list: values cannot be added to it or removed from it.");
        return Err(TopicError::InvalidConfig(message));
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
    Ok(settings.set(name, &list.join(","))?)
}
