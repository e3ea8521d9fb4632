//! Settings from a TOML file. Its keys are the long options of `loadgen run`, so there is one definition of each, one
//! check and one message: a table is turned into arguments and parsed like a command line.

use super::run::RunArgs;
use clap::{Args, Command, FromArgMatches};
use loadgen_study::error::StudyError;
use toml::{Table, Value};

/// What `settings` mean as the options of a run. `about` names them in an error, such as the file and the section.
pub(super) fn run_args(settings: &Table, about: &str) -> Result<RunArgs, StudyError> {
    let wrong = |why: String| StudyError::Options(format!("{about}: {why}"));
    let mut arguments = vec![String::from("loadgen")];
    for (key, value) in settings {
        push(&mut arguments, key, value).map_err(wrong)?;
    }
    let matches = command().try_get_matches_from(arguments).map_err(|error| wrong(words_of(&error)))?;
    RunArgs::from_arg_matches(&matches).map_err(|error| wrong(words_of(&error)))
}

/// The long options there are.
pub(super) fn option_names() -> Vec<String> {
    command().get_arguments().filter_map(|option| option.get_long()).map(str::to_owned).collect()
}

fn command() -> Command {
    RunArgs::augment_args(Command::new("loadgen").no_binary_name(false).disable_help_flag(true))
}

/// `key = value` as `--key=value`; a list repeats the option, `true` is the option alone, `false` none at all.
fn push(arguments: &mut Vec<String>, key: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => arguments.push(format!("--{key}={text}")),
        Value::Integer(number) => arguments.push(format!("--{key}={number}")),
        Value::Float(number) => arguments.push(format!("--{key}={number}")),
        Value::Boolean(true) => arguments.push(format!("--{key}")),
        Value::Boolean(false) => {}
        Value::Array(values) => values.iter().try_for_each(|value| push(arguments, key, value))?,
        Value::Table(_) | Value::Datetime(_) => return Err(format!("{key} takes text, a number or a list")),
    }
    Ok(())
}

/// clap's message on one line, without its usage and its `error:`.
fn words_of(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RunArgs, StudyError> {
        run_args(&text.parse::<Table>().unwrap(), "run.toml, section a")
    }

    #[test]
    fn keys_are_the_long_options() {
        let args =
            parse("codec = 'zstd:3'\nlinger-ms = 2.5\nrate = 5000\nbroker-set = ['a=1', 'b=2']\n").unwrap();
        assert_eq!(args.codec.to_string(), "zstd:3");
        assert_eq!((args.linger_ms, args.rate), (2.5, Some(5_000.0)));
        assert_eq!(args.broker_set, ["a=1", "b=2"]);
        assert_eq!(parse("").unwrap().in_flight, 5, "defaults are those of the command line");
    }

    #[test]
    fn what_is_wrong_is_named_on_one_line() {
        for (text, words) in [
            ("liger-ms = 5", "--linger-ms"),
            ("codec = 'brotli'", "brotli"),
            ("rate = { a = 1 }", "rate takes"),
            ("bootstrap = 'x:1'\nbroker-bin = 'y'", "cannot be used with"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("run.toml, section a: ") && error.contains(words), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
