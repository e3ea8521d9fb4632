//! Transactions are not served yet. A client that asks for them is told so, and the log says so too.

use creel_wire::ErrorCode;

use crate::api::call::Call;

/// The one code at which every client gives up at once. At others librdkafka's clients ask again until their own
/// timeout is over, and then report only the timeout.
pub(crate) const REFUSED: ErrorCode = ErrorCode::TransactionalIdAuthorizationFailed;

/// What clients are told where an answer has room for words.
pub(crate) const WORDS: &str = "transactions are not supported yet: leave transactional.id out; a producer with \
     enable.idempotence=true still writes each record once and in order";

/// Refuses a client that comes with a transactional id.
pub(crate) fn refuse(call: &Call, transactional_id: &str) -> ErrorCode {
    let client_id = call.client_id.as_deref().unwrap_or_default();
    call.core.client_log.refused_transaction(&call.client.peer, client_id, transactional_id);
    REFUSED
}
