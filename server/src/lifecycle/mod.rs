//! A core's life, from its first step to its end, and what core 0 does for all of them on the way: it locks and reads the
//! data directory, listens, accepts, and stops.

pub(crate) mod banner;
mod exposed;
mod listener;
pub(crate) mod opening;
pub(crate) mod recovery;
pub(crate) mod shutdown;
pub(crate) mod start;
