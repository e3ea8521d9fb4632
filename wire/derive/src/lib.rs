//! `#[derive(Message)]`: Kafka's wire form of a struct, declared beside its fields.
//!
//! ```ignore
//! /// A whole request or response says from which version on it is flexible ("none" for never).
//! #[derive(Clone, Debug, PartialEq, Message)]
//! #[wire(flexible = "9+")]
//! pub struct ProduceRequest {
//!     #[wire(versions = "3+", nullable = "3+")]
//!     pub transactional_id: Option<Str>,
//!     pub acks: i16, // no attribute: in every version, never null
//!     #[wire(versions = "10+", tag = 0, default = -1)]
//!     pub node: i32, // a tagged field: sent only where it differs from its default
//! }
//! ```
//!
//! A struct without `flexible` is a part of a message and takes its form from the message around it. Fields
//! that a version does not carry read as their default and are left out when written.

mod attributes;
mod expand;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives the wire form, `Default`, and for a struct marked `flexible` the `Encode`, `Decode` and `Message`
/// traits.
#[proc_macro_derive(Message, attributes(wire))]
pub fn message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::message(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
