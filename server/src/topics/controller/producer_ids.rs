//! The controller gives out producer ids: it has the store that knows which are given out.

use std::ops::Range;

use crate::core::Core;

/// Takes a block of producer ids.
pub(crate) async fn take_producer_ids(core: &Core) -> Option<Range<i64>> {
    let block = core.controller()?.next_producer_ids().await;
    block.inspect_err(|error| tracing::error!(%error, "cannot allocate producer ids")).ok()
}
