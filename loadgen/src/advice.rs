//! `loadgen advice`: what a sweep says, whole or partial. Which points no other beats in everything; which is best
//! under a service level; and how to tell that to a client.

pub mod cli;
mod clients;
pub(crate) mod front;
pub mod metric;
pub mod point;
mod slo;
pub mod table;

use crate::cli::write_json;
use crate::error::LoadError;
use crate::sweep::store::Store;
use cli::AdviceArgs;
use clients::Client;
use metric::Metric;
use point::{Point, of_last_rounds, points};
use serde_json::{Value, json};
use slo::Slo;
use std::io::{Write, stdout};

/// Names the kind and the version of the JSON.
const SCHEMA: &str = "loadgen.advice/1";

/// Prints the advice; `false`: nothing measured satisfies the service level.
pub fn advice(args: &AdviceArgs) -> Result<bool, LoadError> {
    let store = Store::existing(&args.dir);
    let description = store.description()?;
    let points = of_last_rounds(points(&store.all()?));
    if points.is_empty() {
        return Err(LoadError::Options(format!("{} holds no results yet", args.dir.display())));
    }
    let slo = args.slo.clone().unwrap_or_default();
    let best = best(&points, &slo, args.prefer);
    let mut text = table::points(&points);
    let measured = 1 + points.iter().map(|point| point.cell).max().unwrap_or(0);
    if measured < description.cells.len() {
        text += &format!("\n  !! a partial sweep of {} cells\n", description.cells.len());
    }
    text += &best.map_or_else(|| none(&points, &slo), |best| verdict(best, &slo, args));
    let _ = write!(stdout(), "{text}"); // a closed pipe is the reader's choice
    if let Some(path) = &args.json {
        write_json(&as_json(&points, best, &slo), path)?;
    }
    Ok(best.is_some())
}

/// The best of those that count and satisfy `slo`.
fn best<'a>(points: &'a [Point], slo: &Slo, prefer: Metric) -> Option<&'a Point> {
    let able = front::comparable(points).filter(|point| slo.holds(point));
    able.min_by(|one, other| prefer.order(prefer.of(one), prefer.of(other)))
}

fn verdict(best: &Point, slo: &Slo, args: &AdviceArgs) -> String {
    let by = args.prefer;
    let under = if slo.is_empty() { String::new() } else { format!(" under {slo}") };
    let mut text = format!("\n  best {by}{under}: {} ({})\n", best.label, best.load);
    for client in args.clients() {
        text += &format!("\n{}", client.config(best));
    }
    text
}

/// What comes nearest, when nothing satisfies.
fn none(points: &[Point], slo: &Slo) -> String {
    if slo.is_empty() {
        return "\n  !! nothing that counts was measured: no rate was held, or records were lost\n"
            .to_owned();
    }
    let mut text = format!("\n  !! no cell satisfies {slo}\n");
    for condition in slo.conditions() {
        text += &match condition.nearest(front::comparable(points)) {
            Some((point, value)) => {
                format!("     {condition}: the nearest is {value} with {} ({})\n", point.label, point.load)
            }
            None => format!("     {condition}: nothing that counts was measured\n"),
        };
    }
    text
}

fn as_json(points: &[Point], best: Option<&Point>, slo: &Slo) -> Value {
    let best = best.map(|best| {
        let clients = Client::ALL.map(|client| (client.name().to_owned(), client.settings(best).as_json()));
        json!({ "point": best, "clients": serde_json::Map::from_iter(clients) })
    });
    let front: Vec<&Point> = front::front(points);
    json!({ "schema": SCHEMA, "slo": slo.to_string(), "points": points, "front": front, "best": best })
}
