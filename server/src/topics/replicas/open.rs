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
use crate::core::node::Purpose;
use crate::groups::runtime;
use crate::offsets;
use crate::tasks::join::join_bounded;
use crate::topics::image::{LocalTopic, OFFLINE, Offline, Own, Topic};
use crate::topics::log_config::log_config;
use crate::topics::replicas::opening::{OpenedTopics, Opening, Origin};
use crate::topics::strays::put_aside;

/// Steps of work that it takes to look how large a partition's segments are.
const STEPS_A_LOOK: usize = 20;
/// Steps of work that it takes at least to open a partition.
const STEPS_AN_OPENING: usize = 20;

/// Opens this core's partitions of the topics, several at a time. The topics are shown later.
pub(crate) async fn open(core: &Rc<Core>, opening: &Opening) -> OpenedTopics {
    let own = opening
        .topics
        .iter()
        .flat_map(|topic| core.topics.own_indexes(topic).map(move |index| (topic, index)));
    let own: Vec<_> = own.collect();
    if let Origin::LastRun { last_stop, .. } = &opening.origin {
        expect(core, opening, *last_stop, &own).await;
    }
    let jobs = own.into_iter().map(|(topic, index)| open_one(core, opening, topic, index));
    let opened = join_bounded(jobs, core.files.moving).await;
    let mut outcome = OpenedTopics { partitions: opened.len(), ..OpenedTopics::default() };
    let mut opened = opened.into_iter();
    for topic in &opening.topics {
        let mut own = BTreeMap::new();
        for (index, opened) in core.topics.own_indexes(topic).zip(&mut opened) {
            let note = |failed: Failed| failed.note(topic, index, &mut outcome, &opening.origin);
            let opened = opened.unwrap_or_else(note);
            outcome.not_replayed += opened.open().map_or(0, Partition::not_replayed);
            own.insert(index, opened);
        }
        if &*topic.name == offsets::TOPIC
            && core.node.purpose == Purpose::Serve
            && let Err(reason) = coordinate(core, &own, &opening.origin).await
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
    /// Notes it, and returns what the core has of it. A new partition is taken back, and whoever takes it back says
    /// so on the log.
    pub(super) fn note(self, topic: &Topic, index: i32, outcome: &mut OpenedTopics, origin: &Origin) -> Own {
        let Self { offline, reason } = self;
        if matches!(origin, Origin::LastRun { .. }) {
            tracing::error!(
                partition = %offline.name, reason,
                "a partition is offline, and requests for it are refused: fix what the reason names, and restart the broker"
            );
        }
        topic.set_leader_epoch(index, OFFLINE);
        outcome.note_failure(topic, reason);
        Own::Offline(offline)
    }
}

/// Begins to coordinate the groups whose partitions these are. If a partition cannot be read, its groups get no
/// coordinator: members that are told they have committed nothing would begin anew.
async fn coordinate(core: &Rc<Core>, own: &BTreeMap<i32, Own>, origin: &Origin) -> Result<(), String> {
    let open = own.iter().filter_map(|(index, own)| Some((*index, own.open()?.clone())));
    let jobs = open.map(|(index, partition)| runtime::host(core, index, partition));
    let hosted = join_bounded(jobs, core.files.moving).await;
    if matches!(origin, Origin::LastRun { .. }) {
        for reason in hosted.iter().filter_map(|hosted| hosted.as_ref().err()) {
            tracing::error!(reason, "groups have no coordinator: their committed offsets cannot be read");
        }
    }
    hosted.into_iter().collect()
}

/// Counts what there is to open.
async fn expect(core: &Core, opening: &Opening, last_stop: LastStop, own: &[(&Arc<Topic>, i32)]) {
    core.start_progress.expect(own.len());
    if last_stop == LastStop::Clean {
        return;
    }
    for (topic, index) in own {
        pace(STEPS_A_LOOK).await;
        core.start_progress.expect_bytes(what_to_open(core, opening, topic, *index).bytes_to_recover());
    }
}

fn what_to_open(core: &Core, opening: &Opening, topic: &Topic, index: i32) -> OpenLog {
    let name = TopicPartition::new(&*topic.name, index);
    OpenLog {
        config: log_config(topic, core.node.broker()),
        leader_epoch: LeaderEpoch::ZERO,
        last_stop: match opening.origin {
            // Nothing should be there. What is there all the same is not trusted.
            Origin::New => LastStop::Unclean,
            Origin::LastRun { last_stop, .. } => last_stop,
        },
        recovery_point: opening.origin.recovery_point(&name),
        log_start: opening.origin.log_start(&name),
        directory: core.node.config.data_dir.join(name.directory_name()),
        name,
        in_journal: Some(InJournal { topic: TopicId(topic.id.0), found: opening.origin.journals() }),
        synced_device: opening.origin.synced_device(),
    }
}

pub(super) async fn open_one(
    core: &Core,
    opening: &Opening,
    topic: &Topic,
    index: i32,
) -> Result<Own, Failed> {
    let open = what_to_open(core, opening, topic, index);
    let opened = match opening.origin {
        Origin::New => open_new(core, open.clone(), topic, index).await,
        Origin::LastRun { .. } => {
            pace(STEPS_AN_OPENING).await;
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

/// Opens a partition, and makes its directory name its topic, as Kafka's do.
async fn open_marked(core: &Core, open: OpenLog, topic: &Topic, index: i32) -> Result<Partition, OpenError> {
    let directory = open.directory.clone();
    let is_marked = is_its_own(&open.name, &directory, topic.id).await?;
    let partition = Partition::open(&core.turn_writer, open).await?;
    topic.set_leader_epoch(index, partition.leader_epoch().get());
    if !is_marked {
        write_topic_id(&directory, &topic.id.to_string()).await?;
    }
    Ok(partition)
}

/// Whether a partition's directory names its topic. One that names another topic is not this partition's, and is put
/// aside. A directory that names none, or that is not there, is.
async fn is_its_own(name: &TopicPartition, directory: &Path, id: Uuid) -> io::Result<bool> {
    let Some(found) = read_topic_id(directory)? else { return Ok(false) };
    let is_its_own = found == id.to_string();
    if !is_its_own {
        let says_why = |error| {
            let why = format!("it belongs to another topic ({found} instead of {id}), and cannot be renamed");
            io::Error::other(format!("{why}: {error}"))
        };
        put_aside(name, directory).await.map_err(says_why)?;
    }
    Ok(is_its_own)
}
