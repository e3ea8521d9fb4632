//! The journal of a core: small durable writes, each of which makes the batches of many partitions durable at once.
//!
//! A partition's segment gets the same bytes as ever, and is synced later. Until then the journal is what a start gets
//! them from after a crash. Owns the journal's files, where records lie in them, and what a start reads there. Must not
//! know a partition: whoever writes a record says what is in it, and whoever opens a partition asks for its pieces.

pub(crate) mod found;
pub(crate) mod names;
pub(crate) mod open;
pub(crate) mod pace;
pub(crate) mod records;
pub(crate) mod ring;
pub(crate) mod shared;
pub(crate) mod void;
