//! Two transcripts side by side.

use std::collections::BTreeSet;
use std::fmt;

use crate::allowed::Allowed;
use crate::transcript::Step;

const ABSENT: &str = "(absent)";
const PRESENT: &str = "(present)";

/// A line in which the brokers differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) story: String,
    pub(crate) step: usize,
    pub(crate) label: String,
    pub(crate) asked: String,
    pub(crate) path: String,
    pub(crate) kafka: String,
    pub(crate) creel: String,
}

/// Every line that differs.
pub(crate) fn differences(story: &str, kafka: &[Step], creel: &[Step]) -> Vec<Difference> {
    let mut all = Vec::new();
    for (index, (one, other)) in kafka.iter().zip(creel).enumerate() {
        let difference = |path: &str, kafka: &str, creel: &str| Difference {
            story: story.to_owned(),
            step: index + 1,
            label: one.label.clone(),
            asked: one.asked.clone(),
            path: path.to_owned(),
            kafka: kafka.to_owned(),
            creel: creel.to_owned(),
        };
        if one.label != other.label {
            all.push(difference("what was asked next", &one.label, &other.label));
            return all;
        }
        let paths: BTreeSet<_> = one.lines.keys().chain(other.lines.keys()).collect();
        let differ = paths.into_iter().filter(|path| one.lines.get(*path) != other.lines.get(*path));
        let places: BTreeSet<_> = differ.map(|path| place(path, one, other)).collect();
        all.extend(places.into_iter().map(|path| difference(path, &at(one, path), &at(other, path))));
    }
    all
}

/// Where a difference is told: at a whole element of a list, if one side has none of it, else at the line itself.
fn place<'a>(path: &'a str, one: &Step, other: &Step) -> &'a str {
    let elements = path.match_indices(']').filter_map(|(at, _)| path.get(..=at));
    elements.into_iter().find(|element| !has(one, element) || !has(other, element)).unwrap_or(path)
}

fn has(step: &Step, element: &str) -> bool {
    step.lines.range(element.to_owned()..).next().is_some_and(|(path, _)| path.starts_with(element))
}

/// What stands at a place: a line's value, or that there is an element.
fn at(step: &Step, path: &str) -> String {
    let line = step.lines.get(path).map(String::as_str);
    line.unwrap_or(if path.ends_with(']') && has(step, path) { PRESENT } else { ABSENT }).to_owned()
}

impl Difference {
    /// Whether an entry of the list of accepted differences speaks of this one.
    pub(crate) fn is(&self, allowed: &Allowed) -> bool {
        matches(allowed.story, &self.story)
            && matches(allowed.ask, &self.label)
            && matches(allowed.path, &self.path)
            && matches(allowed.kafka, &self.kafka)
            && matches(allowed.creel, &self.creel)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NARROW: usize = 60;
        let (kafka, creel) = (short(&self.kafka), short(&self.creel));
        if kafka.len() + creel.len() < NARROW {
            return write!(f, "    {}: kafka {kafka}, creel {creel}", self.path);
        }
        write!(f, "    {}:\n      kafka {kafka}\n      creel {creel}", self.path)
    }
}

/// The beginning of a long text.
pub(crate) fn short(text: &str) -> String {
    const MANY: usize = 300;
    match text.char_indices().nth(MANY) {
        Some((at, _)) => format!("{}... ({} bytes)", text.get(..at).unwrap_or_default(), text.len()),
        None => text.to_owned(),
    }
}

/// Whether a text fits a pattern, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(before) else { return false };
    (0..=text.len()).any(|at| text.get(at..).is_some_and(|tail| matches(rest, tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in
            [("*", ""), ("a*c", "abc"), ("a*c*", "acc"), ("Fetch v*", "Fetch v12"), ("x", "x")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a*c", "ab"), ("x", "xy"), ("*y", "x")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn lines_that_differ_or_are_missing_are_found() {
        let step = |lines: &[(&str, &str)]| Step {
            label: "Fetch v4".to_owned(),
            asked: String::new(),
            lines: lines.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect(),
        };
        let kafka = [step(&[("a", "1"), ("b", "2"), ("c", "3")])];
        let creel = [step(&[("a", "1"), ("b", "7")])];
        let found = differences("story", &kafka, &creel);
        let lines: Vec<_> = found.iter().map(|one| (&*one.path, &*one.kafka, &*one.creel)).collect();
        assert_eq!(lines, [("b", "2", "7"), ("c", "3", ABSENT)]);
    }
}
