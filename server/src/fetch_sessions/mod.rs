//! What clients want to fetch: the partitions of one request, and those that a session remembers from one to the next.
//!
//! Owns the fetch sessions of a core. It must not know where partitions are, or read them.

pub(crate) mod fetch_list;
pub(crate) mod sessions;
