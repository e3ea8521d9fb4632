//! What a topic may be called.

use creel_wire::ErrorCode;

use crate::limits::TOPIC_NAME_MAX;
use crate::offsets;

/// Kafka's rule: 1 to 249 of `a-z A-Z 0-9 . _ -`, and not `.` or `..`, which are directories.
pub(crate) fn check_name(name: &str) -> Result<(), ErrorCode> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let length_fits = (1..=TOPIC_NAME_MAX).contains(&name.len());
    if length_fits && name != "." && name != ".." && name.bytes().all(legal) {
        Ok(())
    } else {
        Err(ErrorCode::InvalidTopicException)
    }
}

/// Topics that only the broker itself writes to.
pub(crate) fn is_internal(name: &str) -> bool {
    name == offsets::TOPIC || name == "__transaction_state"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kafkas() {
        for good in ["a", "orders.eu-1_x", "__consumer_offsets", "...", &"n".repeat(249)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "a b", "a/b", "größe", "a\0", &"n".repeat(250)] {
            assert_eq!(check_name(bad), Err(ErrorCode::InvalidTopicException), "{bad}");
        }
    }
}
