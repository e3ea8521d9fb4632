"""Programs that a test runs as their user would: started, stopped, killed, their output kept."""

import os
import pathlib
import signal
import subprocess

from .wait import SAFETY_NET_SECONDS


class Programs:
    """The programs of one test, all in one folder, all ended with it."""

    def __init__(self, folder, output):
        self._folder = folder
        self._output = pathlib.Path(output)
        self._started = []

    def start(self, *command, **variables):
        output = self._output / f"{len(self._started)}.out"
        self._started.append(Program(command, self._folder, output, variables))
        return self._started[-1]

    def end(self):
        for program in self._started:
            program.kill()

    def last_words(self):
        return "\n".join(f"{program}\n{program.last_words()}" for program in self._started)

    def __str__(self):
        return f"{len(self._started)} programs"


class Program:
    def __init__(self, command, folder, output, variables):
        self.output = output
        self._command = command
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **{name: str(value) for name, value in variables.items()}}
        with open(output, "wb") as stream:
            self._process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )

    def said(self):
        """The lines of its output so far."""
        return self.output.read_text(errors="replace").splitlines()

    def is_running(self):
        """True, or what it ended with."""
        assert self._process.poll() is None, f"{self} ended early:\n{self.last_words()}"
        return True

    def stop(self):
        """SIGTERM, and a clean end; returns all it said."""
        self.is_running()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(SAFETY_NET_SECONDS)
        assert code == 0, f"{self} after SIGTERM:\n{self.last_words()}"
        return self.said()

    def end(self):
        """Waits until it ends by itself; its exit code."""
        return self._process.wait(SAFETY_NET_SECONDS)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def last_words(self):
        return "\n".join(self.said()[-30:])

    def __str__(self):
        return f"{' '.join(map(str, self._command))} (exit code {self._process.poll()})"
