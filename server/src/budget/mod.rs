//! What requests and their answers may take, and what one request may make: the home of these bounds.
//!
//! Owns the counts of bytes and files that a core's requests and answers hold. It must not know what they are about.
//!
//! `creel_wire::budget` bounds the lists that a request becomes when it is read. This bounds what is made of them:
//!
//! - What is named twice is taken once (`dedup`): so an answer has no more entries than there are different things that
//!   were named, and of what the broker has to tell each thing once.
//! - An answer's memory is counted before it is made (`answer_memory`): beyond the little that each may take, all of a core share
//!   what it may hold of them, wait for room, and are refused as a whole beyond what one may take. What they have is given
//!   back once they are sent, so that a client which takes nothing of its answers costs no more than what it has by then.
//! - Work of more than half a millisecond is done in pieces (`creel_io::pace`), so that all that is done in one turn of a core
//!   is little more than one piece; or off the core.
//!
//! - What requests take while they wait is counted, too (`request_memory`), and so are the descriptors of files
//!   (`descriptors`).
//!
//! The figures are in `limits`, each with what happens when it is reached.

mod answer_memory;
mod dedup;
pub(crate) mod descriptors;
mod pieces;
pub(crate) mod request_memory;

pub(crate) use answer_memory::{AnswerMemory, AnswerTooLarge, Held, weight};
pub(crate) use dedup::{dedup, dedup_merging};
pub(crate) use pieces::{Pieces, names_in};
