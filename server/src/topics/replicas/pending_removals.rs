//! Directories of deleted partitions that could not be removed: their topic is gone, and they are tried again from time to
//! time, so that what they hold does not take up disk for good.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use creel_engine::TopicPartition;
use creel_engine::{read_topic_id, remove_partition};
use creel_io::fs::exists;
use creel_wire::Uuid;

use crate::core::Core;

/// Those of one core.
#[derive(Default)]
pub(crate) struct Leftovers(RefCell<Vec<Leftover>>);

#[derive(Clone)]
struct Leftover {
    name: TopicPartition,
    topic: Uuid,
}

impl Leftovers {
    pub(super) fn add(&self, name: TopicPartition, topic: Uuid) {
        self.0.borrow_mut().push(Leftover { name, topic });
    }
}

/// Tries again to remove what could not be removed; what still can't waits for the next time.
pub(crate) async fn remove_leftovers(core: &Rc<Core>) {
    for leftover in core.leftovers.0.take() {
        if let Err(error) = remove(core, &leftover).await {
            tracing::error!(partition = %leftover.name, %error, "cannot remove a deleted partition");
            core.leftovers.0.borrow_mut().push(leftover);
        }
    }
}

/// By now the directory may be a new topic's of the same name, which has another id, or none yet.
async fn remove(core: &Core, leftover: &Leftover) -> io::Result<()> {
    let directory = core.node.config.data_dir.join(leftover.name.directory_name());
    if exists(&directory) && read_topic_id(&directory)? == Some(leftover.topic.to_string()) {
        remove_partition(&leftover.name, &directory).await?;
    }
    Ok(())
}
