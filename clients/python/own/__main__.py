"""Runs suites by name, each beside a broker of its own with the settings that it counts on."""

import os
import subprocess
import sys
import tempfile

from harness import broker as brokers

from . import kafka_python, rust

SUITES = {
    "kafka-python-own": kafka_python.Suite(),
    "rdkafka-own": rust.Rdkafka(),
    "rskafka-own": rust.Rskafka(),
}


def main(names):
    failed = [name for name in names if run(name, SUITES[name]) != 0]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def run(name, suite):
    """The exit code of the suite's command."""
    suite.prepare()
    with tempfile.TemporaryDirectory() as folder:
        broker = brokers.from_environment(folder, suite.settings)
        # What these suites expect of a broker on a port that only now is known.
        broker.settings["advertised.listeners"] = f"PLAINTEXT://{broker.bootstrap}"
        broker.start()
        try:
            print(f"--- {name}", flush=True)
            command = suite.command(deselected(name))
            environment = {**os.environ, **suite.environment(broker.bootstrap)}
            code = subprocess.run(command, cwd=suite.folder, env=environment).returncode
            if code != 0:
                print(f"the last words of {broker}:\n{broker.last_words()}")
        finally:
            broker.end()
    return code


def deselected(name):
    """The cases that are left out; README.md says why."""
    listed = brokers.ROOT / f"clients/python/own/deselected/{name}.txt"
    return listed.read_text().split() if listed.exists() else []


if __name__ == "__main__":
    main(sys.argv[1:])
