"""What servers themselves refuse, and what they must not refuse: through lighttpd, Apache and nginx with the samples.

1. A URL with control characters, a body of 2 MB, a POST without a length and the like get an answer in the envelope, as
JSON, where the server can be configured so; UNREACHED lists where it cannot.
2. 30 KB of other programs' cookies arrive, and a host name may have an underscore.
3. A body of HTTP/2 needs no length.
4. Surrounding configuration that replaces error pages does not replace Latchkey's answers.
5. A setting in the environment, as docs/configuration.md describes for each server, takes effect.

Arguments, if any, are the names of servers to run. Prints one line for each server and `N passed, N failed`, and exits
with 1 if any check failed.
"""

import contextlib
import json
import re
import socket
import subprocess
import sys

from latchkey_tests import maildir
from latchkey_tests.checks import checks, expect, finish
from latchkey_tests.ports import free_port
from latchkey_tests.servers.apache import Shared, SharedFastCGI, Vhost, VhostFastCGI
from latchkey_tests.servers.fixture import Fixture
from latchkey_tests.servers.lighttpd import Lighttpd, LighttpdFastCGI
from latchkey_tests.servers.nginx import Nginx, NginxFastCGI
from latchkey_tests.waiting import until

SEND = "/auth/verification/send-code"
CLOSE = b"Host: localhost\r\nConnection: close\r\n"
MANY = b"x" * 2_000_000

