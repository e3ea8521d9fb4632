//! Opaque values as text: bytes in hexadecimal, ids as 32 digits.

use std::fmt::Write as _;

/// The id that means none.
pub(crate) const NO_ID: &str = "00000000000000000000000000000000";

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of hexadecimal digits.
///
/// # Panics
/// When the text is something else: a story is wrong.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2).unwrap_or("?"), 16);
    (0..text.len())
        .step_by(2)
        .map(|at| pair(at).unwrap_or_else(|_| panic!("not hexadecimal: {text}")))
        .collect()
}
