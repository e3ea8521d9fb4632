#![no_main]

creel_wire_fuzz::target!(creel_wire::api::add_offsets_to_txn::AddOffsetsToTxnRequest);
