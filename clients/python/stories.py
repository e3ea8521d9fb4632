"""What every client is asked to do. A suite is a class with an adapter: `class TestKafkaPython(Stories)`.

An adapter (adapters/*.py) gives:
  Producer(bootstrap, codec=None, idempotent=False)  .send(topic, record)  .flush() -> [(partition, offset)] or None  .close()
  read(bootstrap, topic, count) -> [Read]
  GroupConsumer(bootstrap, group, topic)  .poll() -> [Read]  .commit()  .assigned() -> partitions  .close()
"""

import json

import pytest

from harness import records, topics
from harness.members import Group, python_member
from harness.records import unique
from harness.wait import until

PARTITIONS = [0, 1, 2]


class Stories:
    adapter = None

    @pytest.fixture
    def topic(self):
        return unique(self.adapter_name())

    @classmethod
    def adapter_name(cls):
        return cls.adapter.__name__.split(".")[-1]

    # What a client of another nature says in its own way.

    varied_records = staticmethod(records.varied)

    def group_of_processes(self, bootstrap, group, topic):
        return Group(python_member(self.adapter_name(), bootstrap, group, topic))

    # The stories.

    @pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
    def test_records_with_keys_and_headers_come_back_equal_and_in_order(self, broker, topic, codec):
        sent = self.varied_records(700)
        positions = self.produce(broker, topic, sent, codec=codec)
        records.assert_same(sent, positions, self.adapter.read(broker.bootstrap, topic, len(sent)))

    @pytest.mark.parametrize("codec", ["uncompressed", "gzip", "snappy", "lz4", "zstd"])
    def test_records_come_back_from_a_topic_with_a_codec_of_its_own(self, broker, topic, codec):
        """The broker compresses anew what comes in another codec, and every client reads it."""
        topics.create(broker.bootstrap, topic, len(PARTITIONS), {"compression.type": codec})
        sent, positions = self.varied_records(700), []
        for batch, sent_in in [(sent[:400], None), (sent[400:], "gzip" if codec != "gzip" else "lz4")]:
            some = self.produce(broker, topic, batch, codec=sent_in)
            positions = None if some is None else positions + some
        records.assert_same(sent, positions, self.adapter.read(broker.bootstrap, topic, len(sent)))

    def test_json_values_come_back_as_the_same_documents(self, broker, topic):
        sent = [records.Record(line) for line in records.json_lines()]
        positions = self.produce(broker, topic, sent, codec="zstd")
        read = self.adapter.read(broker.bootstrap, topic, len(sent))
        records.assert_same(sent, positions, read)
        documents = [json.loads(one.record.value) for one in read]
        assert all(isinstance(document, (dict, list)) for document in documents), "a row is a list, an event a dict"

    def test_group_of_two_rebalances_when_a_third_joins_and_when_one_is_killed(self, broker, topic):
        self.produce(broker, topic, records.numbered(0, 60))
        group = self.group_of_processes(broker.bootstrap, unique("group"), topic)
        try:
            first, _second = group.join(), group.join()
            group.until_shared(PARTITIONS)
            group.until_read(self.values(0, 60))
            group.join()
            group.until_shared(PARTITIONS)
            self.produce(broker, topic, records.numbered(60, 60))
            group.until_read(self.values(60, 60))
            group.kill(first)
            group.until_shared(PARTITIONS)
            self.produce(broker, topic, records.numbered(120, 60))
            group.until_read(self.values(120, 60))
        finally:
            group.stop()

    def test_client_resumes_exactly_at_its_commit(self, broker, topic):
        self.assert_resumes(broker, topic, unique("group"), lambda: None)

    def test_client_resumes_exactly_at_its_commit_after_a_broker_restart(self, restartable, topic):
        self.assert_resumes(restartable, topic, unique("group"), restartable.restart)

    def test_idempotent_producer_writes_every_record_once(self, broker, topic):
        sent = records.numbered(0, 3_000)
        positions = self.produce(broker, topic, sent, idempotent=True)
        # One more afterwards: whatever was written twice lies before it.
        end = self.produce(broker, topic, [records.Record(b"end", b"key-0")])
        read = self.adapter.read(broker.bootstrap, topic, len(sent) + 1)
        records.assert_same([*sent, records.Record(b"end", b"key-0")], positions and positions + end, read)

    def test_idempotent_producer_goes_on_across_a_broker_restart(self, restartable, topic):
        producer = self.adapter.Producer(restartable.bootstrap, idempotent=True)
        sent = records.numbered(0, 600)
        for record in sent[:300]:
            producer.send(topic, record)
        positions = producer.flush()
        restartable.restart()
        for record in sent[300:]:
            producer.send(topic, record)
        more = producer.flush()
        producer.close()
        records.assert_same(sent, positions and positions + more, self.adapter.read(restartable.bootstrap, topic, len(sent)))

    def produce(self, broker, topic, sent, **options):
        producer = self.adapter.Producer(broker.bootstrap, **options)
        for record in sent:
            producer.send(topic, record)
        positions = producer.flush()
        producer.close()
        return positions

    def assert_resumes(self, broker, topic, group, between):
        """Reads and commits a part, stops, and gets exactly the rest: nothing twice, nothing left out."""
        self.produce(broker, topic, records.numbered(0, 200))
        before = self.read_in_group(broker, topic, group, enough=80, commit=True)
        # Read, but not committed: these have to come again.
        uncommitted = self.read_in_group(broker, topic, group, enough=30, commit=False)
        between()
        after = self.read_in_group(broker, topic, group, enough=200 - len(before), commit=False)
        assert sorted(before + after, key=int) == self.values(0, 200)
        assert set(uncommitted) <= set(after)

    def read_in_group(self, broker, topic, group, enough, commit):
        consumer = self.adapter.GroupConsumer(broker.bootstrap, group, topic)
        values = []

        def read_on():
            values.extend(one.record.value.decode() for one in consumer.poll())
            return len(values) >= enough

        until(read_on, lambda: f"{enough} records in {group}; came: {len(values)}")
        if commit:
            consumer.commit()
        consumer.close()
        return values

    @staticmethod
    def values(first, count):
        return [str(number) for number in range(first, first + count)]
