//! What is measured: which side in which form.

use std::error::Error;

use creel_benches::shape::Acks;
use creel_benches::side::Side;

use crate::Args;
use crate::figures::{Cell, Cores};
use crate::form::{FORMS, Field, Form};
use crate::goals::{Goal, NAMES, goals};
use crate::names::SIDES;

/// One side in one form.
pub(crate) type Entry = (&'static Form, Side);

/// Forms and sides.
pub(crate) struct Plan {
    /// In which something is measured.
    pub(crate) forms: Vec<&'static Form>,
    goals: Option<Vec<Goal>>,
    sides: Vec<Side>,
    acks: Vec<Acks>,
}

impl Plan {
    pub(crate) fn of(args: &Args) -> Result<Plan, Box<dyn Error>> {
        if args.cpus.len() < 2 || args.rounds == 0 {
            return Err("two CPUs and one round are needed".into());
        }
        let is_there = |side: &Side| {
            (args.before.is_some() || !side.is_before()) && (args.xtask.is_some() || !side.is_kafka())
        };
        let mut plan = Plan {
            forms: FORMS.iter().filter(|form| is_named(&args.forms, form)).collect(),
            goals: wanted_goals(&args.goals)?,
            sides: sides(args).into_iter().filter(is_there).collect(),
            acks: [Acks::Written, Acks::Durable]
                .into_iter()
                .filter(|acks| args.acks.is_none_or(|only| only == *acks))
                .collect(),
        };
        let mut forms = plan.forms.clone();
        forms.retain(|form| {
            let mut cells = args.cores.iter().flat_map(|cores| plan.acks.iter().map(|acks| (*cores, *acks)));
            cells.any(|(cores, acks)| SIDES.into_iter().any(|side| plan.wants(form, cores, acks, side)))
        });
        plan.forms = forms;
        if plan.forms.is_empty() {
            return Err("no form, side, acks and cores that go together are left".into());
        }
        Ok(plan)
    }

    /// Whether it is to be measured.
    fn wants(&self, form: &Form, cores: Cores, acks: Acks, side: Side) -> bool {
        if !form.admits(cores, acks) || !side.takes_part(acks) {
            return false;
        }
        let is_of_field = (form.field == Field::Shards) == side.shards().is_some();
        let cell = Cell { cores, form: form.name(), acks };
        let needs = |goals: &Vec<Goal>| goals.iter().any(|goal| goal.needs(cell, side));
        is_of_field && self.sides.contains(&side) && self.goals.as_ref().is_none_or(needs)
    }

    /// Each is a number of entries whose rounds alternate.
    pub(crate) fn contests(&self, cores: Cores) -> Vec<(Acks, Vec<Entry>)> {
        let families = self.forms.chunk_by(|one, next| one.family == next.family);
        let contests = families
            .flat_map(|family| self.acks.iter().map(move |acks| (*acks, self.entries(family, cores, *acks))));
        contests.filter(|(_, entries)| !entries.is_empty()).collect()
    }

    fn entries(&self, family: &[&'static Form], cores: Cores, acks: Acks) -> Vec<Entry> {
        let all = family.iter().flat_map(|form| SIDES.into_iter().map(|side| (*form, side)));
        all.filter(|(form, side)| self.wants(form, cores, acks, *side)).collect()
    }

    /// Whether Apache Kafka is to be started.
    pub(crate) fn has_kafka(&self, cores: Cores) -> bool {
        self.contests(cores).iter().flat_map(|(_, entries)| entries).any(|(_, side)| side.is_kafka())
    }
}

/// A goal may need any of them. Without one, a second relaxed side is measured only if it is named.
fn sides(args: &Args) -> Vec<Side> {
    if !args.sides.is_empty() {
        return args.sides.clone();
    }
    let is_usual = |side: &Side| !args.goals.is_empty() || *side != Side::CreelRelaxedBefore;
    SIDES.into_iter().filter(is_usual).collect()
}

fn is_named(parts: &[String], form: &Form) -> bool {
    parts.is_empty() || parts.iter().any(|part| form.name().contains(part.as_str()))
}

/// `None` where none is named.
fn wanted_goals(names: &[String]) -> Result<Option<Vec<Goal>>, Box<dyn Error>> {
    if names.is_empty() {
        return Ok(None);
    }
    let is_known = |name: &&String| *name == "all" || NAMES.iter().any(|(known, _)| known == name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<String> = NAMES.iter().map(|(name, about)| format!("\n  {name}: {about}")).collect();
        return Err(format!("there is no goal {unknown}; there are{}\n  all", known.concat()).into());
    }
    let is_wanted = |goal: &Goal| names.iter().any(|name| name == "all" || name == goal.name);
    Ok(Some(goals().into_iter().filter(is_wanted).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn plan(options: &[&str]) -> Result<Plan, String> {
        let args = ["peers", "--cpus", "0,1"].iter().chain(options);
        Plan::of(&Args::parse_from(args)).map_err(|error| error.to_string())
    }

    fn entries(options: &[&str], cores: Cores) -> Vec<(&'static str, &'static str)> {
        let plan = plan(options).expect("a plan");
        let contests = plan.contests(cores).into_iter();
        contests.flat_map(|(_, entries)| entries).map(|(form, side)| (form.name(), side.name())).collect()
    }

    #[test]
    fn a_goal_needs_only_its_own_forms_and_sides() {
        let all = entries(&["--goals", "sharding", "--acks", "written"], Cores::OneEach);
        let shards = ["shards-1", "shards-2", "shards-4", "shards-8"];
        assert_eq!(all, shards.map(|side| ("shards", side)));
        assert!(entries(&["--goals", "sharding"], Cores::All).is_empty());
        let all = entries(&["--goals", "eight-producers", "--xtask", "x"], Cores::All);
        assert_eq!(all, [("8-producers", "creel"), ("8-producers", "kafka-shipped")]);
        let all = entries(&["--goals", "eight-producers", "--xtask", "x", "--sides", "creel"], Cores::All);
        assert_eq!(all, [("8-producers", "creel")]);
    }

    #[test]
    fn forms_that_are_compared_alternate() {
        let options = ["--goals", "durable-partitions"];
        let contests = plan(&options).expect("a plan").contests(Cores::OneEach);
        let [(Acks::Durable, entries)] = &contests[..] else {
            panic!("one contest, durable: {}", contests.len())
        };
        let forms: Vec<&str> = entries.iter().map(|(form, _)| form.name()).collect();
        assert_eq!(
            forms,
            ["durable-1", "durable-1", "durable-16", "durable-16", "durable-100", "durable-100"]
        );
    }

    #[test]
    fn who_is_not_there_takes_no_part() {
        let all = entries(&["--forms", "flood", "--acks", "durable"], Cores::OneEach);
        assert_eq!(all, ["floor", "floor-written", "creel", "creel-relaxed"].map(|side| ("flood", side)));
        let with = ["--forms", "flood", "--acks", "written", "--xtask", "x", "--before", "b"];
        let sides = ["floor", "creel", "creel-relaxed", "creel-before", "kafka-shipped", "kafka-flush"];
        assert_eq!(entries(&with, Cores::All), sides.map(|side| ("flood", side)));
    }

    #[test]
    fn what_leaves_nothing_to_measure_is_refused() {
        assert!(plan(&["--goals", "taill"]).is_err_and(|error| error.contains("fixed-rate-tail")));
        assert!(plan(&["--forms", "durable", "--acks", "written"]).is_err());
        assert!(plan(&["--forms", "shards", "--sides", "creel"]).is_err());
    }
}
