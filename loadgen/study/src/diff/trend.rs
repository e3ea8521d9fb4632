//! `loadgen trend`: the runs in a directory over time, with runs of one form together.

use super::comparability::{is_as_long, traits, unlike};
use super::read::{self, Cell};
use crate::error::StudyError;
use loadgen_result::comparison::metric::Metric;
use loadgen_result::files::FileError;
use loadgen_result::report::{BrokerKind, RunReport, SCHEMA};
use loadgen_result::results_dir::RUN_FILE;
use loadgen_result::text::date;
use serde::Deserialize;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

/// Directories below the one named that are looked into: a result, a group of results, a group of those.
const DEPTH_MAX: usize = 3;
const SHOWN: [Metric; 4] = [Metric::RecordsPerS, Metric::P50, Metric::P99, Metric::BrokerCpu];

/// Runs of the same form, oldest first.
#[derive(Debug)]
pub struct Trends(Vec<Form>);

/// With what tells it from the other forms of its name.
#[derive(Debug)]
struct Form {
    runs: Vec<Dated>,
    apart: Vec<String>,
}

#[derive(Debug)]
struct Dated {
    name: String,
    ended_at_ms: u64,
    cell: Cell,
}

/// Reads every result in `dir` and in folders up to three levels below it.
pub fn trend(dir: &Path) -> Result<Trends, StudyError> {
    let mut found = Vec::new();
    look(dir, DEPTH_MAX, &mut found)?;
    if found.is_empty() {
        let why = format!("{}: no {RUN_FILE} of a run in it", dir.display());
        return Err(StudyError::Options(why));
    }
    found.sort_by_key(|run| run.ended_at_ms);
    let mut forms: Vec<Form> = Vec::new();
    for run in found {
        match forms.iter_mut().find(|form| form.takes(&run)) {
            Some(form) => form.runs.push(run),
            None => forms.push(Form { runs: vec![run], apart: Vec::new() }),
        }
    }
    tell_apart(&mut forms);
    Ok(Trends(forms))
}

/// Forms with the same name are distinguished by what differs among them.
fn tell_apart(forms: &mut [Form]) {
    let of_name = |form: &Form| forms.iter().filter(|other| other.name() == form.name()).collect::<Vec<_>>();
    let apart = forms.iter().map(|form| apart(form, &of_name(form))).collect::<Vec<_>>();
    forms.iter_mut().zip(apart).for_each(|(form, apart)| form.apart = apart);
}

fn apart(form: &Form, all: &[&Form]) -> Vec<String> {
    let mut told = Vec::new();
    let Some(first) = form.first() else { return told };
    let others = || all.iter().filter_map(|other| other.first());
    if others().any(|other| other.kind() != first.kind()) {
        told.extend(first.kind().map(|kind| kind.name().to_owned()));
    }
    let of_others: Vec<(&str, String)> = others().flat_map(|other| traits(&other.cell)).collect();
    for (what, is) in traits(&first.cell) {
        if of_others.iter().any(|(of, value)| *of == what && *value != is) {
            told.push(if is.is_empty() { format!("no {what}") } else { format!("{what} {is}") });
        }
    }
    if let Some(seconds) = first.cell.measured_s
        && others().filter_map(|other| other.cell.measured_s).any(|other| !is_as_long(seconds, other))
    {
        told.push(format!("{} s measured", brief(seconds)));
    }
    told
}

/// Two digits tell apart what is a fifth longer; whole seconds where there are many.
fn brief(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.2}") } else { format!("{seconds:.0}") }
}

fn look(dir: &Path, depth: usize, found: &mut Vec<Dated>) -> Result<(), StudyError> {
    let file = dir.join(RUN_FILE);
    if file.is_file() {
        found.extend(dated(&file, dir)?);
    }
    let entries =
        std::fs::read_dir(dir).map_err(|why| StudyError::File(FileError { path: dir.to_owned(), why }))?;
    let mut below: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| depth > 0 && path.is_dir()).collect();
    below.sort();
    below.iter().try_for_each(|dir| look(dir, depth - 1, found))
}

/// `None` for another project's run.json.
fn dated(file: &Path, dir: &Path) -> Result<Option<Dated>, StudyError> {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
    }
    if read::json::<Head>(file)?.schema.as_deref() != Some(SCHEMA) {
        return Ok(None);
    }
    let report: RunReport = read::json(file)?;
    let ended_at_ms = report.ended_at_ms;
    let cell = read::of_runs(String::new(), &[report]);
    Ok(Some(Dated { name: dir.display().to_string(), ended_at_ms, cell }))
}

impl Form {
    fn takes(&self, run: &Dated) -> bool {
        let is_alike =
            |first: &Dated| first.kind() == run.kind() && unlike(&first.cell, &run.cell).is_empty();
        self.first().is_some_and(is_alike)
    }

    fn first(&self) -> Option<&Dated> {
        self.runs.first()
    }

    /// What everybody asks first.
    fn name(&self) -> Option<String> {
        let settings = self.runs.iter().find_map(|run| run.cell.settings.as_ref())?;
        let load = settings.target_rate.map_or("highest rate".into(), |rate| format!("{rate} records/s"));
        let (payload, acks, codec) = (&settings.payload, &settings.acks, &settings.codec);
        Some(format!("{load}, acks {acks}, codec {codec}, {payload}"))
    }
}

impl Dated {
    fn kind(&self) -> Option<BrokerKind> {
        self.cell.broker.as_ref().map(|broker| broker.kind)
    }
}

impl Display for Trends {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|form| write_form(f, form))?;
        writeln!(
            f,
            "\n  Percentages compare with the run before. `loadgen compare` shows whether a change is more than chance."
        )
    }
}

fn write_form(f: &mut Formatter<'_>, form: &Form) -> fmt::Result {
    if let Some(name) = form.name() {
        let apart: String = form.apart.iter().map(|apart| format!(", {apart}")).collect();
        writeln!(f, "\n  {name}{apart}")?;
    }
    let runs = &form.runs;
    write!(f, "  {:<22}", "ended")?;
    SHOWN.iter().try_for_each(|metric| write!(f, "{:>21}", metric.title()))?;
    writeln!(f, "   broker, result")?;
    let before = std::iter::once(None).chain(runs.iter().map(Some));
    runs.iter().zip(before).try_for_each(|(run, before)| write_run(f, run, before))
}

fn write_run(f: &mut Formatter<'_>, run: &Dated, before: Option<&Dated>) -> fmt::Result {
    write!(f, "  {:<22}", date(run.ended_at_ms))?;
    for metric in SHOWN {
        let value = run.cell.values.get(&metric);
        let was = before.and_then(|before| before.cell.values.get(&metric));
        let change =
            value.zip(was).map_or(String::new(), |(is, was)| format!("{:+.1} %", (is / was - 1.0) * 100.0));
        write!(f, "{:>12}{change:>9}", value.map_or("-".into(), |value| metric.shown(*value)))?;
    }
    let broker = run.cell.broker.as_ref().map(|broker| broker.title()).unwrap_or_default();
    let doubt = if run.cell.failed.is_some() {
        ", verification failed"
    } else if run.cell.doubts.is_empty() {
        ""
    } else {
        ", disturbed"
    };
    writeln!(f, "   {broker}, {}{doubt}", run.name)
}
