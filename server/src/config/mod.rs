//! Configuration: one table of names, many sources, one typed result.
//!
//! This room owns the names, types, ranges and defaults of all settings, and which source wins. It must not know what
//! the other rooms do with a setting.
//!
//! `keys` is the table of the broker's settings; `unserved` is its half with those that Kafka has and this broker
//! does not serve. `topic` is the table of a topic's settings, `group` that of a group's. A row has name, type, range, default and
//! documentation. Everything else follows from the tables: parsing, the listing that `--print-config` shows, and
//! DescribeConfigs. Names are Kafka's wherever Kafka has one.
//!
//! The first source that names a key wins: flags and `--set`, then environment variables (`CREEL_NUM_PARTITIONS`),
//! then the file given with `--config`, then the default.

mod args;
mod cores;
mod environment;
mod error;
mod file;
mod group;
mod key;
mod keys;
mod kinds;
mod listener;
mod listeners;
mod listing;
mod load;
mod names;
mod origin;
mod properties;
mod settings;
#[cfg(test)]
mod tests;
mod topic;
mod unserved;
mod value;

pub use args::{Args, CheckArgs, CheckFormat, Command};
pub use cores::CoreList;
pub use error::{ConfigError, ConfigErrors};
pub use group::{GROUP_KEYS, GroupKey, GroupSettings};
pub use key::{Effect, Key};
pub use keys::{BROKER_KEYS, BrokerConfig};
pub use listener::{HostPort, ListenerConfig, ListenerIndex};
pub use listing::listing;
pub use load::{Config, load};
pub use origin::Origin;
pub use settings::{Setting, Settings};
pub use topic::{
    CleanupPolicy, CompressionType, SEGMENT_BYTES_MIN, TOPIC_KEYS, TimestampType, TopicConfig, TopicKey,
    TopicSettings,
};
pub use value::{Dialect, Kind, Unit, Value};
