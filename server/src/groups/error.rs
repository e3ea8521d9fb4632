//! What a group can answer instead of success.

/// An error of the group APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum GroupError {
    /// The broker could not do it, and it is not the client's fault.
    #[error("unknown server error")]
    UnknownServerError,
    /// The note beside a committed offset is too long.
    #[error("offset metadata too large")]
    OffsetMetadataTooLarge,
    /// Try again later: the coordinator cannot write.
    #[error("coordinator not available")]
    CoordinatorNotAvailable,
    /// The coordinator is elsewhere, or its log has failed.
    #[error("not coordinator")]
    NotCoordinator,
    /// The member speaks of another generation.
    #[error("illegal generation")]
    IllegalGeneration,
    /// The member's protocols have nothing in common with the group's.
    #[error("inconsistent group protocol")]
    InconsistentGroupProtocol,
    /// The group's name is empty.
    #[error("invalid group id")]
    InvalidGroupId,
    /// The group has no such member.
    #[error("unknown member id")]
    UnknownMemberId,
    /// The session timeout is out of the broker's range.
    #[error("invalid session timeout")]
    InvalidSessionTimeout,
    /// The group rebalances: join again.
    #[error("rebalance in progress")]
    RebalanceInProgress,
    /// A group with members cannot be deleted.
    #[error("non-empty group")]
    NonEmptyGroup,
    /// There is no such group.
    #[error("group id not found")]
    GroupIdNotFound,
    /// Join again with the id in this reply.
    #[error("member id required")]
    MemberIdRequired,
    /// The group is full.
    #[error("group max size reached")]
    GroupMaxSizeReached,
    /// Another process took this static member's place.
    #[error("fenced instance id")]
    FencedInstanceId,
    /// Offsets of a topic that the group reads cannot be deleted.
    #[error("group subscribed to topic")]
    GroupSubscribedToTopic,
    /// A transaction holds a newer offset back.
    #[error("unstable offset commit")]
    UnstableOffsetCommit,
}
