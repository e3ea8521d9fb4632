"""Faults that people have reported of brokers and clients in public, each as a small program in raw frames (`field/`).

A program says in its first lines what is right and which settings its broker needs, prints one line, and exits 0 or 1.
"""

import os
import pathlib
import re
import subprocess
import sys
import threading

import pytest

from harness import broker as brokers
from harness.wait import SAFETY_NET_SECONDS

FIELD = pathlib.Path(__file__).parent / "field"
PROGRAMS = sorted(FIELD.glob("c*.py"))
# What one client may cost is a matter of each broker's own.
ABOUT_CREEL = {"c42_answers_bounded", "c43_create_topics_memory", "c44_dup_fetch_stalls_core"}
# They start the broker themselves, with a limit or a signal of their own.
OWN_BROKER = {
    "c45_unclean_stop_many_partitions",
    "c46_sighup_is_unclean",
    "c47_more_partitions_than_descriptors",
}


def test_there_are_programs():
    assert {path.stem for path in PROGRAMS} > ABOUT_CREEL | OWN_BROKER


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.stem not in OWN_BROKER], ids=lambda path: path.stem)
def test_the_broker_does_right(program, tmp_path):
    if program.stem in ABOUT_CREEL and brokers.against_kafka():
        pytest.skip("about Creel's own bounds")
    broker = brokers.from_environment(tmp_path / "broker", settings_of(program))
    if not broker.can_restart:
        pytest.skip("this broker was started by someone else")
    broker.start()
    try:
        with Restarts(broker, tmp_path) as restarts:
            run(program, broker.bootstrap, RESTART=restarts.command)
    finally:
        broker.end()


@pytest.mark.skipif(brokers.against_kafka() or "BOOTSTRAP" in os.environ, reason="about Creel's own process")
@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.stem in OWN_BROKER], ids=lambda path: path.stem)
def test_the_process_does_right(program):
    run(program, str(brokers.creel_binary()))


def settings_of(program):
    """The settings that its first lines name; one core where one client must not hold up another."""
    named = re.findall(r"^settings: (.+?)$|settings: (\S+=\S+)", program.read_text(), re.MULTILINE)
    pairs = " ".join(line or words for line, words in named).split()
    settings = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if program.stem in ABOUT_CREEL:
        settings["creel.cores"] = "0"
    return settings


def run(program, *arguments, **variables):
    outcome = subprocess.run(
        [sys.executable, program.name, *arguments],
        cwd=FIELD,
        env={**brokers.clean_environment(), **variables},
        capture_output=True,
        text=True,
        timeout=SAFETY_NET_SECONDS,
    )
    said = outcome.stdout + outcome.stderr
    assert outcome.returncode == 0 and said.startswith("ok: "), said


class Restarts:
    """Lets a program restart the broker that its test has started: by a shell command, through two pipes."""

    def __init__(self, broker, folder):
        self._broker = broker
        self._asked, self._done = folder / "restart", folder / "restarted"
        os.mkfifo(self._asked)
        os.mkfifo(self._done)
        self.command = f"echo restart > {self._asked}; grep -q done {self._done}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._asked.write_text("end\n")
        self._thread.join()

    def _serve(self):
        while self._asked.read_text() == "restart\n":
            try:
                self._broker.restart()
                said = "done\n"
            except AssertionError as error:
                said = f"failed: {error}\n"
            self._done.write_text(said)
