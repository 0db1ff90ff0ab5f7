"""Waiting for something to become true."""

import time


def until(condition, timeout, interval=0.02):
    """What `condition` gives once that is true; after `timeout` seconds what it gave last."""
    end = time.monotonic() + timeout
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(interval)
    return value
