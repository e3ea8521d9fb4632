"""Data directories that a real Apache Kafka wrote, after a clean stop and after kill -9: who opens them next finds everything.

The one who opens them is Creel; or, where the tests themselves are judged, Apache Kafka once more.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from adapters import kafka_tools
from conftest import missing
from harness import broker as brokers
from harness.wait import until

only_creel = pytest.mark.skipif(brokers.against_kafka(), reason="about what Creel refuses")

OLD_MS = int(time.time() * 1000) - 30 * 86_400_000
HOUR_MS = 3_600_000
GROUP = "readers"
OUR_JOURNAL = "creel-metadata.journal"

# Nothing is deleted while Kafka writes; it compacts at once, and keeps a snapshot of its metadata.
KAFKA = {
    "log.retention.ms": "-1",
    "log.initial.task.delay.ms": "0",
    "log.retention.check.interval.ms": "3600000",
    "log.cleaner.backoff.ms": "100",
    "metadata.log.max.record.bytes.between.snapshots": "2000",
}
# Whoever comes next looks all the time for what may be deleted.
NEXT = {"log.retention.check.interval.ms": "100"}
NEXT_KAFKA = {**NEXT, "log.retention.ms": "-1", "log.initial.task.delay.ms": "0"}

COMPACT = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.ms": "1000"}
TOPICS = {
    "kept": (2, {"retention.ms": "-1"}),
    "compacted": (1, COMPACT),
    "once-compacted": (1, COMPACT),
    "by-default": (2, {}),
    "both": (1, {"cleanup.policy": "compact,delete", "retention.ms": "-1", "segment.bytes": "1048576"}),
    "short": (1, {"retention.ms": "1000"}),
    "grown": (1, {"max.message.bytes": "2000000"}),
    "again": (5, {"retention.ms": "1000"}),
    "gone": (1, {}),
}


class Left:
    """What Kafka left: a directory, and what was to be seen of it."""

    def __init__(self, folder, seen):
        self.folder = folder
        self.seen = seen

    def copy(self, folder):
        """A broker that opens a copy of the directory, not started yet."""
        if brokers.against_kafka():
            broker = brokers.Kafka(folder, NEXT_KAFKA)
        else:
            broker = brokers.Creel(folder, NEXT)
        shutil.copytree(self.folder, broker.data_dir)
        return broker


class Seen:
    """What clients see of a broker's topics."""

    def __init__(self, bootstrap):
        admin = AdminClient({"bootstrap.servers": bootstrap})
        self.names = {name for name in admin.list_topics(timeout=60).topics if not name.startswith("__")}
        self.internal = {name for name in admin.list_topics(timeout=60).topics if name.startswith("__")}
        described = admin.describe_topics(TopicCollection(sorted(self.names)))
        self.ids = {name: str(future.result().topic_id) for name, future in described.items()}
        self.configs = {name: _own_configs(admin, name) for name in self.names}
        self.segment_bytes = {name: _config(admin, name, "segment.bytes") for name in self.names}
        self.records = {name: read_all(bootstrap, name) for name in self.names - {"short"}}
        self.partitions = {name: len(records) for name, records in self.records.items()}
        self.committed = committed(bootstrap)


def _describe(admin, name):
    resource = ConfigResource(ResourceType.TOPIC, name)
    return admin.describe_configs([resource])[resource].result()


def _own_configs(admin, name):
    own = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    return {key: entry.value for key, entry in _describe(admin, name).items() if entry.source == own}


def _config(admin, name, key):
    return _describe(admin, name)[key].value


def _consumer(bootstrap, **settings):
    return Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP, "enable.auto.commit": False, **settings})


