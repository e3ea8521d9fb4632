//! What is asked of the coordinators of groups, beside the requests of clients.

/// See [`super::AnyQuestion::ListGroups`].
pub(crate) struct ListGroups;
