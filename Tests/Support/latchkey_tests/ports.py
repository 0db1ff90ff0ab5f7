"""Loopback ports: free ones, and servers that answer on them."""

import socket

from latchkey_tests.waiting import until


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, host="127.0.0.1"):
    """Whether a server listens."""
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


def wait_for_port(port, timeout=10, host="127.0.0.1"):
    """Whether a server listens within `timeout` seconds."""
    return until(lambda: answers(port, host), timeout, 0.025)
