"""Kafka's dump tool reads every file we write, and finds nothing to complain about."""

import re

import pytest

from adapters import confluent, dump_log, kafka_tools
from conftest import missing
from harness import broker as brokers
from harness import records

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
PER_CODEC = 600
TOPIC = "dumped"
GROUP = "readers"

# With notes of this size so many commits are more than a partition of __consumer_offsets holds before it is folded.
BUSY_GROUP = "committers"
COMMITS = 600
NOTE = "n" * 3000

# Small segments, so that there are several of each kind of file. (1 MiB is the smallest that Kafka takes.)
SETTINGS = {"num.partitions": "1", "log.segment.bytes": str(1 << 20)}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The directory of a partition that holds every codec and a producer's state, its broker stopped."""
    if not kafka_tools.installed():
        missing("java")
    broker = brokers.from_environment(tmp_path_factory.mktemp("dumped"), SETTINGS)
    if not broker.can_restart:
        pytest.skip("the files of this broker are not ours to read")
    broker.start()
    for codec in CODECS:
        produce(broker, codec)
    read_and_commit(broker)
    confluent.commit_often(broker.bootstrap, BUSY_GROUP, TOPIC, COMMITS, NOTE)
    while_running = dump_log.dump(files(broker, TOPIC, "log"), "--deep-iteration", still_written=True)
    broker.stop()
    return broker, while_running


def produce(broker, codec):
    producer = confluent.Producer(broker.bootstrap, codec=codec, idempotent=True)
    # Half of them random, so that compressed batches fill segments too.
    for record in records.varied(PER_CODEC):
        producer.send(TOPIC, record)
    producer.flush()


def read_and_commit(broker):
    consumer = confluent.GroupConsumer(broker.bootstrap, GROUP, TOPIC)
    while not consumer.poll():
        pass
    consumer.commit()
    consumer.close()


def files(broker, topic, extension):
    return sorted(broker.data_dir.glob(f"{topic}-*/*.{extension}"))


def test_every_record_of_every_codec_is_read_while_the_broker_runs(written):
    _, while_running = written
    assert_whole(while_running)


def test_every_record_of_every_codec_is_read_after_a_clean_stop(written):
    broker, _ = written
    segments = files(broker, TOPIC, "log")
    assert len(segments) > 1
    output = dump_log.dump(segments, "--deep-iteration")
    assert_whole(output)
    assert dump_log.complaints(output) == []


def test_without_looking_into_batches_it_says_nothing_else(written):
    segments = files(written[0], TOPIC, "log")
    output = dump_log.dump(segments)
    said = [line for line in output.splitlines() if line and not line.startswith("baseOffset: ")]
    assert len(said) == 2 * len(segments), said
    assert all(line.startswith(("Dumping ", "Log starting offset: ")) for line in said), said


def assert_whole(output):
    batches = dump_log.batches(output)
    assert {batch["compresscodec"] for batch in batches} == set(CODECS)
    assert all(batch["isvalid"] == "true" for batch in batches)
    assert dump_log.record_count(output) == PER_CODEC * len(CODECS)
    ends = [0] + [int(batch["lastOffset"]) + 1 for batch in batches]
    assert [int(batch["baseOffset"]) for batch in batches] == ends[:-1]


@pytest.mark.parametrize("extension", ["index", "timeindex"])
def test_indexes_pass_its_sanity_check(written, extension):
    indexes = files(written[0], TOPIC, extension)
    assert len(indexes) == len(files(written[0], TOPIC, "log"))
    output = dump_log.dump(indexes, "--index-sanity-check")
    assert output.count("passed sanity check") + output.count("is empty") == len(indexes)
    assert dump_log.complaints(output) == []


@pytest.mark.parametrize("extension", ["index", "timeindex"])
def test_indexes_agree_with_the_log(written, extension):
    indexes = files(written[0], TOPIC, extension)
    assert any(index.stat().st_size > 0 for index in indexes)
    assert dump_log.complaints(dump_log.dump(indexes, "--verify-index-only")) == []


def test_producer_snapshot_names_every_producer(written):
    *_, newest = files(written[0], TOPIC, "snapshot")
    output = dump_log.dump([newest])
    assert len(set(re.findall(r"producerId: (\d+)", output))) == len(CODECS)
    assert dump_log.complaints(output) == []


def test_committed_offsets_are_records_it_decodes(written):
    logs = files(written[0], "__consumer_offsets", "log")
    output = dump_log.dump(logs, "--offsets-decoder")
    assert dump_log.complaints(output) == []
    commits = [line for line in output.splitlines() if f'"group":"{GROUP}","topic":"{TOPIC}"' in line]
    assert commits, output
    assert re.search(r'payload: \{"version":"\d","data":\{"offset":\d+', commits[-1])


def test_folded_offsets_are_records_it_decodes(written):
    broker = written[0]
    if not isinstance(broker, brokers.Creel):
        pytest.skip("this broker compacts in its own time")
    output = dump_log.dump(files(broker, "__consumer_offsets", "log"), "--offsets-decoder")
    assert dump_log.complaints(output) == []
    commits = [line for line in output.splitlines() if f'"group":"{BUSY_GROUP}","topic":"{TOPIC}"' in line]
    assert 0 < len(commits) < COMMITS
    assert f'"data":{{"offset":{COMMITS - 1},' in commits[-1]
