"""The broker's own manners, seen from outside: how it starts, refuses, stops and comes back."""

import os
import socket
import struct
import subprocess
import threading

import pytest

from adapters import confluent, kafka_python
from harness import broker as brokers
from harness import records
from harness.records import Record, unique
from harness.wait import until

only_creel = pytest.mark.skipif(
    brokers.against_kafka() or "BOOTSTRAP" in os.environ, reason="about Creel's own command line"
)


def produce(broker, topic, sent):
    producer = confluent.Producer(broker.bootstrap, idempotent=True)
    for record in sent:
        producer.send(topic, record)
    return producer.flush()


class TestStopping:
    def test_everything_is_there_after_a_sigterm_and_a_restart(self, own):
        sent = records.varied(500)
        positions = produce(own, "kept", sent)
        own.restart()
        records.assert_same(sent, positions, confluent.read(own.bootstrap, "kept", len(sent)))

    def test_sigterm_ends_it_while_a_client_is_connected_and_waiting(self, own):
        produce(own, "kept", records.numbered(0, 10))
        consumer = confluent.GroupConsumer(own.bootstrap, "group", "kept")
        until(consumer.poll, "the first records")
        own.stop()
        consumer.close()

    def test_offsets_go_on_where_they_were(self, own):
        first = produce(own, "kept", records.numbered(0, 90))
        own.restart()
        second = produce(own, "kept", records.numbered(0, 90))
        next_offsets = {partition: offset + 1 for partition, offset in sorted(first)}
        assert {partition: min(o for p, o in second if p == partition) for partition, _ in second} == next_offsets


@only_creel
class TestCoresAsBrokers:
    """creel.core.brokers: clients see two brokers, and find the leader of each partition by themselves."""

    @pytest.fixture
    def two(self, tmp_path):
        broker = brokers.Creel(tmp_path, {
            "num.partitions": "6", "creel.core.brokers": "2", "creel.cores": "0-1", "creel.pin": "false"})
        while not is_free(broker.port + 1):
            broker.port = brokers.free_port()
        yield broker.start()
        broker.end()

    @pytest.mark.parametrize("adapter", [confluent, kafka_python])
    def test_a_stock_client_writes_and_reads_by_both(self, two, adapter):
        sent = records.varied(300)
        producer = adapter.Producer(two.bootstrap, idempotent=True)
        for record in sent:
            producer.send("orders", record)
        positions = producer.flush()
        records.assert_same(sent, positions, adapter.read(two.bootstrap, "orders", len(sent)))
        members = [adapter.GroupConsumer(two.bootstrap, "group", "orders") for _ in range(2)]
        seen = set()

        def all_are_there():
            for member in members:
                seen.update((record.partition, record.offset) for record in member.poll())
            return len(seen) == len(sent)

        until(all_are_there, "every record by one of two members")
        for member in members:
            member.close()


def is_free(port):
    with socket.socket() as taken:
        return taken.connect_ex(("127.0.0.1", port)) != 0


class Load:
    """Idempotent acks=all load from a thread, and every record whose delivery was reported."""

    def __init__(self, broker, topic):
        self.acked = {}
        self.errors = []
        self.sent = 0
        self._topic = topic
        self._stop = threading.Event()
        self._producer = confluent.ConfluentProducer({
            "bootstrap.servers": broker.bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 1,
            "reconnect.backoff.max.ms": 200,
        })
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            number = self.sent

            def delivered(error, message, number=number):
                if error:
                    self.errors.append(error)
                else:
                    self.acked[number] = (message.partition(), message.offset())

            # A bounded number in flight: when the broker is away, the load waits for it.
            while number - len(self.acked) - len(self.errors) > 5_000 and not self._stop.is_set():
                self._producer.poll(0.01)
            self._producer.produce(self._topic, f"{number}".encode(), f"key-{number % 97}".encode(), on_delivery=delivered)
            self.sent += 1
            self._producer.poll(0)

    def finish(self):
        self._stop.set()
        self._thread.join()
        until(lambda: self._producer.flush(1) == 0, "every delivery report")


