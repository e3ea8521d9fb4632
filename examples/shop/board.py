"""Shows what is left of each item, a line a second: python board.py, until Ctrl-C.

Reads all of the topic `stock`, without a group: every board shows everything.
"""

import collections
import json
import time

from kafka import KafkaConsumer

from shop import BOOTSTRAP, stopped_by_signal

AT_THE_START = 10_000


def main():
    stop = stopped_by_signal()
    left = collections.defaultdict(lambda: AT_THE_START)
    orders, shown_at = 0, time.monotonic()
    consumer = KafkaConsumer("stock", bootstrap_servers=BOOTSTRAP, auto_offset_reset="earliest")
    while not stop.is_set():
        for batch in consumer.poll(timeout_ms=200).values():
            for record in batch:
                update = json.loads(record.value)
                left[update["item"]] += update["change"]
                orders += 1
        if orders and time.monotonic() - shown_at >= 1:
            shown_at = time.monotonic()
            print(f"{orders} orders handled; left:", ", ".join(f"{item} {left[item]}" for item in sorted(left)))
    consumer.close()
    print(f"{orders} orders handled")


if __name__ == "__main__":
    main()
