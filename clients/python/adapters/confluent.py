"""confluent-kafka, which is librdkafka."""

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import Producer as ConfluentProducer

from harness.records import Read, Record
from harness.wait import until

SESSION_TIMEOUT_MS = 6_000


class Producer:
    def __init__(self, bootstrap, codec=None, idempotent=False):
        self.producer = ConfluentProducer({
            "bootstrap.servers": bootstrap,
            "compression.type": codec or "none",
            "enable.idempotence": idempotent,
            # Without idempotence a retry may overtake what was sent after it.
            "max.in.flight": 5 if idempotent else 1,
            "acks": "all",
            "linger.ms": 5,
        })
        self.positions = []
        self.sent = 0

    def send(self, topic, record):
        place = self.sent
        self.sent += 1
        self.positions.append(None)

        def delivered(error, message):
            self.positions[place] = error or (message.partition(), message.offset())

        self.producer.produce(topic, record.value, record.key, headers=list(record.headers), on_delivery=delivered)
        self.producer.poll(0)

    def flush(self):
        until(lambda: self.producer.flush(1) == 0, "every delivery report")
        positions, self.positions, self.sent = self.positions, [], 0
        failed = [position for position in positions if not isinstance(position, tuple)]
        assert not failed, failed[0]
        return positions

    def close(self):
        pass


def read(bootstrap, topic, count):
    consumer = Consumer(_consumer_settings(bootstrap, "unused"))
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    found = []

    def read_on():
        found.extend(_poll(consumer, 500))
        return len(found) >= count

    until(read_on, lambda: f"{count} records of {topic}; came: {len(found)}")
    consumer.close()
    return found


def commit_often(bootstrap, group, topic, times, note):
    """Commits the offsets 0, 1, ... of a topic's first partition, each with a note."""
    consumer = Consumer(_consumer_settings(bootstrap, group))
    for offset in range(times):
        consumer.commit(offsets=[TopicPartition(topic, 0, offset, note)], asynchronous=False)
    consumer.close()


class GroupConsumer:
    def __init__(self, bootstrap, group, topic):
        self.consumer = Consumer(_consumer_settings(bootstrap, group))
        self.consumer.subscribe([topic])

    def poll(self):
        return _poll(self.consumer, 10)

    def commit(self):
        self.consumer.commit(asynchronous=False)

    def assigned(self):
        return {partition.partition for partition in self.consumer.assignment()}

    def close(self):
        self.consumer.close()


def _consumer_settings(bootstrap, group):
    return {
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": SESSION_TIMEOUT_MS,
        "heartbeat.interval.ms": 500,
    }


def _poll(consumer, most):
    return [_read(message) for message in consumer.consume(most, timeout=0.2)]


def _read(message):
    if message.error():
        raise KafkaException(message.error())
    headers = tuple(message.headers() or ())
    return Read(message.partition(), message.offset(), Record(message.value(), message.key(), headers))