class TestKilling:
    KILLS = 5

    def test_nothing_acked_is_lost_doubled_or_moved_by_kill_9_under_load(self, own):
        load = Load(own, "killed")
        for _ in range(self.KILLS):
            reached = len(load.acked) + 2_000
            until(lambda reached=reached: own.is_running() and len(load.acked) >= reached, "acks under load")
            own.kill()
            own.start()
        load.finish()
        assert load.errors == []
        assert len(load.acked) == load.sent
        read = confluent.read(own.bootstrap, "killed", load.sent)
        expected = [Record(f"{n}".encode(), f"key-{n % 97}".encode()) for n in range(load.sent)]
        records.assert_same(expected, [load.acked[n] for n in range(load.sent)], read)


@only_creel
class TestStarting:
    def refused(self, *arguments):
        """What a broker that must not start says; its exit code must not be 0."""
        command = [str(brokers.creel_binary()), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=brokers.clean_environment())
        assert done.returncode != 0
        assert "panicked" not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    def test_second_broker_on_the_same_directory_is_refused(self, own):
        _, said = self.refused("--listen", f"127.0.0.1:{brokers.free_port()}", "--data-dir", str(own.data_dir))
        assert str(own.data_dir) in said
        assert "lock" in said or "in use" in said
        assert produce(own, "undisturbed", records.numbered(0, 10))

    def test_unknown_setting_is_answered_with_the_nearest_name(self, tmp_path):
        code, said = self.refused("--data-dir", str(tmp_path), "--set", "log.segment.byte=1048576")
        assert code == 2
        assert "log.segment.byte" in said
        assert "log.segment.bytes" in said

    def test_port_in_use_is_named(self, own, tmp_path):
        _, said = self.refused("--listen", own.bootstrap, "--data-dir", str(tmp_path / "other"))
        assert own.bootstrap in said
        assert "in use" in said


class TestBrokenInput:
    """Each kind of nonsense gets a closed connection, and nobody else notices."""

    NONSENSE = {
        "text": b"GET / HTTP/1.1\r\nHost: creel\r\n\r\n",
        "negative size": struct.pack(">i", -1),
        "huge size": struct.pack(">i", 0x7FFFFFFF) + b"x" * 100,
        "frame without a header": struct.pack(">i", 3) + b"\0\0\0",
        "unknown key": struct.pack(">ihhih", 10, 999, 0, 1, -1),
        "unsupported version": struct.pack(">ihhih", 10, 3, 99, 1, -1),
        "metadata that lies about its array": struct.pack(">ihhihi", 14, 3, 0, 1, -1, 0x7FFFFFFF),
        "random bytes": struct.pack(">i", 200) + bytes(range(200)),
    }

    @pytest.mark.parametrize("kind", NONSENSE)
    def test_connection_is_closed_and_others_go_on(self, broker, kind):
        topic = unique("undisturbed")
        other = confluent.Producer(broker.bootstrap)
        other.send(topic, Record(b"before"))
        other.flush()
        assert closes_after(broker, self.NONSENSE[kind])
        other.send(topic, Record(b"after"))
        other.flush()
        values = {one.record.value for one in confluent.read(broker.bootstrap, topic, 2)}
        assert values == {b"before", b"after"}

    def test_silence_and_half_a_frame_disturb_nobody(self, broker):
        with connected(broker), connected(broker) as half:
            half.sendall(struct.pack(">i", 1000) + b"half")
            assert produce(broker, unique("undisturbed"), records.numbered(0, 10))


def connected(broker):
    host, port = broker.bootstrap.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=120)


def closes_after(broker, nonsense):
    """True if the broker closes the connection, False if it answers."""
    with connected(broker) as stream:
        stream.sendall(nonsense)
        try:
            return stream.recv(1) == b""
        except ConnectionResetError:
            return True
