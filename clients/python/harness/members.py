"""Members of a consumer group as processes of their own, so that SIGKILL kills a real client.

A member prints one JSON object a line: {"assigned": [partition, ...]} when its assignment changes, and
{"read": "value"} for each record.
"""

import json
import subprocess
import sys
import threading

from .broker import ROOT
from .wait import until

PYTHON_SUITES = ROOT / "clients/python"


class Member:
    """One running member, and what it has said so far."""

    def __init__(self, command, parse=json.loads):
        self.assigned = set()
        self.values = []
        self.errors = []
        self.process = subprocess.Popen(
            command, cwd=PYTHON_SUITES, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._threads = [
            threading.Thread(target=self._listen, args=(stream, parse), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for thread in self._threads:
            thread.start()

    def _listen(self, stream, parse):
        for line in stream:
            try:
                event = parse(line)
            except ValueError:
                event = None
            if event is None:
                self.errors.append(line.rstrip())
            elif "assigned" in event:
                self.assigned = set(event["assigned"])
            else:
                self.values.append(event["read"])

    def kill(self):
        self.process.kill()
        self._end()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self._end()

    def _end(self):
        self.process.wait()
        for thread in self._threads:
            thread.join()
        self.assigned = set()

    def __str__(self):
        said = "\n    ".join(_both_ends(self.errors))
        return f"exit {self.process.poll()}, assigned {self.assigned}, {len(self.values)} values\n    {said}"


class Group:
    """The members of one group, looked at together."""

    def __init__(self, command, parse=json.loads):
        self.members = []
        self._command = command
        self._parse = parse

    def join(self):
        self.members.append(Member(self._command, self._parse))
        return self.members[-1]

    def kill(self, member):
        self.members.remove(member)
        member.kill()

    def until_shared(self, partitions):
        """Every partition has exactly one owner, and every member owns something."""
        until(lambda: self._is_shared(partitions), lambda: f"a stable assignment of {partitions} among:\n{self}")

    def _is_shared(self, partitions):
        owned = [partition for member in self.members for partition in member.assigned]
        return sorted(owned) == sorted(partitions) and all(member.assigned for member in self.members)

    def until_read(self, values):
        """Together they have read all of `values`."""
        wanted = set(values)
        until(lambda: not self._missing(wanted), lambda: f"{sorted(self._missing(wanted))[:10]} among:\n{self}")

    def _missing(self, wanted):
        return wanted.difference(*(member.values for member in self.members))

    def stop(self):
        for member in self.members:
            member.stop()

    def __str__(self):
        return "\n".join(f"  {member}" for member in self.members)


def _both_ends(lines, first=60, last=30):
    """How it began and how it ended: what a member does once a second fills any number of last lines."""
    left_out = len(lines) - first - last
    return lines if left_out <= 1 else [*lines[:first], f"... {left_out} lines ...", *lines[-last:]]


def python_member(adapter, *arguments):
    """The command of a member that runs member.py on an adapter."""
    return [sys.executable, "-u", "member.py", adapter, *arguments]
