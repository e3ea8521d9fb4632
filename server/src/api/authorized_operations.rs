//! What a client may do, as Kafka's bit fields say it: one bit for each `AclOperation`. There is no authorizer, so
//! every client may do all that makes sense on a resource.

/// Read, write, create, delete, alter, describe, describe and alter configs.
pub(crate) const ON_TOPIC: i32 = bits(&[3, 4, 5, 6, 7, 8, 10, 11]);
/// Create, alter, describe, cluster action, describe and alter configs, idempotent write.
pub(crate) const ON_CLUSTER: i32 = bits(&[5, 7, 8, 9, 10, 11, 12]);
/// Read, delete, describe, describe and alter configs.
pub(crate) const ON_GROUP: i32 = bits(&[3, 6, 8, 10, 11]);
/// The value for a client that did not ask.
const UNASKED: i32 = i32::MIN;

/// The operations, if the client asked for them.
pub(crate) const fn if_asked(asked: bool, operations: i32) -> i32 {
    if asked { operations } else { UNASKED }
}

const fn bits(operations: &[u8]) -> i32 {
    let (mut bits, mut at) = (0, 0);
    while at < operations.len() {
        bits |= 1 << operations[at];
        at += 1;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_that_kafka_answers_without_an_authorizer() {
        assert_eq!((ON_TOPIC, ON_CLUSTER, ON_GROUP), (3576, 8096, 3400));
    }
}
