//! A core's part in a topic's beginning: it opens the partitions that it owns.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use creel_engine::{
    InJournal, LastStop, LeaderEpoch, OpenError, OpenLog, Partition, TopicId, TopicPartition, read_topic_id,
    remove_partition, write_topic_id,
};
use creel_io::fs::exists;
use creel_io::pace;
use creel_wire::Uuid;

use crate::core::Core;
use crate::groups::runtime;
use crate::offsets;
use crate::tasks::join::join_bounded;
use crate::topics::image::{LocalTopic, OFFLINE, Offline, Own, Topic};
use crate::topics::log_config::log_config;
use crate::topics::replicas::opening::{Opened, Opening};
use crate::topics::strays::put_aside;

/// Steps of work that it takes to look how large a partition's segments are.
const STEPS_A_LOOK: usize = 20;

/// Opens this core's partitions of the topics, several at a time. The topics are shown later.
pub(crate) async fn open(core: &Rc<Core>, opening: &Opening) -> Opened {
    let own = opening
        .topics
        .iter()
        .flat_map(|topic| core.topics.own_indexes(topic).map(move |index| (topic, index)));
    let own: Vec<_> = own.collect();
    if !opening.are_new {
        expect(core, opening, &own).await;
    }
    let jobs = own.into_iter().map(|(topic, index)| open_one(core, opening, topic, index));
    let opened = join_bounded(jobs, core.files.moving).await;
    let mut outcome = Opened { partitions: opened.len(), ..Opened::default() };
    let mut opened = opened.into_iter();
    for topic in &opening.topics {
        let mut own = BTreeMap::new();
        for (index, opened) in core.topics.own_indexes(topic).zip(&mut opened) {
            let note = |failed: Failed| failed.note(topic, index, &mut outcome, !opening.are_new);
            own.insert(index, opened.unwrap_or_else(note));
        }
        if &*topic.name == offsets::TOPIC
            && let Err(reason) = coordinate(core, &own, !opening.are_new).await
        {
            outcome.note_failure(topic, reason);
        }
        core.topics.hide(LocalTopic { topic: topic.clone(), own });
    }
    outcome
}

/// A partition that could not be opened, and why not.
pub(super) struct Failed {
    offline: Offline,
    reason: String,
}

impl Failed {
    /// Notes it, and returns what the core has of it. `stays`: the partition is offline until the next start.
    /// Otherwise it was being made and is taken back, and whoever takes it back says so.
    pub(super) fn note(self, topic: &Topic, index: i32, outcome: &mut Opened, stays: bool) -> Own {
        let Self { offline, reason } = self;
        if stays {
            tracing::error!(
                partition = %offline.name, reason,
                "a partition is offline, its records are refused: mend what the reason names, and start again"
            );
        }
        topic.set_leader_epoch(index, OFFLINE);
        outcome.note_failure(topic, reason);
        Own::Offline(offline)
    }
}

/// Begins to coordinate the groups whose partitions these are. If a partition cannot be read, its groups get no
/// coordinator: members that are told they have committed nothing would begin anew. `stays` is as for
/// [`Failed::note`].
async fn coordinate(core: &Rc<Core>, own: &BTreeMap<i32, Own>, stays: bool) -> Result<(), String> {
    let open = own.iter().filter_map(|(index, own)| Some((*index, own.open()?.clone())));
    let jobs = open.map(|(index, partition)| runtime::host(core, index, partition));
    let hosted = join_bounded(jobs, core.files.moving).await;
    for reason in hosted.iter().filter_map(|hosted| hosted.as_ref().err()).filter(|_| stays) {
        tracing::error!(reason, "groups are not served: their offsets cannot be read");
    }
    hosted.into_iter().collect()
}

/// Counts what there is to open.
async fn expect(core: &Core, opening: &Opening, own: &[(&Arc<Topic>, i32)]) {
    core.start_progress.expect(own.len());
    for (topic, index) in own.iter().filter(|_| !opening.was_clean) {
        pace(STEPS_A_LOOK).await;
        core.start_progress.expect_bytes(what_to_open(core, opening, topic, *index).bytes_to_recover());
    }
}

fn what_to_open(core: &Core, opening: &Opening, topic: &Topic, index: i32) -> OpenLog {
    let name = TopicPartition::new(&*topic.name, index);
    OpenLog {
        config: log_config(topic, core.node.broker()),
        leader_epoch: LeaderEpoch(0),
        last_stop: if opening.was_clean { LastStop::Clean } else { LastStop::Unclean },
        recovery_point: opening.checkpoint.recovery_points.get(&name).copied(),
        log_start: opening.checkpoint.log_starts.get(&name).copied(),
        directory: core.node.config.data_dir.join(name.directory_name()),
        name,
        in_journal: Some(InJournal { topic: TopicId(topic.id.0), found: opening.journals.clone() }),
    }
}

pub(super) async fn open_one(
    core: &Core,
    opening: &Opening,
    topic: &Topic,
    index: i32,
) -> Result<Own, Failed> {
    let open = what_to_open(core, opening, topic, index);
    let opened = match opening.are_new {
        true => open_new(core, open.clone(), topic, index).await,
        false => {
            let opened = open_marked(core, open.clone(), topic, index).await;
            core.start_progress.one_is_open();
            opened
        }
    };
    opened.map(Own::Open).map_err(|error| Failed {
        reason: format!("cannot open {}: {error}", open.directory.display()),
        offline: Offline {
            name: open.name,
            recovery_point: open.recovery_point.unwrap_or_default(),
            log_start: open.log_start.unwrap_or_default(),
        },
    })
}

async fn open_new(core: &Core, open: OpenLog, topic: &Topic, index: i32) -> Result<Partition, OpenError> {
    let (name, directory) = (open.name.clone(), open.directory.clone());
    if exists(&directory) {
        // A new partition must not find another one's records.
        put_aside(&name, &directory).await?;
    }
    let opened = open_marked(core, open, topic, index).await;
    if opened.is_err() {
        // Whatever it is, it was made just now. If it cannot be removed, it is put aside when it stands in the way.
        let _ = remove_partition(&name, &directory).await;
    }
    opened
}

async fn open_marked(core: &Core, open: OpenLog, topic: &Topic, index: i32) -> Result<Partition, OpenError> {
    let directory = open.directory.clone();
    let partition = Partition::open(&core.turn_writer, open).await?;
    topic.set_leader_epoch(index, partition.leader_epoch().0);
    mark(&directory, topic.id).await?;
    Ok(partition)
}

/// Makes the directory name its topic, as Kafka's do. A directory that names another topic is not this partition's.
async fn mark(directory: &Path, id: Uuid) -> io::Result<()> {
    let id = id.to_string();
    match read_topic_id(directory)? {
        None => write_topic_id(directory, &id).await,
        Some(found) if found == id => Ok(()),
        Some(found) => {
            Err(io::Error::other(format!("it belongs to another topic: its id is {found}, and not {id}")))
        }
    }
}
