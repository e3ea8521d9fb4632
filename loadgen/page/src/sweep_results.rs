//! What a sweep measured, read from its directory.

use super::crash_view;
use super::view::Callout;
use crate::error::PageError;
use loadgen_result::report::RunReport;
use loadgen_study::advice::point::{Point, of_last_rounds, points};
use loadgen_study::store::{Description, Store};
use std::path::Path;

/// What a sweep measured.
#[derive(Debug)]
pub(super) struct Sweep {
    pub(super) points: Vec<Point>,
    pub(super) description: Description,
    /// What is to be said of brokers that were killed.
    pub(super) killed: Option<Callout>,
    /// Of one of its runs: where all of them were, and what was measured.
    pub(super) sample: RunReport,
}

impl Sweep {
    /// Reads all there is, of a sweep that is not done too.
    pub(super) fn read(dir: &Path) -> Result<Sweep, PageError> {
        let store = Store::existing(dir);
        let description = store.description()?;
        let mut kept = store.all()?;
        let points = of_last_rounds(points(&kept));
        let killed = crash_view::of_many(kept.iter().filter_map(|kept| kept.report.crash.as_ref()));
        let last = kept.pop().filter(|_| !points.is_empty());
        let sample =
            last.ok_or_else(|| PageError::Options(format!("{} holds no results yet", dir.display())))?;
        Ok(Sweep { points, description, killed, sample: sample.report })
    }
}
