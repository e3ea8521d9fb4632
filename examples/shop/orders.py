"""Sends orders of a hundred customers to the topic `orders`: python orders.py, until Ctrl-C.

A customer's orders stay in order: the customer is the key, and a key stays in one partition.
"""

import itertools
import json
import random

from kafka import KafkaProducer

from shop import BOOTSTRAP, new_order, stopped_by_signal

ORDERS_PER_SECOND = 500


def main():
    stop = stopped_by_signal()
    producer = KafkaProducer(
        bootstrap_servers=BOOTSTRAP,
        acks="all",
        linger_ms=20,
        batch_size=64 * 1024,
        compression_type="gzip",
    )
    sent = []
    for number in itertools.count():
        if stop.wait(1 / ORDERS_PER_SECOND):
            break
        customer = f"customer-{random.randrange(100)}"
        order = json.dumps(new_order(customer, number))
        sent.append(producer.send("orders", key=customer.encode(), value=order.encode()))
    producer.close()
    for future in sent:
        future.get()  # raises what went wrong, if anything did
    print(f"{len(sent)} orders sent, all acknowledged")


if __name__ == "__main__":
    main()
