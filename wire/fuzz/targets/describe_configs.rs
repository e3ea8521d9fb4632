#![no_main]

creel_wire_fuzz::target!(creel_wire::api::describe_configs::DescribeConfigsRequest);
