//! The answers to other cores' questions about topics.

use std::ops::Range;
use std::rc::Rc;

use super::controller::error::TopicError;
use super::controller::intents::TopicResult;
use super::{
    alter, alter_group, create, delete, group_settings, open, remove, roll_back_update, take_producer_ids,
    update,
};
use crate::config::GroupSettings;
use crate::core::{Core, Question};
use crate::peers::questions::{
    AlterGroup, AlterTopic, CreateTopics, DeleteTopics, OpenTopics, ReadGroupSettings, RemoveTopics,
    RollBackUpdate, ShowTopics, TakeProducerIds, UpdateTopic,
};
use crate::topics::replicas::opening::OpenedTopics;

impl Question for TakeProducerIds {
    async fn answer_here(self, core: Rc<Core>) -> Option<Range<i64>> {
        take_producer_ids(&core).await
    }
}

impl Question for CreateTopics {
    async fn answer_here(self, core: Rc<Core>) -> Vec<TopicResult> {
        create(&core, self).await
    }
}

impl Question for DeleteTopics {
    async fn answer_here(self, core: Rc<Core>) -> Vec<TopicResult> {
        delete(&core, self).await
    }
}

impl Question for AlterTopic {
    async fn answer_here(self, core: Rc<Core>) -> Result<(), TopicError> {
        alter(&core, self).await
    }
}

impl Question for AlterGroup {
    async fn answer_here(self, core: Rc<Core>) -> Result<(), TopicError> {
        alter_group(&core, self).await
    }
}

impl Question for ReadGroupSettings {
    async fn answer_here(self, core: Rc<Core>) -> Result<GroupSettings, TopicError> {
        group_settings(&core, &self.0).await
    }
}

impl Question for UpdateTopic {
    async fn answer_here(self, core: Rc<Core>) -> Result<(), String> {
        update(&core, self.0).await
    }
}

impl Question for RollBackUpdate {
    async fn answer_here(self, core: Rc<Core>) {
        roll_back_update(&core, self.0).await;
    }
}

impl Question for OpenTopics {
    async fn answer_here(self, core: Rc<Core>) -> OpenedTopics {
        open(&core, &self.0).await
    }
}

impl Question for ShowTopics {
    async fn answer_here(self, core: Rc<Core>) {
        core.topics.show(&self.0);
    }
}

impl Question for RemoveTopics {
    async fn answer_here(self, core: Rc<Core>) {
        remove(&core, &self.0).await;
    }
}
