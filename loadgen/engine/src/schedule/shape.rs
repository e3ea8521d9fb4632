//! The load's form, as it is asked for.

use super::profile::Profile;
use super::replay::{Lane, Replay};
use crate::error::EngineError;
use crate::units::parse_rate;
use crate::window::Window;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How an open loop's records lie in time.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// At equal distances.
    Constant,
    /// At random and independent of each other, as many independent clients send.
    Poisson,
    /// From one rate to another, evenly over what is measured; the warm-up is at the first.
    Ramp(f64, f64),
    /// One rate after the other, for equal parts of what is measured; the warm-up is at the first.
    Step(Vec<f64>),
}

/// What `--schedule` takes.
pub const SHAPE_HELP: &str = "When records are due in an open loop: constant or poisson (both need --rate), ramp:FROM..TO (the rate changes \
     evenly over the measured time), or step:A,B,C (each rate for an equal part of it); rates in records per second \
     [default: constant]";

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Shape, String> {
        match text.split_once(':') {
            None if text == "constant" => Ok(Shape::Constant),
            None if text == "poisson" => Ok(Shape::Poisson),
            Some(("ramp", rates)) => {
                let (from, to) = rates.split_once("..").ok_or("a ramp takes two rates: ramp:1k..50k")?;
                Ok(Shape::Ramp(parse_rate(from)?, parse_rate(to)?))
            }
            Some(("step", rates)) => {
                Ok(Shape::Step(rates.split(',').map(parse_rate).collect::<Result<_, _>>()?))
            }
            _ => Err(format!("'{text}' is not constant, poisson, ramp:FROM..TO or step:A,B,C")),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Constant => f.write_str("constant"),
            Shape::Poisson => f.write_str("poisson"),
            Shape::Ramp(from, to) => write!(f, "ramp:{from}..{to}"),
            Shape::Step(rates) => {
                let rates: Vec<String> = rates.iter().map(f64::to_string).collect();
                write!(f, "step:{}", rates.join(","))
            }
        }
    }
}

/// The load's form.
#[derive(Debug, Clone, PartialEq)]
pub enum Load {
    /// Records at instants fixed beforehand, at equal distances.
    Constant {
        /// Records per second over all producers.
        rate: f64,
    },
    /// Records at instants fixed beforehand, at random.
    Poisson {
        /// Records per second over all producers, on average.
        rate: f64,
    },
    /// Records at instants fixed beforehand, at a rate that changes.
    Shaped(Shape),
    /// Records at the times at which they were recorded, faster or slower.
    Replay(Arc<Replay>),
    /// As fast as the in-flight cap lets through: a closed loop.
    Maximum,
}

/// When a load begins, and what is measured of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first record's instant.
    pub start_ns: u64,
    /// As planned: an interrupt does not change the schedule.
    pub window: Window,
}

impl Load {
    /// From `--rate` and `--schedule`.
    pub fn asked(rate: Option<f64>, shape: Option<&Shape>) -> Result<Load, EngineError> {
        match (rate, shape) {
            (None, None) => Ok(Load::Maximum),
            (Some(rate), None | Some(Shape::Constant)) => Ok(Load::Constant { rate }),
            (Some(rate), Some(Shape::Poisson)) => Ok(Load::Poisson { rate }),
            (None, Some(shape @ (Shape::Ramp(..) | Shape::Step(_)))) => Ok(Load::Shaped(shape.clone())),
            (None, Some(shape)) => Err(EngineError::Options(format!("--schedule {shape} needs a --rate"))),
            (Some(_), Some(shape)) => Err(EngineError::Options(format!(
                "--schedule {shape} has rates of its own: leave out --rate"
            ))),
        }
    }

    /// Whether records wait for their instants.
    pub fn is_open(&self) -> bool {
        *self != Load::Maximum
    }

    /// How records lie in time, in words; `None` where they do not.
    pub fn shape(&self) -> Option<String> {
        match self {
            Load::Constant { .. } => Some(Shape::Constant.to_string()),
            Load::Poisson { .. } => Some(Shape::Poisson.to_string()),
            Load::Shaped(shape) => Some(shape.to_string()),
            Load::Replay(replay) => Some(format!("replay:{}x", replay.speed())),
            Load::Maximum => None,
        }
    }

