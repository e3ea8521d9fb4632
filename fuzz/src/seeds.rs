//! Fills `corpus/` with the recorded frames of `../tests/golden`, so that a target starts from what real clients send.

use std::fs;
use std::path::{Path, PathBuf};

use creel_wire::{Bytes, Reader, Request, RequestHeader, ResponseHeader, each_request, versions};

struct Frame {
    response: bool,
    api: String,
    version: i16,
    bytes: Bytes,
}

fn main() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for file in fs::read_dir(here.join("../tests/golden"))? {
        let path = file?.path();
        if path.extension().is_some_and(|end| end == "txt") {
            for frame in fs::read_to_string(path)?.lines().filter_map(parse) {
                count += usize::from(keep(&here.join("corpus"), &frame, count)?);
            }
        }
    }
    println!("{count} seeds in wire/fuzz/corpus");
    Ok(())
}

fn parse(line: &str) -> Option<Frame> {
    let mut words = line.split(' ');
    let response = words.next()? == "response";
    let (api, version, hex) = (words.next()?.to_owned(), words.next()?.parse().ok()?, words.next()?);
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok());
    Some(Frame { response, api, version, bytes: bytes.collect::<Option<_>>()? })
}

macro_rules! keep {
    ($($request:path,)*) => {
        fn keep(corpus: &Path, frame: &Frame, number: usize) -> std::io::Result<bool> {
            $(if <$request>::API_KEY.name() == frame.api {
                return write::<$request>(&corpus.join(target(stringify!($request))), frame, number);
            })*
            Ok(false)
        }
    };
}
each_request!(keep);

/// The module's name, which is the target's: the last but one part of a request's path.
fn target(request: &str) -> PathBuf {
    request.rsplit("::").nth(1).map(|name| name.trim().into()).unwrap_or_default()
}

fn write<R: Request>(folder: &Path, frame: &Frame, number: usize) -> std::io::Result<bool> {
    let mut reader = Reader::new(frame.bytes.clone());
    let flexible = versions::entry(R::API_KEY).is_some_and(|entry| frame.version >= entry.flexible_from);
    let has_tags = flexible && R::API_KEY != creel_wire::ApiKey::ApiVersions;
    let header = if frame.response {
        ResponseHeader::decode(&mut reader, has_tags).map(drop)
    } else {
        RequestHeader::decode(&mut reader).map(drop)
    };
    if header.is_err() || !R::VERSIONS.contains(frame.version) {
        return Ok(false);
    }
    let mut seed = vec![creel_wire_fuzz::choice::<R>(frame.response, frame.version)];
    seed.extend_from_slice(&frame.bytes[reader.position()..]);
    fs::create_dir_all(folder)?;
    fs::write(folder.join(format!("recorded-{number}")), seed)?;
    Ok(true)
}
