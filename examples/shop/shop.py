"""What the shop's programs share: where the broker is, what an order looks like, and when to stop."""

import os
import random
import signal
import threading
import uuid

BOOTSTRAP = os.environ.get("BOOTSTRAP", "127.0.0.1:9092")
ITEMS = ["reel", "bobbin", "spool", "shuttle", "heddle", "warp beam", "loom №4", "Garn, grün", "絹糸"]


def new_order(customer, number):
    """The customer's order of this number: something, one to nine times."""
    return {
        "order": str(uuid.uuid4()),
        "customer": customer,
        "number": number,
        "item": random.choice(ITEMS),
        "count": random.randint(1, 9),
    }


def stopped_by_signal():
    """An event that Ctrl-C or SIGTERM sets, so that a program can end what it has in hand."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
