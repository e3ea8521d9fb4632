//! Values from a file.

use super::Payload;
use super::error::PayloadError;
use std::path::Path;

/// One value a line.
pub(super) fn lines(path: &Path) -> Result<Payload, PayloadError> {
    let unreadable = |why| PayloadError::Unreadable { path: path.to_owned(), why };
    let text = std::fs::read(path).map_err(unreadable)?;
    let (mut bytes, mut ends) = (Vec::with_capacity(text.len()), vec![]);
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            bytes.extend_from_slice(line);
            ends.push(bytes.len());
        }
    }
    of_file(path, bytes, ends, "lines")
}

/// Each value behind its length.
pub(super) fn length_prefixed(path: &Path) -> Result<Payload, PayloadError> {
    let unreadable = |why| PayloadError::Unreadable { path: path.to_owned(), why };
    let file = std::fs::read(path).map_err(unreadable)?;
    let (mut bytes, mut ends, mut rest) = (Vec::with_capacity(file.len()), vec![], &file[..]);
    while !rest.is_empty() {
        let at = file.len() - rest.len();
        let cut = |length, left| PayloadError::Cut { path: path.to_owned(), at, length, left };
        let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(|| cut(4, rest.len()))?;
        let length = u32::from_be_bytes(*length) as usize;
        let (value, behind) = behind.split_at_checked(length).ok_or_else(|| cut(length, behind.len()))?;
        bytes.extend_from_slice(value);
        ends.push(bytes.len());
        rest = behind;
    }
    of_file(path, bytes, ends, "values")
}

fn of_file(path: &Path, bytes: Vec<u8>, ends: Vec<usize>, what: &str) -> Result<Payload, PayloadError> {
    if bytes.is_empty() {
        return Err(PayloadError::Empty(path.to_owned()));
    }
    let mut payload = Payload::new(bytes, ends);
    let (count, mean) = (payload.count(), payload.mean_bytes());
    payload.about = format!("{count} {what} of {}, {mean:.0} B on average", path.display());
    Ok(payload)
}

/// A file of text, as templates and dictionaries are.
pub(super) fn text(path: &Path) -> Result<String, PayloadError> {
    let unreadable = |why| PayloadError::Unreadable { path: path.to_owned(), why };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| PayloadError::NoText(path.to_owned()))
}
