//! The bytes of a file: sparse pages that copies share until they are written to.
//!
//! Owns the pages. Must not know what is durable.

use std::collections::BTreeMap;
use std::sync::Arc;

const PAGE: usize = 4096;

#[derive(Clone, Default)]
pub(super) struct Content {
    /// A page that is not here holds zeros. Only zeros lie behind `length`.
    pages: BTreeMap<u64, Arc<[u8; PAGE]>>,
    length: u64,
}

/// Cuts `position..position + length` into pieces that each lie within one block of `block` bytes: (block, position,
/// length).
pub(super) fn pieces(position: u64, length: u64, block: u64) -> impl Iterator<Item = (u64, u64, usize)> {
    let end = position + length;
    let mut at = position;
    std::iter::from_fn(move || {
        (at < end).then(|| {
            let start = at;
            at = end.min((start / block + 1) * block);
            (start / block, start, (at - start) as usize)
        })
    })
}

impl Content {
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Reads what lies before the end. Returns the number of bytes.
    pub(super) fn read(&self, position: u64, out: &mut [u8]) -> usize {
        let count = self.length.saturating_sub(position).min(out.len() as u64);
        for (page, at, n) in pieces(position, count, PAGE as u64) {
            let out = &mut out[(at - position) as usize..][..n];
            match self.pages.get(&page) {
                Some(bytes) => out.copy_from_slice(&bytes[at as usize % PAGE..][..n]),
                None => out.fill(0),
            }
        }
        count as usize
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut all = vec![0; self.length as usize];
        self.read(0, &mut all);
        all
    }

    pub(super) fn write(&mut self, position: u64, bytes: &[u8]) {
        self.put(position, bytes);
        self.length = self.length.max(position + bytes.len() as u64);
    }

    /// Writes without moving the end; call [`Content::set_length`] afterwards.
    pub(super) fn put(&mut self, position: u64, bytes: &[u8]) {
        for (page, at, n) in pieces(position, bytes.len() as u64, PAGE as u64) {
            let source = &bytes[(at - position) as usize..][..n];
            if source.iter().all(|byte| *byte == 0) && !self.pages.contains_key(&page) {
                continue;
            }
            let page = self.pages.entry(page).or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(page)[at as usize % PAGE..][..n].copy_from_slice(source);
        }
    }

    /// Moves the end. What lies behind it is lost, even if the end moves back later.
    pub(super) fn set_length(&mut self, length: u64) {
        self.clear_from(length);
        self.length = length;
    }

    pub(super) fn clear_from(&mut self, position: u64) {
        let (page, offset) = (position / PAGE as u64, position as usize % PAGE);
        self.pages.split_off(&(page + u64::from(offset > 0)));
        if let Some(last) = self.pages.get_mut(&page).filter(|_| offset > 0) {
            Arc::make_mut(last)[offset..].fill(0);
        }
    }

    pub(super) fn flip(&mut self, position: u64, bit: u8) {
        let mut byte = [0];
        if self.read(position, &mut byte) == 1 {
            self.put(position, &[byte[0] ^ (1 << (bit % 8))]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_read_as_zeros_and_cut_bytes_do_not_come_back() {
        let mut content = Content::default();
        content.write(10_000, b"abc");
        let mut out = [9; 4];
        assert_eq!(content.read(5000, &mut out), 4);
        assert_eq!(out, [0; 4]);
        assert_eq!(content.read(10_001, &mut out), 2);
        content.set_length(10_001);
        content.set_length(20_000);
        assert_eq!(content.read(10_000, &mut out), 4);
        assert_eq!(out, [b'a', 0, 0, 0]);
    }
}
