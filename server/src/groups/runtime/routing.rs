//! Requests find the coordinator of their group, on whichever core it is, and are answered there.

use std::rc::Rc;

use creel_engine::Partition;

use super::hosted::Hosted;
use super::question::{GroupAnswer, GroupQuestion, GroupRequest, GroupResult};
use crate::core::{Core, Question, ask_all_cores, ask_core};
use crate::groups::{Event, FoundGroup, GroupError, GroupLimits, GroupReply, Token};
use crate::offsets;
use crate::peers::questions::ListGroups;
use crate::placement::core_of;

/// Begins to coordinate the groups of a partition, once its log has been read.
pub(crate) async fn host(core: &Rc<Core>, index: i32, partition: Partition) -> Result<(), String> {
    let limits = GroupLimits::from(core.node.broker());
    let hosted = Hosted::start(partition, limits, core.change_log.clone()).await?;
    core.coordinators.insert(index, hosted);
    Ok(())
}

impl Question for GroupQuestion {
    /// Answers a question about a group of one of this core's partitions.
    async fn answer_here(self, core: Rc<Core>) -> GroupResult {
        let hosted = core.coordinators.get(self.partition).ok_or(GroupError::NotCoordinator)?;
        match self.request {
            GroupRequest::Event(event) => {
                let room = |client| core.coordinators.room_of(client);
                let reply = hosted.ask(event, room);
                drop(hosted);
                reply.await.map(GroupAnswer::Reply).map_err(|_| GroupError::NotCoordinator)
            }
            GroupRequest::Fetch(request) => {
                Ok(GroupAnswer::Fetched(hosted.coordinator.borrow().fetch(&request)))
            }
            GroupRequest::Describe(group) => {
                Ok(GroupAnswer::Described(hosted.coordinator.borrow().describe(&group)))
            }
        }
    }
}

/// Asks the coordinator of a group, on whichever core it is.
pub(crate) async fn ask(core: &Rc<Core>, group: &str, request: GroupRequest) -> GroupResult {
    let local = core.topics.by_name(offsets::TOPIC).ok_or(GroupError::NotCoordinator)?;
    let partition = offsets::partition_for(group, local.topic.partitions);
    let to = core_of(&local.topic.id, partition, core.node.cores);
    let answer = ask_core(core, to, GroupQuestion { partition, request }).await;
    answer.unwrap_or(Err(GroupError::NotCoordinator))
}

/// All groups of this broker, by name.
pub(crate) async fn list_all(core: &Rc<Core>) -> Vec<FoundGroup> {
    let mut all: Vec<_> = ask_all_cores(core, || ListGroups).await.into_iter().flatten().collect();
    all.sort_by(|one, other| one.group.cmp(&other.group));
    all
}

impl Question for ListGroups {
    /// The groups that this core coordinates.
    async fn answer_here(self, core: Rc<Core>) -> Vec<FoundGroup> {
        core.coordinators.list()
    }
}

/// Asks for something that changes a group, or waits for it to change.
pub(crate) async fn ask_for_reply(
    core: &Rc<Core>,
    group: &str,
    event: impl FnOnce(Token) -> Event + Send + 'static,
) -> Result<GroupReply, GroupError> {
    match ask(core, group, GroupRequest::Event(Box::new(event))).await? {
        GroupAnswer::Reply(reply) => Ok(reply),
        GroupAnswer::Fetched(_) | GroupAnswer::Described(_) => Err(GroupError::UnknownServerError),
    }
}
