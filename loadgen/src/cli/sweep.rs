//! The options of `loadgen sweep`.

use clap::Args;
use loadgen_study::advice::criterion::Criterion;
use loadgen_study::sweep::options::{Halving, SweepOptions};
use std::path::PathBuf;

/// Options of `loadgen sweep`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SweepArgs {
    /// A TOML file. `[base]` holds options of `loadgen run`, `[sweep]` lists of values, and `[load]` says how each cell is loaded:
    /// maximum, share or rate
    pub(crate) matrix: PathBuf,
    /// Directory for the results. Each is written as soon as it is measured. The same command continues a sweep that was
    /// interrupted
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// An option for `[base]`, such as payload=FILE. It overrides the file (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// How often each cell is run. All cells are run once before any is run a second time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) repeats: u32,
    /// Seed of the order in which the cells are run
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Run all cells for a short time, then the better half for twice as long, and so on
    #[arg(long)]
    pub(crate) halving: bool,
    /// With --halving: how many cells are run for the full duration
    #[arg(long, default_value_t = 3, requires = "halving", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: u32,
    /// With --halving: the figure that decides which cells are better
    #[arg(long, value_name = "METRIC", default_value = "records/s", requires = "halving")]
    pub(crate) objective: Criterion,
    /// Print the cells and how long they will take. Run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl SweepArgs {
    /// What they ask for.
    pub(crate) fn options(&self) -> SweepOptions {
        SweepOptions {
            matrix: self.matrix.clone(),
            out: self.out.clone(),
            set: self.set.clone(),
            repeats: self.repeats,
            seed: self.seed,
            halving: self.halving.then_some(Halving { keep: self.keep, objective: self.objective }),
            dry_run: self.dry_run,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::runner::LocalRunner;
    use loadgen_study::error::StudyError;
    use loadgen_study::matrix::{Cell, CellLoad, Matrix};

    fn read(text: &str) -> Result<(Matrix, Vec<Cell>), StudyError> {
        let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        std::fs::write(file.path(), text).unwrap();
        Matrix::read(file.path(), &["seed=7".to_owned()], &LocalRunner::default())
    }

    #[test]
    fn cells_are_all_combinations() {
        let (matrix, cells) = read(
            "[base]\nduration = '1s'\n[sweep]\ncodec = ['none', 'lz4', 'zstd:3']\nbatch-bytes = ['16k', 65536]\n\
             broker-set = [['flush.messages=1', 'flush.ms=5'], ['flush.ms=1000']]\n[load]\nshare = [0.5]\n",
        )
        .unwrap();
        assert_eq!(cells.len(), 12);
        assert_eq!(cells[0].label, "batch-bytes=16k broker-set=flush.messages=1,flush.ms=5 codec=none");
        assert!(cells.iter().enumerate().all(|(at, cell)| cell.index == at && cell.options.seed == 7));
        assert_eq!(cells[0].options.broker.broker_set, ["flush.messages=1", "flush.ms=5"]);
        let distinct: std::collections::HashSet<&str> = cells.iter().map(|cell| &cell.label[..]).collect();
        assert_eq!(distinct.len(), 12);
        assert_eq!(matrix.loads, [CellLoad::Maximum, CellLoad::Share(0.5)], "a share needs the maximum");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_key() {
        for (text, line, words) in [
            ("[base]\n[sweep]\ncodec = []\n", 3, "codec lists nothing"),
            ("[sweep]\ncodec = 'lz4'\n", 2, "codec is not a list"),
            ("[sweep]\nliger-ms = [1]\n", 2, "did you mean linger-ms?"),
            ("[sweep]\ncodec = ['lz4', 'lz4']\n", 2, "codec lists lz4 twice"),
            ("[base]\nacks = '1'\n[sweep]\nacks = ['all']\n", 4, "acks is in [base] too"),
            ("[base]\nrate = 5\n", 2, "belongs to [load]"),
            ("[base]\nacks = '1'\nplain = true\n", 3, "has no dashboard"),
            ("[sweap]\ncodec = ['lz4']\n", 1, "did you mean sweep?"),
            ("[sweep]\ncodec = ['lz4', 'brotli']\n", 2, "unknown codec 'brotli'"),
            ("[base]\n\nin-flight = 0\n", 3, "in-flight"),
            ("[load]\nshare = 3\n", 2, "share takes"),
            ("[load]\nrates = 3\n", 2, "did you mean rate?"),
            ("[base]\ncodec = [\n\n[sweep]\n", 4, ""),
        ] {
            let error = read(text).map(drop).unwrap_err().to_string();
            assert!(error.contains(&format!(".toml, line {line}: ")), "{text:?}: {error}");
            assert!(error.contains(words), "{text:?}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
