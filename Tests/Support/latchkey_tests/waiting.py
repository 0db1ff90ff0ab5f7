"""Waiting for a condition."""

import time


def until(condition, timeout, interval=0.02):
    """The value of `condition` once it is true; after `timeout` seconds its last value."""
    end = time.monotonic() + timeout
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(interval)
    return value
