//! Kafka's protocol: bytes to types and back, no IO.
//!
//! - `frame` and `header` hold what surrounds every message; `api` has one small file per API, in which versions stand
//!   beside the fields; `versions` is the table of them all.
//! - Decoding is bounded, zero-copy and cannot panic: see `reader`. Encoding has an exact size, known beforehand: see
//!   `writer`. Records are opaque bytes, and a response may leave them where they are: see `records` and `frame::Cut`.
//! - `field` says how each kind of value stands on the wire; `#[derive(Message)]` composes the rest from it.

// Lengths and counts come from whoever connects.
#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")
)]

// The derive macro names this crate from outside and from inside alike.
extern crate self as creel_wire;

pub mod api;
mod api_key;
pub mod budget;
mod encoded_frame;
mod error;
mod error_code;
pub mod field;
pub mod frame;
mod header;
mod message;
mod reader;
mod records;
#[doc(hidden)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "values for tests, of their own choice"
)]
pub mod sample;
mod shape;
pub mod text;
mod uuid;
pub mod varint;
mod version_range;
pub mod versions;
mod writer;

pub use api_key::ApiKey;
pub use bytes::Bytes;
pub use creel_wire_derive::Message;
pub use error::{DecodeError, Fault, FrameTooLarge};
pub use error_code::ErrorCode;
pub use frame::{Cut, EncodedFrame};
pub use header::{RequestHeader, ResponseHeader};
pub use message::{Decode, Encode, Message, Request};
pub use reader::Reader;
pub use records::Records;
pub use text::Str;
pub use uuid::{NotUuid, Uuid};
pub use version_range::VersionRange;
pub use writer::Writer;
