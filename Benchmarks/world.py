"""States to measure on: a service with people that its own executables made, and any number of strangers; and one
good request for every endpoint.
"""

import base64
import hashlib
import hmac
import json
import os
import struct
import uuid

from latchkey_tests.deliverers import settle
from latchkey_tests.home import NO_LIMITS, Home, bearer
from latchkey_tests.project import EXECUTABLES

# The limits that a measurement would reach, and no others: each line of settings takes 2,000 instructions.
SETTINGS = "".join(line for line in NO_LIMITS.splitlines(True) if not line.startswith(("max_", "limit_write_")))
SETTINGS += "limit_invite_per_user = off\naccess_ttl = 1d\ncode_ttl = 1h\n"
ADA, BOB, NEW, OTHER = "ada@example.com", "bob@example.com", "new@example.com", "other@example.com"


class Case:
    """A request: `name` is the endpoint's, with one more word if the endpoint has several."""

    def __init__(self, name, method, variables=None, body=b""):
        self.name, self.executable = name, name.split(",")[0]
        self.method, self.variables, self.body = method, variables or {}, body

    @property
    def path(self):
        return f"{EXECUTABLES}/{self.executable}"

    @property
    def writes(self):
        return self.method != "GET"


class World:
    """A state folder at `path` with two people, their shared data, and `strangers` others."""

    def __init__(self, path, strangers=0):
        os.makedirs(path, exist_ok=True)
        self.home = home = Home(at=path, settings=SETTINGS)
        self.ada, self.bob = home.sign_in(ADA), home.sign_in(BOB)
        self.spare = self.again(ADA)
        self.keys = [
            home.post("create-api-key", {"name": name, "scopes": scopes}, bearer(self.ada, True)).data
            for name, scopes in (("reader", None), ("second", ["api-keys:read", "x"]))
        ]
        sessions = home.get("list-sessions", bearer(self.ada)).data["items"]
        self.spare["session"] = next(session["id"] for session in sessions if not session["current"])
        self.second, self.many = (
            home.post("create-project", {"name": name}, bearer(self.ada)).data["id"] for name in ("second", "many")
        )

        def invite(project):
            grant = {**bearer(self.ada), "PATH_INFO": f"/{project}/members"}
            invitation = home.post("add-member", {"email": BOB}, grant).data["invitation_id"]
            # Otherwise it depends on the deliverer's speed whether the next announcement joins this one.
            settle(home)
            return invitation

        joined, self.invited = (invite(project) for project in (self.ada["project"], self.second))
        home.run("accept-invitation", "POST", {**bearer(self.bob), "PATH_INFO": f"/{joined}/accept"})

        def mailed(to, ask):
            settle(home)
            before = {item for _, _, item in home.mails()}
            ask()
            settle(home)
            return next(code for email, code, item in home.mails() if email == to and item not in before and code)

        self.agree = mailed(ADA, lambda: home.post("change-email", {"email": OTHER}, bearer(self.ada)))
        self.change = home.code(OTHER)
        self.leave = mailed(ADA, lambda: home.run("send-deletion-code", "POST", bearer(self.ada)))
        self.code = mailed(ADA, lambda: home.post("send-code", {"email": ADA}))
        if strangers:
            fill(home, strangers)
        self.remember()

    def again(self, email):
        """The tokens of another sign-in."""
        self.home.post("send-code", {"email": email})
        settle(self.home)
        return self.home.post("verify-code", {"email": email, "code": self.home.code(email)}).data

    # Requests that change something are measured repeatedly, each time from the same rows.

    def remember(self):
        database = self.home.database()
        users = [uuid.UUID(grant["user_uuid"]).bytes for grant in (self.ada, self.bob)]
        projects = [row[0] for row in database.execute("SELECT DISTINCT project_id FROM members WHERE user_id IN (?, ?)", users)]
        marks = ",".join("?" * len(projects))
        emails = [ADA, BOB, NEW, OTHER]
        self.places = [
            ("mail_items", "email IN (?,?,?,?)", emails),
            ("challenges", "email IN (?,?,?,?)", emails),
            ("users", "email IN (?,?,?,?)", emails),
            ("sessions", "user_id IN (?, ?)", users),
            ("projects", "id IN (SELECT project_id FROM members WHERE user_id IN (?, ?))", users),
            ("members", "user_id IN (?, ?)", users),
            ("invitations", "invited_by IN (?, ?)", users),
            ("api_keys", f"project_id IN ({marks}) AND name <> 'one of many'", projects),
            # Otherwise repeated measurements would reach the limits.
            ("limit_counts", "1", []),
        ]
        self.rows = [
            (table, database.execute(f"SELECT * FROM {table} WHERE {where}", values).fetchall())
            for table, where, values in self.places
        ]
        database.close()

    def restore(self):
        """Restores all rows of the known people."""
        settle(self.home)
        database = self.home.database()
        database.execute("BEGIN IMMEDIATE")
        for table, where, values in self.places:
            database.execute(f"DELETE FROM {table} WHERE {where}", values)
        for table, rows in self.rows:
            for row in rows:
                database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({','.join('?' * len(row))})", row)
        database.execute("COMMIT")
        # The next process that opens the database would have to read a long log.
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    def cases(self):
        def ada(path="", **more):
            return {**bearer(self.ada), **({"PATH_INFO": path} if path else {}), **more}

        def own(path="", **more):
            return {**bearer(self.ada, True), **({"PATH_INFO": path} if path else {}), **more}

        def body(**fields):
            return json.dumps(fields).encode()

        bob = bearer(self.bob)
        reader = {"HTTP_X_API_KEY": self.keys[0]["full_key"], "HTTP_X_PROJECT_ID": self.ada["project"]}
        key, project = f"/{self.keys[1]['id']}", f"/{self.ada['project']}"
        member = f"{project}/members/{self.bob['user_uuid']}"
        return [
            Case("send-code", "POST", body=body(email=NEW)),
            Case("verify-code", "POST", body=body(email=ADA, code=self.code)),
            Case(
                "refresh-token", "POST", body=body(refresh_token=self.spare["refresh_token"], user_uuid=self.spare["user_uuid"])
            ),
            Case("revoke-token", "POST", body=body(refresh_token=self.spare["refresh_token"])),
            Case("current-user", "GET", ada()),
            Case("list-api-keys", "GET", own()),
            Case("list-api-keys, by key", "GET", reader),
            Case("create-api-key", "POST", own(), body(name="made")),
            Case("delete-api-key", "DELETE", own(key)),
            Case("update-api-key", "PATCH", own(key), body(name="other")),
            Case("rotate-api-key", "POST", own(key + "/rotate"), body(overlap_days=1)),
            Case("verify-api-key", "GET", {"HTTP_X_API_KEY": self.keys[0]["full_key"]}),
            Case("list-sessions", "GET", ada()),
            Case("delete-session", "DELETE", ada("/" + self.spare["session"])),
            Case("revoke-other-sessions", "POST", ada()),
            Case("update-user", "PATCH", ada(), body(full_name="Ada")),
            Case("delete-user", "DELETE", ada(HTTP_X_VERIFICATION_CODE=self.leave)),
            Case("send-deletion-code", "POST", ada()),
            Case("preferences", "GET", ada()),
            Case("change-email", "POST", ada(), body(email=NEW)),
            Case("confirm-email", "POST", ada(), body(email=OTHER, code=self.change, current_code=self.agree)),
            Case("list-projects", "GET", ada()),
            Case("create-project", "POST", ada(), body(name="third")),
            Case("get-project", "GET", ada(project)),
            Case("update-project", "PATCH", ada(project), body(name="first")),
            Case("delete-project", "DELETE", ada(f"/{self.second}")),
            Case("add-member", "POST", ada(f"/{self.second}/members"), body(email=NEW)),
            Case("update-member", "PATCH", ada(member), body(role="admin")),
            Case("remove-member", "DELETE", ada(member)),
            Case("list-invitations", "GET", bob),
            Case("accept-invitation", "POST", {**bob, "PATH_INFO": f"/{self.invited}/accept"}),
            Case("decline-invitation", "DELETE", {**bob, "PATH_INFO": f"/{self.invited}"}),
            Case("jwks", "GET"),
            Case("health", "GET"),
            Case("metrics", "GET", {"REMOTE_ADDR": "127.0.0.1"}),
            Case("not-found", "GET", {"REQUEST_URI": "/nowhere"}),
        ]

    def environment(self, case):
        return {**self.home.environment(case.method, case.body, case.variables)}


