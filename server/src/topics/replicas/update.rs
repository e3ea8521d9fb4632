//! A core's part in a topic's change: its partitions get the new settings, and those that are new are opened.

use std::rc::Rc;
use std::sync::Arc;

use creel_wire::Uuid;

use super::open::open_one;
use super::opening::{OpenedTopics, Opening, Origin};
use super::remove::remove_own;
use crate::core::Core;
use crate::tasks::join::join_bounded;
use crate::topics::image::{LocalTopic, Own, Topic};
use crate::topics::log_config::log_config;

/// Prepares a changed topic: its partitions get its settings, and those that are new are opened. It is shown later.
pub(crate) async fn update(core: &Rc<Core>, topic: Arc<Topic>) -> Result<(), String> {
    let mut own = core.topics.by_id(&topic.id).map(|local| local.own.clone()).unwrap_or_default();
    for partition in own.values().filter_map(Own::open) {
        partition.set_config(log_config(&topic, core.node.broker()));
    }
    let opening = Opening { topics: Vec::new(), origin: Origin::New };
    let mut outcome = OpenedTopics::default();
    let new: Vec<_> = core.topics.own_indexes(&topic).filter(|index| !own.contains_key(index)).collect();
    let jobs = new.iter().map(|index| open_one(core, &opening, &topic, *index));
    for (index, opened) in new.iter().copied().zip(join_bounded(jobs, core.files.moving).await) {
        own.insert(
            index,
            opened.unwrap_or_else(|failed| failed.note(&topic, index, &mut outcome, &opening.origin)),
        );
    }
    core.topics.hide(LocalTopic { topic, own });
    outcome.failed.into_values().next().map_or(Ok(()), Err)
}

/// Removes the new partitions of a topic that could not be changed on every core.
pub(crate) async fn roll_back_update(core: &Rc<Core>, id: Uuid) {
    let Some(changed) = core.topics.take_hidden(&id) else { return };
    let shown = core.topics.by_id(&id);
    let is_shown = |index| shown.as_ref().is_some_and(|shown| shown.own.contains_key(index));
    for (_, own) in changed.own.iter().filter(|(index, _)| !is_shown(*index)) {
        remove_own(core, own, id).await;
    }
}
