#![no_main]

creel_wire_fuzz::target!(creel_wire::api::offset_for_leader_epoch::OffsetForLeaderEpochRequest);
