//! What consumers say that they read. The coordinator looks into no other part of a member's data. It needs this one
//! so that it does not expire or delete offsets in use.
//!
//! ```text
//! int16 version | int32 count, [int16 length, topic] | what later versions add
//! ```

use std::collections::BTreeSet;

use bytes::Buf;

/// The protocol type of consumers.
pub(super) const CONSUMER: &str = "consumer";

/// What the members of a group read.
pub(super) enum TopicsRead<'a> {
    /// These topics.
    Topics(BTreeSet<&'a str>),
    /// Nobody knows.
    Anything,
}

impl TopicsRead<'_> {
    pub(super) const fn is_known(&self) -> bool {
        matches!(self, Self::Topics(_))
    }

    pub(super) fn contains(&self, topic: &str) -> bool {
        match self {
            Self::Topics(topics) => topics.contains(topic),
            Self::Anything => true,
        }
    }
}

/// The topics of a subscription; `None` when it is not one.
pub(crate) fn names(mut data: &[u8]) -> Option<Vec<&str>> {
    data.try_get_i16().ok()?;
    let count = data.try_get_i32().ok()?;
    (0..count).map(|_| name(&mut data)).collect()
}

fn name<'a>(data: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(data.try_get_i16().ok()?).ok()?;
    let (name, rest) = data.split_at_checked(length)?;
    *data = rest;
    std::str::from_utf8(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_of_any_version_begin_alike() {
        let data = b"\x00\x03\x00\x00\x00\x02\x00\x01a\x00\x02bc\xff\xff\xff\xff more";
        assert_eq!(names(data), Some(vec!["a", "bc"]));
        assert_eq!(names(b"\x00\x00\x7f\xff\xff\xff\x00\x01a"), None);
        assert_eq!(names(b""), None);
    }
}
