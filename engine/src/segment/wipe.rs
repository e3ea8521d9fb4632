//! Makes the batches of a deleted segment impossible to revive, before its file may be written over.
//!
//! A batch's first 21 bytes (base offset, length, leader epoch, magic, checksum) are outside its checksum. When a write
//! over stale batches is torn, a new batch's first bytes can end up in front of the rest of a stale batch that began at
//! the same place, which is no accident where all loads are of one size: with the new offset it would continue the log,
//! and with its old checksum it would verify.
//!
//! ```text
//! new    | base offset | length | epoch | 2 | crc |  attributes ...
//!                 ^ sector boundary: only what is before it was written
//! stale  | base offset | length | epoch | 2 | crc |  attributes ...
//!                                             ^^^ its last byte is made wrong
//! ```
//!
//! That takes a sector boundary within the first 20 bytes behind the batch's first one: about one batch in 26. Whatever
//! the boundary, the last byte of the checksum is then the stale one, and so is all that it covers: with that byte
//! wrong the batch never verifies. A batch that doesn't lie so needs no such care: either all of its header is stale,
//! and its offset lies before the new segment's, or all of its checksum is new.

use std::io::{self, IoSlice};

use creel_io::fs::File;

use crate::limits::{SECTOR_BYTES, WIPE_STEP_BATCHES};
use crate::offset::{FilePosition, Offset};
use crate::segment::scan::Scan;

/// Where the checksum's last byte lies in a batch: the last one outside of what it covers.
const LAST_BYTE_OF_CRC: u64 = 20;

/// Whether a sector boundary separates the first byte of a batch here from the last byte of its checksum.
fn is_splittable(position: FilePosition) -> bool {
    let sector = SECTOR_BYTES as u64;
    position.0 / sector != (position.0 + LAST_BYTE_OF_CRC) / sector
}

/// Goes over the batches in the first `length` bytes of `file`, the first of which has offset `base`. `false`: it holds
/// something else too, or `goes_on` said no; don't write over such a file. Sync it before you do.
pub(crate) async fn wipe(
    file: &File,
    base: Offset,
    length: u64,
    goes_on: impl Fn() -> bool,
) -> io::Result<bool> {
    let mut scan = Scan::new(file.clone(), FilePosition::START, length);
    let mut expected = base;
    for at in 1_usize.. {
        let header = match scan.header().await? {
            None => return Ok(true),
            Some(Ok(header)) if header.base_offset == expected && header.end_offset() > expected => header,
            Some(_) => return Ok(false),
        };
        if is_splittable(scan.position()) {
            spoil(file, &mut scan).await?;
        }
        expected = header.end_offset();
        scan.skip(header.size_bytes);
        if at.is_multiple_of(WIPE_STEP_BATCHES) {
            creel_io::yield_now().await;
            if !goes_on() {
                return Ok(false);
            }
        }
    }
    Ok(false)
}

async fn spoil(file: &File, scan: &mut Scan) -> io::Result<()> {
    let at = scan.position().0 + LAST_BYTE_OF_CRC;
    let byte = !scan.bytes(LAST_BYTE_OF_CRC as usize + 1).await?[LAST_BYTE_OF_CRC as usize];
    file.write_all_at(&mut [IoSlice::new(&[byte])], at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_whose_header_a_sector_boundary_splits_are_known() {
        let splittable = (0..512).filter(|at| is_splittable(FilePosition(512 * 7 + at))).collect::<Vec<_>>();
        assert_eq!(splittable, (492..512).collect::<Vec<_>>());
    }
}
