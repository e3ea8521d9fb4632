//! `loadgen lab`: what each codec makes of the user's own records, without a broker.
//!
//! It compresses exactly what a record batch would hold: records encoded by `records/build` with their lengths,
//! timestamps and offsets, without loadgen's stamp, in batches of the size asked for. Time is CPU time of this
//! thread, so other programs on the machine do not count. Passes over all cells are interleaved, so that a drift
//! affects all alike.

mod measure;
pub mod options;
pub mod report;
pub mod table;

use crate::error::StudyError;
use crate::progress::Progress;
use loadgen_engine::codec::CodecSpec;
use loadgen_engine::payload::Payload;
use loadgen_engine::payload::options::Batches;
use loadgen_engine::payload::sample::Sample;

use measure::Cell;
use options::LabOptions;
use report::{CellReport, LabReport};
use std::sync::atomic::{AtomicBool, Ordering};

/// Measures; an interrupt keeps the passes that are done. `version` is loadgen's.
pub fn lab(options: &LabOptions, version: &str, interrupted: &AtomicBool) -> Result<LabReport, StudyError> {
    let middle = options.batch_bytes[options.batch_bytes.len() / 2];
    let source = options.values.source(Batches { codec: CodecSpec::NONE, bytes: middle })?;
    let payload = Payload::load_until(&source, options.seed, false, &|| interrupted.load(Ordering::Relaxed))?;
    let mut notes = Vec::new();
    let samples: Vec<Sample> = options
        .batch_bytes
        .iter()
        .filter_map(|bytes| sample(&payload, *bytes, options, &mut notes))
        .collect();
    if samples.is_empty() {
        return Err(StudyError::Options(format!("{}: {}", payload.about(), notes.join("; "))));
    }
    let codecs = &options.codecs;
    let mut cells: Vec<Cell<'_>> =
        samples.iter().flat_map(|sample| codecs.iter().map(move |codec| Cell::new(*codec, sample))).collect();
    let passes = run_passes(&mut cells, options, interrupted)?;
    Ok(LabReport {
        loadgen: version.to_owned(),
        payload: payload.about().to_owned(),
        sample_bytes: options.sample,
        passes,
        interrupted: passes < options.passes,
        cells: cells.iter().filter_map(Cell::report).collect::<Vec<CellReport>>(),
        notes,
    })
}

/// The batches of one size, or a note why there are none.
fn sample(
    payload: &Payload,
    batch_bytes: usize,
    options: &LabOptions,
    notes: &mut Vec<String>,
) -> Option<Sample> {
    let sample = Sample::cut(payload, batch_bytes, options.sample);
    match sample.count() {
        0 => {
            let bytes = payload.bytes();
            notes.push(format!(
                "{bytes} B of values fill no batch of {batch_bytes} B: this size was not measured"
            ));
            None
        }
        1..=3 => {
            let count = sample.count();
            notes
                .push(format!("only {count} whole batches of {batch_bytes} B: too few for a reliable ratio"));
            Some(sample)
        }
        _ => Some(sample),
    }
}

/// Every cell once per pass; returns the passes that all cells had.
fn run_passes(
    cells: &mut [Cell<'_>],
    options: &LabOptions,
    interrupted: &AtomicBool,
) -> Result<usize, StudyError> {
    let mut progress = Progress::on_terminal("step", options.passes * cells.len());
    for pass in 0..options.passes {
        for cell in cells.iter_mut() {
            if interrupted.load(Ordering::Relaxed) {
                return if pass > 0 { Ok(pass) } else { Err(StudyError::Interrupted) };
            }
            progress.begin(&format!("pass {} of {}: {cell}", pass + 1, options.passes));
            cell.pass(options.cell_time)?;
        }
    }
    Ok(options.passes)
}
