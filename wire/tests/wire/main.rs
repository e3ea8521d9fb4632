//! The codec against itself, against the kafka-protocol crate, against frames of real clients, and against
//! hostile input.

mod budget;
mod decoders;
mod frames;
mod golden;
mod hostile;
mod mutations;
mod oracle;
mod round_trips;
