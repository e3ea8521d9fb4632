//! DescribeCluster: the brokers, which is this one. v1 can ask for controllers instead, which have no endpoint here.

use creel_wire::api::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};
use creel_wire::{ErrorCode, Str};

use crate::call::Call;

const BROKERS: i8 = 1;

/// Answers the request.
pub(crate) fn answer(call: &Call, request: DescribeClusterRequest) -> DescribeClusterResponse {
    if request.endpoint_type != BROKERS {
        let error_code = ErrorCode::MismatchedEndpointType;
        let error_message = Some(Str::from_static(error_code.description()));
        return DescribeClusterResponse { error_code, error_message, ..Default::default() };
    }
    let (host, port) = call.advertised();
    let rack = call.core.node.broker().broker_rack.clone().map(Str::from);
    DescribeClusterResponse {
        endpoint_type: BROKERS,
        cluster_id: Str::from(call.core.node.cluster_id().to_owned()),
        controller_id: call.node_id(),
        brokers: vec![DescribeClusterBroker {
            broker_id: call.node_id(),
            host,
            port,
            rack,
            ..Default::default()
        }],
        ..Default::default()
    }
}
