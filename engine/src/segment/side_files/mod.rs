//! The files beside a segment's `.log`: its indexes, and the state of the producers before it.
//!
//! Owns their bytes, their names, and how they are written, read, built again and removed. Each kind has a file here,
//! and a row in `table`; what is done to all of them follows the rows. Must not know when a file is due or must be on the
//! medium (that is `jobs::side_files`, which also counts the leader epochs' file among them), nor who looks into one.
//!
//! There are two sorts. An index is never the only copy of anything: it grows in memory with its segment, it is written
//! once nothing will be added, and a missing or damaged one is built from the batches. A snapshot is the only copy once
//! retention has dropped the batches before it.

mod files;
pub(crate) mod index;
pub(crate) mod kind;
pub(crate) mod offset_index;
pub(crate) mod snapshot;
pub(crate) mod table;
pub(crate) mod time_index;

pub(crate) use files::{
    create_indexes, has_empty_indexes, knows_largest, last_indexed, load_indexes, read_bounded, read_indexes,
    read_snapshot, rebuild_indexes, remove_indexes, remove_snapshot, replace_snapshot, write_indexes,
    write_snapshot,
};
