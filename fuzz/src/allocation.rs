//! No input may take memory out of proportion to its size.

/// Does `act` and fails if that took more than `most` bytes at any time.
pub fn within<T>(most: usize, act: impl FnOnce() -> T) -> T {
    let mut result = None;
    let used = allocation_counter::measure(|| result = Some(act()));
    assert!(
        used.bytes_max as usize <= most,
        "{} bytes were allocated at one time, of {most} allowed",
        used.bytes_max
    );
    result.expect("it was done")
}
