"""One broker for the suites: the real `creel` binary, or a real Apache Kafka in its place.

CREEL_BIN      the binary under test (default target/fast/creel)
CREEL_ORACLE   "kafka": start Apache Kafka 4.3.1 instead, so that the tests themselves are judged
BOOTSTRAP      host:port of a broker that runs already; tests that restart or read files are skipped

Standard library only: the Java suite uses this file too, through serve.py.
"""

import os
import pathlib
import signal
import socket
import subprocess

from .wait import SAFETY_NET_SECONDS, until

ROOT = pathlib.Path(__file__).resolve().parents[3]

# Several partitions for every topic that a client creates by naming it, and no wait before a group's first rebalance.
SETTINGS = {"num.partitions": "3", "group.initial.rebalance.delay.ms": "0"}


class BrokerDied(AssertionError):
    """The broker ended on its own; its last words follow."""


class Broker:
    """A broker process on a port of its own with a data directory of its own."""

    def __init__(self, folder, settings=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.settings = {**SETTINGS, **(settings or {})}
        self.output = self.folder / "broker.out"
        self.process = None

    bootstrap = property(lambda self: f"127.0.0.1:{self.port}")
    can_restart = True

    def start(self):
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=clean_environment()
            )
        until(self._accepts, lambda: f"{self.bootstrap} accepts; the broker said:\n{self.last_words()}")
        return self

    def stop(self):
        """SIGTERM, and the exit code it must have."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(SAFETY_NET_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there long after SIGTERM:\n{self.last_words()}") from None
        assert code == self.clean_exit_code, f"exit code {code} after SIGTERM:\n{self.last_words()}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def end(self):
        """For teardown: stops whatever still runs."""
        if self.process and self.process.poll() is None:
            self.stop()

    def __str__(self):
        state = "never started" if self.process is None else f"exit code {self.process.poll()}"
        return f"{type(self).__name__} on {self.bootstrap} ({state})"

    def last_words(self, lines=40):
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-lines:])

    def is_running(self):
        """True, or what it died of."""
        if self.process.poll() is not None:
            raise BrokerDied(f"exit code {self.process.returncode}:\n{self.last_words()}")
        return True

    def _accepts(self):
        self.is_running()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True
        except OSError:
            return False


class Creel(Broker):
    """The binary under test."""

    clean_exit_code = 0

    data_dir = property(lambda self: self.folder / "data")

    def command(self):
        settings = [f"--set={name}={value}" for name, value in self.settings.items()]
        return [str(creel_binary()), "--listen", self.bootstrap, "--data-dir", str(self.data_dir), *settings]


class Kafka(Broker):
    """Apache Kafka, in the same role."""

    # The JVM ends by the signal after its shutdown hooks have run.
    clean_exit_code = 143

    data_dir = property(lambda self: self.folder / "kafka/logs")

    def command(self):
        settings = [f"--set={name}={value}" for name, value in self.settings.items()]
        return [*xtask(), "kafka", "--port", str(self.port), "--data-dir", str(self.folder / "kafka"), *settings]


class Running:
    """A broker that someone else started."""

    can_restart = False
    data_dir = None

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap

    def start(self):
        return self

    def end(self):
        pass

    def last_words(self):
        return ""


def from_environment(folder, settings=None):
    """The broker that the environment asks for, not started yet."""
    if bootstrap := os.environ.get("BOOTSTRAP"):
        return Running(bootstrap)
    kind = Kafka if against_kafka() else Creel
    return kind(folder, settings)


def against_kafka():
    return os.environ.get("CREEL_ORACLE") == "kafka"


def creel_binary():
    return pathlib.Path(os.environ.get("CREEL_BIN", ROOT / "target/fast/creel"))


def xtask():
    """The project's own commands, as a command prefix."""
    if built := os.environ.get("XTASK"):
        return [built]
    return ["cargo", "run", "--quiet", "--manifest-path", str(ROOT / "Cargo.toml"), "--package", "xtask", "--"]


def clean_environment():
    """Without what may configure the broker behind a test's back."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CREEL_")}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
