//! The lab's result as a table for a terminal.

use super::report::{CellReport, LabReport, Speed};
use std::fmt::{self, Display, Formatter};

/// Prints a lab as one table per batch size.
pub struct Table<'a>(pub &'a LabReport);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(f, "\n  {}; records as a producer without headers writes them", report.payload)?;
        writeln!(
            f,
            "  MB/s: uncompressed bytes per CPU second of one core, median of {} passes",
            report.passes
        )?;
        for cells in report.cells.chunk_by(|one, next| one.batch_bytes == next.batch_bytes) {
            write_size(f, cells)?;
        }
        for note in &report.notes {
            writeln!(f, "\n  !! {note}")?;
        }
        if report.interrupted {
            writeln!(f, "\n  !! interrupted: fewer passes than asked for")?;
        }
        Ok(())
    }
}

fn write_size(f: &mut Formatter<'_>, cells: &[CellReport]) -> fmt::Result {
    let Some(first) = cells.first() else { return Ok(()) };
    writeln!(
        f,
        "\n  batches of {} B ({} of them, {:.0} records each)",
        first.batch_bytes, first.batches, first.records_per_batch
    )?;
    writeln!(
        f,
        "  {:<10}{:>8}{:>12}{:>16}{:>18}",
        "codec", "ratio", "B/record", "compress MB/s", "decompress MB/s"
    )?;
    for cell in cells {
        writeln!(
            f,
            "  {:<10}{:>8.2}{:>12.1}{:>16}{:>18}",
            cell.codec,
            cell.ratio,
            cell.bytes_per_record,
            with_spread(cell.compress),
            with_spread(cell.decompress)
        )?;
    }
    Ok(())
}

fn with_spread(speed: Speed) -> String {
    format!("{:.0} ±{:>2.0} %", speed.mb_per_s, speed.spread() * 100.0)
}
