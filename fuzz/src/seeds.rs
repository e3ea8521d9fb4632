//! The recorded frames of real clients (`wire/tests/golden`) as seeds of the protocol's targets, written into `corpus/`
//! when such a target starts. The seeds of the others lie in `seeds/`.

use std::fs;
use std::path::{Path, PathBuf};

use creel_wire::{ApiKey, Bytes, Reader, Request, RequestHeader, ResponseHeader, each_request, versions};

use crate::protocol;

struct Frame {
    response: bool,
    api: String,
    version: i16,
    bytes: Bytes,
}

/// Fills the corpus of `target`, if recorded frames are of its kind.
pub fn recorded(target: &str) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = here.join("corpus").join(target);
    for (number, frame) in frames(&here.join("../wire/tests/golden")).iter().enumerate() {
        let seed = if target == "header" { header(frame) } else { body(target, frame) };
        if let Some(seed) = seed {
            fs::create_dir_all(&corpus).expect("the corpus can be written");
            fs::write(corpus.join(format!("recorded-{number}")), seed).expect("the corpus can be written");
        }
    }
}

fn frames(golden: &Path) -> Vec<Frame> {
    let files = fs::read_dir(golden).expect("recorded frames").filter_map(Result::ok).map(|file| file.path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.sort();
    let texts = files.iter().map(|path| fs::read_to_string(path).expect("recorded frames"));
    texts.flat_map(|text| text.lines().filter_map(parse).collect::<Vec<_>>()).collect()
}

fn parse(line: &str) -> Option<Frame> {
    let mut words = line.split(' ');
    let response = words.next()? == "response";
    let (api, version, hex) = (words.next()?.to_owned(), words.next()?.parse().ok()?, words.next()?);
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
    Some(Frame { response, api, version, bytes: bytes.collect::<Option<_>>()? })
}

fn header(frame: &Frame) -> Option<Vec<u8>> {
    (!frame.response).then(|| frame.bytes.to_vec())
}

macro_rules! bodies {
    ($($request:path,)*) => {
        fn body(target: &str, frame: &Frame) -> Option<Vec<u8>> {
            $(if protocol::module(stringify!($request)) == target {
                return body_of::<$request>(frame);
            })*
            None
        }
    };
}
each_request!(bodies);

fn body_of<R: Request>(frame: &Frame) -> Option<Vec<u8>> {
    if R::API_KEY.name() != frame.api || !R::VERSIONS.contains(frame.version) {
        return None;
    }
    let mut reader = Reader::new(frame.bytes.clone());
    if frame.response {
        let flexible = frame.version >= versions::known_api(R::API_KEY)?.flexible_from;
        ResponseHeader::decode(&mut reader, flexible && R::API_KEY != ApiKey::ApiVersions).ok()?;
    } else {
        RequestHeader::decode(&mut reader).ok()?;
    }
    let mut seed = vec![protocol::choice::<R>(frame.response, frame.version)];
    seed.extend_from_slice(&frame.bytes[reader.position()..]);
    Some(seed)
}
