//! A crash's figures from its ledger.

use crate::arm::Arm;
use crate::figures::Crash;
use crate::ledger::Ledger;

/// `stored_bytes` is what the data took after the kill, less what it took when it was empty.
pub fn told(arm: Arm, ledger: &Ledger, stored_bytes: u64, restart_s: f64) -> Crash {
    let findings = ledger.findings();
    let confirmed = ledger.confirmed();
    Crash {
        arm,
        confirmed,
        lost: findings.lost,
        unconfirmed_there: ledger.seen_unconfirmed(),
        duplicated: findings.duplicated,
        reordered: findings.reordered,
        restart_s,
        disk_bytes_per_message: stored_bytes as f64 / confirmed.max(1) as f64,
    }
}
