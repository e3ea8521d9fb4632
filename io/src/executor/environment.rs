//! What a core asks of a simulation instead of the kernel.
//!
//! Owns nothing. The simulator implements it (`sim/environment.rs`). The layers below the simulator must know nothing
//! else of it.

use std::any::Any;

use crate::instant::Instant;

/// The world of a simulated core. [`Any`] lets the simulator get its own type back.
pub(crate) trait Environment: Any {
    fn now(&self) -> Instant;
    fn wall_clock_ms(&self) -> i64;
    fn random_u64(&self) -> u64;
    fn random_bytes(&self, out: &mut [u8]);
}
