"""A process that answers by FastCGI on its own socket, and the protocol's records
(fastcgi-archives.github.io/FastCGI_Specification.html)."""

import os
import socket
import struct
import subprocess
import time

from latchkey_tests.project import EXECUTABLES


def record(kind, content=b"", request=1):
    return struct.pack(">BBHHBx", 1, kind, request, len(content), 0) + content


def packed(variables, body):
    """A whole request that keeps its connection."""
    pairs = b"".join(
        struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value
        for name, value in ((n.encode(), v.encode()) for n, v in variables.items())
    )
    return record(1, b"\0\1\1\0\0\0\0\0") + record(4, pairs) + record(4) + (record(5, body) if body else b"") + record(5)


class FastCGIProcess:
    """A process of the executable for all routes, and one connection to it. It logs to `log`."""

    def __init__(self, home, log=subprocess.DEVNULL):
        address = f"\0latchkey-tests-{os.getpid()}-{time.monotonic_ns()}"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(address)
            listening.listen(8)
            self.process = subprocess.Popen(
                [f"{EXECUTABLES}/latchkey-fcgi"],
                stdin=listening,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={"LATCHKEY_HOME": home.path, "LATCHKEY_FASTCGI_REQUESTS": "1000000000"},
            )
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(60)
        self.connection.connect(address)
        self.input = self.connection.makefile("rb")
        # Standard error, received over the connection.
        self.errors = b""

    def ask(self, request):
        """The answer's bytes."""
        self.connection.sendall(request)
        output = b""
        while True:
            _, kind, _, count, padding = struct.unpack(">BBHHBx", self.input.read(8))
            content = self.input.read(count + padding)[:count]
            if kind == 6:
                output += content
            elif kind == 7:
                self.errors += content
            elif kind == 3:
                return output

    def stop(self):
        self.input.close()
        self.connection.close()
        self.process.terminate()
        return self.process.wait(30)
