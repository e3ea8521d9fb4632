#![no_main]

creel_wire_fuzz::target!(creel_wire::api::incremental_alter_configs::IncrementalAlterConfigsRequest);
