//! What a broker answered in a story, in a form in which two of them can be laid side by side.
//!
//! An answer becomes lines: a path (`topics[orders].partitions[0].errorCode`) and a value. Elements of a list are named by
//! what they are about, not by their place, since brokers may list in any order. What differs by its nature is
//! shown by what it is: ids under the names a story gave them, times relative to the story.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock;
use crate::value::NO_ID;

/// A request and what came back.
#[derive(Debug)]
pub(crate) struct Step {
    /// The API and version, as `Fetch v12`.
    pub(crate) label: String,
    /// What was asked, for people.
    pub(crate) asked: String,
    pub(crate) lines: BTreeMap<String, String>,
}

/// Names for values that a broker made up.
pub(crate) type Names = BTreeMap<String, String>;

/// The lines of an answer.
pub(crate) fn lines(answer: &Value, names: &Names) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    walk("", "", answer, names, &mut lines);
    lines
}

/// Fields that say what an element of a list is about, most telling first.
const IDENTITIES: [&str; 19] = [
    "name",
    "topicName",
    "topic",
    "groupId",
    "key",
    "resourceName",
    "configName",
    "topicId",
    "index",
    "batchIndex",
    "partitionIndex",
    "partition",
    "partitionId",
    "apiKey",
    "nodeId",
    "brokerId",
    "groupInstanceId",
    "memberId",
    "baseOffset",
];

fn walk(path: &str, field: &str, value: &Value, names: &Names, lines: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                walk(&format!("{path}{dot}{name}"), name, value, names, lines);
            }
        }
        Value::Array(elements) if elements.is_empty() => {
            lines.insert(path.to_owned(), "[]".to_owned());
        }
        Value::Array(elements) if elements.iter().all(Value::is_object) => {
            let mut seen: BTreeMap<String, u32> = BTreeMap::new();
            for (index, element) in elements.iter().enumerate() {
                let identity = identity(element, names).unwrap_or_else(|| format!("#{index}"));
                let times = seen.entry(identity.clone()).or_default();
                *times += 1;
                let again = if *times > 1 { format!(" again {times}") } else { String::new() };
                walk(&format!("{path}[{identity}{again}]"), field, element, names, lines);
            }
        }
        Value::Array(elements) => {
            let all: Vec<_> = elements.iter().map(|one| shown(field, one, names)).collect();
            lines.insert(path.to_owned(), format!("[{}]", all.join(", ")));
        }
        value => {
            lines.insert(path.to_owned(), shown(field, value, names));
        }
    }
}

fn identity(element: &Value, names: &Names) -> Option<String> {
    IDENTITIES.iter().find_map(|field| match &element[field] {
        Value::Null => None,
        Value::String(text) if text.is_empty() || text == NO_ID => None,
        value => Some(shown(field, value, names).trim_matches('"').to_owned()),
    })
}

/// A value as text.
fn shown(field: &str, value: &Value, names: &Names) -> String {
    let raw = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(name) = names.get(&raw).filter(|_| is_made_up(field)) {
        return format!("<{name}>");
    }
    let nothing = value.is_null() || raw.is_empty() || raw == NO_ID || raw == "-1" || raw == "0";
    if is_made_up(field) && !nothing {
        return format!("<a {field}>");
    }
    match value {
        Value::Number(number) => number.as_i64().and_then(clock::shown).unwrap_or(raw),
        value => value.to_string(),
    }
}

/// Fields whose values each broker makes up, or that are words for people.
fn is_made_up(field: &str) -> bool {
    matches!(
        field,
        "clusterId"
            | "topicId"
            | "memberId"
            | "leader"
            | "producerId"
            | "sessionId"
            | "port"
            | "errorMessage"
            | "batchIndexErrorMessage"
            | "finalizedFeaturesEpoch"
            | "logDir"
            | "totalBytes"
            | "usableBytes"
    )
}
