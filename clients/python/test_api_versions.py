"""What the broker says it speaks, beside what Apache Kafka 4.3.1 answers (clients/data)."""

import json
import socket
import struct

import pytest

from harness.broker import ROOT

KAFKA = {row["name"]: row for row in json.loads((ROOT / "clients/data/kafka-4.3.1-api-versions.json").read_text())}

SERVED = [
    "Produce", "Fetch", "ListOffsets", "Metadata", "OffsetCommit", "OffsetFetch", "FindCoordinator", "JoinGroup",
    "Heartbeat", "LeaveGroup", "SyncGroup", "ApiVersions", "CreateTopics", "DeleteTopics", "InitProducerId",
]  # fmt: skip

API_VERSIONS = 18
UNSUPPORTED_VERSION = 35


def ask(broker, version, body=b""):
    """The body of the answer to an ApiVersions request of this version; from 3 on `body` begins with the header's tags."""
    host, port = broker.bootstrap.rsplit(":", 1)
    request = struct.pack(">hhihs", API_VERSIONS, version, 7, 1, b"t") + body
    with socket.create_connection((host, int(port)), timeout=120) as stream:
        stream.sendall(struct.pack(">i", len(request)) + request)
        answers = stream.makefile("rb")
        (size,) = struct.unpack(">i", answers.read(4))
        answer = answers.read(size)
    assert struct.unpack_from(">i", answer) == (7,)
    return answer[4:]


def ranges(body):
    """(error, {key: (min, max)}) of an answer in version 0."""
    error, count = struct.unpack_from(">hi", body)
    rows = [struct.unpack_from(">hhh", body, 6 + 6 * row) for row in range(count)]
    return error, {key: (low, high) for key, low, high in rows}


@pytest.mark.parametrize("name", SERVED)
def test_range_reaches_as_far_as_kafkas(broker, name):
    error, served = ranges(ask(broker, 0))
    assert error == 0
    low, high = served[KAFKA[name]["key"]]
    assert low <= KAFKA[name]["min"]
    assert high == KAFKA[name]["max"]


def test_no_range_is_upside_down(broker):
    _, served = ranges(ask(broker, 0))
    assert [key for key, (low, high) in served.items() if not 0 <= low <= high] == []


def test_unknown_version_is_answered_in_version_0_with_the_range_to_use(broker):
    body = ask(broker, 99, b"\0" + b"whatever a later version may bring")
    assert ranges(body) == (UNSUPPORTED_VERSION, {API_VERSIONS: (0, KAFKA["ApiVersions"]["max"])})


def test_flexible_request_gets_an_unflexible_header(broker):
    body = ask(broker, 3, b"\0" + b"\x05test" + b"\x021" + b"\0")
    # Directly after the correlation id: the error code, no tagged fields of a header.
    error, rows = struct.unpack_from(">hB", body)
    assert error == 0
    assert rows - 1 >= len(SERVED)
