//! The stories: what is asked of both brokers.
//!
//! A file an area. A story is told to each broker on its own and must not depend on time: it waits for what a broker does
//! soon (`Side::until`), and shows an order by what comes first on two connections.

mod admin;
mod configs;
mod fetch;
mod groups;
mod groups_wrong;
mod idempotence;
mod list_offsets;
mod metadata;
mod metadata_log;
mod negotiation;
mod offsets;
mod prepare;
mod produce;
mod produce_wrong;
mod static_members;
mod topics;

use crate::side::Side;

pub(crate) use prepare::warm_up;

/// A named sequence of requests.
pub(crate) struct Story {
    /// `area/what-happens`
    pub(crate) name: &'static str,
    pub(crate) tell: fn(&mut Side<'_>),
}

/// A table of stories: the area, and a line for each.
macro_rules! stories {
    ($area:literal: $($tell:ident,)*) => {
        pub(super) const STORIES: &[super::Story] =
            &[$(super::Story { name: concat!($area, "/", stringify!($tell)), tell: $tell },)*];
    };
}
use stories;

/// All of them.
pub(crate) const ALL: &[&[Story]] = &[
    negotiation::STORIES,
    metadata::STORIES,
    metadata_log::STORIES,
    topics::STORIES,
    produce::STORIES,
    produce_wrong::STORIES,
    fetch::STORIES,
    list_offsets::STORIES,
    groups::STORIES,
    groups_wrong::STORIES,
    static_members::STORIES,
    offsets::STORIES,
    idempotence::STORIES,
    configs::STORIES,
    admin::STORIES,
];
