//! What a group is doing, and how each state takes what can happen in all of them.

use creel_io::Instant;

use super::{
    core::GroupCx,
    effects::Return,
    empty::Empty,
    error::GroupError,
    event::{SyncRequest, Token, WriteId},
    joining::{JoinProgress, Joining},
    log_lines::Reason,
    stable::Stable,
    syncing::{SyncProgress, Syncing},
};

/// A group's state. A method that can end it consumes it.
#[derive(Clone, Debug)]
pub(super) enum GroupState {
    Empty(Empty),
    Joining(Joining),
    Syncing(Syncing),
    Stable(Stable),
}

impl GroupState {
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

    /// When the state itself times out.
    pub(super) const fn deadline(&self) -> Option<Instant> {
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
    pub(super) fn rejoin(
        self,
        cx: &mut GroupCx<'_>,
        member_id: String,
        token: Token,
        reason: Reason,
    ) -> Self {
        let joining = match self {
            Self::Empty(_) => Joining::begin_initial(cx, reason),
            Self::Joining(joining) => joining,
            Self::Syncing(syncing) => syncing.interrupt(cx, GroupError::RebalanceInProgress, reason),
            Self::Stable(_) => Joining::begin(cx, reason),
        };
        Self::settled(joining.wait(cx, member_id, token), cx)
    }

    /// Members are gone, by their own wish, by silence or because there is no room.
    pub(super) fn remove(self, cx: &mut GroupCx<'_>, gone: &[String], reason: Reason) -> Self {
        match self {
            Self::Empty(empty) => Self::Empty(empty),
            Self::Joining(joining) => Self::settled(joining.remove(cx, gone), cx),
            Self::Syncing(syncing) => Self::settled(syncing.remove(cx, gone, reason), cx),
            Self::Stable(stable) => Self::settled(stable.remove(cx, gone, reason), cx),
        }
    }

    /// A client that was given an id will not come back with it.
    pub(super) fn remove_pending(self, cx: &mut GroupCx<'_>, gone: &[String]) -> Self {
        for member_id in gone {
            cx.core.roster.remove_pending(member_id);
        }
        match self {
            Self::Joining(joining) => Self::settled(joining, cx),
            other => other,
        }
    }

    /// The state's own deadline has come.
    pub(super) fn expire(self, cx: &mut GroupCx<'_>) -> Self {
        match self {
            Self::Empty(empty) => Self::Empty(empty),
            Self::Joining(joining) => {
                let progress = joining.expire(cx);
                Self::joined(progress, cx)
            }
            Self::Syncing(syncing) => Self::settled(syncing.expire(cx), cx),
            Self::Stable(stable) => Self::settled(stable.expire(cx), cx),
        }
    }

    /// A member asks for its assignment; the leader brings everyone's.
    pub(super) fn sync(self, cx: &mut GroupCx<'_>, token: Token, request: SyncRequest) -> Self {
        match self {
            Self::Syncing(syncing) => {
                let progress = syncing.sync(cx, token, request);
                Self::synced(progress, cx)
            }
            Self::Stable(stable) => Self::Stable(stable.sync(cx, token, &request)),
            Self::Empty(_) | Self::Joining(_) => {
                cx.effects.fail_sync(token, GroupError::RebalanceInProgress);
                self
            }
        }
    }

    /// A write of assignments is durable, or has failed.
    pub(super) fn stored(self, cx: &mut GroupCx<'_>, write: WriteId, stored: Result<(), GroupError>) -> Self {
        let Self::Syncing(syncing) = self else { return self };
        let progress = match stored {
            Ok(()) => syncing.stored(cx, write),
            Err(error) => syncing.not_stored(cx, write, error),
        };
        Self::synced(progress, cx)
    }

    /// A static member's new process has taken its place in the roster.
    pub(super) fn replace(self, cx: &mut GroupCx<'_>, old_id: &str, back: Return) -> Self {
        let (new_id, token) = (back.member.member_id.clone(), back.token);
        match self {
            Self::Joining(joining) => Self::settled(joining.replace(cx, old_id, new_id, token), cx),
            Self::Syncing(syncing) => {
                let joining = syncing.replace(cx, old_id, &new_id).wait(cx, new_id, token);
                Self::settled(joining, cx)
            }
            Self::Stable(stable) => match stable.replace(cx, old_id, back) {
                Ok(stable) => Self::Stable(stable),
                Err(joining) => Self::settled(joining, cx),
            },
            Self::Empty(empty) => {
                cx.effects.fail_join(token, new_id, GroupError::UnknownMemberId);
                Self::Empty(empty)
            }
        }
    }

    /// Goes on if nobody else is awaited.
    fn settled(joining: Joining, cx: &mut GroupCx<'_>) -> Self {
        Self::joined(joining.settle(cx), cx)
    }

    fn joined(progress: JoinProgress, cx: &mut GroupCx<'_>) -> Self {
        match progress {
            JoinProgress::Waits(joining) => Self::Joining(joining),
            JoinProgress::Complete(members) => Self::Syncing(Syncing::enter(cx, members)),
            JoinProgress::Nobody => Self::Empty(Empty::enter(cx)),
        }
    }

    fn synced(progress: SyncProgress, cx: &mut GroupCx<'_>) -> Self {
        match progress {
            SyncProgress::Waits(syncing) => Self::Syncing(syncing),
            SyncProgress::Assigned(assigned) => Self::Stable(Stable::enter(cx, assigned)),
            SyncProgress::Interrupted(joining) => Self::settled(joining, cx),
        }
    }
}
