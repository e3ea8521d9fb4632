//! Stories (a script and what came of it), and random histories under the invariants.

mod folding;
mod many;
mod random;
mod stories;
mod story;
