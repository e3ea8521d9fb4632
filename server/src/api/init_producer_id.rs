//! InitProducerId: an id for an idempotent producer, never given out before, at epoch 0.
//!
//! Without a transactional id each request gets a new id, also one that names an id it has (KIP-360): that is what Kafka
//! does. A transactional id is failed (TRANSACTIONAL_ID_AUTHORIZATION_FAILED, `transactions`).

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use creel_wire::ErrorCode;
use creel_wire::api::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};

use crate::call::Call;
use crate::core::Core;
use crate::messages::TakeProducerIds;
use crate::route;
use crate::topics::CONTROLLER;
use crate::transactions;
use crate::turnstile::Turnstile;

/// A core's store of ids that nobody has yet.
#[derive(Default)]
pub(crate) struct ProducerIds {
    left: RefCell<Range<i64>>,
    refill: Turnstile,
}

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
    let ids = &core.producer_ids;
    let _turn = ids.refill.enter().await;
    if let Some(id) = ids.left.borrow_mut().next() {
        return Some(id);
    }
    let block = route::call(core, CONTROLLER, TakeProducerIds).await??;
    *ids.left.borrow_mut() = block;
    ids.left.borrow_mut().next()
}