def read_all(bootstrap, topic):
    """Every record of every partition, from the start of the log to its end."""
    consumer = _consumer(bootstrap, **{"enable.partition.eof": True, "auto.offset.reset": "earliest"})
    partitions = sorted(consumer.list_topics(topic, timeout=60).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    found, ended = {partition: [] for partition in partitions}, set()

    def read_on():
        for message in consumer.consume(500, timeout=0.2):
            if message.error() is None:
                record = (message.offset(), message.key(), message.value(), message.timestamp()[1])
                found[message.partition()].append(record)
            elif message.error().name() == "_PARTITION_EOF":
                ended.add(message.partition())
            else:
                raise KafkaException(message.error())
        return len(ended) == len(partitions)

    until(read_on, lambda: f"the ends of {topic}; came: {sorted(ended)} of {partitions}")
    consumer.close()
    return found


def committed(bootstrap):
    consumer = _consumer(bootstrap)
    asked = [TopicPartition("kept", 0), TopicPartition("kept", 1), TopicPartition("compacted", 0)]
    found = {(one.topic, one.partition): one.offset for one in consumer.committed(asked, timeout=60)}
    consumer.close()
    return found


def produce(bootstrap, records):
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5})
    failed = []
    for topic, key, value, timestamp in records:
        producer.produce(
            topic, value, key, timestamp=timestamp, on_delivery=lambda error, _: error and failed.append(error)
        )
        producer.poll(0)
    until(lambda: producer.flush(1) == 0, "every delivery report")
    assert not failed, failed[0]


def create(admin, name, partitions, config):
    for future in admin.create_topics([NewTopic(name, partitions, 1, config=config)]).values():
        future.result()
    ready(admin, name, partitions)


def ready(admin, name, partitions):
    """Kafka answers for a topic a moment after it has said that there is one."""

    def is_led():
        found = admin.list_topics(timeout=60).topics.get(name)
        return found and [one.leader for one in found.partitions.values()] == [1] * partitions

    until(is_led, lambda: f"{partitions} partitions of {name} with a leader")


def delete(admin, name):
    for future in admin.delete_topics([name]).values():
        future.result()


def alter(admin, kind, name, **changes):
    set_ = AlterConfigOpType.SET
    entries = [ConfigEntry(key, value, incremental_operation=set_) for key, value in changes.items()]
    for future in admin.incremental_alter_configs([ConfigResource(kind, name, incremental_configs=entries)]).values():
        future.result()


def write(kafka):
    """Old records under all kinds of settings, two compacted logs, a group's offsets."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for name, (partitions, config) in TOPICS.items():
        create(admin, name, partitions, config)
    delete(admin, "gone")
    delete(admin, "again")
    until(lambda: "again" not in admin.list_topics(timeout=60).topics, "the end of a topic")
    create(admin, "again", 2, {"retention.ms": "-1"})
    for future in admin.create_partitions([NewPartitions("grown", 4)]).values():
        future.result()
    ready(admin, "grown", 4)
    alter(admin, ResourceType.BROKER, "1", **{"log.segment.bytes": "2097152"})
    old = ["kept", "by-default", "both", "short", "again"]
    produce(kafka.bootstrap, [(name, f"key-{n}", f"{name} {n}", OLD_MS + n) for name in old for n in range(300)])
    for round_ in range(4):
        at = OLD_MS + round_ * HOUR_MS
        names = ["compacted", "once-compacted"]
        produce(kafka.bootstrap, [(name, f"key-{n % 7}", f"{round_} {n}", at + n) for n in range(200) for name in names])
    produce(kafka.bootstrap, [("grown", f"key-{n}", f"{n}", now_ms()) for n in range(100)])
    cleaned = kafka.data_dir / "cleaner-offset-checkpoint"
    until(lambda: b"once-compacted 0 " in cleaned.read_bytes() and b"\ncompacted 0 " in cleaned.read_bytes(), "cleaning")
    alter(admin, ResourceType.TOPIC, "once-compacted", **{"cleanup.policy": "delete", "retention.ms": "-1"})
    consumer = _consumer(kafka.bootstrap)
    consumer.commit(offsets=[TopicPartition("kept", 0, 17), TopicPartition("compacted", 0, 600)], asynchronous=False)
    consumer.close()


def leave(folder, end):
    """What a Kafka of its own leaves in a directory of its own, however it ends."""
    kafka = brokers.Kafka(folder / "writer", KAFKA)
    try:
        kafka.start()
        write(kafka)
        seen = Seen(kafka.bootstrap)
        end(kafka)
    finally:
        if kafka.process.poll() is None:
            kafka.kill()
    kafka.data_dir.rename(folder / "left")
    return Left(folder / "left", seen)


def kill_nine(kafka):
    """SIGKILL to the very process that holds the logs: no shell or build tool stands in between."""
    held = {os.path.realpath(f"/proc/{kafka.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{kafka.process.pid}/fd")}
    assert any(path.startswith(os.path.realpath(kafka.data_dir)) for path in held), "the process holds no log"
    kafka.kill()
    assert kafka.process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """What Kafka left: by a clean stop, and as kill -9 leaves it."""
    if not kafka_tools.installed():
        missing("java")
    killed = leave(tmp_path_factory.mktemp("killed"), kill_nine)
    clean = leave(tmp_path_factory.mktemp("clean"), brokers.Kafka.stop)
    assert not (killed.folder / ".kafka_cleanshutdown").exists()
    assert (clean.folder / ".kafka_cleanshutdown").exists()
    return {"killed": killed, "clean": clean}


@pytest.fixture(scope="module", params=["clean", "killed"])
def opened(request, left, tmp_path_factory):
    """A directory of Kafka's, and who opened it next: retention has looked through it all."""
    broker = left[request.param].copy(tmp_path_factory.mktemp(request.param))
    metadata = digests(broker.data_dir / "__cluster_metadata-0")
    broker.start()
    until(lambda: not read_all(broker.bootstrap, "short")[0], "the end of what may be deleted")
    yield left[request.param].seen, broker, metadata
    broker.end()


