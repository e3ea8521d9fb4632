"""kafka-python."""

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from harness.records import Read, Record
from harness.wait import until

SESSION_TIMEOUT_MS = 6_000


class Producer:
    def __init__(self, bootstrap, codec=None, idempotent=False):
        self.producer = KafkaProducer(
            bootstrap_servers=bootstrap,
            compression_type=codec,
            enable_idempotence=idempotent,
            # Without idempotence a retry may overtake what was sent after it.
            max_in_flight_requests_per_connection=5 if idempotent else 1,
            acks="all",
            linger_ms=5,
        )
        self.futures = []

    def send(self, topic, record):
        self.futures.append(self.producer.send(topic, record.value, record.key, headers=list(record.headers)))

    def flush(self):
        self.producer.flush()
        sent = [future.get() for future in self.futures]
        self.futures = []
        return [(metadata.partition, metadata.offset) for metadata in sent]

    def close(self):
        self.producer.close()


def read(bootstrap, topic, count):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    partitions = until(lambda: consumer.partitions_for_topic(topic), f"metadata of {topic}")
    consumer.assign([TopicPartition(topic, partition) for partition in partitions])
    found = []

    def read_on():
        found.extend(_poll(consumer))
        return len(found) >= count

    until(read_on, lambda: f"{count} records of {topic}; came: {len(found)}")
    consumer.close()
    return found


class GroupConsumer:
    def __init__(self, bootstrap, group, topic):
        self.consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_poll_records=10,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=500,
        )
        self.consumer.subscribe([topic])
        self._until_it_knows(topic)

    def _until_it_knows(self, topic):
        """Before the first join: a leader that joins first and learns of its topic's partitions later may be lost for good.

        The partitions are then reason enough for it to join once more, and that reason is gone as soon as it has assigned them
        (ConsumerCoordinator.need_rejoin compares two snapshots, and _perform_assignment makes them equal). If poll() runs out of
        time between that and the answer to its SyncGroup, no later poll() sees anything to wait for: what it was assigned is
        never taken up, its heartbeats stay switched off, and its session ends. (Java's client asks for a pending join as well,
        `rejoinNeeded || joinFuture != null`.) Apache Kafka can't help it either.
        """
        until(lambda: topic in self.consumer.topics(), f"metadata of {topic}")

    def poll(self):
        return _poll(self.consumer)

    def commit(self):
        self.consumer.commit()

    def assigned(self):
        return {partition.partition for partition in self.consumer.assignment()}

    def close(self):
        self.consumer.close()


def _poll(consumer):
    batches = consumer.poll(timeout_ms=200).values()
    return [_read(message) for batch in batches for message in batch]


def _read(message):
    return Read(message.partition, message.offset, Record(message.value, message.key, tuple(message.headers)))
