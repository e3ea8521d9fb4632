//! The lab's result as a table for a terminal.

use super::report::{CellReport, LabReport, Speed};
use loadgen_result::text::wrapped;
use std::fmt::{self, Display, Formatter};

/// Prints a lab as one table per batch size.
pub struct Table<'a>(pub &'a LabReport);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let records = format!("{}. Records are built as by a producer, without headers.", report.payload);
        writeln!(f, "\n  {}", wrapped(&records, 2))?;
        let speeds = format!(
            "MB/s: uncompressed bytes per CPU second of one core. Medians of {} passes, ± half their range.",
            report.passes
        );
        writeln!(f, "  {}", wrapped(&speeds, 2))?;
        for cells in report.cells.chunk_by(|one, next| one.batch_bytes == next.batch_bytes) {
            write_size(f, cells)?;
        }
        for note in &report.notes {
            writeln!(f, "\n  !! {}", wrapped(note, 5))?;
        }
        if report.interrupted {
            writeln!(f, "\n  !! Interrupted: there were fewer passes than asked for.")?;
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
            with_dispersion(cell.compress),
            with_dispersion(cell.decompress)
        )?;
    }
    Ok(())
}

fn with_dispersion(speed: Speed) -> String {
    format!("{:.0} ±{:>2.0} %", speed.mb_per_s, speed.dispersion() * 100.0)
}
