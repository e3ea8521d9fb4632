//! Tasks that wait for each other: the first of two, many at a time, one at a time; and lists that are freed bit by bit.
//!
//! Knows nothing of brokers.

pub(crate) mod gradual;
pub(crate) mod race;
pub(crate) mod turnstile;
