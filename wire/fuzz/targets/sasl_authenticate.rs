#![no_main]

creel_wire_fuzz::target!(creel_wire::api::sasl_authenticate::SaslAuthenticateRequest);
