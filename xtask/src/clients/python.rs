//! The suites that pytest runs: the Python clients, kcat, Kafka's own tools and the broker's own behaviour.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::paths;
use crate::run::{Outcome, about, step};
use crate::tools;

/// Runs the named suites; every one when none is named.
pub(super) fn run(names: &[String], against_kafka: bool) -> Outcome {
    if tools::find("python3").is_none() {
        return tools::skip("the Python clients", "python3 is not installed");
    }
    install()?;
    let mut pytest = Command::new(venv().join("bin/python"));
    pytest.args(["-m", "pytest", "-c", "clients/python/pytest.ini", "--rootdir", "clients/python"]);
    match names {
        [] => pytest.arg("clients/python"),
        names => pytest.args(names.iter().map(|name| suite(name))),
    };
    step("real clients: pytest", super::environment(&mut pytest, against_kafka))
}

/// True if there is a suite of this name.
pub(super) fn has_suite(name: &str) -> bool {
    suite(name).is_file()
}

fn suite(name: &str) -> PathBuf {
    paths::root().join(format!("clients/python/test_{}.py", name.replace('-', "_")))
}

/// Where its Python is.
pub(super) fn venv() -> PathBuf {
    paths::tools().join("venv")
}

/// Makes the venv, unless one with exactly these requirements is there.
pub(super) fn install() -> Outcome {
    let requirements = paths::root().join("clients/python/requirements.txt");
    let stamp = venv().join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).map_err(about("clients/python/requirements.txt"))?;
    if fs::read_to_string(&stamp).is_ok_and(|have| pins(&have).eq(pins(&wanted))) {
        return Ok(());
    }
    step("Python venv", Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv()))?;
    let mut pip = Command::new(venv().join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
    step("Python clients", &mut pip)?;
    fs::write(&stamp, wanted).map_err(about("the stamp of the Python venv"))
}

/// The lines that name a package: another comment is no reason to install anew.
fn pins(requirements: &str) -> impl Iterator<Item = &str> {
    requirements.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::pins;

    #[test]
    fn comments_are_no_pins() {
        assert!(pins("# a\nkafka-python==3\n\n").eq(pins("kafka-python==3\n# b")));
        assert!(!pins("kafka-python==3").eq(pins("kafka-python==4")));
    }
}
