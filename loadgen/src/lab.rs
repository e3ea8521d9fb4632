//! `loadgen lab`: what each codec makes of the user's own records, without a broker.
//!
//! What is compressed is exactly what a record batch would hold: records encoded by `records/build` with their lengths,
//! timestamps and offsets, without loadgen's stamp, in batches of the size asked for. Time is CPU time of this thread,
//! so that others on the machine do not count; passes over all cells are interleaved, so that a drift meets all alike.

pub mod batches;
pub mod cli;
mod measure;
pub mod report;
mod table;

use crate::cli::write_json;
use crate::codec::CodecSpec;
use crate::error::LoadError;
use crate::payload::Payload;
use crate::payload::cli::Batches;
use crate::progress::Progress;
use batches::Sample;
use cli::LabArgs;
use measure::Cell;
use report::{CellReport, LabReport};
use std::io::{Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use table::Table;

/// Measures, prints and writes what `args` ask for; an interrupt keeps the passes that are done.
pub fn lab(args: &LabArgs, interrupted: &AtomicBool) -> Result<(), LoadError> {
    let report = measure(args, interrupted)?;
    let _ = write!(stdout(), "{}", Table(&report)); // a closed pipe is the reader's choice
    args.json.as_deref().map_or(Ok(()), |path| write_json(&report, path))
}

fn measure(args: &LabArgs, interrupted: &AtomicBool) -> Result<LabReport, LoadError> {
    let middle = args.batch_bytes[args.batch_bytes.len() / 2];
    let source = args.values.source(Batches { codec: CodecSpec::NONE, bytes: middle })?;
    let payload = Payload::load_until(&source, args.seed, false, &|| interrupted.load(Ordering::Relaxed))?;
    let mut notes = Vec::new();
    let samples: Vec<Sample> =
        args.batch_bytes.iter().filter_map(|bytes| sample(&payload, *bytes, args, &mut notes)).collect();
    if samples.is_empty() {
        return Err(LoadError::Options(format!("{}: {}", payload.about(), notes.join("; "))));
    }
    let codecs = args.codecs();
    let mut cells: Vec<Cell<'_>> =
        samples.iter().flat_map(|sample| codecs.iter().map(move |codec| Cell::new(*codec, sample))).collect();
    let passes = run_passes(&mut cells, args, interrupted)?;
    Ok(LabReport {
        loadgen: crate::VERSION.to_owned(),
        payload: payload.about().to_owned(),
        sample_bytes: args.sample,
        passes,
        interrupted: passes < args.passes,
        cells: cells.iter().filter_map(Cell::report).collect::<Vec<CellReport>>(),
        notes,
    })
}

/// The batches of one size, or a note why there are none.
fn sample(payload: &Payload, batch_bytes: usize, args: &LabArgs, notes: &mut Vec<String>) -> Option<Sample> {
    let sample = Sample::cut(payload, batch_bytes, args.sample);
    match sample.count() {
        0 => {
            let bytes = payload.bytes();
            notes.push(format!("{bytes} B of values fill no batch of {batch_bytes} B: not measured"));
            None
        }
        1..=3 => {
            let count = sample.count();
            notes.push(format!("only {count} whole batches of {batch_bytes} B: their ratio says little"));
            Some(sample)
        }
        _ => Some(sample),
    }
}

/// Every cell once per pass; returns the passes that all cells had.
fn run_passes(cells: &mut [Cell<'_>], args: &LabArgs, interrupted: &AtomicBool) -> Result<usize, LoadError> {
    let mut progress = Progress::on_terminal("step", args.passes * cells.len());
    for pass in 0..args.passes {
        for cell in cells.iter_mut() {
            if interrupted.load(Ordering::Relaxed) {
                return if pass > 0 { Ok(pass) } else { Err(LoadError::Interrupted) };
            }
            progress.begin(&format!("pass {} of {}: {cell}", pass + 1, args.passes));
            cell.pass(args.cell_time)?;
        }
    }
    Ok(args.passes)
}
