//! Producer ids: given out in blocks, none ever twice.

use std::ops::Range;

use super::contract::{Change, CommitResult, Condition, KeyRange, Revision, Store, StoreError, Transaction};

const KEY: &str = "producer-ids/next";
/// How many ids are taken from the store at a time. Those of a block that are not used when the broker stops
/// are lost, which costs nothing: there are 2^63.
pub const PRODUCER_ID_BLOCK: i64 = 1000;

/// Takes the next block of producer ids.
pub async fn next_producer_ids(store: &impl Store) -> Result<Range<i64>, StoreError> {
    loop {
        let found = store.range(&KeyRange::Key(KEY.to_owned()), None).await?;
        let (first, condition) = match found.entries.first() {
            Some(entry) => (read(&entry.value)?, unchanged(entry.modified)),
            None => (0, Condition::Absent(KEY.to_owned())),
        };
        let end = first.checked_add(PRODUCER_ID_BLOCK);
        let end = end.ok_or_else(|| StoreError::Damaged(format!("{KEY}: no ids are left")))?;
        let changes = vec![Change::put(KEY, end.to_string())];
        match store.commit(Transaction { conditions: vec![condition], changes }).await? {
            CommitResult::Committed(_) => return Ok(first..end),
            // Someone else has taken that block.
            CommitResult::Conflict(_) => {}
        }
    }
}

/// Notes that all ids below `next` are given out, whoever gave them. For a store that has given out none.
pub(super) fn given_out_below(next: i64) -> Change {
    Change::put(KEY, next.max(0).to_string())
}

fn unchanged(modified: Revision) -> Condition {
    Condition::Unchanged(KEY.to_owned(), modified)
}

fn read(value: &[u8]) -> Result<i64, StoreError> {
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    number
        .filter(|next| *next >= 0)
        .ok_or_else(|| StoreError::Damaged(format!("{KEY} is no number: {value:?}")))
}
