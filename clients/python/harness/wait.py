"""Waiting for a condition. The time limit is a safety net, far above anything a healthy run needs."""

import time

SAFETY_NET_SECONDS = 120


def until(condition, what):
    """Returns the first true value of `condition()`; after the safety net, fails with `what()` (or `what`)."""
    deadline = time.monotonic() + SAFETY_NET_SECONDS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what() if callable(what) else what}")
        time.sleep(0.02)
