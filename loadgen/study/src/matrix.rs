//! The matrix of a sweep: what is fixed, what varies, and how each cell is loaded.

mod words;

use crate::error::StudyError;
use crate::runner::Runner;
use loadgen_engine::options::RunOptions;
use loadgen_engine::units::parse_rate;
use loadgen_result::files::FileError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;
use toml::{Table, Value};
use words::{MatrixText, nearest};

const SECTIONS: [&str; 3] = ["base", "sweep", "load"];
const LOADS: [&str; 3] = ["maximum", "share", "rate"];
/// Options that a sweep gives itself.
const TAKEN: [(&str, &str); 5] = [
    ("rate", "belongs to [load]"),
    ("json", "is not for a sweep: all results go to the --out of the sweep"),
    ("out", "is not for a matrix: it is an option of `loadgen sweep`"),
    ("plain", "is not for a sweep: a sweep has no dashboard"),
    ("flame", "is not for a sweep: sampling costs CPU"),
];
/// More is a mistake in the file.
const CELLS_MAX: usize = 100_000;
/// The share of its maximum at which a cell's latency is measured when the file says nothing.
const USUAL_SHARE: f64 = 0.7;

/// What a sweep is; two sweeps are the same if this is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// Options of all cells.
    pub base: Table,
    /// Options that vary, each with its values.
    pub sweep: Table,
    /// How each cell is run.
    pub loads: Vec<CellLoad>,
}

/// One way to load a cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellLoad {
    /// A closed loop.
    Maximum,
    /// An open loop at this share of the cell's own maximum.
    Share(f64),
    /// An open loop at this rate.
    Rate(f64),
}

impl fmt::Display for CellLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CellLoad::Maximum => f.write_str("maximum"),
            CellLoad::Share(share) => write!(f, "share-{share}"),
            CellLoad::Rate(rate) => write!(f, "rate-{rate}"),
        }
    }
}

/// One combination of the values that vary.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Its source in the matrix.
    pub index: usize,
    /// Such as `batch-bytes=16k codec=lz4`.
    pub label: String,
    /// Its options.
    pub options: RunOptions,
}

impl Matrix {
    /// Reads the file; `set` are further options of `[base]`, stronger than its own.
    pub fn read(path: &Path, set: &[String], runner: &dyn Runner) -> Result<(Matrix, Vec<Cell>), StudyError> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|why| StudyError::File(FileError { path: path.to_owned(), why }))?;
        let source = MatrixText { path, text: &text };
        let mut file = text.parse::<Table>().map_err(|error| source.syntax(&error))?;
        for (key, value) in set.iter().map(|set| setting(set)).collect::<Result<Vec<_>, _>>()? {
            let base = file.entry("base").or_insert_with(|| Value::Table(Table::new()));
            base.as_table_mut().and_then(|base| base.insert(key, value));
        }
        let matrix = Matrix::checked(&file, &source, &runner.option_names())?;
        let cells = matrix.cells(&source, runner)?;
        Ok((matrix, cells))
    }

    fn checked(file: &Table, source: &MatrixText<'_>, known: &[String]) -> Result<Matrix, StudyError> {
        if let Some(unknown) = file.keys().find(|key| !SECTIONS.contains(&&key[..])) {
            let why = format!("is not [base], [sweep] or [load]{}", nearest(unknown, &SECTIONS));
            return Err(source.key("", unknown, &why));
        }
        let section = |name: &str| match file.get(name) {
            None => Ok(Table::new()),
            Some(Value::Table(table)) => Ok(table.clone()),
            Some(_) => Err(source.key("", name, "is a section: write [base], [sweep] or [load]")),
        };
        let (base, sweep) = (section("base")?, section("sweep")?);
        for (name, table) in [("base", &base), ("sweep", &sweep)] {
            for key in table.keys() {
                check_key(source, name, key, known)?;
            }
        }
        for (key, values) in &sweep {
            check_values(source, key, values, &base)?;
        }
        Ok(Matrix { base, sweep, loads: loads(&section("load")?, source)? })
    }

    /// What varies, and the values of each, as labels name them.
    pub fn axes(&self) -> Vec<(String, Vec<String>)> {
        let named = |(key, values): (&String, &Vec<Value>)| (key.clone(), values.iter().map(shown).collect());
        self.values().into_iter().map(named).collect()
    }

    /// Which value of each axis a cell has.
    pub fn places(&self, cell: usize) -> Vec<usize> {
        places(cell, &self.values())
    }

    fn values(&self) -> Axes<'_> {
        self.sweep.iter().filter_map(|(key, values)| Some((key, values.as_array()?))).collect()
    }

    /// All combinations, each checked as a command line would be.
    fn cells(&self, source: &MatrixText<'_>, runner: &dyn Runner) -> Result<Vec<Cell>, StudyError> {
        let axes = self.values();
        let count = axes.iter().try_fold(1usize, |count, (_, values)| count.checked_mul(values.len()));
        let Some(count) = count.filter(|count| *count <= CELLS_MAX) else {
            return Err(source.whole(&format!("has more than {CELLS_MAX} combinations")));
        };
        (0..count).map(|index| self.cell(index, &axes, source, runner)).collect()
    }

    fn cell(
        &self,
        index: usize,
        axes: &Axes<'_>,
        source: &MatrixText<'_>,
        runner: &dyn Runner,
    ) -> Result<Cell, StudyError> {
        let (mut settings, mut labels) = (self.base.clone(), Vec::new());
        for ((key, values), at) in axes.iter().zip(places(index, axes)) {
            labels.push(format!("{key}={}", shown(&values[at])));
            settings.insert((*key).clone(), values[at].clone());
        }
        let label = if labels.is_empty() { "the only cell".to_owned() } else { labels.join(" ") };
        let options = runner.options(&settings, &label).map_err(|error| source.option(&error.to_string()))?;
        Ok(Cell { index, label, options })
    }
}

