//! Every order of events of the lock-free parts, by loom: the ring between two cores, who waits at it, and how a core goes
//! to sleep and is woken. On x86 a wrong memory order shows nothing by running.
//!
//! The files are those of the crate, built here a second time with [`sync`] in place of the crate's own: nothing else has
//! to be built anew, and no configuration differs. Each memory order is then weakened by itself, and a model must notice:
//! the models can fail, and no order is there for nothing.
//!
//! Executions with up to three preemptions are gone through; `LOOM_MAX_PREEMPTIONS=5` goes further and takes longer.
//! `LOOM_LOCATION=1` says where the threads of one that failed stand.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

#[path = "../../src/core_id.rs"]
#[allow(unreachable_pub)]
mod core_id;
mod mailbox;
mod messages;
mod ring;
mod sync;
mod wake;
mod wakes;
mod weakened;
