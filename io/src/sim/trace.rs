//! What happened, as a running hash and as the last events in text.
//!
//! Owns the hash and the last events. Must not know what they mean.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};

use super::node_id::NodeId;
use crate::instant::Instant;
use crate::random::mix;

pub(crate) struct Trace {
    hash: u64,
    recent: VecDeque<TraceEvent>,
    keep: usize,
}

/// One thing that happened.
pub(crate) struct TraceEvent {
    pub(crate) at: Instant,
    pub(crate) node: NodeId,
    pub(crate) what: &'static str,
    pub(crate) path: Option<PathBuf>,
    /// What they mean depends on `what`: a position, a length, a connection, a result.
    pub(crate) numbers: [u64; 3],
}

impl Trace {
    pub(crate) fn new(seed: u64, keep: usize) -> Trace {
        Trace { hash: mix(seed), recent: VecDeque::new(), keep }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Adds a decision to the hash only.
    pub(crate) fn fold(&mut self, value: u64) {
        self.hash = mix(self.hash.rotate_left(7) ^ value);
    }

    pub(crate) fn add(&mut self, event: TraceEvent) {
        self.fold(event.at.as_nanos());
        self.fold(u64::from(event.node.0));
        self.fold(hash_bytes(event.what.as_bytes()));
        if let Some(path) = &event.path {
            self.fold(hash_path(path));
        }
        event.numbers.into_iter().for_each(|n| self.fold(n));
        if self.recent.len() == self.keep {
            self.recent.pop_front();
        }
        self.recent.push_back(event);
    }

    pub(crate) fn recent(&self) -> impl Iterator<Item = String> {
        self.recent.iter().map(ToString::to_string)
    }
}

impl fmt::Display for TraceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.at.as_nanos() / 1000;
        write!(f, "{}.{:06} {} {}", micros / 1_000_000, micros % 1_000_000, self.node, self.what)?;
        if let Some(path) = &self.path {
            write!(f, " {}", path.display())?;
        }
        self.numbers.iter().try_for_each(|n| write!(f, " {n}"))
    }
}

fn hash_path(path: &Path) -> u64 {
    hash_bytes(path.as_os_str().as_encoded_bytes())
}

/// A hash that tells contents apart, but not against an adversary.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = mix(hash.rotate_left(7) ^ u64::from_le_bytes(word));
    }
    hash
}
