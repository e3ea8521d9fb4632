//! What a group is doing, and how each state takes what can happen in all of them.

use super::{
    core::Turn,
    empty::Empty,
    error::GroupError,
    event::{Millis, Token},
    joining::Joining,
    log_lines::Reason,
    stable::Stable,
    syncing::Syncing,
};

/// A group's state. A method that can end it consumes it.
#[derive(Clone, Debug)]
pub(super) enum State {
    Empty(Empty),
    Joining(Joining),
    Syncing(Syncing),
    Stable(Stable),
}

impl State {
    /// Kafka's name, which tools show.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Empty(_) => "Empty",
            Self::Joining(_) => "PreparingRebalance",
            Self::Syncing(_) => "CompletingRebalance",
            Self::Stable(_) => "Stable",
        }
    }

    /// The protocol of the generation, while there is one.
    pub(super) fn protocol(&self) -> Option<&str> {
        match self {
            Self::Empty(_) | Self::Joining(_) => None,
            Self::Syncing(syncing) => Some(syncing.protocol()),
            Self::Stable(stable) => Some(stable.protocol()),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty(_))
    }

    /// When the state itself has had enough.
    pub(super) const fn deadline(&self) -> Option<Millis> {
        match self {
            Self::Empty(_) => None,
            Self::Joining(joining) => Some(joining.deadline()),
            Self::Syncing(syncing) => syncing.deadline(),
            Self::Stable(stable) => stable.deadline(),
        }
    }

    /// Whether the member waits for a reply: then its silence is ours.
    pub(super) fn awaits(&self, member_id: &str) -> bool {
        match self {
            Self::Empty(_) | Self::Stable(_) => false,
            Self::Joining(joining) => joining.awaits(member_id),
            Self::Syncing(syncing) => syncing.awaits(member_id),
        }
    }

    /// A member of the roster is to be in the next generation; its token waits for that.
    pub(super) fn rejoin(self, turn: &mut Turn<'_>, member_id: String, token: Token, reason: Reason) -> Self {
        let joining = match self {
            Self::Empty(_) => Joining::begin_initial(turn, reason),
            Self::Joining(joining) => joining,
            Self::Syncing(syncing) => syncing.interrupt(turn, GroupError::RebalanceInProgress, reason),
            Self::Stable(_) => Joining::begin(turn, reason),
        };
        joining.wait(turn, member_id, token).settle(turn)
    }

    /// Members are gone, by their own wish, by silence or because there is no room.
    pub(super) fn remove(self, turn: &mut Turn<'_>, gone: &[String], reason: Reason) -> Self {
        match self {
            Self::Empty(empty) => Self::Empty(empty),
            Self::Joining(joining) => joining.remove(turn, gone).settle(turn),
            Self::Syncing(syncing) => syncing.remove(turn, gone, reason).settle(turn),
            Self::Stable(stable) => stable.remove(turn, gone, reason).settle(turn),
        }
    }

    /// Someone given an id will not come back with it.
    pub(super) fn forget_pending(self, turn: &mut Turn<'_>, gone: &[String]) -> Self {
        for member_id in gone {
            turn.core.roster.expect_no_more(member_id);
        }
        match self {
            Self::Joining(joining) => joining.settle(turn),
            other => other,
        }
    }

    /// The state's own deadline has come.
    pub(super) fn expire(self, turn: &mut Turn<'_>) -> Self {
        match self {
            Self::Empty(empty) => Self::Empty(empty),
            Self::Joining(joining) => joining.expire(turn),
            Self::Syncing(syncing) => syncing.expire(turn),
            Self::Stable(stable) => stable.expire(turn),
        }
    }
}