    /// What producer `index` sends, where that is fixed.
    pub fn lane(&self, index: usize) -> Option<Arc<Lane>> {
        match self {
            Load::Replay(replay) => Some(replay.lane(index)),
            Load::Constant { .. } | Load::Poisson { .. } | Load::Shaped(_) | Load::Maximum => None,
        }
    }

    /// Records due per second on average over `measured`, which is the span's window or its beginning.
    pub fn mean_rate(&self, span: Span, measured: Window) -> Option<f64> {
        match self {
            Load::Constant { rate } | Load::Poisson { rate } => Some(*rate),
            Load::Shaped(shape) => {
                let profile = shape.profile(span)?;
                let due_by = |at_ns: u64| profile.due_by(at_ns.saturating_sub(span.start_ns) as f64 / 1e9);
                Some((due_by(measured.to_ns) - due_by(measured.from_ns)) / measured.seconds())
            }
            Load::Replay(replay) => {
                let due_by = |at_ns: u64| replay.due_by(at_ns.saturating_sub(span.start_ns)) as f64;
                Some((due_by(measured.to_ns) - due_by(measured.from_ns)) / measured.seconds())
            }
            Load::Maximum => None,
        }
    }
}

impl Shape {
    /// The rates over time, for shapes that name them.
    pub(super) fn profile(&self, span: Span) -> Option<Profile> {
        let warmup_s = span.window.from_ns.saturating_sub(span.start_ns) as f64 / 1e9;
        let measured_s = span.window.seconds();
        match self {
            Shape::Constant | Shape::Poisson => None,
            Shape::Ramp(from, to) => Some(Profile::new([(warmup_s, *from, *from), (measured_s, *from, *to)])),
            Shape::Step(rates) => {
                let part_s = measured_s / rates.len() as f64;
                let warmup = rates.first().map(|rate| (warmup_s, *rate, *rate));
                Some(Profile::new(warmup.into_iter().chain(rates.iter().map(|rate| (part_s, *rate, *rate)))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Shape {
        text.parse().unwrap()
    }

    #[test]
    fn shapes_are_read_and_told_alike() {
        for text in ["constant", "poisson", "ramp:1000..50000", "step:100,2000,30.5"] {
            assert_eq!(shape(text).to_string(), text);
        }
        assert_eq!(shape("ramp:1k..2.5M"), Shape::Ramp(1_000.0, 2_500_000.0));
        for bad in ["", "ramp", "ramp:1k", "ramp:..", "step:", "step:1,", "poisson:5", "ramp:0..5"] {
            assert!(bad.parse::<Shape>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rate_is_given_once() {
        assert_eq!(Load::asked(None, None).unwrap(), Load::Maximum);
        assert_eq!(Load::asked(Some(5.0), Some(&shape("poisson"))).unwrap(), Load::Poisson { rate: 5.0 });
        for (rate, text, words) in [
            (None, "poisson", "needs a --rate"),
            (None, "constant", "needs a --rate"),
            (Some(5.0), "ramp:1..2", "leave out --rate"),
            (Some(5.0), "step:1,2", "leave out --rate"),
        ] {
            let error = Load::asked(rate, Some(&shape(text))).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn the_mean_rate_is_that_of_what_was_measured() {
        let second = 1_000_000_000;
        let window = Window { from_ns: 3 * second, to_ns: 13 * second };
        let span = Span { start_ns: second, window };
        let cut = Window { to_ns: 8 * second, ..window };
        let mean = |text: &str, measured| {
            Load::asked(None, Some(&shape(text))).unwrap().mean_rate(span, measured).unwrap().round()
        };
        assert_eq!((mean("ramp:100..300", window), mean("ramp:100..300", cut)), (200.0, 150.0));
        assert_eq!((mean("step:100,300", window), mean("step:100,300", cut)), (200.0, 100.0));
    }
}
