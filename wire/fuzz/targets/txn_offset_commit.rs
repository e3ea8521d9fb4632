#![no_main]

creel_wire_fuzz::target!(creel_wire::api::txn_offset_commit::TxnOffsetCommitRequest);
