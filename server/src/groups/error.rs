//! What a group can answer instead of success, each with Kafka's code.

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

impl GroupError {
    /// Kafka's code.
    pub const fn code(self) -> i16 {
        match self {
            Self::UnknownServerError => -1,
            Self::OffsetMetadataTooLarge => 12,
            Self::CoordinatorNotAvailable => 15,
            Self::NotCoordinator => 16,
            Self::IllegalGeneration => 22,
            Self::InconsistentGroupProtocol => 23,
            Self::InvalidGroupId => 24,
            Self::UnknownMemberId => 25,
            Self::InvalidSessionTimeout => 26,
            Self::RebalanceInProgress => 27,
            Self::NonEmptyGroup => 68,
            Self::GroupIdNotFound => 69,
            Self::MemberIdRequired => 79,
            Self::GroupMaxSizeReached => 81,
            Self::FencedInstanceId => 82,
            Self::GroupSubscribedToTopic => 86,
            Self::UnstableOffsetCommit => 88,
        }
    }
}
