//! What makes the numbers mean something other than they seem to.

use super::Ended;
use loadgen_engine::payload::options::Batches;
use loadgen_engine::records::stamp::encoded_bytes;
use loadgen_result::report::Figures;
use loadgen_result::report::refusals::Refusals;
use loadgen_result::report::steady::Steady;
use loadgen_result::report::verification::Level;
use loadgen_result::text::thousands;

/// A thread that is busy or kept from its core for longer than this has nothing left to give.
const BUSY_MAX: f64 = 0.95;
/// A schedule later than this is the generator's fault.
const LATE_US_MAX: f64 = 1_000.0;
/// Of a record's lengths, its times and its offset.
const LENGTHS_BYTES: f64 = 10.0;
/// Less than this of the rate is not the rate.
const ACHIEVED_MIN: f64 = 0.99;

/// One sentence or two for each.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    pub(super) all: Vec<String>,
    /// Those that make the figures other than the broker's.
    pub(super) spoil: Vec<String>,
}

impl Warnings {
    fn note(&mut self, text: impl IntoIterator<Item = String>) {
        self.all.extend(text);
    }

    fn spoil(&mut self, text: impl IntoIterator<Item = String>) {
        let text: Vec<String> = text.into_iter().collect();
        self.all.extend(text.iter().cloned());
        self.spoil.extend(text);
    }
}

pub(super) fn warnings(ended: &Ended<'_>, figures: &Figures) -> Warnings {
    let mut warnings = Warnings::default();
    let (busy, starved) = (figures.generator_busy, figures.generator_starved);
    if busy + starved > BUSY_MAX {
        warnings.spoil([format!(
            "The generator was the limit: its threads were busy {:.0} % of the time, and waited {:.0} % of it for cores that \
             others used. The broker may do more. Give loadgen more --threads or a quieter machine, or read these figures as \
             a lower bound.",
            busy * 100.0,
            starved * 100.0
        )]);
    } else if let Some(late) = figures.schedule.lateness.filter(|late| late.p99_us > LATE_US_MAX) {
        warnings.spoil([format!(
            "The generator was late (p99 {:.1} ms behind its schedule). Part of the latency is its own.",
            late.p99_us / 1e3
        )]);
    }
    if let Some(achieved) = figures.achieved.filter(|achieved| *achieved < ACHIEVED_MIN) {
        let unsent = match figures.schedule.unsent_records {
            0 => String::new(),
            count => format!(", and {} records were never sent", thousands(count as f64)),
        };
        warnings.spoil([format!(
            "Only {:.1} % of the rate was reached{unsent}. The latencies are those of an overload.",
            achieved * 100.0
        )]);
    }
    let pool_bytes = ended.plan.payload.bytes();
    if figures.compression_ratio.is_some() && ended.options.batch_bytes > pool_bytes {
        warnings.spoil([format!(
            "The payload ({pool_bytes} B) repeats within a batch. Real data of its kind compresses worse."
        )]);
    }
    warnings.spoil(missed_ratio(ended, figures));
    if let Some(steady) = figures.steady.as_ref().filter(|steady| !steady.is_steady) {
        warnings.spoil([unsteady(steady)]);
    }
    if !figures.noise.flags.is_empty() {
        let disturbed = figures.noise.flags.join("; ");
        warnings.spoil([format!(
            "The machine was disturbed: {disturbed}. Repeat this on a quieter machine, or several times."
        )]);
    }
    warnings.spoil(refused(&figures.refusals));
    warnings.note(untold_stages(ended, figures));
    let is_closed_to_us = ended.target.pid().is_some() && ended.observed.from.broker_io.is_none();
    if is_closed_to_us && !ended.target.is_own() {
        let text = "Disk writes and system calls of the broker were not measured: the process of --broker-pid is another user's.";
        warnings.note([text.into()]);
    }
    if ended.plan.verify == Level::Off {
        warnings.note(["Nothing was verified.".into()]);
    }
    warnings.spoil(crash_warning(ended));
    if ended.is_interrupted {
        warnings.note(["Interrupted: the measured time is shorter than --duration.".into()]);
    }
    warnings
}

fn missed_ratio(ended: &Ended<'_>, figures: &Figures) -> Option<String> {
    let batches = Batches { codec: ended.options.codec, bytes: ended.options.batch_bytes };
    let around_record = encoded_bytes(ended.plan.verify == Level::Full) as f64 + LENGTHS_BYTES;
    let bytes_per_s = figures.mb_per_s * 1e6 + figures.records_per_s * around_record;
    let batch_bytes = bytes_per_s / figures.requests_per_s; // a request is one batch
    ended.options.values.missed_ratio(batches, figures.compression_ratio?, batch_bytes)
}

/// The broker was not ready for what was asked of it.
fn refused(refusals: &Refusals) -> Option<String> {
    let Refusals { produce_requests, fetches, doubtful_records, errors } = refusals;
    let errors = errors.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let again = format!(
        "The broker refused {produce_requests} produce requests and {fetches} fetches for a while ({errors}). They were sent \
         again, and the latencies include the wait. Records that were sent again may lie behind later ones."
    );
    let doubt = format!(
        " {doubtful_records} records may have been appended or not ({errors}). They were not sent again, and count with their \
         wait until that answer."
    );
    let told = [(produce_requests + fetches > 0, again), (*doubtful_records > 0, doubt)];
    let told: String = told.into_iter().filter_map(|(is_so, text)| is_so.then_some(text)).collect();
    (!told.is_empty()).then(|| told.trim_start().to_owned())
}

/// The broker's admin listener was asked, and there is nothing to tell.
fn untold_stages(ended: &Ended<'_>, figures: &Figures) -> Option<String> {
    let admin = ended.target.admin()?;
    if let Some(why) = ended.observed.stages_untold.as_ref().filter(|_| ended.failure.is_none()) {
        return Some(format!("Times inside the broker were not measured: {why}."));
    }
    let is_silent = figures.stages.is_empty() && ended.killed.is_empty() && ended.failure.is_none();
    (is_silent && !ended.target.is_own()).then(|| {
        format!("No request passed through the broker of --broker-admin {admin}: is this the broker that was measured?")
    })
}

fn crash_warning(ended: &Ended<'_>) -> Option<String> {
    let (asked, made) = (ended.plan.crashes, ended.killed.len());
    if let Some(failure) = &ended.failure {
        return Some(format!(
            "Cut short: {failure}. The figures are those of the time before, and nothing was verified."
        ));
    }
    (made < asked).then(|| format!("Only {made} of {asked} kills were made: measure for longer."))
}

fn unsteady(steady: &Steady) -> String {
    let advice = match steady.steady_from_s {
        Some(from_s) => format!("it was steady from {from_s:.1} s on, so make --warmup that much longer"),
        None => "it changed to the end, so measure for longer, or find out what changes".into(),
    };
    format!(
        "This was no steady state: records/s drifted by {:+.1} % and varied by {:.1} %, and the median response drifted by \
         {:+.0} %; {advice}.",
        steady.rate.drift * 100.0,
        steady.rate.variation * 100.0,
        steady.response.drift * 100.0
    )
}
