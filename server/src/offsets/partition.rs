//! Which partition of `__consumer_offsets` a group belongs to. Clients do not care. But tools that read the topic,
//! and a broker that takes over another's directory, must find the same answer as Kafka.

/// The topic's name.
pub const TOPIC: &str = "__consumer_offsets";

/// Kafka's choice: Java's hash of the group's name, made positive, modulo the partition count.
pub fn partition_for(group: &str, partitions: i32) -> i32 {
    // `Utils.abs` maps the one number without a positive twin to 0.
    let positive = java_hash(group).checked_abs().unwrap_or(0);
    positive.checked_rem(partitions.max(1)).unwrap_or(0)
}

/// `String.hashCode`, which runs over UTF-16 units.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_javas() {
        assert_eq!(java_hash(""), 0);
        assert_eq!(java_hash("hello"), 99_162_322);
        assert_eq!(java_hash("polygenelubricants"), i32::MIN);
        assert_eq!(java_hash("größe"), 98_762_257);
        assert_eq!(partition_for("group-😀", 50), 7);
        assert_eq!(partition_for("polygenelubricants", 50), 0);
        assert_eq!(partition_for("hello", 50), 22);
    }
}