# Strangers: rows in the service's form, generated by SQLite itself. Nobody has their secrets, and the
# database does not know them either: a refresh token is its session's row, a key's hash is 48 random bytes.

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PREFIX = "'sk_' || " + " || ".join(f"substr('{ALPHABET}', 1 + (random() & 63), 1)" for _ in range(8))
HASH = "'$argon2id$v=19$m=64,t=1,p=1$' || substr(hex(randomblob(11)), 1, 21) || 'A$' || substr(hex(randomblob(21)), 1, 42) || 'A'"
STRANGER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "


def fill(home, count):
    """Adds `count` users, each with a project, an API key and three sessions."""
    database = home.database()
    log = database.execute("PRAGMA journal_mode").fetchone()[0]
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1500000", "temp_store = MEMORY"):
        database.execute(f"PRAGMA {pragma}")
    tables = ("users", "projects", "members", "sessions", "api_keys")
    indexes = database.execute(
        f"SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN {tables}"
    ).fetchall()
    now = database.execute("SELECT unixepoch() * 1000").fetchone()[0]
    values = {"count": count, "now": now, "day": 86400000}
    database.execute("BEGIN")
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    database.execute("CREATE TEMP TABLE strangers (i INTEGER PRIMARY KEY, user BLOB, project BLOB)")
    for sql in (
        # In the order of their ids, which is the order of the tables.
        STRANGER + "INSERT INTO strangers SELECT NULL, id, randomblob(16) FROM (SELECT randomblob(16) AS id FROM n) ORDER BY id",
        "INSERT INTO users (id, email, full_name, is_active, is_superuser, is_verified, token_balance, tokens_used,"
        " subscription_tier, created_at, updated_at) SELECT user, 'user' || i || '@example.net', NULL, 1, 0, 1, 0, 0,"
        " 'free', :now - :day * 40, :now - :day * 40 FROM strangers WHERE i <= :count ORDER BY i",
        "INSERT INTO projects (id, name, created_at, updated_at)"
        " SELECT project, 'Default', :now - :day * 40, :now - :day * 40 FROM strangers ORDER BY project",
        "INSERT INTO members (user_id, project_id, role, created_at)"
        " SELECT user, project, 'owner', :now - :day * 40 FROM strangers ORDER BY i",
        "INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, expires_at, client, user_agent, access_token_tag)"
        " SELECT id, user, 1 + (i & 63), :now - i % (:day * 20), :now - :day * 20 - i, :now + :day * 60 + i, '192.0.2.7',"
        " 'Mozilla/5.0', randomblob(32) FROM (SELECT randomblob(16) AS id, user, i FROM strangers, (VALUES (1), (2), (3))) "
        "ORDER BY id",
        "INSERT INTO api_keys (id, project_id, created_by, prefix, key_hash, name, scopes, created_at, updated_at)"
        f" SELECT randomblob(16), project, user, {PREFIX}, {HASH}, 'key', NULL, :now - :day * 30, :now - :day * 30"
        " FROM strangers",
    ):
        database.execute(sql, {name: value for name, value in values.items() if f":{name}" in sql})
    database.execute("DROP TABLE strangers")
    for _, sql in indexes:
        database.execute(sql)
    database.execute("COMMIT")
    database.execute(f"PRAGMA journal_mode = {log}")
    database.close()


