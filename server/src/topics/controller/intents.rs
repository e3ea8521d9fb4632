//! What the controller is asked for, as plain data: it travels between cores.

use std::sync::Arc;

use creel_io::CoreId;
use creel_wire::Str;

use super::error::TopicError;
use crate::config::TopicSettings;
use crate::topics::image::Topic;

/// The core that decides about topics.
pub(crate) const CONTROLLER: CoreId = CoreId(0);

/// A topic to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewTopic {
    pub(crate) name: Str,
    /// -1: the broker's default.
    pub(crate) partitions: i32,
    /// -1: the broker's default.
    pub(crate) replication_factor: i16,
    pub(crate) settings: TopicSettings,
}

/// What is to be changed about a topic.
#[derive(Clone, Debug)]
pub(crate) enum TopicChange {
    /// So many partitions.
    Partitions(i32),
    /// These settings in place of all it has.
    Replace(TopicSettings),
    /// Some settings, each in its way.
    Settings(Vec<(String, SettingChange)>),
}

/// What becomes of one setting.
#[derive(Clone, Debug)]
pub(crate) enum SettingChange {
    Set(String),
    Unset,
    /// Adds to a list what is not in it.
    Append(String),
    /// Takes out of a list.
    Subtract(String),
}

/// The topic that was made or deleted, or why not.
pub(crate) type TopicResult = Result<Arc<Topic>, TopicError>;
