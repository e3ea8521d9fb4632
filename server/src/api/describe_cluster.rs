//! DescribeCluster: the brokers, of which this is the only one. v1 can ask for controllers instead; they have no
//! endpoint here (MISMATCHED_ENDPOINT_TYPE). Other kinds do not exist (UNSUPPORTED_ENDPOINT_TYPE).

use creel_wire::api::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};
use creel_wire::{ErrorCode, Str};

use crate::api::authorized_operations;
use crate::api::call::Call;

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Answers the request.
pub(crate) fn answer(call: &Call, request: DescribeClusterRequest) -> DescribeClusterResponse {
    if request.endpoint_type != BROKERS {
        let error_code = match request.endpoint_type {
            CONTROLLERS => ErrorCode::MismatchedEndpointType,
            _ => ErrorCode::UnsupportedEndpointType,
        };
        let error_message = Some(Str::from_static(error_code.description()));
        return DescribeClusterResponse { error_code, error_message, ..Default::default() };
    }
    let rack = call.core.node.broker().broker_rack.clone().map(Str::from);
    let broker = |(broker_id, host, port)| {
        let rack = rack.clone();
        DescribeClusterBroker { broker_id, host, port, rack, ..Default::default() }
    };
    DescribeClusterResponse {
        endpoint_type: BROKERS,
        cluster_id: Str::from(call.core.node.cluster_id().to_owned()),
        controller_id: call.node_id(),
        brokers: call.shown_brokers().map(broker).collect(),
        cluster_authorized_operations: authorized_operations::if_asked(
            request.include_cluster_authorized_operations,
            authorized_operations::ON_CLUSTER,
        ),
        ..Default::default()
    }
}
