//! InitProducerId: an id for an idempotent producer, never given out before, at epoch 0.
//!
//! Without a transactional id each request gets a new id, even if it names the id it has (KIP-360). Kafka does the
//! same. A transactional id is refused (TRANSACTIONAL_ID_AUTHORIZATION_FAILED, `transactions`).

use std::rc::Rc;

use creel_wire::ErrorCode;
use creel_wire::api::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};

use crate::api::call::Call;
use crate::api::transactions;
use crate::core::{Core, ask_core};
use crate::peers::questions::TakeProducerIds;
use crate::topics::CONTROLLER;

/// Answers the request.
pub(crate) async fn answer(call: Call, request: InitProducerIdRequest) -> InitProducerIdResponse {
    let failed = |error_code| InitProducerIdResponse {
        error_code,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    // An id and an epoch come together or not at all.
    let halved = (request.producer_id == -1) != (request.producer_epoch == -1);
    match &request.transactional_id {
        Some(id) if !id.is_empty() && !halved => return failed(transactions::refuse(&call, id)),
        Some(_) => return failed(ErrorCode::InvalidRequest),
        None if halved => return failed(ErrorCode::InvalidRequest),
        None => {}
    }
    match next(&call.core).await {
        Some(producer_id) => InitProducerIdResponse { producer_id, producer_epoch: 0, ..Default::default() },
        None => failed(ErrorCode::CoordinatorNotAvailable),
    }
}

async fn next(core: &Rc<Core>) -> Option<i64> {
    core.producer_ids.next(async || ask_core(core, CONTROLLER, TakeProducerIds).await?).await
}
