"""Records to send, and the comparison of what was sent with what came back."""

import collections
import json
import os
import random
from dataclasses import dataclass, field

from .broker import ROOT

SHARED_DATA = ROOT.parent / "shared/data"


@dataclass(frozen=True)
class Record:
    value: bytes | None
    key: bytes | None = None
    headers: tuple = field(default=())


@dataclass(frozen=True)
class Read:
    partition: int
    offset: int
    record: Record


def varied(count):
    """Keys, headers and values of every kind that a client can send: absent, empty, binary, short and long."""
    generator = random.Random(20261121)
    return [_varied(generator, number) for number in range(count)]


def _varied(generator, number):
    key = None if number % 7 == 0 else b"" if number % 7 == 1 else f"key-{number % 23}".encode()
    size = generator.choice([0, 1, 17, 100, 1_000, 9_000])
    value = None if key is not None and number % 31 == 5 else generator.randbytes(size // 2) + b"spool " * (size // 12)
    headers = [("number", str(number).encode())]
    if number % 3 == 0:
        headers += [("twice", b"1"), ("twice", b"2"), ("empty", b""), ("bytes", bytes(range(256)))]
    return Record(value, key, tuple(headers))


def texts(count):
    """Records for a client that speaks text only: one line each, the same headers on all."""
    headers = (("source", b"texts"), ("twice", b"1"), ("twice", b"2"))
    return [Record(f"line {n} {'spool ' * (n % 40)}".encode(), f"key-{n % 23}".encode(), headers) for n in range(count)]


def json_lines():
    """Real JSON documents where they are at hand, made ones elsewhere."""
    files = sorted(SHARED_DATA.glob("*.ndjson"))
    lines = [line for file in files for line in file.read_bytes().splitlines() if line.strip()]
    return lines[:2_000] or [_made_json(number) for number in range(500)]


def _made_json(number):
    order = {"order": number, "name": "Žofie „naïve“ 織機", "items": [{"sku": f"S-{n}", "price": n / 3} for n in range(number % 9)]}
    return json.dumps(order, ensure_ascii=False).encode()


def log_files():
    """Lines of two log files by the files' names: real ones where they are at hand, made ones elsewhere."""
    files = [SHARED_DATA / name for name in ("OpenSSH_2k.log", "OpenStack_2k.log")]
    if all(file.is_file() for file in files):
        return {file.name: [line for line in file.read_bytes().split(b"\n") if line] for file in files}
    return {name: [f"{name} {n} {'spool ' * (n % 40)}\r".encode() for n in range(2_000)] for name in ("a.log", "b.log")}


def numbered(first, count):
    """Small records whose values tell them apart."""
    return [Record(f"{number}".encode(), f"key-{number}".encode()) for number in range(first, first + count)]


def unique(name):
    """A name that no other test and no earlier run uses."""
    return f"{name}-{os.urandom(4).hex()}"


def assert_same(sent, positions, read):
    """Everything came back, equal, in the order of sending within each partition, at the acknowledged positions.

    `positions` are (partition, offset) per record where the client reports them, else None.
    """
    assert len(read) == len(sent)
    assert_offsets_are_dense(read)
    if positions is not None:
        found = {(r.partition, r.offset): r.record for r in read}
        for record, position in zip(sent, positions, strict=True):
            assert found[position] == record
    assert by_key(r.record for r in sorted(read, key=lambda r: (r.partition, r.offset))) == by_key(sent)


def assert_offsets_are_dense(read):
    """In every partition: offsets 0, 1, 2, ... in the order in which they were read."""
    partitions = collections.defaultdict(list)
    for one in read:
        partitions[one.partition].append(one.offset)
    for partition, offsets in partitions.items():
        assert offsets == list(range(len(offsets))), f"partition {partition}"


def by_key(records):
    """A key's records in order: a key stays in one partition. Without a key, only the collection can be compared.

    (To librdkafka an empty key is no key.)
    """
    keyed = collections.defaultdict(list)
    for record in records:
        keyed[record.key or b""].append(record)
    keyed[b""].sort(key=repr)
    return keyed