@pytest.fixture(scope="module")
def seen(opened):
    return Seen(opened[1].bootstrap)


def now_ms():
    return int(time.time() * 1000)


def digests(folder):
    files = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
    return {name: hashlib.sha256(content(file)).hexdigest() for name, file in files.items()}


def content(file):
    # To open and close a lock's file is to give back every lock that this process has on it.
    return b"" if file.name == ".lock" else file.read_bytes()


class TestOpened:
    def test_every_record_is_there_whatever_may_be_deleted_elsewhere(self, opened, seen):
        assert seen.records == opened[0].records
        for name in ["kept", "compacted", "once-compacted", "by-default", "both", "again", "grown"]:
            assert any(seen.records[name].values()), name

    def test_topics_have_their_ids_and_partitions(self, opened, seen):
        assert seen.ids == opened[0].ids
        assert seen.partitions == opened[0].partitions
        assert seen.partitions["grown"] == 4
        assert seen.partitions["again"] == 2

    def test_topics_have_their_settings(self, opened, seen):
        assert seen.configs["again"]["retention.ms"] == "-1"
        assert seen.configs["kept"]["retention.ms"] == "-1"
        # A setting of the broker that was changed while it ran may have become one of each topic.
        of_all = {"segment.bytes": "2097152"}
        for name, own in opened[0].configs.items():
            assert {**of_all, **own} == {**of_all, **seen.configs[name]}, name

    def test_settings_of_the_broker_that_were_changed_while_it_ran_still_hold(self, opened, seen):
        assert seen.segment_bytes == opened[0].segment_bytes
        assert seen.segment_bytes["kept"] == "2097152"

    def test_groups_go_on_where_they_were(self, opened, seen):
        assert seen.committed == opened[0].committed
        assert seen.committed[("kept", 0)] == 17

    def test_the_metadata_log_is_hidden(self, opened, seen):
        assert "__consumer_offsets" in seen.internal
        assert "__cluster_metadata" not in seen.internal
        admin = AdminClient({"bootstrap.servers": opened[1].bootstrap})
        with pytest.raises(KafkaException, match="UNKNOWN_TOPIC_OR_PART"):
            delete(admin, "__cluster_metadata")
        with pytest.raises(KafkaException, match="INVALID_REQUEST"):
            for future in admin.create_topics([NewTopic("__cluster_metadata", 1, 1)]).values():
                future.result()

    def test_a_new_producer_is_nobody_whom_kafka_knew(self, opened):
        _, broker, _ = opened
        before = producer_ids(broker)
        produce(broker.bootstrap, [("again", b"key", b"new", OLD_MS)])
        until(lambda: producer_ids(broker) > before, "the id of a new producer")
        assert min(producer_ids(broker) - before) > max(before)


def producer_ids(broker):
    """The ids of all producers in a topic's segments."""
    found = set()
    for segment in broker.data_dir.glob("again-*/*.log"):
        content = segment.read_bytes()
        while len(content) >= 61 and content[16] == 2:
            found.add(int.from_bytes(content[43:51], "big", signed=True))
            content = content[12 + int.from_bytes(content[8:12], "big") :]
    return found - {-1}