/// Keys and their values.
type Axes<'a> = Vec<(&'a String, &'a Vec<Value>)>;

/// The last axis varies fastest.
fn places(cell: usize, axes: &Axes<'_>) -> Vec<usize> {
    let mut rest = cell;
    let mut places: Vec<usize> = Vec::with_capacity(axes.len());
    for (_, values) in axes.iter().rev() {
        places.push(rest.checked_rem(values.len()).unwrap_or(0));
        rest = rest.checked_div(values.len()).unwrap_or(0);
    }
    places.reverse();
    places
}

/// `payload=FILE` as a setting of `[base]`; a number stays a number in the words of the option anyway.
fn setting(text: &str) -> Result<(String, Value), StudyError> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| StudyError::Options(format!("--set {text}: takes KEY=VALUE, such as payload=FILE")))?;
    let key = key.trim();
    let value = if key == "broker-set" { Value::Array(vec![value.into()]) } else { value.into() };
    Ok((key.to_owned(), value))
}

fn check_key(source: &MatrixText<'_>, section: &str, key: &str, known: &[String]) -> Result<(), StudyError> {
    if let Some((_, why)) = TAKEN.iter().find(|(taken, _)| *taken == key) {
        return Err(source.key(section, key, why));
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if known.contains(&key) {
        return Ok(());
    }
    Err(source.key(section, key, &format!("is no option of `loadgen run`{}", nearest(key, &known))))
}

fn check_values(source: &MatrixText<'_>, key: &str, values: &Value, base: &Table) -> Result<(), StudyError> {
    let wrong = |why: &str| Err(source.key("sweep", key, why));
    if base.contains_key(key) {
        return wrong("is in [base] too");
    }
    let Some(values) = values.as_array() else {
        return wrong("is not a list: a fixed value belongs to [base]");
    };
    if values.is_empty() {
        return wrong("lists nothing");
    }
    let shown: Vec<String> = values.iter().map(shown).collect();
    if let Some(twice) = (1..shown.len()).find(|i| shown[..*i].contains(&shown[*i])) {
        return wrong(&format!("lists {} twice", shown[twice]));
    }
    Ok(())
}

fn loads(section: &Table, source: &MatrixText<'_>) -> Result<Vec<CellLoad>, StudyError> {
    let mut loads = Vec::new();
    for (key, value) in section {
        let wrong = |why: &str| source.key("load", key, why);
        let each = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        match &key[..] {
            "maximum" => match value.as_bool() {
                Some(true) => loads.push(CellLoad::Maximum),
                Some(false) => {}
                None => return Err(wrong("takes true or false")),
            },
            "share" => {
                for share in each {
                    let share = number(share).filter(|share| *share > 0.0 && *share <= 2.0);
                    let share = share.ok_or_else(|| wrong("takes shares of the maximum, such as 0.7"))?;
                    loads.push(CellLoad::Share(share));
                }
            }
            "rate" => {
                for rate in each {
                    let rate = parse_rate(&shown(rate)).map_err(|why| wrong(&format!("takes {why}")))?;
                    loads.push(CellLoad::Rate(rate));
                }
            }
            _ => {
                return Err(wrong(&format!("is not maximum, share or rate{}", nearest(key, &LOADS))));
            }
        }
    }
    if section.is_empty() {
        loads = vec![CellLoad::Maximum, CellLoad::Share(USUAL_SHARE)];
    }
    if loads.is_empty() {
        return Err(source.whole("[load] lists no load"));
    }
    if loads.iter().any(|load| matches!(load, CellLoad::Share(_))) && !loads.contains(&CellLoad::Maximum) {
        loads.push(CellLoad::Maximum); // a share is of it
    }
    loads.sort_by_key(|load| !matches!(load, CellLoad::Maximum));
    loads.dedup();
    Ok(loads)
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|number| number as f64))
}

/// As an option takes it; several values of a repeatable option with commas.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "(none)".to_owned(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
