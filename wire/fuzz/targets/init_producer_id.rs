#![no_main]

creel_wire_fuzz::target!(creel_wire::api::init_producer_id::InitProducerIdRequest);
