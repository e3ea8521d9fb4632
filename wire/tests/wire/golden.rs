//! Frames recorded between real clients and Apache Kafka 4.3.1 (`tests/golden`, whose README.md says how):
//! each is read whole, and what was read is written as the very same bytes.

use std::fs;
use std::path::Path;

use creel_wire::api::api_versions;
use creel_wire::{ApiKey, Bytes, Reader, RequestHeader, ResponseHeader, frame, versions};

use crate::decoders::{self, Direction, Read};

/// One recorded frame, without its size prefix.
pub(crate) struct Golden {
    pub(crate) client: String,
    pub(crate) api: ApiKey,
    pub(crate) direction: Direction,
    pub(crate) version: i16,
    pub(crate) frame: Bytes,
}

impl Golden {
    fn parse(client: &str, line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        let [direction, name, version, hex] = words[..] else { panic!("{client}: {line}") };
        let api = ApiKey::ALL.iter().find(|api| api.name() == name);
        Self {
            client: client.to_owned(),
            api: *api.unwrap_or_else(|| panic!("{client}: no API {name}")),
            direction: if direction == "request" { Direction::Request } else { Direction::Response },
            version: version.parse().expect("a version"),
            frame: from_hex(hex),
        }
    }

    /// The frame's body: what follows its header.
    pub(crate) fn body(&self) -> Bytes {
        let mut reader = Reader::new(self.frame.clone());
        match self.direction {
            Direction::Request => {
                let header = RequestHeader::decode(&mut reader).expect("a header");
                assert_eq!((header.api_key, header.api_version), (self.api.code(), self.version));
            }
            Direction::Response => {
                let flexible =
                    versions::known_api(self.api).expect("a known API").flexible_from <= self.version;
                ResponseHeader::decode(&mut reader, flexible && self.api != ApiKey::ApiVersions)
                    .expect("a header");
            }
        }
        self.frame.slice(reader.position()..)
    }
}

/// All recorded frames.
pub(crate) fn all() -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = fs::read_dir(folder).expect("recorded frames").map(|entry| entry.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.sort();
    files.iter().flat_map(|path| of_client(path)).collect()
}

fn of_client(path: &Path) -> Vec<Golden> {
    let client = path.file_stem().expect("a name").to_string_lossy();
    let lines = fs::read_to_string(path).expect("recorded frames");
    lines.lines().map(|line| Golden::parse(&client, line)).collect()
}

pub(crate) fn from_hex(hex: &str) -> Bytes {
    assert!(hex.len().is_multiple_of(2), "an odd number of digits");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

#[test]
fn frames_of_real_clients_are_read_and_written_as_they_were() {
    let frames = all();
    assert!(frames.len() > 400, "only {} recorded frames were found", frames.len());
    for golden in frames {
        let Golden { client, api, direction, version, .. } = &golden;
        let told = format!("{client}: {api} v{version} {direction:?}");
        let decoder = decoders::of(*api, *direction);
        assert!(decoder.versions.contains(*version), "{told}: not in {}", decoder.versions);
        let body = golden.body();
        assert_eq!((decoder.read)(body.clone(), *version), Ok(Read { written: body, unread: 0 }), "{told}");
    }
}

#[test]
fn every_api_of_the_table_was_recorded_or_is_known_not_to_be() {
    // No client of ours sends these unless it logs in, or it prefers a successor.
    const UNRECORDED: [ApiKey; 3] =
        [ApiKey::SaslHandshake, ApiKey::SaslAuthenticate, ApiKey::OffsetForLeaderEpoch];
    let frames = all();
    for entry in versions::known() {
        let recorded = frames.iter().any(|golden| golden.api == entry.api);
        assert!(recorded || UNRECORDED.contains(&entry.api), "{} was never recorded", entry.api);
    }
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_as_kafka_answers_it() {
    // Apache Kafka 4.3.1's answer to ApiVersions v5 with correlation id 7.
    let answer = api_versions::unsupported_version(7).bytes.slice(frame::SIZE_PREFIX..);
    assert_eq!(answer, from_hex("00000007002300000001001200000004"));
    let read = api_versions::decode_response(answer, 4).expect("v0 form");
    assert_eq!(read.error_code, creel_wire::ErrorCode::UnsupportedVersion);
}
