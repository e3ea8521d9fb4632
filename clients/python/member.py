"""One member of a consumer group: python member.py ADAPTER BOOTSTRAP GROUP TOPIC, until it is stopped.

Commits after each poll, and tells its story as harness/members.py expects it.
"""

import importlib
import json
import logging
import signal
import sys


def main(adapter, bootstrap, group, topic):
    # On standard error: shown beside a failure.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    consumer = importlib.import_module(f"adapters.{adapter}").GroupConsumer(bootstrap, group, topic)
    assigned = None
    try:
        while True:
            read = consumer.poll()
            for one in read:
                say(read=one.record.value.decode())
            if read:
                consumer.commit()
            if assigned != (assigned := sorted(consumer.assigned())):
                say(assigned=assigned)
    finally:
        consumer.close()


def say(**event):
    print(json.dumps(event), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