@only_creel
class TestMetadataLog:
    @pytest.mark.parametrize("state", ["clean", "killed"])
    def test_it_stays_as_it_is_however_often_the_broker_starts(self, left, tmp_path, state):
        broker = left[state].copy(tmp_path)
        before = digests(broker.data_dir / "__cluster_metadata-0")
        meta = (broker.data_dir / "meta.properties").read_bytes()
        for stop in [broker.stop, broker.kill, broker.stop]:
            broker.start()
            until(lambda: read_all(broker.bootstrap, "kept"), "records")
            stop()
        assert digests(broker.data_dir / "__cluster_metadata-0") == before
        assert (broker.data_dir / "meta.properties").read_bytes() == meta

    def test_directories_that_it_does_not_know_are_put_aside_whole(self, left, tmp_path):
        broker = left["clean"].copy(tmp_path)
        stranger = shutil.copytree(broker.data_dir / "kept-0", broker.data_dir / "stranger-0")
        future = shutil.copytree(stranger, broker.data_dir / "kept-0.0123456789abcdef0123456789abcdef-future")
        before = digests(stranger)
        broker.start()
        assert "stranger" not in AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=60).topics
        broker.stop()
        aside = list(broker.data_dir.glob("stranger-0.*-stray"))
        assert [digests(one) for one in aside] == [before]
        assert digests(future) == before

    def test_settings_that_were_changed_here_are_not_kafkas_again(self, left, tmp_path):
        broker = left["clean"].copy(tmp_path).start()
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        alter(admin, ResourceType.TOPIC, "kept", **{"retention.ms": "123456789123"})
        delete(admin, "both")
        broker.restart()
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        assert _own_configs(admin, "kept")["retention.ms"] == "123456789123"
        assert "both" not in admin.list_topics(timeout=60).topics
        broker.stop()


@pytest.fixture(scope="module", params=[("clean", "stop"), ("killed", "kill")], ids="-".join)
def returned(request, left, tmp_path_factory):
    """What Creel's clients saw at the end, and a Kafka that runs on the directory now."""
    kafkas_end, our_end = request.param
    folder = tmp_path_factory.mktemp("back")
    creel = brokers.Creel(folder / "creel", NEXT)
    kafka = brokers.Kafka(folder / "kafka", NEXT_KAFKA)
    kafka.data_dir.parent.mkdir(parents=True)
    shutil.copytree(left[kafkas_end].folder, creel.data_dir)
    creel.start()
    admin = AdminClient({"bootstrap.servers": creel.bootstrap})
    create(admin, "made-here", 1, {})
    for future in admin.create_partitions([NewPartitions("grown", 5)]).values():
        future.result()
    delete(admin, "both")
    alter(admin, ResourceType.TOPIC, "kept", **{"retention.ms": "123456789123"})
    kept = [("kept", f"key-{n}", "x" * 50_000, OLD_MS) for n in range(100)]
    produce(creel.bootstrap, kept + [("made-here", "key", "value", OLD_MS)])
    for number in range(4):
        produce(creel.bootstrap, [("by-default", "same", f"creel {number}", now_ms())])
    commit_much(creel)
    read_in_a_group(creel.bootstrap, "members", "again")
    seen = Seen(creel.bootstrap)
    creel.stop() if our_end == "stop" else creel.kill()
    made_here = digests(creel.data_dir / "made-here-0"), digests(creel.data_dir / "grown-4")
    creel.data_dir.rename(kafka.data_dir)
    kafka.start()
    ready(AdminClient({"bootstrap.servers": kafka.bootstrap}), "kept", 2)
    yield seen, creel, kafka, made_here
    kafka.end()


def commit_much(creel):
    """So much that the group's partition of `__consumer_offsets` is folded, and little of it counts at the end."""
    offsets = set(creel.data_dir.glob("__consumer_offsets-*/00000000000000000000.log"))
    consumer = _consumer(creel.bootstrap)

    def is_folded():
        for n in range(50):
            position = TopicPartition("kept", 0, n, "m" * 4000)
            consumer.commit(offsets=[position], asynchronous=False)
        return not all(first.exists() for first in offsets)

    until(is_folded, "folded offsets")
    consumer.commit(offsets=[TopicPartition("kept", 0, 99)], asynchronous=False)
    consumer.close()


