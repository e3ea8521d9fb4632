//! Makes the batches of a deleted segment invalid, before its file may be overwritten.
//!
//! The checksum does not cover a batch's first 21 bytes (base offset, length, leader epoch, magic, checksum). A write
//! over stale batches may be torn. Then the first bytes of a new batch can end up in front of the rest of a stale batch
//! that began at the same place. Where all batches have one size, this happens regularly. The result would continue the
//! log, by the new offset, and would verify, by the old checksum.
//!
//! ```text
//! new    | base offset | length | epoch | 2 | crc |  attributes ...
//!                 ^ sector boundary: only what is before it was written
//! stale  | base offset | length | epoch | 2 | crc |  attributes ...
//!                                             ^^^ its last byte is made wrong
//! ```
//!
//! That takes a sector boundary within the first 20 bytes after the batch's first byte: about one batch in 26. Wherever
//! the boundary is, the last byte of the checksum is then the stale one, and so is everything that it covers. With that
//! byte wrong, the batch never verifies. A batch without such a boundary needs no wipe. Either its whole header is
//! stale, and its offset lies before the new segment's; or its whole checksum is new.

use std::io::{self, IoSlice};

use creel_io::fs::File;

use crate::limits::{SECTOR_BYTES, WIPE_STEP_BATCHES};
use crate::offset::{FilePosition, Offset};
use crate::segment::scan::Scan;

/// Where the checksum's last byte lies in a batch: the last byte that the checksum does not cover.
const LAST_BYTE_OF_CRC: u64 = 20;

/// Whether a sector boundary separates the first byte of a batch here from the last byte of its checksum.
fn is_splittable(position: FilePosition) -> bool {
    let sector = SECTOR_BYTES as u64;
    position.get() / sector != (position.get() + LAST_BYTE_OF_CRC) / sector
}

/// Wipes the batches in the first `length` bytes of `file`. The first batch has offset `base`. `false`: the file also
/// holds something else, or `goes_on` returned `false`; then do not overwrite the file. Sync the file before you
/// overwrite it.
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
    let at = scan.position().get() + LAST_BYTE_OF_CRC;
    let byte = !scan.bytes(LAST_BYTE_OF_CRC as usize + 1).await?[LAST_BYTE_OF_CRC as usize];
    file.write_all_at(&mut [IoSlice::new(&[byte])], at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_whose_header_a_sector_boundary_splits_are_known() {
        let splittable =
            (0..512).filter(|at| is_splittable(FilePosition::new(512 * 7 + at))).collect::<Vec<_>>();
        assert_eq!(splittable, (492..512).collect::<Vec<_>>());
    }
}
