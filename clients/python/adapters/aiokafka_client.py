"""aiokafka. Its event loop runs inside each call, so that the stories stay plain code."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from harness.records import Read, Record
from harness.wait import SAFETY_NET_SECONDS

SESSION_TIMEOUT_MS = 6_000


class Producer:
    def __init__(self, bootstrap, codec=None, idempotent=False):
        self.loop = asyncio.new_event_loop()
        self.futures = []
        self.producer = self.loop.run_until_complete(self._start(bootstrap, codec, idempotent))

    async def _start(self, bootstrap, codec, idempotent):
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, compression_type=codec, enable_idempotence=idempotent, acks="all", linger_ms=5
        )
        await producer.start()
        return producer

    def send(self, topic, record):
        sending = self.producer.send(topic, record.value, record.key, headers=list(record.headers))
        self.futures.append(self.loop.run_until_complete(sending))

    def flush(self):
        sent = self.loop.run_until_complete(asyncio.gather(*self.futures))
        self.futures = []
        return [(metadata.partition, metadata.offset) for metadata in sent]

    def close(self):
        self.loop.run_until_complete(self.producer.stop())
        self.loop.close()


def read(bootstrap, topic, count):
    return asyncio.run(_read_all(bootstrap, topic, count))


async def _read_all(bootstrap, topic, count):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found = []
    async with asyncio.timeout(SAFETY_NET_SECONDS):
        while len(found) < count:
            found.extend(await _poll(consumer, 500))
    await consumer.stop()
    return found


class GroupConsumer:
    def __init__(self, bootstrap, group, topic):
        self.loop = asyncio.new_event_loop()
        self.consumer = self.loop.run_until_complete(self._start(bootstrap, group, topic))

    async def _start(self, bootstrap, group, topic):
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=bootstrap,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=500,
        )
        await consumer.start()
        return consumer

    def poll(self):
        return self.loop.run_until_complete(_poll(self.consumer, 10))

    def commit(self):
        self.loop.run_until_complete(self.consumer.commit())

    def assigned(self):
        return {partition.partition for partition in self.consumer.assignment()}

    def close(self):
        self.loop.run_until_complete(self.consumer.stop())
        self.loop.close()


async def _poll(consumer, most):
    batches = (await consumer.getmany(timeout_ms=200, max_records=most)).values()
    return [_read(message) for batch in batches for message in batch]


def _read(message):
    return Read(message.partition, message.offset, Record(message.value, message.key, tuple(message.headers)))
