//! What a core asks of a simulation in place of the kernel.
//!
//! Owns nothing. The simulator implements it (`sim/environment.rs`); nothing below it knows more of the simulator.

use std::any::Any;

use crate::instant::Instant;

/// The world of a simulated core. By [`Any`] the simulator finds its own again.
pub(crate) trait Environment: Any {
    fn now(&self) -> Instant;
    fn wall_clock_ms(&self) -> i64;
    fn random_u64(&self) -> u64;
    fn random_bytes(&self, out: &mut [u8]);
}
