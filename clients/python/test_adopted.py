"""Data directories that a real Apache Kafka wrote, after a clean stop and after kill -9: who opens them next finds everything.

The one who opens them is Creel; or, where the tests themselves are judged, Apache Kafka once more.
"""

import fcntl
import hashlib
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
    produce(kafka.bootstrap, [("grown", f"key-{n}", f"{n}", int(time.time() * 1000)) for n in range(100)])
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


def digests(folder):
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


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

    def test_kafka_goes_on_with_the_directory_and_then_it_is_not_taken_for_ours(self, left, tmp_path):
        creel = brokers.Creel(tmp_path / "creel", NEXT)
        kafka = brokers.Kafka(tmp_path / "kafka", NEXT_KAFKA)
        kafka.data_dir.parent.mkdir(parents=True)
        shutil.copytree(left["clean"].folder, creel.data_dir)
        creel.start()
        produce(creel.bootstrap, [("kept", f"key-{n}", f"from creel {n}", OLD_MS) for n in range(100)])
        consumer = _consumer(creel.bootstrap)
        consumer.commit(offsets=[TopicPartition("kept", 0, 99)], asynchronous=False)
        consumer.close()
        seen = Seen(creel.bootstrap)
        creel.stop()
        creel.data_dir.rename(kafka.data_dir)
        kafka.start()
        assert Seen(kafka.bootstrap).records == seen.records
        assert committed(kafka.bootstrap)[("kept", 0)] == 99
        kafka.stop()
        kafka.data_dir.rename(creel.data_dir)
        said = refused(creel.data_dir)
        assert "Kafka has run here since" in said
        assert OUR_JOURNAL in said


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
