"""Kafka's own kafka-dump-log: an independent reader of our files."""

import re

from adapters import kafka_tools

# What the tool says when it finds something wrong; its exit code stays 0.
COMPLAINTS = re.compile(
    r"Mismatches in|not found in|mismatch|out of order|isvalid: false|invalid bytes|Exception|Error|failed", re.IGNORECASE
)


def dump(files, *flags, still_written=False):
    """The tool's whole output for these files.

    A segment that is still written may end in preallocated zeros, and there the tool stops with an error, after it has
    shown every record: for the active segment of an Apache Kafka with log.preallocate=true it does the same.
    """
    names = ",".join(str(file) for file in files)
    done = kafka_tools.run("kafka-dump-log", *flags, "--files", names, check=not still_written)
    return done.stdout + done.stderr


def complaints(output):
    """The lines of an output that are complaints. Records' own contents are not looked at."""
    return [line for line in output.splitlines() if not line.startswith("| ") and COMPLAINTS.search(line)] + gaps(output)


def gaps(output):
    """The pairs of offsets that the tool found not to follow each other.

    With --deep-iteration it counts from -1 in every file, and so names the first offset of every segment but the first,
    in files written by Apache Kafka itself as well.
    """
    pairs = re.findall(r"^ *(-?\d+) is followed by (\d+)$", output, re.MULTILINE)
    return [f"{last} is followed by {next}" for last, next in pairs if last != "-1"]


def batches(output):
    """The batch headers of an output, as dictionaries of text."""
    lines = [line for line in output.splitlines() if line.startswith("baseOffset: ")]
    return [dict(re.findall(r"(\w+): (\S+)", line)) for line in lines]


def record_count(output):
    return sum(1 for line in output.splitlines() if line.startswith("| offset: "))
