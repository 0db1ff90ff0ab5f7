"""The service behind the project's own lighttpd, and its users: the basis of real requests."""

import json
import os
import uuid

from latchkey_tests import maildir
from latchkey_tests.home import NO_LIMITS, Home
from latchkey_tests.service import Service

METRICS_TOKEN = "a-token-for-the-numbers-0123456789"
CLIENT_TOKEN = "a-token-for-the-clients-0123456789"
# A rollback journal, so that a locked database also blocks readers.
SETTINGS = NO_LIMITS + f"metrics_token = {METRICS_TOKEN}\njournal = delete\n"
TIGHT = SETTINGS.replace("= off", "= 1/5m")


class Refused(Exception):
    """A step that others depend on failed."""


class Person:
    """A signed-in user."""

    def __init__(self, email, grant):
        self.email, self.id = email, grant["user_uuid"]
        self.access, self.refresh = grant["access_token"], grant["refresh_token"]
        self.project = None

    @property
    def bearer(self):
        return {"Authorization": f"Bearer {self.access}"}

    @property
    def on_project(self):
        return {**self.bearer, "x-project-id": self.project}


class World:
    """A state folder and its server; `close` ends both."""

    def __init__(self):
        self.home = Home(SETTINGS)
        self.server = Service(self.home)
        self.base = f"http://127.0.0.1:{self.server.port}"
        self.people = 0

    @classmethod
    def attached(cls, path, port):
        """The world of another process, which started its server."""
        world = cls.__new__(cls)
        world.home = Home.existing(path)
        world.server = Service.attached(world.home, port)
        world.base, world.people = f"http://127.0.0.1:{port}", os.getpid() * 1000
        return world

    def close(self):
        self.server.stop()
        self.home.remove()

    def configure(self, more=""):
        """The settings, with those of `more` in place of the same keys."""
        keys = {line.split("=")[0] for line in more.splitlines()}
        self.home.configure("".join(line for line in SETTINGS.splitlines(True) if line.split("=")[0] not in keys) + more)

    def fresh(self):
        self.people += 1
        return f"person-{self.people}@example.com"

    def request(self, method, path, headers=(), body=None):
        """One request. `headers` is a dictionary or a list of pairs; `body` is bytes, or a value to send as JSON."""
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        names = {name.lower() for name, _ in pairs}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None and "content-type" not in names:
            pairs.append(("Content-Type", "application/json"))
        if body is not None or method in ("POST", "PUT", "PATCH"):
            pairs.append(("Content-Length", len(body or b"")))
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in pairs]
        return self.server.exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))

    def do(self, method, path, headers=(), body=None):
        """`data` of an answer that must be a success."""
        answer = self.request(method, path, headers, body)
        if not 200 <= answer.status < 300:
            raise Refused(f"{method} {path}: {answer.status} {answer.code}")
        return answer.data

    def code(self, email, ask=None):
        """A code for `email`, from the mail that `ask` sends; by default send-code's."""
        try:
            return maildir.code_of(
                self.home.path, email, ask or (lambda: self.do("POST", "/auth/verification/send-code", body={"email": email}))
            )
        except AssertionError as error:
            raise Refused(str(error)) from error

    def deletion_code(self, person):
        """A code that deletes the account of `person`."""
        return self.code(person.email, lambda: self.do("POST", "/auth/users/me/deletion-code", person.bearer))

    def address_codes(self, person, email):
        """The codes that make `email` the address of `person`: one mailed there, and one mailed to the current address."""

        def ask():
            self.do("POST", "/auth/users/me/email", person.bearer, {"email": email})

        found = []
        current = self.code(person.email, lambda: found.append(self.code(email, ask)))
        return found[0], current

    def sign_in(self, email=None):
        email = email or self.fresh()
        person = Person(email, self.do("POST", "/auth/verification/verify-code", body={"email": email, "code": self.code(email)}))
        person.project = self.do("GET", "/auth/users/me", person.bearer)["projects"][0]["id"]
        return person

    def key(self, person, **fields):
        return self.do("POST", "/auth/api-keys/", person.on_project, {"name": "key", **fields})

    def sql(self, text, *values):
        return self.home.sql(text, [uuid.UUID(v).bytes if isinstance(v, str) and len(v) == 36 else v for v in values])

    def active(self, person, yes):
        self.sql("UPDATE users SET is_active = ? WHERE id = ?", int(yes), person.id)

    def join(self, person, project, role="member"):
        self.sql(
            "INSERT INTO members (user_id, project_id, role, created_at) VALUES (?, ?, ?, 1700000000000)",
            person.id,
            project,
            role,
        )
