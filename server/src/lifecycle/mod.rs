//! A core's life, from its first step to its end, and what core 0 does for all of them on the way: it locks and reads the
//! data directory, listens, accepts, and stops.

mod accept;
pub(crate) mod banner;
mod data_dir;
mod exposure_warning;
mod shutdown;
pub(crate) mod start;
mod start_progress;
