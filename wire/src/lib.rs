//! Kafka's protocol: turns bytes into types and types into bytes.
//!
//! Owns the form of every message, in every version. Must not do IO, and must not know what a message means to a
//! broker.
//!
//! - `frame` and `header` hold what surrounds every message. `api` has one small file per API, in which each field
//!   states its versions. `versions` is the table of all APIs.
//! - Decoding is bounded and zero-copy, and cannot panic: see `reader`. The exact size of an encoded frame is known
//!   beforehand: see `writer`. Records are opaque bytes, and a response may leave them where they are: see `records`
//!   and `frame::Cut`.
//! - `field` says what each kind of value looks like on the wire. `#[derive(Message)]` builds the messages from it.

// A client chooses lengths and counts.
#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")
)]

// The derive macro uses this crate's name, both outside the crate and inside it.
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
