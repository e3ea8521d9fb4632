//! What is asked of the coordinators of groups, beside `GroupQuestion`, which is theirs.

/// See [`super::AnyQuestion::ListGroups`].
pub(crate) struct ListGroups;
