//! Tasks that wait for each other: the first of two, many at a time, one or a few at a time, the stop. Also lists that are
//! freed bit by bit.
//!
//! This room owns these tools, and no state of the broker. It must not know anything of brokers.

pub(crate) mod async_mutex;
pub(crate) mod gradual_vec;
pub(crate) mod join;
pub(crate) mod race;
pub(crate) mod slots;
pub(crate) mod stopping;

use std::future::Future;
use std::pin::Pin;

/// A future that is owned where it stands.
pub(crate) type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
