#![no_main]

creel_wire_fuzz::target!(creel_wire::api::write_txn_markers::WriteTxnMarkersRequest);
