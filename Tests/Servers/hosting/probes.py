"""A request for every route, and the answers without a server."""

import json
import os

from console_files import TYPES
from latchkey_tests.checks import expect
from latchkey_tests.project import AS_ROOT, PUBLIC, write
from latchkey_tests.servers.alone import Alone
from latchkey_tests.servers.routes import routes


class Probes:
    """Requests for every route, and the answers without a server."""

    def __init__(self, fixture):
        bearer = ("Authorization", f"Bearer {fixture.variables['access']}")
        project = ("X-Project-Id", fixture.variables["project"])
        self.requests = []
        for route in routes():
            for number, target in enumerate(route.targets()):
                for method in [*route.methods, *([] if number else ["OPTIONS", "HEAD"])]:
                    fields = [bearer, project] if method == "GET" else []
                    if method not in ("GET", "HEAD", "OPTIONS"):
                        fields = [*fields, ("Content-Type", "application/json"), ("Content-Length", "20")]
                    self.requests.append(
                        (method, target, fields, b'{"nothing": "at all"}'[:20] if "Content-Type" in dict(fields) else b"")
                    )
        self.requests += [
            ("GET", "/health", [("Origin", "https://app.example.com")], b""),
            ("GET", "/health", [("Origin", "https://evil.example")], b""),
            ("GET", "/no/such/path", [], b""),
            ("PUT", "/auth/users/me", [], b""),
            ("GET", "/send-code", [], b""),
            ("GET", "/languages", [], b""),
            ("GET", "/cgi-bin", [], b""),
            ("GET", "/index.php", [], b""),
        ]
        server = Alone(fixture)
        try:
            self.expected = [server.exchange(*request).essence() for request in self.requests]
        finally:
            server.stop()
        statuses = {json.loads(answer)[0] for answer in self.expected}
        assert {200, 204, 400, 401, 404, 405, 422} - statuses <= {400}, statuses

    def check(self, server, what):
        for request, wanted in zip(self.requests, self.expected):
            answer = server.exchange(*request)
            expect(
                answer.essence() == wanted,
                f"{what}: {request[0]} {request[1]}",
                f"{answer.essence()[:600]} instead of {wanted[:600]}",
            )
        for path, name in [
            ("", "index.html"),
            ("docs", "docs.html"),
            ("app.js", "app.js"),
            ("style.css", "style.css"),
            ("icon.svg", "icon.svg"),
            ("openapi.json", "openapi.json"),
            ("languages/de.json", "languages/de.json"),
        ]:
            answer = server.exchange("GET", f"/{path}")
            kind, cache = answer.fields.get("content-type"), answer.fields.get("cache-control")
            expect(
                (answer.status, kind, cache) == (200, [TYPES[os.path.splitext(name)[1]]], ["no-cache"])
                and answer.body == open(f"{PUBLIC}/{name}", "rb").read()
                and not {"content-encoding", "content-language"} & set(answer.fields)
                and "access-control-allow-origin" not in answer.fields,
                f"{what}: GET /{path}",
                (answer.status, answer.fields, answer.body[:60]),
            )
        answer = server.exchange("GET", "/public")  # a folder
        expect(answer.status == 404 and b'"not_found"' in answer.body, f"{what}: GET /public", (answer.status, answer.body[:100]))
        answer = server.exchange("POST", "/auth/verification/send-code", [("Content-Length", "3000000")], b"x" * 3000000)
        expect(
            (answer.status in (0, 413) and (not answer.status or b'"body_too_large"' in answer.body)) or server.is_fastcgi,
            f"{what}: a body of 3 MB",
            (answer.status, answer.body[:100]),
        )
        if AS_ROOT or not server.is_fastcgi:
            path = f"{server.site}/.well-known/acme-challenge"
            os.makedirs(path, exist_ok=True)
            write(f"{path}/abc", "token")
            answer = server.exchange("GET", "/.well-known/acme-challenge/abc")
            expect(
                (answer.status, answer.body) == (200, b"token"),
                f"{what}: the host's own files",
                (answer.status, answer.body[:100]),
            )
