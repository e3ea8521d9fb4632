//! A core's part in a topic's end: it removes the partitions that it owns, and tries again to remove what it could not.

use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;

use creel_engine::{read_topic_id, remove_partition};
use creel_io::fs::exists;
use creel_wire::Uuid;

use super::pending_removals::PendingRemoval;
use crate::core::Core;
use crate::offsets;
use crate::tasks::join::join_bounded;
use crate::topics::image::{Offline, Own};

/// Hides the topics and removes this core's partitions of them, several at a time.
pub(crate) async fn remove(core: &Rc<Core>, ids: &[Uuid]) {
    let gone: Vec<_> = ids.iter().filter_map(|id| core.topics.take(id)).collect();
    let mut names: BTreeSet<String> = gone.iter().map(|local| local.topic.name.as_str().to_owned()).collect();
    if names.remove(offsets::TOPIC) {
        core.coordinators.clear();
    }
    core.coordinators.topics_deleted(&Rc::new(names)).await;
    let own = gone.iter().flat_map(|local| local.own.values().map(|own| (own, local.topic.id)));
    join_bounded(own.map(|(own, id)| remove_own(core, own, id)), core.files.moving).await;
}

/// What cannot be removed now is tried again: the topic is gone all the same.
pub(super) async fn remove_own(core: &Core, own: &Own, topic: Uuid) {
    let (name, removed) = match own {
        Own::Open(partition) => (partition.name(), partition.delete().await),
        Own::Offline(offline) => (&offline.name, remove_offline(core, offline).await),
    };
    if let Err(error) = removed {
        tracing::error!(partition = %name, %error, "cannot remove a deleted partition");
        core.pending_removals.add(name.clone(), topic);
    }
}

async fn remove_offline(core: &Core, offline: &Offline) -> io::Result<()> {
    let directory = core.node.config.data_dir.join(offline.name.directory_name());
    if exists(&directory) { remove_partition(&offline.name, &directory).await } else { Ok(()) }
}

/// Tries again to remove what could not be removed; what still can't waits for the next time.
pub(crate) async fn retry_removals(core: &Rc<Core>) {
    for removal in core.pending_removals.take() {
        if let Err(error) = retry(core, &removal).await {
            tracing::error!(partition = %removal.name, %error, "cannot remove a deleted partition");
            core.pending_removals.add(removal.name, removal.topic);
        }
    }
}

/// By now the directory may belong to a new topic of the same name. That topic has another id, or none yet.
async fn retry(core: &Core, removal: &PendingRemoval) -> io::Result<()> {
    let directory = core.node.config.data_dir.join(removal.name.directory_name());
    if exists(&directory) && read_topic_id(&directory)? == Some(removal.topic.to_string()) {
        remove_partition(&removal.name, &directory).await?;
    }
    Ok(())
}
