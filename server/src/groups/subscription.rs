//! What consumers say they read: the one part of a member's data that the coordinator looks into, so that
//! it does not expire or delete offsets in use.
//!
//! ```text
//! int16 version | int32 count, [int16 length, topic] | what later versions add
//! ```

use bytes::{Buf, Bytes};

/// The protocol type of consumers.
pub(super) const CONSUMER: &str = "consumer";

/// The topics of a subscription; `None` when it is not one.
pub(crate) fn topics(mut data: Bytes) -> Option<Vec<String>> {
    data.try_get_i16().ok()?;
    let count = data.try_get_i32().ok()?;
    (0..count).map(|_| topic(&mut data)).collect()
}

fn topic(data: &mut Bytes) -> Option<String> {
    let length = usize::try_from(data.try_get_i16().ok()?).ok()?;
    if length > data.len() {
        return None;
    }
    String::from_utf8(data.split_to(length).into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_of_any_version_begin_alike() {
        let data = Bytes::from_static(b"\x00\x03\x00\x00\x00\x02\x00\x01a\x00\x02bc\xff\xff\xff\xff more");
        assert_eq!(topics(data), Some(vec!["a".to_owned(), "bc".to_owned()]));
        assert_eq!(topics(Bytes::from_static(b"\x00\x00\x7f\xff\xff\xff\x00\x01a")), None);
        assert_eq!(topics(Bytes::new()), None);
    }
}
