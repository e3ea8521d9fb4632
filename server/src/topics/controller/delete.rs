//! Deletes topics: they are erased first, all at once, then removed on every core. A crash in between leaves files
//! that belong to no topic, which the next start puts aside.

use std::rc::Rc;
use std::sync::Arc;

use creel_io::spawn;
use creel_wire::Uuid;

use super::error::TopicError;
use super::intents::TopicResult;
use super::state::Controller;
use crate::core::checkpoint::write_checkpoint;
use crate::core::{Core, ask_all_cores};
use crate::peers::questions::{DeleteTopics, RemoveTopics};

/// Deletes topics by id. What has begun is finished, even if nobody waits any more.
pub(crate) async fn delete(core: &Rc<Core>, question: DeleteTopics) -> Vec<TopicResult> {
    let Some(controller) = core.controller() else {
        return question.0.iter().map(|_| Err(TopicError::NotController)).collect();
    };
    let core = core.clone();
    spawn(async move {
        let known = question.0.iter().filter_map(|id| core.topics.by_id(id));
        let lock = controller.lock_names(known.map(|local| local.topic.name.clone()).collect()).await;
        let results = delete_locked(&core, &controller, &question.0).await;
        // A new topic of the same name must not find how far the old one was safe.
        write_checkpoint(&core).await;
        drop(lock);
        results
    })
    .await
}

async fn delete_locked(core: &Rc<Core>, controller: &Controller, ids: &[Uuid]) -> Vec<TopicResult> {
    let find = |id| core.topics.by_id(id).map(|local| local.topic.clone()).ok_or(TopicError::UnknownId);
    let found: Vec<TopicResult> = ids.iter().map(find).collect();
    let topics = || found.iter().filter_map(|found| found.as_ref().ok());
    let writing = controller.writing.lock().await;
    let erased = controller.erase(topics().map(|topic| &*topic.name)).await;
    drop(writing);
    if let Err(error) = erased {
        return found.into_iter().map(|found| found.and_then(|_| Err(error.clone()))).collect();
    }
    let gone: Arc<[Uuid]> = topics().map(|topic| topic.id).collect();
    ask_all_cores(core, || RemoveTopics(gone.clone())).await;
    topics().for_each(|topic| core.change_log.deleted(topic));
    found
}
