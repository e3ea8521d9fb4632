//! The result of a run without a rate: the highest rate, and latency at a share of it.

use super::RunReport;
use serde::{Deserialize, Serialize};

/// As JSON the first run's result, and within it the second's: whoever knows results of one run reads the first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlainReport {
    /// In a closed loop: its latencies are those of full queues.
    #[serde(flatten)]
    pub highest: RunReport,
    /// In an open loop below it; `None` where the first run had no rate to tell, or the second did not come to a result, and in
    /// results of one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_share: Option<AtShare>,
}

/// The second run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AtShare {
    /// Of the highest rate, from 0 to 1.
    pub share: f64,
    /// That share of it, records/s.
    pub target_rate: f64,
    /// What was measured there: a whole result, as of `loadgen run --rate`.
    pub run: RunReport,
}

impl PlainReport {
    /// The runs that there are, and what each is called in words.
    pub fn runs(&self) -> Vec<(String, &RunReport)> {
        let at_share = self.at_share.as_ref().map(|second| (second.name(), &second.run));
        [("highest rate".to_owned(), &self.highest)].into_iter().chain(at_share).collect()
    }

    /// Whether a verification failed.
    pub fn has_lost(&self) -> bool {
        self.runs().iter().any(|(_, run)| run.verification.passed == Some(false))
    }
}

impl AtShare {
    /// `at 50 % of it`.
    pub fn name(&self) -> String {
        format!("at {:.0} % of it", self.share * 100.0)
    }
}
