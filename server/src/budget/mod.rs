//! Bounds on what requests and their answers may take, and on what one request may make.
//!
//! This room owns the counts of bytes and files that a core's requests and answers hold. It must not know what they
//! are about.
//!
//! `creel_wire::budget` bounds the lists that a request becomes when it is read. This room bounds what is made of
//! them:
//!
//! - What is named twice is taken once (`dedup`). So an answer has no more entries than there are different things
//!   named, and the broker tells each thing once.
//! - An answer's memory is counted before it is made (`answer_memory`). Each answer may take a little freely. Beyond
//!   that all answers of a core share one limit, and wait for room. One that is larger than a single answer may be is
//!   refused as a whole. Room is given back once the answer is sent, so a client that reads none of its answers costs
//!   no more than the room that it has by then.
//! - Work of more than half a millisecond is done in pieces (`creel_io::pace`), or off the core. So all that is done
//!   in one turn of a core is little more than one piece.
//! - What requests take while they wait is counted, too (`request_memory`), and so are the descriptors of files
//!   (`descriptors`).
//!
//! The figures are in `limits`, each with what happens when it is reached.

mod answer_memory;
mod dedup;
pub(crate) mod descriptors;
mod pieces;
pub(crate) mod request_memory;

pub(crate) use answer_memory::{AnswerMemory, AnswerRoom, AnswerTooLarge, weight};
pub(crate) use dedup::{dedup, dedup_merging};
pub(crate) use pieces::{Pieces, names_in};
