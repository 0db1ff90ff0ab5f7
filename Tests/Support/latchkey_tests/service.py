"""The service behind the project's own lighttpd."""

import json
import os
import signal
import socket
import subprocess
import urllib.request

from latchkey_tests.answers import Answer
from latchkey_tests.ports import free_port, wait_for_port
from latchkey_tests.project import PATH, PROJECT


def post(url, fields):
    """The answer to a POST of `fields` as JSON, parsed."""
    request = urllib.request.Request(url, json.dumps(fields).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class Service:
    """lighttpd.conf of `project` on a free loopback port, for `home`."""

    def __init__(self, home, variables=(), project=PROJECT):
        self.home = home
        self.port = free_port()
        self.log_path = home.path + ".server.log"
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            ["lighttpd", "-D", "-f", "lighttpd.conf"],
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            env={"PATH": PATH, "PORT": str(self.port), "LATCHKEY_HOME": home.path, **dict(variables)},
        )
        assert wait_for_port(self.port), "lighttpd does not answer"

    @classmethod
    def attached(cls, home, port):
        """The service of another process."""
        service = cls.__new__(cls)
        service.home, service.port = home, port
        return service

    def exchange(self, raw, timeout=30):
        """Sends the bytes `raw`, and returns everything until the server closes."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(raw)
            while True:
                try:
                    chunk = connection.recv(65536)
                except ConnectionResetError:
                    break
                if not chunk:
                    break
                received += chunk
        return Answer(received)

    def request(self, line, headers=(), fields=None):
        """One request, from its line (`POST /x`), header lines, and the fields of a JSON body."""
        body = b"" if fields is None else json.dumps(fields).encode()
        lines = [f"{line} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        if fields is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return self.exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()
        os.unlink(self.log_path)
