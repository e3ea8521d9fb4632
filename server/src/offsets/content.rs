//! Batches of `__consumer_offsets`: what one says to a coordinator, and one made of what a coordinator says.
//!
//! The bytes of batches and records are `creel_engine`'s; here is what they mean.

use creel_engine::{Batch, BatchBuilder, LoggedBatch};

use super::error::{ContentError, Malformed};
use super::record::OffsetsRecord;

/// The type of a control record that ends a transaction whose records count.
const COMMIT: i16 = 1;

/// Makes one batch of records, all with one timestamp. `None` if there are none: an empty batch cannot be appended.
pub fn batch_of(records: &[OffsetsRecord], timestamp_ms: i64) -> Option<Batch> {
    let add = |batch: BatchBuilder, record: &OffsetsRecord| {
        batch.record(timestamp_ms, Some(&record.key), record.value.as_deref())
    };
    records.iter().fold(BatchBuilder::new(timestamp_ms), add).build()
}

/// A record as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRecord {
    /// Its offset.
    pub offset: i64,
    /// Key and value.
    pub record: OffsetsRecord,
}

/// What a batch holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchContent {
    /// Records that count at once.
    Records(Vec<LoggedRecord>),
    /// Records that count once the producer's transaction is committed.
    Transactional {
        /// The transaction's producer.
        producer_id: i64,
        /// The records.
        records: Vec<LoggedRecord>,
    },
    /// The end of a producer's transaction.
    Marker {
        /// The transaction's producer.
        producer_id: i64,
        /// Whether its records count.
        committed: bool,
    },
}

impl BatchContent {
    /// Reads a batch of the log.
    pub fn read(batch: &LoggedBatch) -> Result<Self, ContentError> {
        let records = batch.records()?.ok_or(ContentError::Compressed)?;
        let mut records = records.map(|record| record.map_err(|_| Malformed("record")));
        let header = batch.header();
        let producer_id = header.producer_id;
        if header.attributes.is_control() {
            let first = records.next().transpose()?;
            records.try_for_each(|record| record.map(drop))?;
            let end = first.and_then(|first| first.control_type());
            let committed = end.ok_or(Malformed("control batch"))? == COMMIT;
            return Ok(Self::Marker { producer_id, committed });
        }
        let records = records.map(|record| record.map(LoggedRecord::from)).collect::<Result<_, _>>()?;
        match header.attributes.is_transactional() {
            true => Ok(Self::Transactional { producer_id, records }),
            false => Ok(Self::Records(records)),
        }
    }
}

impl From<creel_engine::Record> for LoggedRecord {
    /// A record without a key has an empty one, which no key of ours is.
    fn from(record: creel_engine::Record) -> Self {
        let key = record.key.unwrap_or_default();
        Self { offset: record.offset.get(), record: OffsetsRecord { key, value: record.value } }
    }
}