# A name, the request, and the expected statuses and codes.
REFUSED = [
    ("a control character in a URL", b"GET /auth/users\x01/me HTTP/1.1\r\n" + CLOSE + b"\r\n", {(400, "bad_request")}),
    ("an encoded one", b"GET /auth/users%01/me HTTP/1.1\r\n" + CLOSE + b"\r\n", {(400, "bad_request"), (404, "not_found")}),
    ("an encoded NUL", b"GET /auth/users%00/me HTTP/1.1\r\n" + CLOSE + b"\r\n", {(400, "bad_request"), (404, "not_found")}),
    ("a bad escape", b"GET /auth/users%zz/me HTTP/1.1\r\n" + CLOSE + b"\r\n", {(400, "bad_request"), (404, "not_found")}),
    (
        "a body of 2 MB",
        f"POST {SEND} HTTP/1.1\r\n".encode() + CLOSE + b"Content-Length: 2000000\r\n\r\n" + MANY,
        {(413, "body_too_large")},
    ),
    (
        "chunks of 2 MB",
        f"POST {SEND} HTTP/1.1\r\n".encode() + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n1e8480\r\n" + MANY + b"\r\n0\r\n\r\n",
        {(413, "body_too_large")},
    ),
    (
        "a POST without a length",
        f"POST {SEND} HTTP/1.1\r\n".encode() + CLOSE + b"\r\n",
        {(411, "length_required"), (422, "validation_error")},
    ),
    (
        "a URL of 40 KB",
        b"GET /" + b"x" * 40000 + b" HTTP/1.1\r\n" + CLOSE + b"\r\n",
        {(414, "uri_too_long"), (431, "header_fields_too_large")},
    ),
    (
        "a header field of 40 KB",
        b"GET /health HTTP/1.1\r\n" + CLOSE + b"Cookie: a=" + b"c" * 40000 + b"\r\n\r\n",
        {(400, "bad_request"), (431, "header_fields_too_large")},
    ),
    ("no Host", b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n", {(400, "bad_request")}),
    (
        "two lengths",
        f"POST {SEND} HTTP/1.1\r\n".encode() + CLOSE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        {(400, "bad_request")},
    ),
]
# With only .htaccess, answers that Apache gives before it reads that file are Apache's own.
EARLY = {
    "a control character in a URL",
    "a bad escape",
    "an encoded NUL",
    "a URL of 40 KB",
    "a header field of 40 KB",
    "no Host",
    "two lengths",
}
# mod_fcgid has its own limit, 128 KiB unless the server's configuration raises it, and answers 500 above it.
UNREACHED = {Shared.name: EARLY, SharedFastCGI.name: EARLY | {"a body of 2 MB", "chunks of 2 MB"}}


def answer_to(port, request):
    """Status, Content-Type and body of the answer to `request`, which the server need not read to its end."""
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except OSError:
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    if fields.get("transfer-encoding") == "chunked":
        body = b"".join(re.findall(rb"(?s)[0-9a-f]+\r\n(.*?)\r\n(?=[0-9a-f]+\r\n)", body))
    return int(([*lines[0].split(" "), "0", "0"])[1] or 0), fields, body


def check_refusals(server):
    for name, request, expected in REFUSED:
        status, fields, body = answer_to(server.port, request)
        if name in UNREACHED.get(server.name, ()):
            expect(400 <= status < 500 or (status == 500 and "2 MB" in name), f"{server.name}: {name} is refused", status)
            continue
        try:
            text = json.loads(body)
            code = text["error"]["code"]
            is_envelope = list(text)[:3] == ["success", "data", "error"] and text["success"] is False and text["data"] is None
        except (ValueError, KeyError, TypeError):
            code, is_envelope = body[:100], False
        expect(
            (status, code) in expected and is_envelope and fields.get("content-type") == "application/json; charset=utf-8",
            f"{server.name}: {name}",
            (status, code, fields.get("content-type")),
        )


def check_admitted(server):
    """Requests that must arrive."""
    for count in (9000, 30000):
        if server.name in UNREACHED:
            break  # .htaccess cannot raise Apache's limit of 8190 bytes a field
        cookie = b"Cookie: a=" + b"c" * count + b"\r\n"
        status, _, body = answer_to(server.port, b"GET /auth/users/me HTTP/1.1\r\n" + CLOSE + cookie + b"\r\n")
        expect((status, b'"not_authenticated"' in body) == (401, True), f"{server.name}: {count} bytes of cookies", status)
    status, _, _ = answer_to(server.port, b"GET /health HTTP/1.1\r\nHost: latch_key:8000\r\nConnection: close\r\n\r\n")
    expect(status == 200, f"{server.name}: Host: latch_key:8000", status)


def check_setting(server, digits):
    """The settings in the server's environment set a code's length."""
    server.exchange(
        "POST", SEND, [("Content-Type", "application/json"), ("Content-Length", "31")], b'{"email":"length8@example.com"} '[:31]
    )
    code = until(lambda: maildir.codes(server.home, "length8@example.com"), 5, 0.05)
    expect(len(code) == 1 and len(code[0]) == digits, f"{server.name}: a setting of the environment counts", code)


class LighttpdWithSetting(Lighttpd):
    variables = {"LATCHKEY_CODE_LENGTH": "8"}


class LighttpdFastCGIWithSetting(LighttpdFastCGI):
    variables = {**LighttpdFastCGI.variables, "LATCHKEY_CODE_LENGTH": "8"}


class VhostFastCGIWithHTTP2(VhostFastCGI):
    """Also by HTTP/2, and with a setting."""

    modules = [*VhostFastCGI.modules, "http2"]

    def host(self):
        return "Protocols h2c http/1.1\nFcgidInitialEnv LATCHKEY_CODE_LENGTH 8\n" + super().host()


class VhostWithHTTP2(Vhost):
    """Also by HTTP/2, and with a setting as in the sample."""

    modules = [*Vhost.modules, "http2"]

    def host(self):
        text = super().host()
        line = "# You can set settings in the same way: SetEnv LATCHKEY_CODE_LENGTH 8"
        assert line in text
        return "Protocols h2c http/1.1\n" + text.replace(line, "SetEnv LATCHKEY_CODE_LENGTH 8")


class AmongOthers:
    """Other nginx configuration replaces error pages and does not wait for bodies; also by HTTP/2."""

    def sample(self):
        text, listening = super().sample(), "    listen 127.0.0.1:8000;"
        assert text.count(listening) == 1
        self.second = free_port()
        around = (
            "fastcgi_intercept_errors on; recursive_error_pages on; error_page 401 404 422 =200 /others.html;"
            "fastcgi_request_buffering off; fastcgi_buffering off; fastcgi_read_timeout 1s;\n"
        )
        return around + text.replace(listening, f"{listening} listen 127.0.0.1:{self.second} http2;")


class NginxAmongOthers(AmongOthers, Nginx):
    """With a setting as in the sample."""

    def sample(self):
        text, line = super().sample(), "# You can set settings in the same way: fastcgi_param LATCHKEY_CODE_LENGTH 8;"
        assert line in text
        return text.replace(line, "fastcgi_param LATCHKEY_CODE_LENGTH 8;")


class NginxFastCGIAmongOthers(AmongOthers, NginxFastCGI):
    pass


def check_http2(server, port):
    """A body without a stated length: curl sends what it reads from a pipe like this."""
    for path, body, expected in [
        (SEND, '{"email":"two@example.com"}', b'"success":true'),
        (SEND, '{"email":"two"}', b'"validation_error"'),
        (SEND, " " * 70000, b'"body_too_large"'),
    ]:
        answer = subprocess.run(
            [
                "curl",
                "-sS",
                "--http2-prior-knowledge",
                "-X",
                "POST",
                "-H",
                "Content-Type: application/json",
                "-T",
                "-",
                f"http://127.0.0.1:{port}{path}",
            ],
            input=body.encode(),
            capture_output=True,
        )
        expect(expected in answer.stdout, f"{server.name}: {len(body)} bytes by HTTP/2", (answer.stdout[:200], answer.stderr))


def main():
    wanted = sys.argv[1:]
    fixture = Fixture()
    try:
        for kind in [
            LighttpdWithSetting,
            LighttpdFastCGIWithSetting,
            Shared,
            SharedFastCGI,
            VhostWithHTTP2,
            VhostFastCGIWithHTTP2,
            NginxAmongOthers,
            NginxFastCGIAmongOthers,
        ]:
            if wanted and kind.name not in wanted:
                continue
            server = kind(fixture)
            before = checks.passed
            try:
                check_refusals(server)
                check_admitted(server)
                if kind not in (Shared, SharedFastCGI, NginxFastCGIAmongOthers):
                    check_setting(server, 8)
                if kind in (VhostWithHTTP2, VhostFastCGIWithHTTP2):
                    check_http2(server, server.port)
                if issubclass(kind, AmongOthers):
                    check_http2(server, server.second)
                    answer = server.exchange("GET", "/auth/users/me")
                    expect(
                        b'"not_authenticated"' in answer.body,
                        f"{server.name}: Latchkey's errors stay Latchkey's",
                        answer.body[:100],
                    )
            finally:
                server.stop()
            print(f"{server.name}: {checks.passed - before} held", flush=True)
    finally:
        fixture.home.remove()
    finish()


if __name__ == "__main__":
    main()
