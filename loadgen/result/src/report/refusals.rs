//! What a broker refused with an error that says that the request may be tried again.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Counts, and with which errors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// Produce requests refused within the window, each time; they were sent again.
    pub produce_requests: u64,
    /// Answers to fetches within the window that held such an error; they were asked again.
    pub fetches: u64,
    /// Records, of the whole run, that the broker may have appended or not, as its error says; they were not sent again.
    pub doubtful_records: u64,
    /// The errors, as Kafka names them.
    pub errors: BTreeSet<String>,
}

impl Refusals {
    /// A produce request was refused; `error` is Kafka's name of it, here and below.
    pub fn produce(&mut self, error: &'static str) {
        self.produce_requests += 1;
        self.note(error);
    }

    /// A fetch was refused, as a whole or for a partition.
    pub fn fetch(&mut self, error: &'static str) {
        self.fetches += 1;
        self.note(error);
    }

    /// Nobody knows whether `records` were appended.
    pub fn doubt(&mut self, records: u64, error: &'static str) {
        self.doubtful_records += records;
        self.note(error);
    }

    fn note(&mut self, error: &'static str) {
        if !self.errors.contains(error) {
            self.errors.insert(error.to_owned());
        }
    }

    /// Adds another thread's.
    pub fn merge(&mut self, other: Refusals) {
        self.produce_requests += other.produce_requests;
        self.fetches += other.fetches;
        self.doubtful_records += other.doubtful_records;
        self.errors.extend(other.errors);
    }

    /// Nothing was.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }
}