def add_keys(world, count):
    """Adds `count` API keys to the project `many`."""
    database = world.home.database()
    database.execute(
        STRANGER + "INSERT INTO api_keys (id, project_id, created_by, prefix, key_hash, name, scopes, created_at,"
        f" updated_at) SELECT randomblob(16), :project, :user, {PREFIX}, {HASH}, 'one of many', NULL,"
        " unixepoch() * 1000, unixepoch() * 1000 FROM n",
        {"count": count, "project": uuid.UUID(world.many).bytes, "user": uuid.UUID(world.ada["user_uuid"]).bytes},
    )
    database.close()


def add_sessions(world, count):
    """Adds `count` sessions of ada's; returns their refresh tokens."""
    return sessions_of(world.home, [uuid.UUID(world.ada["user_uuid"]).bytes] * count)


def sessions_of(home, users, *before):
    """Adds a session of each of `users`, by their ids, after the statements `before`, each with its rows. Returns the sessions'
    refresh tokens, which derive from the service's secret."""
    with open(f"{home.path}/secret.key", "rb") as file:
        extracted = hmac.digest(bytes(32), file.read(), "sha256")
    key = hmac.digest(extracted, b"latchkey v1 refresh token\x01", "sha256")
    sessions, tokens = [], []
    for user in users:
        session = uuid.uuid4().bytes
        content = session + struct.pack(">I", 1)
        tokens.append(base64.urlsafe_b64encode(content + hmac.digest(key, content, hashlib.sha512)[:44]).decode().rstrip("="))
        sessions.append((session, user))
    database = home.database()
    database.execute("BEGIN IMMEDIATE")
    for statement, rows in before:
        database.executemany(statement, rows)
    database.executemany(
        "INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, expires_at) VALUES"
        " (?, ?, 1, unixepoch() * 1000, unixepoch() * 1000, (unixepoch() + 86400) * 1000)",
        sessions,
    )
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return tokens
