//! Why a point may mean less than it seems to.

use super::point::Point;
use serde::Serialize;

/// Runs shorter than that miss what comes once in some seconds, such as a full segment or the kernel's write-back.
const SHORT_S: f64 = 5.0;
/// Busier than that, the generator was the limit.
const BUSY: f64 = 0.95;

/// What the text says of a point, for programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Quality {
    /// It reached its rate (99 % of it), or had none to reach.
    pub(crate) held: bool,
    /// The verification failed in some run: the point counts for nothing.
    pub(crate) records_lost: bool,
    /// The machine disturbed some of its runs.
    pub(crate) disturbed: bool,
    /// There is one run: how far a second one would lie from it is not known.
    pub(crate) measured_once: bool,
    /// Its runs measured for less than 5 s.
    pub(crate) short: bool,
    /// The generator had nothing left to give: the broker may do more.
    pub(crate) generator_at_limit: bool,
    /// The records did not become as small as --target-ratio asked for.
    pub(crate) ratio_missed: bool,
}

impl Quality {
    pub(crate) fn of(point: &Point) -> Quality {
        Quality {
            held: point.held(),
            records_lost: point.failed_runs > 0,
            disturbed: point.noisy_runs > 0,
            measured_once: point.runs == 1,
            short: point.measured_s < SHORT_S,
            generator_at_limit: point.generator_busy > BUSY,
            ratio_missed: point.missed_ratio.is_some(),
        }
    }
}

/// The same for a line of a table; not what holds for `all` points.
pub(super) fn flags(point: &Point, all: &Common) -> Vec<String> {
    let quality = Quality::of(point);
    let flags = [
        quality.records_lost.then(|| "records lost, duplicated or altered".to_owned()),
        (!quality.held).then(|| {
            format!("only {:.1} % of the rate", (point.achieved.unwrap_or(0.0) * 1_000.0).floor() / 10.0)
        }),
        quality.generator_at_limit.then(|| "generator at its limit".to_owned()),
        quality.disturbed.then(|| disturbed(point)),
        (quality.measured_once && !all.measured_once).then(|| "measured once".to_owned()),
        (quality.short && !all.short).then(|| format!("{:.1} s", point.measured_s)),
        quality.ratio_missed.then(|| "--target-ratio missed".to_owned()),
    ];
    flags.into_iter().flatten().collect()
}

/// Each a sentence, to stand beside the advice.
pub(super) fn sentences(point: &Point) -> Vec<String> {
    let quality = Quality::of(point);
    let by = if point.disturbed_by.is_empty() { String::new() } else { format!(" ({})", point.disturbed_by) };
    let sentences = [
        quality.disturbed.then(|| format!("{}{by}: repeat the sweep on a quieter machine", disturbed(point))),
        quality.measured_once.then(|| {
            "measured once: how far a second run would be from it is not known (sweep --repeats 3)".to_owned()
        }),
        quality.short.then(|| {
            format!(
                "short: {:.1} s measured. What happens once in several seconds is missed",
                point.measured_s
            )
        }),
        quality
            .generator_at_limit
            .then(|| "the generator was at its limit: the broker may do more".to_owned()),
        point.missed_ratio.clone(),
    ];
    sentences.into_iter().flatten().collect()
}

fn disturbed(point: &Point) -> String {
    format!("disturbed in {} of {} runs", point.noisy_runs, point.runs)
}

/// What holds for all points, and so is said once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Common {
    measured_once: bool,
    short: bool,
}

impl Common {
    pub(super) fn of(points: &[Point]) -> Common {
        let all = |has: fn(&Quality) -> bool| points.iter().all(|point| has(&Quality::of(point)));
        Common { measured_once: all(|quality| quality.measured_once), short: all(|quality| quality.short) }
    }

    pub(super) fn sentences(self) -> Vec<&'static str> {
        let sentences = [
            self.measured_once.then_some(
                "every cell was measured once: a difference between two of them may be chance (--repeats 3)",
            ),
            self.short.then_some("every run measured less than 5 s"),
        ];
        sentences.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::point;
    use super::*;

    #[test]
    fn each_doubt_is_told_in_text_and_json() {
        let mut doubtful = point(0, 3_000.0, 10.0, 50.0);
        (doubtful.noisy_runs, doubtful.measured_s) = (1, 1.0);
        doubtful.disturbed_by = "other programs used 60 % of the CPU time".into();
        doubtful.missed_ratio = Some("--target-ratio 4 came out as 2.54".into());
        let text = sentences(&doubtful).join("\n");
        for words in
            ["disturbed in 1 of 1 runs (other programs used 60 %", "measured once", "short: 1.0 s", "2.54"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
        let json = serde_json::to_value(Quality::of(&doubtful)).unwrap();
        for said in ["disturbed", "measured_once", "short", "ratio_missed", "held"] {
            assert_eq!(json[said], true, "{said}: {json}");
        }
        assert_eq!((&json["records_lost"], &json["generator_at_limit"]), (&false.into(), &false.into()));
        assert_eq!(flags(&doubtful, &Common::default()).len(), 4);
    }

    #[test]
    fn what_holds_for_all_is_said_once() {
        let (mut long, short) = (point(0, 3_000.0, 10.0, 50.0), point(1, 3_000.0, 10.0, 50.0));
        long.measured_s = 10.0;
        let common = Common::of(&[long.clone(), short.clone()]);
        assert_eq!(common.sentences().len(), 1, "both were measured once, one of them for long");
        assert!(flags(&long, &common).is_empty());
        assert_eq!(flags(&short, &common), ["1.0 s"]);
        let mut late = long.clone();
        late.achieved = Some(0.9896);
        assert_eq!(flags(&late, &common), ["only 98.9 % of the rate"]);
    }
}
