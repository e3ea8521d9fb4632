//! What is worth a line on the log: why a group rebalances, and what came of it.

use std::fmt;

use super::error::GroupError;
use crate::quoted::Quoted;

/// Something that happened to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The group.
    pub group: String,
    /// Its generation then.
    pub generation: i32,
    /// How many members it had then.
    pub members: usize,
    /// What happened.
    pub what: GroupChange,
}

/// What happened to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// It rebalances: all members are to join anew.
    Rebalances(Reason),
    /// These did not join in time; the others go on without them.
    Missing(Members),
    /// Its members have their assignments.
    Stable {
        /// By this protocol.
        protocol: String,
    },
    /// It has no members any more.
    Empty,
    /// It has been deleted, on request.
    Deleted,
}

/// Why a group rebalances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A new member, and why it came, in its own words.
    Joined(String, Option<String>),
    /// A member joins again, and why, in its own words.
    Rejoined(String, Option<String>),
    /// A new process in a static member's place.
    Replaced(String),
    /// Members left by their own wish, or an administrator's.
    Left(Members),
    /// Members said nothing for as long as their session lasts.
    Silent(Members),
    /// Members did not ask for their assignment in time.
    NotSynced(Members),
    /// There are more members than a group may have.
    TooMany,
    /// The assignment could not be written down.
    NotStored(GroupError),
}

/// Some members: one of them, and how many others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    one: String,
    others: usize,
}

impl Members {
    pub(super) fn of(members: &[String]) -> Self {
        let one = members.first().cloned().unwrap_or_default();
        Self { one, others: members.len().saturating_sub(1) }
    }
}

impl fmt::Display for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Quoted(&self.one))?;
        match self.others {
            0 => Ok(()),
            1 => f.write_str(" and another member"),
            others => write!(f, " and {others} other members"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |f: &mut fmt::Formatter<'_>, member: &str, what: &str, words: &Option<String>| {
            write!(f, "{} {what}", Quoted(member))?;
            words.as_ref().map_or(Ok(()), |words| write!(f, " ({})", Quoted(words)))
        };
        match self {
            Self::Joined(member, words) => said(f, member, "joined", words),
            Self::Rejoined(member, words) => said(f, member, "joined again", words),
            Self::Replaced(member) => write!(f, "{} took a static member's place", Quoted(member)),
            Self::Left(members) => write!(f, "{members} left"),
            Self::Silent(members) => write!(f, "{members} sent no heartbeat within session.timeout.ms"),
            Self::NotSynced(members) => write!(f, "{members} did not ask for the assignment in time"),
            Self::TooMany => f.write_str("more members than group.max.size"),
            Self::NotStored(error) => write!(f, "the assignment could not be written to the log: {error}"),
        }
    }
}