@only_creel
class TestTheWayBack:
    """Kafka opens a directory again that Creel has taken over and written to."""

    def test_every_record_is_there(self, returned):
        seen, _, kafka, _ = returned
        now = Seen(kafka.bootstrap)
        known = seen.names - {"made-here", "grown", "short"}
        assert {name: now.records[name] for name in known} == {name: seen.records[name] for name in known}
        assert now.records["grown"] == {index: seen.records["grown"][index] for index in range(4)}
        assert {name: now.ids[name] for name in known} == {name: seen.ids[name] for name in known}

    def test_groups_go_on_where_they_were_in_folded_offsets(self, returned):
        seen, _, kafka, _ = returned
        assert committed(kafka.bootstrap) == seen.committed
        assert seen.committed[("kept", 0)] == 99
        assert seen.committed[("compacted", 0)] == 600
        assert read_in_a_group(kafka.bootstrap, "members", "again") == []

    def test_what_kafka_never_knew_is_put_aside_whole_and_what_it_does_not_know_to_be_gone_is_back_and_empty(self, returned):
        _, _, kafka, (made_here, grown) = returned
        names = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=60).topics
        assert "made-here" not in names
        for name, before in [("made-here-0", made_here), ("grown-4", grown)]:
            (aside,) = kafka.data_dir.glob(f"{name}.*-stray")
            after = digests(aside)
            assert {file: after[file] for file in before if file.endswith(".log")} == {
                file: digest for file, digest in before.items() if file.endswith(".log")
            }
        assert read_all(kafka.bootstrap, "both") == {0: []}

    def test_settings_are_what_kafka_knew(self, returned):
        seen, _, kafka, _ = returned
        assert seen.configs["kept"]["retention.ms"] == "123456789123"
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        assert _own_configs(admin, "kept")["retention.ms"] == "-1"

    def test_producers_that_kafka_serves_are_none_that_creel_served(self, returned):
        _, _, kafka, _ = returned
        before = sum(map(len, read_all(kafka.bootstrap, "by-default").values()))
        for number in range(8):
            produce(kafka.bootstrap, [("by-default", "same", f"kafka {number}", now_ms())])
        found = [record[2] for records in read_all(kafka.bootstrap, "by-default").values() for record in records]
        assert [value for value in found if value.startswith(b"kafka")] == [b"kafka %d" % n for n in range(8)]
        assert len(found) == before + 8

    def test_it_is_not_taken_for_ours_then(self, returned):
        _, creel, kafka, _ = returned
        kafka.stop()
        kafka.data_dir.rename(creel.data_dir)
        said = refused(creel.data_dir)
        assert "Kafka has run here since" in said
        assert OUR_JOURNAL in said
        (creel.data_dir / OUR_JOURNAL).unlink()
        creel.start()
        assert read_all(creel.bootstrap, "kept")
        assert committed(creel.bootstrap)[("kept", 0)] == 99
        creel.stop()


def read_in_a_group(bootstrap, group, topic):
    """What a member of a group reads up to the ends of all partitions, and commits."""
    ended, found = set(), []
    settings = {"group.id": group, "enable.partition.eof": True, "auto.offset.reset": "earliest"}
    consumer = _consumer(bootstrap, **settings)
    count = len(consumer.list_topics(topic, timeout=60).topics[topic].partitions)
    consumer.subscribe([topic])

    def read_on():
        for message in consumer.consume(500, timeout=0.2):
            if message.error() is None:
                found.append(message.value())
            elif message.error().name() == "_PARTITION_EOF":
                ended.add(message.partition())
            else:
                raise KafkaException(message.error())
        return len(ended) == count

    until(read_on, lambda: f"the ends of {topic}; came: {sorted(ended)} of {count}")
    if found:
        consumer.commit(asynchronous=False)
    consumer.close()
    return found


def refused(data_dir):
    """What a broker that must not start says; the directory stays as it is."""
    before = digests(data_dir)
    command = [str(brokers.creel_binary()), "--listen", f"127.0.0.1:{brokers.free_port()}", "--data-dir", str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=brokers.clean_environment())
    assert done.returncode == 1, done.stdout + done.stderr
    after = digests(data_dir)
    if OUR_JOURNAL in before:
        # It is made safe at each start.
        after[OUR_JOURNAL] = before[OUR_JOURNAL]
    assert after == before
    return done.stdout + done.stderr


