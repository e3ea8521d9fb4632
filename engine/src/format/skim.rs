//! A look at every record of a batch without taking it apart: nothing is copied, allocated or counted by reference.
//!
//! `records` has the records as values, and how one is laid out.

use crate::format::records::{BadRecord, read_varint};

/// What is seen of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skimmed {
    /// To be added to the batch's base timestamp.
    pub(crate) timestamp_delta: i64,
    /// To be added to the batch's base offset.
    pub(crate) offset_delta: i64,
    pub(crate) has_key: bool,
}

/// Calls `each` with each record's position, and what is seen of it. Every record must decode as a whole. There must be
/// `count` of them, and nothing else.
pub(crate) fn skim(
    count: i32,
    mut records: &[u8],
    mut each: impl FnMut(i32, Skimmed),
) -> Result<(), BadRecord> {
    for at in 0..count {
        each(at, skim_one(take_record(&mut records)?)?);
    }
    if records.is_empty() { Ok(()) } else { Err(BadRecord) }
}

/// The bytes of the next record, without its length.
pub(crate) fn take_record<'a>(records: &mut &'a [u8]) -> Result<&'a [u8], BadRecord> {
    let length = usize::try_from(take_varint(records)?).map_err(|_| BadRecord)?;
    let (record, rest) = records.split_at_checked(length).ok_or(BadRecord)?;
    *records = rest;
    Ok(record)
}

/// The number at the start of `bytes`, which then begin behind it.
pub(crate) fn take_varint(bytes: &mut &[u8]) -> Result<i64, BadRecord> {
    let (value, length) = read_varint(bytes).ok_or(BadRecord)?;
    *bytes = bytes.get(length..).ok_or(BadRecord)?;
    Ok(value)
}

fn skim_one(record: &[u8]) -> Result<Skimmed, BadRecord> {
    // One byte of attributes, which have no meaning yet.
    let mut rest = record.get(1..).ok_or(BadRecord)?;
    let timestamp_delta = take_varint(&mut rest)?;
    let offset_delta = take_varint(&mut rest)?;
    let has_key = skip_field(&mut rest)?;
    skip_field(&mut rest)?;
    let headers = take_varint(&mut rest)?;
    // However many are claimed, each takes bytes.
    for _ in 0..u64::try_from(headers).map_err(|_| BadRecord)? {
        let has_name = skip_field(&mut rest)?;
        skip_field(&mut rest)?;
        if !has_name {
            return Err(BadRecord);
        }
    }
    if rest.is_empty() { Ok(Skimmed { timestamp_delta, offset_delta, has_key }) } else { Err(BadRecord) }
}

/// Skips a key, a value or one of a header. `false`: it is null.
fn skip_field(rest: &mut &[u8]) -> Result<bool, BadRecord> {
    let length = take_varint(rest)?;
    // Kafka takes every length below zero for null.
    let Ok(length) = usize::try_from(length) else { return Ok(false) };
    *rest = rest.get(length..).ok_or(BadRecord)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::batch::Batch;
    use crate::format::records::{BatchBuilder, Records};

    fn batch() -> Batch {
        let headers = [("a", Some(&b"1"[..])), ("", None)];
        BatchBuilder::new(1000)
            .record(1000, Some(b"key"), Some(b"value"))
            .record(990, None, Some(b""))
            .record_with_headers(2000, Some(b""), None, &headers)
            .build()
            .unwrap()
    }

    fn seen(batch: &Batch, bytes: &[u8]) -> Result<Vec<Skimmed>, BadRecord> {
        let mut seen = Vec::new();
        skim(batch.header().record_count, bytes, |at, record| {
            assert_eq!(at as usize, seen.len());
            seen.push(record);
        })?;
        Ok(seen)
    }

    #[test]
    fn it_sees_what_taking_the_records_apart_shows() {
        let batch = batch();
        let apart: Vec<_> = Records::of(&batch).unwrap().map(|record| record.unwrap()).collect();
        let seen = seen(&batch, &batch.body()).unwrap();
        assert_eq!(seen.len(), apart.len());
        for (seen, apart) in seen.iter().zip(&apart) {
            assert_eq!(1000 + seen.timestamp_delta, apart.timestamp);
            assert_eq!(seen.offset_delta, apart.offset.get());
            assert_eq!(seen.has_key, apart.key.is_some());
        }
    }

    #[test]
    fn records_that_are_cut_or_followed_by_bytes_are_refused() {
        let batch = batch();
        let body = batch.body();
        for length in 0..body.len() {
            assert_eq!(seen(&batch, &body[..length]), Err(BadRecord), "{length} bytes");
        }
        assert_eq!(seen(&batch, &[&body[..], &[0]].concat()), Err(BadRecord));
        // A byte behind the headers, which the record's own length counts.
        let mut longer = body.to_vec();
        longer[0] += 2;
        let first = 1 + usize::from(body[0] / 2);
        longer.insert(first, 0);
        assert_eq!(seen(&batch, &longer), Err(BadRecord));
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let one = BatchBuilder::new(0).record(0, Some(b"k"), None).build().unwrap();
        // As many headers as a number can say, in a record of nine bytes more.
        let huge = [&[34, 0, 0, 0, 2, b'k', 1][..], &[0xfe], &[0xff; 8], &[1]].concat();
        assert_eq!(seen(&one, &huge), Err(BadRecord));
        assert_eq!(seen(&one, &[0xfe; 12]), Err(BadRecord));
    }
}
