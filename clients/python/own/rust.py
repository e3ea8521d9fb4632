"""rdkafka's and rskafka's own tests, as their published crates carry them.

They are built in our workspace of Rust clients (clients/rust), where what they need is pinned and built once.
"""

import json
import pathlib
import shutil
import subprocess

from harness.broker import ROOT

WORKSPACE = ROOT / "clients/rust"


class Crate:
    folder = WORKSPACE
    name = None
    # The files of tests/ that hold tests.
    targets = []
    # Where the crate's tests don't fit our pinned versions: what is written there, and what instead.
    changes = {}

    def prepare(self):
        sources = crate_sources(self.name)
        tests = WORKSPACE / "own" / self.name / "tests"
        shutil.rmtree(tests, ignore_errors=True)
        tests.mkdir()
        for file in sorted((sources / "tests").glob("*.rs")):
            (tests / file.name).write_text(self._changed(file.name, file.read_text()))
            # So that only a change of the crate has it built again.
            shutil.copystat(file, tests / file.name)
        subprocess.run([*cargo("build", "--quiet"), "--all-targets"], check=True)

    def _changed(self, name, text):
        for before, after in self.changes.get(name, {}).items():
            assert before in text, f"{name} of {self.name} is not what it was"
            text = text.replace(before, after)
        return text

    def command(self, deselected):
        targets = [word for target in self.targets for word in ("--test", target)]
        skipped = [word for case in deselected for word in ("--skip", case)]
        return [*cargo("test", "--quiet"), "--no-fail-fast", *targets, "--", "--exact", *skipped]


class Rdkafka(Crate):
    name = "rdkafka"
    settings = {"node.id": "0", "num.partitions": "3"}
    targets = [
        "test_admin",
        "test_high_consumers",
        "test_high_producers",
        "test_low_consumers",
        "test_low_producers",
        "test_metadata",
        "test_topic_partition_list",
        "utils",
    ]

    def environment(self, bootstrap):
        return {"KAFKA_HOST": bootstrap}


class Rskafka(Crate):
    name = "rskafka"
    settings = {"auto.create.topics.enable": "false"}
    targets = ["client", "consumer", "produce_consume", "producer"]
    # rskafka asks for an older rdkafka, which would be a second librdkafka to build.
    changes = {
        "rdkafka_helper.rs": {
            "let (_partition, offset) = client.send(f_record, Timeout::Never).await.unwrap();":
                "let offset = client.send(f_record, Timeout::Never).await.unwrap().offset;"
        }
    }

    def environment(self, bootstrap):
        return {"TEST_INTEGRATION": "1", "TEST_BROKER_IMPL": "kafka", "KAFKA_CONNECT": bootstrap}


def crate_sources(name):
    """Where cargo keeps the sources of a crate that the workspace depends on."""
    metadata = subprocess.run([*cargo("metadata"), "--format-version", "1"], check=True, capture_output=True).stdout
    [manifest] = [one["manifest_path"] for one in json.loads(metadata)["packages"] if one["name"] == name]
    return pathlib.Path(manifest).parent


def cargo(command, *flags):
    """A cargo command on the whole workspace: what is chosen there is built with the same features each time."""
    whole = [] if command == "metadata" else ["--workspace", "--target-dir", str(WORKSPACE / "target")]
    return ["cargo", command, *flags, "--locked", "--manifest-path", str(WORKSPACE / "Cargo.toml"), *whole]
