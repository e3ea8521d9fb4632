//! Tasks that wait for each other: the first of two, many at a time, one at a time, the stop; and lists that are freed bit
//! by bit.
//!
//! Knows nothing of brokers.

pub(crate) mod async_mutex;
pub(crate) mod gradual_vec;
pub(crate) mod race;
pub(crate) mod stopping;
