//! `loadgen advice`: what a sweep says, complete or not. Which points no other beats in everything, which is best
//! under a service level, and the settings of a client for it.

pub(crate) mod caveats;
pub mod clients;
pub mod criterion;
pub mod front;
pub mod point;
pub(crate) mod rank;
#[cfg(any(test, feature = "samples"))]
pub mod sample;
pub mod slo;
pub mod table;

use crate::error::StudyError;
use crate::store::Store;
use clients::Client;
use criterion::Criterion;
use point::{Point, of_last_rounds, points};
use rank::Choice;
use serde_json::{Value, json};
use slo::Slo;
use std::path::PathBuf;

/// Names the kind and the version of the JSON.
const SCHEMA: &str = "loadgen.advice/1";

/// What is asked of a sweep's results.
#[derive(Debug, Clone)]
pub struct AdviceOptions {
    /// The directory of a sweep, finished or not.
    pub dir: PathBuf,
    /// What must hold.
    pub slo: Slo,
    /// What makes a cell the best, the first first: the next decides among those that are as good in it.
    pub prefer: Vec<Criterion>,
    /// Whose settings are told; those of all clients where none is named.
    pub client: Option<Client>,
}

/// What a sweep says.
#[derive(Debug)]
pub struct Advice {
    /// For people.
    pub text: String,
    /// Points, front and settings.
    pub json: Value,
    /// `false`: nothing measured satisfies the service level.
    pub is_found: bool,
}

/// Reads a sweep's results and chooses among them.
pub fn advice(options: &AdviceOptions) -> Result<Advice, StudyError> {
    let store = Store::existing(&options.dir);
    let description = store.description()?;
    let points = of_last_rounds(points(&store.all()?));
    if points.is_empty() {
        return Err(StudyError::Options(format!("{} holds no results yet", options.dir.display())));
    }
    let slo = &options.slo;
    let order = rank::order(&options.prefer);
    let able = front::comparable(&points).filter(|point| slo.holds(point));
    let choice = rank::choose(able, &order);
    let mut text = table::points(&points, &order);
    let measured = 1 + points.iter().map(|point| point.cell).max().unwrap_or(0);
    if measured < description.cells.len() {
        text += &format!("\n  !! The sweep of {} cells is not complete.\n", description.cells.len());
    }
    text += &choice.map_or_else(|| none(&points, slo), |choice| verdict(choice, &order, slo, options));
    let json = as_json(&points, choice, &order, slo);
    Ok(Advice { text, json, is_found: choice.is_some() })
}

/// The best, why it is, and what speaks against believing it.
fn verdict(choice: Choice<'_>, order: &[Criterion], slo: &Slo, options: &AdviceOptions) -> String {
    let best = choice.point;
    let under = if slo.is_empty() { String::new() } else { format!(" under {slo}") };
    let mut text =
        format!("\n  best by {}{under}: {} ({})\n", names(order).join(", "), best.label, best.load);
    text += &format!("  why: {}\n", why(choice, order));
    caveats::sentences(best).iter().for_each(|doubt| text += &format!("  !! {doubt}\n"));
    let clients = options.client.map_or_else(|| Client::ALL.to_vec(), |client| vec![client]);
    for client in clients {
        text += &format!("\n{}", client.config(best));
    }
    text
}

fn names(order: &[Criterion]) -> Vec<String> {
    order.iter().map(ToString::to_string).collect()
}

fn why(choice: Choice<'_>, order: &[Criterion]) -> String {
    let shown = |metric: Criterion, value: Option<f64>| {
        value.map_or_else(|| "nothing".to_owned(), |v| metric.shown(v))
    };
    let first = match (choice.equal_in_first, order.first()) {
        (count @ 2.., Some(metric)) => format!("{count} cells are equal in {metric}; "),
        _ => String::new(),
    };
    match choice.decided_by {
        Some((metric, next)) => {
            let has = shown(metric, metric.of(choice.point));
            format!("{first}{metric} decides: {has}, the next has {}", shown(metric, next))
        }
        None if choice.equal_in_first > 1 => {
            format!("{first}no other figure differs by more than chance")
        }
        None => "no other cell has a valid result".to_owned(),
    }
}

/// What comes nearest, when nothing satisfies.
fn none(points: &[Point], slo: &Slo) -> String {
    if slo.is_empty() {
        return "\n  !! There is no valid result: no rate was reached, or records were lost.\n".to_owned();
    }
    let mut text = format!("\n  !! No cell meets {slo}.\n");
    for condition in slo.conditions() {
        text += &match condition.nearest(front::comparable(points)) {
            Some((point, value)) => {
                format!("     {condition}: the nearest is {value}, with {} ({})\n", point.label, point.load)
            }
            None => format!("     {condition}: there is no valid result\n"),
        };
    }
    text
}

/// Every point with what the text says of it.
fn as_json(points: &[Point], choice: Option<Choice<'_>>, order: &[Criterion], slo: &Slo) -> Value {
    let best = choice.map(|Choice { point: best, decided_by, .. }| {
        let clients = Client::ALL.map(|client| (client.name().to_owned(), client.settings(best).as_json()));
        let decided_by = decided_by.map(|(metric, _)| metric.to_string());
        json!({
            "point": told(best),
            "decided_by": decided_by,
            "doubts": caveats::sentences(best),
            "clients": serde_json::Map::from_iter(clients)
        })
    });
    let front: Vec<Value> = front::front(points).into_iter().map(told).collect();
    let points: Vec<Value> = points.iter().map(told).collect();
    json!({
        "schema": SCHEMA, "slo": slo.to_string(), "prefer": names(order), "points": points, "front": front, "best": best
    })
}

fn told(point: &Point) -> Value {
    let mut told = json!(point);
    told["rate"] = json!(point.rate());
    told["quality"] = json!(caveats::Quality::of(point));
    told
}

#[cfg(test)]
mod tests {
    use super::sample::point;
    use super::*;

    #[test]
    fn beside_the_advice_stands_what_decided_and_what_is_doubtful_of_it() {
        let mut points = [point(0, 10_000.0, 20.0, 200.0), point(1, 10_000.0, 10.0, 100.0)];
        (points[1].records_per_s, points[1].achieved, points[1].noisy_runs) = (9_978.0, Some(0.9978), 1);
        let order = rank::order(&[]);
        let choice = rank::choose(points.iter(), &order).unwrap();
        let reason = why(choice, &order);
        assert_eq!(
            reason,
            "2 cells are equal in records/s; wire-bytes decides: 100.0 B/record, the next has 200.0 B/record"
        );

        let json = as_json(&points, Some(choice), &order, &Slo::default());
        let best = &json["best"];
        assert_eq!((&best["point"]["cell"], &best["point"]["rate"]), (&1.into(), &10_000.0.into()));
        assert_eq!(best["decided_by"], "wire-bytes");
        assert_eq!(
            (&best["point"]["quality"]["disturbed"], &best["point"]["quality"]["held"]),
            (&true.into(), &true.into())
        );
        assert!(best["doubts"][0].as_str().unwrap().starts_with("disturbed in 1 of 1 runs"), "{best}");
        assert_eq!(json["front"].as_array().map(Vec::len), Some(1), "{json}");
        assert_eq!(json["prefer"][0], "records/s");
    }
}
