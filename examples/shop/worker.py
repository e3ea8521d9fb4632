"""Handles orders and writes invoices: python worker.py, until Ctrl-C. Start three.

Reads `orders` in the group `workers` and writes to `invoices`, a customer's in the order of the orders.
"""

import asyncio
import json
import signal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import CommitFailedError, IllegalStateError

from shop import BOOTSTRAP


async def main():
    consumer = AIOKafkaConsumer(
        "orders",
        bootstrap_servers=BOOTSTRAP,
        group_id="workers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_000,
    )
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", enable_idempotence=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with consumer, producer:
        while not stop.is_set():
            batches = await consumer.getmany(timeout_ms=500, max_records=50)
            for partition, orders in batches.items():
                await handle(producer, orders)
                await commit(consumer, {partition: orders[-1].offset + 1})


async def handle(producer, orders):
    """Returns when every invoice is acknowledged."""
    sent = [await producer.send("invoices", invoice(order.value), order.key) for order in orders]
    await asyncio.gather(*sent)


def invoice(value):
    order = json.loads(value)
    return json.dumps({name: order[name] for name in ("order", "customer", "number", "count")}).encode()


async def commit(consumer, offsets):
    try:
        await consumer.commit(offsets)
    except (CommitFailedError, IllegalStateError):
        print("the group has rebalanced: another worker takes these orders again")


if __name__ == "__main__":
    asyncio.run(main())
