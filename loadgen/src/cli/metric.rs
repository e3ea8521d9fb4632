//! Reads the figures that a comparison can be asked for. Their list is `Metric::all()`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use loadgen_result::comparison::metric::Metric;

/// Takes the name of a metric. The help lists all names.
pub(super) fn metric_parser() -> impl TypedValueParser<Value = Metric> {
    let value = |metric: &Metric| PossibleValue::new(metric.name()).help(metric.about());
    PossibleValuesParser::new(Metric::all().iter().map(value)).try_map(|name| {
        let named = Metric::all().iter().copied().find(|metric| metric.name() == name);
        named.ok_or_else(|| format!("no metric is called {name}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    #[test]
    fn every_metric_can_be_asked_for_by_its_name() {
        let names = Metric::all().iter().map(|metric| metric.name()).collect::<Vec<_>>().join(",");
        let asked = |command: &str, metrics: &str| {
            Cli::try_parse_from(["loadgen", command, "a", "b", &format!("--metric={metrics}")])
        };
        match asked("compare", &names).unwrap().command {
            Command::Compare(args) => assert_eq!(args.metric, Metric::all()),
            other => panic!("{other:?}"),
        }
        let error = asked("diff", "p98").unwrap_err().to_string();
        assert!(error.contains("p98") && error.contains("end-to-end-p99"), "{error}");
    }
}
