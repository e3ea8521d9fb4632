#![no_main]

creel_wire_fuzz::target!(creel_wire::api::consumer_group_describe::ConsumerGroupDescribeRequest);