@only_creel
class TestRefused:
    @pytest.fixture
    def data_dir(self, left, tmp_path):
        return shutil.copytree(left["clean"].folder, tmp_path / "data")

    def log(self, data_dir):
        return sorted((data_dir / "__cluster_metadata-0").glob("*.log"))[-1]

    def test_partitions_without_a_metadata_log(self, data_dir):
        shutil.rmtree(data_dir / "__cluster_metadata-0")
        # Kafka takes its lock away with a clean stop, and so does a refusal.
        assert not (data_dir / ".lock").exists()
        said = refused(data_dir)
        assert str(data_dir / "__cluster_metadata-0") in said
        assert "metadata.log.dir" in said

    def test_a_metadata_log_that_is_elsewhere_is_found(self, left, data_dir, tmp_path):
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (data_dir / "__cluster_metadata-0").rename(elsewhere / "__cluster_metadata-0")
        folder = tmp_path / "broker"
        folder.mkdir()
        data_dir.rename(folder / "data")
        broker = brokers.Creel(folder, {**NEXT, "metadata.log.dir": str(elsewhere)}).start()
        assert Seen(broker.bootstrap).ids == left["clean"].seen.ids
        broker.stop()

    def test_a_flipped_bit_in_the_middle(self, data_dir):
        log = self.log(data_dir)
        content = bytearray(log.read_bytes())
        content[-200] ^= 1
        log.write_bytes(content)
        assert str(log) in refused(data_dir)

    def test_a_torn_end_behind_a_clean_stop(self, data_dir):
        log = self.log(data_dir)
        log.write_bytes(log.read_bytes()[:-3])
        assert str(log) in refused(data_dir)

    def test_a_torn_end_behind_a_kill_is_left_out(self, left, tmp_path):
        broker = left["killed"].copy(tmp_path)
        log = self.log(broker.data_dir)
        with open(log, "ab") as end:
            end.write(log.read_bytes()[:50])
        torn = log.read_bytes()
        broker.start()
        assert Seen(broker.bootstrap).ids == left["killed"].seen.ids
        broker.restart()
        broker.stop()
        assert log.read_bytes() == torn

    def test_a_log_that_was_cut_in_half_is_no_torn_end(self, left, tmp_path):
        """What was cut off may say what must be kept, and nobody would be told."""
        data_dir = shutil.copytree(left["killed"].folder, tmp_path / "data")
        self.forget_snapshots(data_dir)
        log = self.log(data_dir)
        index = log.with_suffix(".index")
        assert int.from_bytes(index.read_bytes()[:4], "big") > 0
        os.truncate(log, log.stat().st_size // 2)
        said = refused(data_dir)
        assert str(log) in said
        assert index.name in said

    def test_nor_where_only_the_partitions_tell(self, left, tmp_path):
        data_dir = shutil.copytree(left["killed"].folder, tmp_path / "data")
        self.forget_snapshots(data_dir)
        log = self.log(data_dir)
        log.with_suffix(".index").unlink()
        content = log.read_bytes()
        # Where the topic is made; the records before it are whole.
        at = self.batch_of(content, b"by-default")
        log.write_bytes(content[: at + 30])
        said = refused(data_dir)
        assert str(log) in said
        assert "by-default-0, by-default-1" in said

    def forget_snapshots(self, data_dir):
        """Then the log alone says what there is: it is still whole."""
        for snapshot in (data_dir / "__cluster_metadata-0").glob("*.checkpoint"):
            snapshot.unlink()

    def batch_of(self, content, wanted):
        at = 0
        while wanted not in (batch := content[at : at + 12 + int.from_bytes(content[at + 8 : at + 12], "big")]):
            assert batch, wanted
            at += len(batch)
        return at

    def test_a_partition_that_held_records_and_is_gone(self, left, tmp_path):
        for state, partition in [("killed", "short-0"), ("clean", "kept-1")]:
            data_dir = shutil.copytree(left[state].folder, tmp_path / state)
            shutil.rmtree(data_dir / partition)
            said = refused(data_dir)
            assert partition in said
            assert "held records" in said

    def test_one_that_held_none_begins_empty_and_is_named(self, left, tmp_path):
        broker = left["killed"].copy(tmp_path)
        watermarks = broker.data_dir / "replication-offset-checkpoint"
        lines = [line for line in watermarks.read_text().splitlines() if not line.startswith("kept 1 ")]
        watermarks.write_text("\n".join([lines[0], str(len(lines) - 2), *lines[2:], ""]))
        shutil.rmtree(broker.data_dir / "kept-1")
        broker.start()
        assert read_all(broker.bootstrap, "kept")[1] == []
        broker.stop()
        warned = [line for line in broker.output.read_text().splitlines() if "WARN" in line and "kept-1" in line]
        assert any("start empty" in line for line in warned), warned

    def test_a_damaged_snapshot(self, data_dir):
        snapshot = sorted((data_dir / "__cluster_metadata-0").glob("*.checkpoint"))[-1]
        content = bytearray(snapshot.read_bytes())
        content[len(content) // 2] ^= 1
        snapshot.write_bytes(content)
        assert str(snapshot) in refused(data_dir)

    def test_a_directory_in_which_kafka_runs(self, data_dir):
        # Java takes this kind of lock.
        with open(data_dir / ".lock", "w") as held:
            fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert "in use by another broker" in refused(data_dir)

    def test_another_node(self, data_dir):
        meta = data_dir / "meta.properties"
        meta.write_text(meta.read_text().replace("node.id=1", "node.id=2"))
        assert "node.id" in refused(data_dir)

    def test_a_partition_of_another_directory_of_the_same_node(self, data_dir):
        meta = data_dir / "meta.properties"
        lines = [line for line in meta.read_text().splitlines() if not line.startswith("directory.id=")]
        meta.write_text("\n".join([*lines, "directory.id=puE2J8yPVEhid_WjqCKpwA", ""]))
        shutil.rmtree(data_dir / "kept-1")
        said = refused(data_dir)
        assert "kept-1" in said
        assert "log.dirs" in said


def produce_until_killed(creel, topics, least):
    """What was acknowledged before kill -9, which comes while more is in flight."""
    acked = []
    settings = {"enable.idempotence": True, "linger.ms": 0, "batch.num.messages": 5, "message.timeout.ms": 5000}
    producer = Producer({"bootstrap.servers": creel.bootstrap, **settings})

    def note(error, message):
        if error is None:
            acked.append((message.topic(), message.partition(), message.offset(), message.value()))

    number = 0
    while len(acked) < least:
        for topic in topics:
            producer.produce(topic, f"{topic} {number}", f"key-{number}", timestamp=OLD_MS, on_delivery=note)
        number += 1
        producer.poll(0.001)
    creel.kill()
    producer.purge()
    producer.flush(10)
    return acked


def check(creel, *arguments):
    command = [*creel.command()[:1], "check", "--format", "json", *arguments, str(creel.data_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=brokers.clean_environment())


@only_creel
@pytest.mark.parametrize("place", ["inside", "elsewhere"])
def test_kafka_opens_what_a_replay_leaves_and_finds_all_that_was_acknowledged(left, tmp_path, place):
    settings = {**NEXT, "creel.journal": "true", "creel.journal.bytes": "4194304"}
    creel = brokers.Creel(tmp_path / "creel", settings)
    journals = creel.data_dir
    if place == "elsewhere":
        journals = tmp_path / "journals"
        journals.mkdir()
        creel.settings["creel.journal.dir"] = str(journals)
    shutil.copytree(left["clean"].folder, creel.data_dir)
    creel.start()
    until(lambda: list(journals.glob("creel-0-3.journal")), "the journals' last file")
    acked = produce_until_killed(creel, ["kept", "again", "grown"], 3000)
    kafka = brokers.Kafka(tmp_path / "kafka", NEXT_KAFKA)
    kafka.data_dir.parent.mkdir(parents=True)
    if place == "inside":
        shutil.copytree(creel.data_dir, kafka.data_dir)
        with pytest.raises(brokers.BrokerDied, match="Invalid meta.properties version"):
            kafka.start()
        shutil.rmtree(kafka.data_dir)
    looked = check(creel)
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert json.loads(looked.stdout)["journals"]["records"] > 0
    replayed = check(creel, "--replay")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert any(one["appended"] + one["present"] for one in json.loads(replayed.stdout)["replayed"])
    assert not list(journals.glob("creel-*-*.journal"))
    creel.data_dir.rename(kafka.data_dir)
    kafka.start()
    ready(AdminClient({"bootstrap.servers": kafka.bootstrap}), "kept", 2)
    found = {
        (topic, partition, offset, value)
        for topic in ["kept", "again", "grown"]
        for partition, records in read_all(kafka.bootstrap, topic).items()
        for offset, _, value, _ in records
    }
    assert set(acked) - found == set()
    assert committed(kafka.bootstrap) == left["clean"].seen.committed
    kafka.stop()
