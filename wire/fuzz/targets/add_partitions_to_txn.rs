#![no_main]

creel_wire_fuzz::target!(creel_wire::api::add_partitions_to_txn::AddPartitionsToTxnRequest);
