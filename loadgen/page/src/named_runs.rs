//! Runs with their names, for several in the same axes.

use loadgen_result::report::RunReport;
use loadgen_result::report::plain::PlainReport;

/// A run and what to call it.
#[derive(Debug, Clone)]
pub(super) struct Named<'a> {
    pub(super) name: String,
    pub(super) report: &'a RunReport,
}

/// The runs of a result called `name`.
pub(super) fn named<'a>(name: &str, report: &'a PlainReport) -> Vec<Named<'a>> {
    let runs = report.runs();
    let is_alone = runs.len() == 1;
    let name_of = |of: String| if is_alone { name.to_owned() } else { format!("{name}, {of}") };
    runs.into_iter().map(|(of, report)| Named { name: name_of(of), report }).collect()
}
