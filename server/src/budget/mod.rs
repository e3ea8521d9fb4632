//! What one request may make: the home of that bound.
//!
//! `creel_wire::budget` bounds the lists that a request becomes when it is read. This bounds what is made of them:
//!
//! - What is named twice is taken once (`once`): so an answer has no more entries than there are different things that
//!   were named, and of what the broker has to tell each thing once.
//! - An answer's memory is counted before it is made (`room`): large ones share what a core may hold of them, wait for
//!   their turn, and are refused as a whole beyond what one may take. What they have is given back once they are sent.
//! - Work of more than a millisecond is done in pieces, with a turn of the core between any two (`pace`), or off the core.
//!
//! The figures are in `limits`, each with what happens when it is reached.

mod once;
mod pace;
mod room;

pub(crate) use once::{gather, once};
pub(crate) use pace::Pace;
#[cfg(test)]
pub(crate) use pace::watch;
pub(crate) use room::{Held, Room, TooMuch, weight};
