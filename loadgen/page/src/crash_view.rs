//! What a reader must know of a run that killed its broker, before any of its figures.

use super::text::{duration_us, number};
use super::view::{Callout, Headline, Status};
use loadgen_result::report::crash::{CrashReport, Kill};

/// For the top of a page; `of` names the run among several.
pub(super) fn verdict(crash: &CrashReport, of: &str) -> Callout {
    let kills = &crash.kills;
    let text = match kills.len() {
        0 => "The broker was to be killed and was not".to_owned(),
        1 => "The broker was killed".to_owned(),
        times => format!("The broker was killed {times} times"),
    };
    Callout { status: Status::Told, text: format!("{of}{text}"), detail: detail(crash) }
}

fn detail(crash: &CrashReport) -> String {
    let kills = &crash.kills;
    let at = kills.iter().map(|kill| format!("{} s", number(kill.at_s))).collect::<Vec<_>>();
    let down = kills.iter().filter_map(|kill| kill.down_s).collect::<Vec<_>>();
    let acked_again = match (&kills[..], &down[..]) {
        ([], _) => return "The run ended before the kill.".into(),
        (_, []) => "nothing was acked after it".to_owned(),
        ([_], [down]) => format!("nothing was acked for {}", seconds(*down)),
        (_, down) => {
            let silent = if down.len() < kills.len() { ", and nothing was acked after the last" } else { "" };
            let whole = seconds(down.iter().sum());
            format!("nothing was acked for {} at the longest, {whole} in all{silent}", seconds(longest(down)))
        }
    };
    let fewer = match crash.asked.saturating_sub(kills.len()) {
        0 => String::new(),
        _ => format!(" {} kills were asked for. The run ended before the last.", crash.asked),
    };
    format!("kill -9 at {}; {acked_again}. All figures include the outage.{fewer}", at.join(", "))
}

/// Among the numbers to be seen first.
pub(super) fn headline(crash: &CrashReport) -> Option<Headline> {
    let down = crash.kills.iter().filter_map(|kill| kill.down_s).collect::<Vec<_>>();
    let time = if down.is_empty() { return None } else { seconds(longest(&down)) };
    let (value, unit) = time.split_once(' ').unwrap_or((&time, ""));
    let note = match &crash.kills[..] {
        [Kill { at_s, .. }] => format!("kill -9 at {} s", number(*at_s)),
        kills => format!("longest after {} × kill -9", kills.len()),
    };
    Some(Headline { label: "Nothing acked for", value: value.into(), unit: unit.into(), note })
}

/// Of all runs of a sweep together.
pub(super) fn of_many<'a>(crashes: impl Iterator<Item = &'a CrashReport>) -> Option<Callout> {
    let kills: Vec<&Kill> = crashes.flat_map(|crash| &crash.kills).collect();
    let down: Vec<f64> = kills.iter().filter_map(|kill| kill.down_s).collect();
    let most = if down.is_empty() {
        String::new()
    } else {
        format!("; nothing was acked for {} at the longest", seconds(longest(&down)))
    };
    (!kills.is_empty()).then(|| Callout {
        status: Status::Told,
        text: "The brokers were killed".into(),
        detail: format!("{} × kill -9 in all runs{most}. All figures include the outages.", kills.len()),
    })
}

fn longest(down: &[f64]) -> f64 {
    down.iter().copied().fold(0.0, f64::max)
}

fn seconds(seconds: f64) -> String {
    duration_us(seconds * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crash(asked: usize, kills: &[(f64, Option<f64>)]) -> CrashReport {
        let kill = |(at_s, down_s): &(f64, Option<f64>)| Kill {
            at_s: *at_s,
            killed_pid: 1,
            down_s: *down_s,
            acked_before: 10,
            in_flight_unknown: 1,
        };
        CrashReport { asked, kills: kills.iter().map(kill).collect(), ..CrashReport::default() }
    }

    #[test]
    fn how_often_and_how_long_is_in_its_words() {
        let said = |crash: &CrashReport| {
            let Callout { text, detail, .. } = verdict(crash, "");
            format!("{text}: {detail}")
        };
        let once = crash(1, &[(3.0, Some(0.25))]);
        assert_eq!(
            said(&once),
            "The broker was killed: kill -9 at 3.00 s; nothing was acked for 250 ms. All figures include the outage."
        );
        let more = said(&crash(3, &[(1.0, Some(0.5)), (2.0, Some(1.5))]));
        assert!(more.starts_with("The broker was killed 2 times: kill -9 at 1.00 s, 2.00 s;"), "{more}");
        assert!(more.contains("for 1.50 s at the longest, 2.00 s in all."), "{more}");
        assert!(more.ends_with("3 kills were asked for. The run ended before the last."), "{more}");
        assert!(said(&crash(1, &[(3.0, None)])).contains("nothing was acked after it"));
        let last = said(&crash(2, &[(1.0, Some(0.5)), (2.0, None)]));
        assert!(last.contains("and nothing was acked after the last"), "{last}");
        assert!(said(&crash(1, &[])).contains("was not: The run ended before the kill."));
    }

    #[test]
    fn its_number_is_among_the_first() {
        let headline = headline(&crash(2, &[(1.0, Some(0.5)), (2.0, Some(1.5))])).unwrap();
        assert_eq!((headline.value.as_str(), headline.unit.as_str()), ("1.50", "s"));
        assert!(super::headline(&crash(1, &[(3.0, None)])).is_none());
        let none: [CrashReport; 0] = [];
        assert!(of_many(none.iter()).is_none());
        let all = [crash(1, &[(3.0, Some(0.25))]), crash(1, &[(3.0, Some(0.5))])];
        assert!(
            of_many(all.iter())
                .unwrap()
                .detail
                .starts_with("2 × kill -9 in all runs; nothing was acked for 500 ms")
        );
    }
}
