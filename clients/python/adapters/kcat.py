"""kcat from Debian, on an old librdkafka. Text records only: one line each, key and value parted by a tab."""

import itertools
import json
import re
import subprocess

from harness.records import Read, Record

KEY_DELIMITER = "\t"
GROUP_SETTINGS = ["-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500", "-X", "auto.offset.reset=earliest"]


class Producer:
    """Collects records; a flush calls kcat once for each run of records with the same flags."""

    def __init__(self, bootstrap, codec=None, idempotent=False):
        in_flight = "5" if idempotent else "1"
        self.command = ["kcat", "-P", "-b", bootstrap, "-z", codec or "none"]
        self.command += ["-X", f"enable.idempotence={str(idempotent).lower()}", "-X", f"max.in.flight={in_flight}"]
        self.records = []

    def send(self, topic, record):
        self.records.append((topic, record))

    def flush(self):
        for (topic, headers, keyed), run in itertools.groupby(self.records, key=_kind):
            flags = [flag for name, value in headers for flag in ("-H", f"{name}={value.decode()}")]
            flags += ["-K", KEY_DELIMITER] if keyed else []
            kcat([*self.command, "-t", topic, *flags], b"".join(_line(record) for _, record in run))
        self.records = []

    def close(self):
        pass


def _kind(sent):
    topic, record = sent
    return topic, record.headers, record.key is not None


def _line(record):
    key = b"" if record.key is None else record.key + KEY_DELIMITER.encode()
    return key + record.value + b"\n"


def read(bootstrap, topic, count):
    """Everything that is in the topic: kcat stops at its end, so a lost record is a shorter answer."""
    output = kcat(["kcat", "-C", "-q", "-b", bootstrap, "-t", topic, "-o", "beginning", "-e", "-J"])
    return [_read(json.loads(line)) for line in output.splitlines()]


def read_in_group(bootstrap, group, topic, count):
    """Reads `count` records as the group's only member and commits them on leaving."""
    command = ["kcat", "-b", bootstrap, "-q", *GROUP_SETTINGS, "-c", str(count), "-f", "%s\n", "-G", group, topic]
    return kcat(command).decode().splitlines()


def metadata(bootstrap):
    return json.loads(kcat(["kcat", "-b", bootstrap, "-L", "-J"]))


def member_command(bootstrap, group, topic):
    return ["kcat", "-b", bootstrap, "-u", *GROUP_SETTINGS, "-f", "read %s\n", "-G", group, topic]


def member_event(line):
    """What a line of a group member's output says, in the terms of harness/members.py."""
    if line.startswith("read "):
        return {"read": line[5:].rstrip("\n")}
    if found := re.search(r"rebalanced \(memberid .*?\): (assigned|revoked):(.*)", line):
        partitions = [int(partition) for partition in re.findall(r"\[(\d+)\]", found[2])]
        return {"assigned": partitions if found[1] == "assigned" else []}
    return None


def kcat(command, standard_input=b""):
    done = subprocess.run(command, input=standard_input, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _read(message):
    headers = message.get("headers", [])
    pairs = tuple((name, value.encode()) for name, value in zip(headers[::2], headers[1::2], strict=True))
    key = None if message["key"] is None else message["key"].encode()
    return Read(message["partition"], message["offset"], Record(message["payload"].encode(), key, pairs))
