"""Turns orders into stock updates: python stock.py, until Ctrl-C. Start several to share the work.

Reads `orders` in the group `stock` and writes to `stock`. An order is committed once its update is safe at the broker: a
program that is killed repeats what it had in hand, and loses nothing.
"""

import json

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import CommitFailedError

from shop import BOOTSTRAP, stopped_by_signal


def main():
    stop = stopped_by_signal()
    consumer = KafkaConsumer(
        bootstrap_servers=BOOTSTRAP,
        group_id="stock",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=100,
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_000,
    )
    consumer.subscribe(["orders"])
    # What a kafka-python is assigned may get lost if it joins its group first and learns of the partitions afterwards.
    while "orders" not in consumer.topics() and not stop.is_set():
        stop.wait(0.1)
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", compression_type="gzip")
    while not stop.is_set():
        orders = [json.loads(record.value) for batch in consumer.poll(timeout_ms=500).values() for record in batch]
        if orders:
            publish(producer, orders)
            commit(consumer)
    consumer.close()
    producer.close()


def publish(producer, orders):
    """Returns when every update is acknowledged."""
    sent = [producer.send("stock", key=order["item"].encode(), value=stock_update(order)) for order in orders]
    producer.flush()
    for future in sent:
        future.get()


def stock_update(order):
    return json.dumps({"order": order["order"], "item": order["item"], "change": -order["count"]}).encode()


def commit(consumer):
    try:
        consumer.commit()
    except CommitFailedError:
        print("the group has rebalanced: another member takes these orders again")


if __name__ == "__main__":
    main()
