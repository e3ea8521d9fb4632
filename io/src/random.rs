//! Random numbers: from the kernel, or from the seed in the simulator. In the simulator they are not fit for secrets.
//!
//! Owns the thread's generator. On a simulated core it asks the core's environment.

use std::cell::Cell;

use crate::executor::context;

thread_local! {
    static STATE: Cell<u64> = Cell::new(kernel_u64());
}

/// A random number: fast and well mixed, but not fit for keys.
#[must_use]
pub fn random_u64() -> u64 {
    context::try_with(|core| match core.and_then(|core| core.environment()) {
        Some(environment) => environment.random_u64(),
        None => STATE.with(|state| {
            let next = state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
            state.set(next);
            mix(next)
        }),
    })
}

/// Fills `out` with random bytes, fit for identifiers.
pub fn random_bytes(out: &mut [u8]) {
    context::try_with(|core| match core.and_then(|core| core.environment()) {
        Some(environment) => environment.random_bytes(out),
        None => kernel_bytes(out),
    });
}

/// SplitMix64's finisher (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn kernel_u64() -> u64 {
    let mut bytes = [0; 8];
    kernel_bytes(&mut bytes);
    u64::from_ne_bytes(bytes)
}

fn kernel_bytes(mut out: &mut [u8]) {
    while !out.is_empty() {
        // SAFETY: the pointer and length describe `out`, which is writable for the whole call.
        let n = unsafe { libc::getrandom(out.as_mut_ptr().cast(), out.len(), 0) };
        match usize::try_from(n) {
            Ok(n) => out = &mut out[n..],
            Err(_) => assert_eq!(
                std::io::Error::last_os_error().kind(),
                std::io::ErrorKind::Interrupted,
                "getrandom(2) exists on every kernel that has io_uring"
            ),
        }
    }
}
