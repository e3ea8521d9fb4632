//! Settings from a file: TOML, or Kafka's own `.properties`.
//!
//! In TOML a name may be written dotted (`num.partitions = 8`), under a table (`[log]`,
//! `segment.bytes = ...`) or quoted (`"num.partitions" = 8`): all mean the same setting.

use std::collections::BTreeSet;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{
    error::{ConfigError, ConfigErrors},
    origin::Origin,
    properties,
    settings::Given,
    value::Dialect,
};

/// Reads a file's text, and goes on after each error in it. The path is for messages; its ending chooses the format.
pub(super) fn read(path: &Path, text: &str, errors: &mut ConfigErrors) -> Vec<Given> {
    if is_properties(path) {
        return properties::read(path, text);
    }
    let (table, wrong) = DeTable::parse_recoverable(text);
    let mut reader = ConfigFileReader { path, text, given: Vec::new(), bad_lines: BTreeSet::new() };
    for error in &wrong {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        // What follows in the same line is most often caused by the first error.
        if reader.bad_lines.insert(line) {
            let reason = error.message().to_owned();
            errors.push(ConfigError::Syntax { path: path.to_owned(), line, reason });
        }
        if errors.are_enough() {
            break;
        }
    }
    reader.table("", table.get_ref(), errors);
    reader.given
}

/// Whether it is one of Kafka's own, by its name.
pub(super) fn is_properties(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "properties")
}

struct ConfigFileReader<'a> {
    path: &'a Path,
    text: &'a str,
    given: Vec<Given>,
    /// Lines that are not TOML. What could be made of them says nothing.
    bad_lines: BTreeSet<usize>,
}

impl ConfigFileReader<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>, errors: &mut ConfigErrors) {
        for (key, value) in table {
            let name = join(prefix, key.get_ref());
            if let DeValue::Table(inner) = value.get_ref() {
                self.table(&name, inner, errors);
                continue;
            }
            let line = line_of(self.text, key.span().start);
            if self.bad_lines.contains(&line) {
                continue;
            }
            match leaf_text(value.get_ref()) {
                Some(text) => {
                    let origin = Origin::File(self.path.to_owned(), line);
                    self.given.push(Given { name, text, origin, dialect: Dialect::Creel });
                }
                None => errors.push(self.not_a_setting(&name, line)),
            }
        }
    }

    fn not_a_setting(&self, name: &str, line: usize) -> ConfigError {
        let reason = format!("{name}: a setting must be a text, a number, true, false or a list of texts");
        ConfigError::Syntax { path: self.path.to_owned(), line, reason }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn leaf_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Array(values) => {
            let texts: Option<Vec<_>> = values.iter().map(|value| leaf_text(value.get_ref())).collect();
            texts.map(|texts| texts.join(","))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn line_of(text: &str, position: usize) -> usize {
    text.as_bytes().iter().take(position).filter(|byte| **byte == b'\n').count() + 1
}
