//! What a partition answers a client that believes in another leader epoch.

use creel_engine::Partition;
use creel_wire::ErrorCode;

/// Compares the leader epoch that a client believes in (-1: none) with the partition's (KIP-320).
pub(crate) fn check_epoch(partition: &Partition, believed: i32) -> Result<(), ErrorCode> {
    let current = partition.leader_epoch().get();
    match believed {
        -1 => Ok(()),
        _ if believed < current => Err(ErrorCode::FencedLeaderEpoch),
        _ if believed > current => Err(ErrorCode::UnknownLeaderEpoch),
        _ => Ok(()),
    }
}
