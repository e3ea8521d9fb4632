//! A service level: conditions on figures and settings, such as `p99<20ms,acks=all`.

use super::criterion::Criterion;
use super::point::Point;
use loadgen_engine::units::{parse_bytes, parse_rate, parse_size};
use std::fmt;
use std::str::FromStr;

/// Settings that a condition can name, as the options of `loadgen run` do.
const SETTINGS: [&str; 7] =
    ["acks", "codec", "batch-bytes", "linger-ms", "in-flight", "connections", "partitions"];

/// All of these must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slo(Vec<Condition>);

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// A figure below (or, if `above`, not below) a bound.
    Bound { metric: Criterion, above: bool, bound: f64, text: String },
    /// A setting with this value.
    Setting { name: &'static str, value: String },
}

impl Slo {
    /// Whether it holds at `point`.
    pub(super) fn holds(&self, point: &Point) -> bool {
        self.0.iter().all(|condition| condition.holds(point))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn conditions(&self) -> &[Condition] {
        &self.0
    }
}

impl Condition {
    fn holds(&self, point: &Point) -> bool {
        match self {
            Condition::Bound { metric, above, bound, .. } => {
                metric.of(point).is_some_and(|value| if *above { value >= *bound } else { value < *bound })
            }
            Condition::Setting { name, value } => setting(point, name) == *value,
        }
    }

    /// The point that comes nearest to it, and its value there.
    pub(super) fn nearest<'a>(&self, points: impl Iterator<Item = &'a Point>) -> Option<(&'a Point, String)> {
        match self {
            Condition::Bound { metric, above, .. } => {
                let value = |point: &Point| metric.of(point).map(|value| if *above { -value } else { value });
                let nearest = points.filter(|point| value(point).is_some());
                let nearest =
                    nearest.min_by(|a, b| value(a).unwrap_or(0.0).total_cmp(&value(b).unwrap_or(0.0)))?;
                Some((nearest, metric.shown(metric.of(nearest)?)))
            }
            Condition::Setting { name, .. } => {
                let mut points = points;
                points.next().map(|point| (point, setting(point, name)))
            }
        }
    }
}

fn setting(point: &Point, name: &str) -> String {
    let settings = &point.settings;
    match name {
        "acks" => settings.acks.clone(),
        "codec" => settings.codec.clone(),
        "batch-bytes" => settings.batch_bytes.to_string(),
        "linger-ms" => settings.linger_ms.to_string(),
        "in-flight" => settings.in_flight.to_string(),
        "connections" => settings.connections.to_string(),
        _ => settings.partitions.to_string(),
    }
}

impl FromStr for Slo {
    type Err = String;

    fn from_str(text: &str) -> Result<Slo, String> {
        text.split(',').map(|condition| condition.trim().parse()).collect::<Result<_, _>>().map(Slo)
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Condition, String> {
        let usage = || format!("'{text}' is not a condition such as p99<20ms, records/s>100k or acks=all");
        let at = text.find(['<', '>', '=']).ok_or_else(usage)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let value = rest.trim_start_matches(['<', '>', '=']).trim();
        if let Some(name) = SETTINGS.iter().find(|known| **known == name) {
            return match (rest.starts_with('='), *name) {
                (false, _) => {
                    Err(format!("'{text}': {name} can only be equal to something, as in {name}=..."))
                }
                (true, "batch-bytes") => {
                    Ok(Condition::Setting { name, value: parse_bytes(value)?.to_string() })
                }
                (true, name) => Ok(Condition::Setting { name, value: value.to_owned() }),
            };
        }
        let metric: Criterion =
            name.parse().map_err(|why| format!("{why}; settings: {}", SETTINGS.join(", ")))?;
        let above = rest.starts_with('>');
        if above != (metric == Criterion::RecordsPerSecond) || rest.starts_with('=') {
            let sign = if metric == Criterion::RecordsPerSecond { '>' } else { '<' };
            return Err(format!("'{text}': {metric} takes {sign}"));
        }
        let bound = bound(metric, value).ok_or_else(usage)?;
        Ok(Condition::Bound { metric, above, bound, text: text.to_owned() })
    }
}

fn bound(metric: Criterion, text: &str) -> Option<f64> {
    if metric == Criterion::RecordsPerSecond {
        return parse_rate(text).ok();
    }
    if matches!(metric, Criterion::WireBytes | Criterion::DiskBytes) {
        return parse_size(text).ok().filter(|bytes| *bytes >= 0.0);
    }
    let scales: &[(&str, f64)] =
        if metric.is_latency() { &[("ms", 1.0), ("us", 1e-3), ("s", 1e3), ("", 1.0)] } else { &[("", 1.0)] };
    let (digits, scale) = scales.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))?;
    let value = digits.trim().parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0)?;
    Some(value * scale)
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&conditions.join(","))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Bound { text, .. } => f.write_str(text),
            Condition::Setting { name, value } => write!(f, "{name}={value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::point;
    use super::*;

    #[test]
    fn conditions_hold_or_do_not() {
        let point = point(0, 150_000.0, 10.0, 50.0);
        for holds in [
            "p99<20ms",
            "p99<10.1",
            "p50 < 3000us",
            "e2e-p99.9<1s",
            "records/s>150k",
            "acks=all",
            "cpu<2",
            "disk-bytes<0.05KiB",
        ] {
            assert!(holds.parse::<Slo>().unwrap().holds(&point), "{holds}");
        }
        for not in ["p99<10ms", "records/s>151k", "acks=1", "codec=lz4", "disk-bytes<50", "p99<20ms,acks=0"] {
            assert!(!not.parse::<Slo>().unwrap().holds(&point), "{not}");
        }
        assert!("codec=zstd:3,batch-bytes=64k".parse::<Slo>().unwrap().holds(&point));
    }

    #[test]
    fn what_is_no_condition_is_told() {
        for (text, words) in [
            ("", "not a condition"),
            ("p98<3", "unknown metric 'p98'"),
            ("p99>3", "p99 takes <"),
            ("records/s<3", "records/s takes >"),
            ("p99<fast", "not a condition"),
            ("acks<1", "acks=..."),
        ] {
            let error = text.parse::<Slo>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
