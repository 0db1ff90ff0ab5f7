"""The wire: what clients must not do, through lighttpd and directly to a handler.

Shown: clients that reset, stall or disconnect do not change the service; each malformed request gets one answer
(Latchkey's is JSON) or a closed connection; a request hidden in another's body is never served; each form of
CONTENT_LENGTH gets the status that is written here; afterwards the service answers and the database is sound.
"""

import json
import random
import re
import socket
import struct
import threading
import time

from latchkey_tests.answers import Answer
from latchkey_tests.checks import Report, seconds
from latchkey_tests.home import Home
from latchkey_tests.service import Service
from latchkey_tests.waiting import until
from oddities import BODY, PLANTED, SEND, oddities, post

report = Report()


class Wire:
    def __init__(self):
        self.home = Home()
        self.server = Service(self.home)

    def say(self, raw, wait=0.6, half_close=False):
        """Everything received for `raw`, until the server closes or is silent for `wait` seconds."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
            try:
                connection.sendall(raw)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
                connection.settimeout(10 if half_close else max(wait, 3))
                while chunk := connection.recv(65536):
                    received += chunk
                    connection.settimeout(wait)
            except (TimeoutError, ConnectionResetError, BrokenPipeError):
                pass
        return received

    def planted(self):
        return bool(self.home.sql("SELECT 1 FROM challenges WHERE email = 'smuggled@example.com'"))

    def works(self, after):
        answer = self.server.request(f"POST {SEND}", fields={"email": "well@example.com"})
        report.expect(answer.status == 202 and answer.is_envelope(), f"after {after}: {answer.raw!r:.200}")


def split(raw):
    """The answers in `raw`, one after the other, without interim ones (100). None if they do not parse."""
    answers = []
    while raw:
        head, found, rest = raw.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.[01] (\d{3})", head)
        if not found or not status:
            return None
        if status[1].startswith(b"1"):
            raw = rest
            continue
        length = re.search(rb"(?i)\r\nContent-Length: (\d+)", head)
        size = int(length[1]) if length else 0 if status[1] in (b"204", b"304") else len(rest)
        if size > len(rest):
            return None
        answers.append(Answer(head + found + rest[:size]))
        raw = rest[size:]
    return answers


def raw_requests(wire):
    """Each oddity: one answer, or none and a closed connection; the planted request is not served."""
    for name, raw, right in oddities():
        answers = split(wire.say(raw))
        if answers is None:
            report.expect(None in right, f"{name}: not an HTTP answer")
            continue
        statuses = [answer.status for answer in answers] or [0]
        report.expect(len(answers) <= 1, f"{name}: {len(answers)} answers: {statuses}")
        report.expect(statuses[0] in right, f"{name}: {statuses[0]}, not one of {right}")
        for answer in answers:
            json_type = answer.headers.get("content-type", "").startswith("application/json")
            report.expect(not json_type or answer.is_envelope(), f"{name}: {answer.raw!r:.300}")
            report.expect(json_type or answer.status >= 400, f"{name}: a success that is not Latchkey's")
        if wire.planted():
            report.expect(False, f"{name}: the planted request was served")
            wire.home.sql("DELETE FROM challenges WHERE email = 'smuggled@example.com'")
    report.figure("malformed or odd requests", len(oddities()))
    wire.works("the oddities")


def bodies(wire):
    """A request within a body of correct length is a body; requests one after another are requests."""
    for method, path in (
        (b"GET", b"/auth/users/me"),
        (b"DELETE", b"/auth/api-keys/x"),
        (b"POST", SEND.encode()),
        (b"OPTIONS", SEND.encode()),
        (b"HEAD", b"/auth/users/me"),
        (b"PUT", SEND.encode()),
        (b"POST", b"/nowhere"),
        (b"GET", b"/auth/api-keys/"),
    ):
        for raw in (
            post(b"", PLANTED, path=path, method=method),
            post(
                b"Transfer-Encoding: chunked\r\n",
                b"%x\r\n%s\r\n0\r\n\r\n" % (len(PLANTED), PLANTED),
                path=path,
                method=method,
                length=False,
            ),
        ):
            received = wire.say(raw, 0.3)
            answers = received.count(b"HTTP/1.1 ")
            report.expect(answers == 1, f"{method} {path} with a request as its body: {answers} answers: {received!r:.200}")
            report.expect(not wire.planted(), f"{method} {path}: the request in its body was served")
    count = 20
    answers = split(wire.say(b"".join(post(b"", b'{"email": "pipe%d@example.com"}' % n) for n in range(count)), 3))
    report.expect([a.status for a in answers or []] == [202] * count, f"pipelined: {[a.status for a in answers or []]}")
    report.expect(
        wire.home.sql("SELECT count(*) FROM challenges WHERE email LIKE 'pipe%'") == [(count,)], "pipelined requests mixed up"
    )
    mixed = split(wire.say(post() + b"GET /auth/users/me HTTP/1.1\r\nHost: localhost\r\n\r\n" + post(b"", b"{"), 2))
    report.expect([a.status for a in mixed or []] == [202, 401, 422], f"pipelined, mixed: {[a.status for a in mixed or []]}")


def rude_clients(wire, count):
    """Resets at a random byte of a request, half requests, and slow requests next to them."""
    chance, grant = random.Random(5), wire.home.sign_in("rude@example.com")
    requests = [
        post(),
        post(path=b"/auth/verification/verify-code", body=b'{"email": "wire@example.com", "code": "000000"}'),
        post(b"Transfer-Encoding: chunked\r\n", b"1e\r\n" + BODY.ljust(30) + b"\r\n0\r\n\r\n", length=False),
        b"GET /auth/users/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        + grant["access_token"].encode()
        + b"\r\n\r\n",
    ]
    slow = [threading.Thread(target=dawdle, args=(wire, requests[n % 2])) for n in range(20)]
    for thread in slow:
        thread.start()
    for _ in range(count):
        raw = chance.choice(requests)
        sent = chance.choice((chance.randrange(len(raw) + 1), len(raw)))
        connection = socket.create_connection(("127.0.0.1", wire.server.port), 10)
        connection.sendall(raw[:sent])
        time.sleep(chance.choice((0, 0, 0.002, 0.02)))
        if chance.random() < 0.7:  # a reset instead of a close
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        if chance.random() < 0.05:
            me = wire.server.exchange(requests[3].replace(b"Host", b"Connection: close\r\nHost"))
            report.expect(me.status == 200, f"among rude clients, users/me is {me.status}")
    for thread in slow:
        thread.join(60)
    report.figure("clients that reset or went away", count)
    wire.works("the rude clients")
    # Handlers end with their clients' requests: none remains.
    path = f"/proc/{wire.server.process.pid}/task/{wire.server.process.pid}/children"
    until(lambda: not open(path).read(), 10, 0.1)
    left = open(path).read().split()
    report.expect(not left, f"{len(left)} handlers are left")


def dawdle(wire, raw):
    """One byte at a time, and then the answer."""
    with socket.create_connection(("127.0.0.1", wire.server.port), 30) as connection:
        for n in range(len(raw)):
            connection.sendall(raw[n : n + 1])
            time.sleep(0.01)
        connection.settimeout(30)
        report.expect(connection.recv(65536).startswith((b"HTTP/1.1 202", b"HTTP/1.1 400")), "a slow client got no answer")


def lengths():
    """CONTENT_LENGTH in every form, directly to the handler; None: the variable is absent."""
    home, size = Home(), len(BODY)
    cases = [
        (None, 411),
        ("", 411),
        ("0", 422),
        ("+3", 411),
        (f"+{size}", 411),
        ("-1", 411),
        (f" {size}", 411),
        (f"{size} ", 411),
        ("0x1e", 411),
        ("3.0", 411),
        ("1e1", 411),
        ("three", 411),
        (",", 411),
        (f"{size}, {size}", 411),
        ("\uff13", 411),
        (str(size), 202),
        (f"000{size}", 202),
        (str(size - 1), 422),
        ("1", 422),
        (str(size + 1), 422),
        ("65536", 422),
        ("65537", 413),
        ("9223372036854775807", 413),
        ("9223372036854775808", 413),
        ("18446744073709551646", 413),
        ("9" * 5000, 413),
    ]
    for text, status in cases:
        variables = {} if text is None else {"CONTENT_LENGTH": text}
        environment = home.environment("POST", BODY, variables)
        if text is None:
            del environment["CONTENT_LENGTH"]
        home.environment = lambda *_: environment
        answer = home.run("send-code", "POST", body=BODY)
        del home.environment
        report.expect(
            answer.status == status and answer.is_envelope(), f"CONTENT_LENGTH {text!r:.40}: {answer.status}, not {status}"
        )
        if status == 422:
            report.expect("detail" in json.loads(answer.body), f"CONTENT_LENGTH {text!r}: no detail")
    for coding, body, status in (
        ("chunked", BODY, 202),
        ("chunked", b"", 422),
        ("chunked", BODY + b" " * 60000, 202),
        ("chunked", BODY[:-1], 422),
    ):
        answer = home.run("send-code", "POST", {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": coding}, body)
        report.expect(answer.status == status, f"no length, {coding}, {len(body)} bytes: {answer.status}, not {status}")
    for name, method in (("current-user", "GET"), ("list-api-keys", "GET"), ("delete-api-key", "DELETE")):
        for text in ("", "0", "+3", "-1", "9" * 30):
            answer = home.run(name, method, {"CONTENT_LENGTH": text, "PATH_INFO": "/x" if method == "DELETE" else ""}, BODY)
            report.expect(answer.status == 401, f"{name} with CONTENT_LENGTH {text!r}: {answer.status}, not 401")
    report.figure("forms of CONTENT_LENGTH", len(cases) + 4)
    home.remove()


def main():
    limit = seconds()
    lengths()
    wire = Wire()
    try:
        wire.works("the start")
        raw_requests(wire)
        bodies(wire)
        rude_clients(wire, 600 if limit == 0 else max(100, min(600, int(limit * 3))))
        report.expect(wire.home.integrity() == "ok", "the database is damaged")
        report.expect(wire.server.process.poll() is None, "the server died")
    finally:
        wire.server.stop()
        wire.home.remove()
    report.finish()


main()
