"""The executables migrate a database of the first release while clients are at work.

1. Twenty times: 8 concurrent clients, each with requests of several kinds, and others that come meanwhile, on an
unopened state of the first release: no answer is 5xx, every old row remains, old sessions refresh, old keys work.
2. The same with 100,000 accounts, where the migration takes longer, in both journal modes.
3. A schema newer than the executables: 503 with a reason in the log from every endpoint that opens the database, and
not a byte of it changes.

Prints `figure <name>: <value>` and `N passed, N failed`, and exits with 1 if any check failed.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import threading
import time

from latchkey_tests.answers import Answer
from latchkey_tests.checks import expect, finish
from latchkey_tests.home import NO_LIMITS, Home, bearer
from latchkey_tests.project import EXECUTABLES, PROJECT

ROUNDS = int(os.environ.get("ROUNDS", "20"))
CLIENTS = 8
MANY = int(os.environ.get("ACCOUNTS", "100000"))
MIGRATIONS = f"{PROJECT}/Sources/Store/Migrations"
SCHEMA = len(os.listdir(MIGRATIONS))
FIRST = next(f"{MIGRATIONS}/{name}" for name in os.listdir(MIGRATIONS) if name.startswith("v001-"))
# The tables of the first release, parents first.
TABLES = ["users", "projects", "members", "challenges", "sessions", "api_keys", "mail_items"]


def columns(connection, table):
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


class Old:
    """A state as the first release left it: its schema, with people, sessions, keys and a code."""

    def __init__(self):
        self.home = Home(NO_LIMITS)
        self.people = [self.home.sign_in(f"person{number}@example.com") for number in range(CLIENTS)]
        for person in self.people:
            person["key"] = self.home.post(
                "create-api-key", {"name": "old", "expires_in_days": 30, "scopes": None}, bearer(person, True)
            ).data
        assert self.home.post("send-code", {"email": "waiting@example.com"}).status == 202
        self.code = self.home.code("waiting@example.com")
        self.settle()
        self.back()

    def settle(self):
        assert self.home.has_delivered(), "mail is not delivered"
        time.sleep(0.3)

    def back(self):
        """The same rows under the first schema, by its columns."""
        path = f"{self.home.path}/latchkey.db"
        with contextlib.closing(sqlite3.connect(f"{path}.old", isolation_level=None)) as old:
            with open(FIRST) as file:
                old.executescript(f"PRAGMA journal_mode = WAL; BEGIN; {file.read()}; PRAGMA user_version = 1; COMMIT")
            old.execute("ATTACH ? AS new", (path,))
            for table in TABLES:
                wanted = columns(old, table)
                known = [row[1] for row in old.execute(f"PRAGMA new.table_info({table})")]
                source = ["subject_id" if c == "challenge_id" and c not in known else c for c in wanted]
                where = " WHERE user_id = x''" if table == "challenges" else ""
                old.execute(f"INSERT INTO main.{table} ({', '.join(wanted)}) SELECT {', '.join(source)} FROM new.{table}{where}")
            old.execute("DETACH new")
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path + end)
        os.chmod(f"{path}.old", 0o600)
        os.rename(f"{path}.old", path)
        for end in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{path}.old{end}")

    def fill(self, count):
        """`count` more accounts, each with a project, a session, a key and a code."""
        with contextlib.closing(self.home.database()) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute("PRAGMA cache_size = -400000")
            db.execute("BEGIN")
            db.execute(f"""
                CREATE TEMP TABLE made AS
                WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                SELECT i, randomblob(16) AS user, randomblob(16) AS project, unixepoch() * 1000 AS at FROM n""")
            for statement in [
                "users SELECT user, 'user' || i || '@example.com', NULL, 1, 0, 1, 0, 0, 'free', at, at FROM made",
                "projects SELECT project, 'Default', at, at FROM made",
                "members SELECT user, project, 'owner', at FROM made",
                "sessions SELECT randomblob(16), user, 1, at, at, at + 86400000, NULL FROM made",
                """api_keys SELECT NULL, randomblob(16), project, user, 'sk_' || substr(hex(project), 1, 8), 'hash', 'old', NULL,
                   NULL, at + 86400000, NULL, at, at FROM made""",
                """challenges SELECT 'user' || i || '@example.com', randomblob(16), hex(randomblob(48)), 0, at, at + 600000, at,
                   NULL FROM made""",
            ]:
                db.execute(f"INSERT INTO {statement}")
            db.execute("COMMIT")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy(self, settings=NO_LIMITS, journal="wal"):
        """A new copy of that state folder: the database in that journal mode."""
        home = Home(settings)
        unwanted = shutil.ignore_patterns("*-wal", "*-shm", "*.lock")
        shutil.copytree(self.home.path, home.path, dirs_exist_ok=True, ignore=unwanted)
        home.configure(settings)
        assert home.sql(f"PRAGMA journal_mode = {journal}") == [(journal,)]
        assert home.sql("PRAGMA user_version") == [(1,)]
        return home


def rows(home):
    """Every row of the first release's tables, by the columns of that release."""
    found = {}
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as first:
        with open(FIRST) as file:
            first.executescript(file.read())
        wanted = {table: columns(first, table) for table in TABLES}
    with contextlib.closing(home.database()) as db:
        for table in TABLES:
            known = columns(db, table)
            source = [c if c in known else "subject_id" for c in wanted[table]]
            found[table] = [dict(zip(wanted[table], row)) for row in db.execute(f"SELECT {', '.join(source)} FROM {table}")]
    return found


# What a client's work may change in old rows.
CHANGES = {
    "users": {"full_name", "updated_at"},
    "sessions": {"generation", "rotated_at"},
    "api_keys": {"last_used_at", "updated_at"},
    "challenges": {"attempts", "used_at"},
    "projects": {"name", "updated_at"},
    "members": set(),
    "mail_items": set(),
}
KEYS = {"members": ("user_id", "project_id"), "challenges": ("email",)}


def lost(before, after):
    """The rows of `before` that are not in `after`, except for CHANGES."""
    found = []
    for table in TABLES:
        key = KEYS.get(table, ("id",))
        there = {tuple(row[c] for c in key): row for row in after[table]}
        for row in before[table]:
            now = there.get(tuple(row[c] for c in key))
            differing = {c for c in row if now is None or now[c] != row[c]} - (CHANGES[table] if now else set())
            if differing:
                found.append((table, sorted(differing), row))
    return found


def requests(old, number):
    """The requests of one client: endpoint, expected status, and a call."""
    person = old.people[number]
    by_key = {"HTTP_X_API_KEY": person["key"]["full_key"], "HTTP_X_PROJECT_ID": person["project"]}
    grant = {k: person[k] for k in ("refresh_token", "user_uuid")}
    work = [
        ("current-user", 200, lambda home: home.get("current-user", bearer(person))),
        ("refresh-token", 200, lambda home: home.post("refresh-token", grant)),
        ("list-api-keys", 200, lambda home: home.get("list-api-keys", by_key)),
        ("create-api-key", 201, lambda home: home.post("create-api-key", {"name": "new"}, bearer(person, True))),
        ("send-code", 202, lambda home: home.post("send-code", {"email": f"new{number}@example.com"})),
        ("verify-api-key", 200, lambda home: home.get("verify-api-key", by_key)),
        ("update-user", 200, lambda home: home.run("update-user", "PATCH", bearer(person), b'{"full_name":"Zoe"}')),
        ("health", 200, lambda home: home.get("health")),
    ]
    if number == 0:
        work[2] = ("verify-code", 200, lambda home: home.post("verify-code", {"email": "waiting@example.com", "code": old.code}))
    # Each starts with another.
    return work[number % len(work) :] + work[: number % len(work)]


def under_load(old, home, what):
    """All clients at once on `home`, and latecomers while they work; returns a client's longest wait."""
    barrier, wrong, longest = threading.Barrier(CLIENTS), [], []
    home.grants = {}

    def client(number):
        barrier.wait()
        for name, status, call in requests(old, number):
            began = time.monotonic()
            answer = call(home)
            longest.append(time.monotonic() - began)
            if name == "refresh-token" and answer.status == 200:
                home.grants[number] = answer.data
            if answer.status != status:
                wrong.append((name, answer.status, answer.body, answer.log))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    latecomers = []
    while any(thread.is_alive() for thread in threads):
        latecomers.append(home.start("current-user", "GET", bearer(old.people[len(latecomers) % CLIENTS])))
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    for process in latecomers:
        output, errors = process.communicate(timeout=120)
        answer = Answer(output)
        if answer.status != 200:
            wrong.append(("current-user, late", answer.status, answer.body, errors.decode("latin-1")))
    expect(len(longest) == CLIENTS * 8, f"{what}: every request had an answer", len(longest))
    expect(not wrong, f"{what}: every answer is as it should be", (len(wrong), wrong[:2]))
    return max(longest)


def whole(old, home, before, what):
    """The schema is the new one, no row is lost, and the clients' credentials work."""
    expect(home.sql("PRAGMA user_version") == [(SCHEMA,)], f"{what}: the schema is current")
    expect(home.integrity() == "ok", f"{what}: the database is whole", home.integrity())
    gone = lost(before, rows(home))
    expect(not gone, f"{what}: every row is there", gone[:3])
    for number, person in enumerate(old.people):
        grant = home.grants.get(number, person)
        answer = home.post("refresh-token", {k: grant[k] for k in ("refresh_token", "user_uuid")})
        me = home.get("current-user", bearer(answer.data)) if answer.status == 200 else answer
        expect(me.status == 200 and me.data["email"] == person["email"], f"{what}: an old session", (me.raw, me.log))
        by_key = {"HTTP_X_API_KEY": person["key"]["full_key"], "HTTP_X_PROJECT_ID": person["project"]}
        keys = home.get("list-api-keys", by_key)
        expect(
            keys.status == 200 and sorted(key["name"] for key in keys.data["items"]) == ["new", "old"],
            f"{what}: an old key",
            (keys.raw, keys.log),
        )


def rounds(old):
    waits = []
    for number in range(ROUNDS):
        journal = "delete" if number % 4 == 3 else "wal"  # a restored backup
        home = old.copy(journal=journal)
        before = rows(home)
        waits.append(under_load(old, home, f"round {number}"))
        whole(old, home, before, f"round {number}")
        expect(home.sql("PRAGMA journal_mode") == [("wal",)], f"round {number}: the journal")
        home.remove()
    print(f"figure rounds: {ROUNDS}, {ROUNDS * CLIENTS * 8} requests, the longest {max(waits):.2f} s", flush=True)


def large(old):
    old.fill(MANY)
    for settings, journal, what in [
        (NO_LIMITS, "wal", "wal"),
        (NO_LIMITS, "delete", "delete, then wal"),
        (NO_LIMITS + "journal = delete\n", "delete", "journal = delete"),
    ]:
        home = old.copy(settings, journal)
        began = time.monotonic()
        alone = home.get("health")
        spent = time.monotonic() - began
        expect(alone.status == 200 and home.sql("PRAGMA user_version") == [(SCHEMA,)], f"{MANY} accounts, {what}", alone.log)
        size = os.path.getsize(f"{home.path}/latchkey.db") / 1e6
        home.remove()

        home = old.copy(settings, journal)
        before = rows(home)
        wait = under_load(old, home, f"{MANY} accounts, {what}")
        whole(old, home, before, f"{MANY} accounts, {what}")
        home.remove()
        print(
            f"figure {MANY} accounts, {what}: {size:.0f} MB, {spent:.2f} s by the first request alone, "
            f"at most {wait:.2f} s under load",
            flush=True,
        )


def newer(old):
    """Every endpoint, from the sources' own list, with an old state's credentials."""
    home = old.copy()
    home.get("health")
    home.sql(f"PRAGMA user_version = {SCHEMA + 1}")
    home.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    person, id = old.people[0], "00000000-0000-4000-8000-000000000000"
    mine, project = bearer(person), bearer(person, True)
    grant = {k: person[k] for k in ("refresh_token", "user_uuid")}
    by_key = {"HTTP_X_API_KEY": person["key"]["full_key"]}
    member = {**mine, "PATH_INFO": f"/{person['project']}/members/{id}"}
    one = {**mine, "PATH_INFO": f"/{person['project']}"}
    asked = {
        "send-code": ("POST", {}, b'{"email":"x@example.com"}'),
        "verify-code": ("POST", {}, b'{"email":"waiting@example.com","code":"%s"}' % old.code.encode()),
        "refresh-token": ("POST", {}, b'{"refresh_token":"%s","user_uuid":"%s"}' % tuple(v.encode() for v in grant.values())),
        "revoke-token": ("POST", {}, b'{"refresh_token":"%s"}' % person["refresh_token"].encode()),
        "current-user": ("GET", mine, b""),
        "list-api-keys": ("GET", project, b""),
        "create-api-key": ("POST", project, b'{"name":"x"}'),
        "delete-api-key": ("DELETE", {**project, "PATH_INFO": f"/{id}"}, b""),
        "update-api-key": ("PATCH", {**project, "PATH_INFO": f"/{id}"}, b'{"name":"x"}'),
        "rotate-api-key": ("POST", {**project, "PATH_INFO": f"/{id}/rotate"}, b'{"overlap_days":1}'),
        "verify-api-key": ("GET", by_key, b""),
        "list-sessions": ("GET", mine, b""),
        "delete-session": ("DELETE", {**mine, "PATH_INFO": f"/{id}"}, b""),
        "revoke-other-sessions": ("POST", mine, b"{}"),
        "update-user": ("PATCH", mine, b'{"full_name":"x"}'),
        "delete-user": ("DELETE", {**mine, "HTTP_X_VERIFICATION_CODE": "123456"}, b""),
        "preferences": ("GET", mine, b""),
        "send-deletion-code": ("POST", mine, b""),
        "change-email": ("POST", mine, b'{"email":"y@example.com"}'),
        "confirm-email": ("POST", mine, b'{"email":"y@example.com","code":"123456","current_code":"123456"}'),
        "list-projects": ("GET", mine, b""),
        "create-project": ("POST", mine, b'{"name":"x"}'),
        "get-project": ("GET", one, b""),
        "update-project": ("PATCH", one, b'{"name":"x"}'),
        "delete-project": ("DELETE", one, b""),
        "add-member": ("POST", {**mine, "PATH_INFO": f"/{person['project']}/members"}, b'{"email":"z@example.com"}'),
        "update-member": ("PATCH", member, b'{"role":"admin"}'),
        "remove-member": ("DELETE", member, b""),
        "list-invitations": ("GET", mine, b""),
        "accept-invitation": ("POST", {**mine, "PATH_INFO": f"/{id}/accept"}, b"{}"),
        "decline-invitation": ("DELETE", {**mine, "PATH_INFO": f"/{id}"}, b""),
        "health": ("GET", {}, b""),
        "metrics": ("GET", {"REMOTE_ADDR": "127.0.0.1"}, b""),
    }
    closed = {"jwks": 200, "not-found": 404}  # they open no database
    listed = set(os.listdir(f"{PROJECT}/Sources/Executables")) - {
        "deliver-mail",
        "latchkey",
        "latchkey-fcgi",
        "write-routes",
        "write-settings",
    }
    expect(listed == {*asked, *closed}, "every endpoint is asked", listed ^ {*asked, *closed})

    def contents():
        """The database's bytes, and its WAL's size."""
        path = f"{home.path}/latchkey.db"
        with open(path, "rb") as file:
            return file.read(), os.path.getsize(f"{path}-wal") if os.path.exists(f"{path}-wal") else 0

    before = contents()
    for name, (method, variables, body) in asked.items():
        answer = home.run(name, method, variables, body)
        expect(
            answer.status == 503 and answer.code == "temporarily_unavailable" and "retry-after" in answer.headers,
            f"a newer schema: {name}",
            (answer.raw, answer.log),
        )
        lines = answer.log.splitlines()
        expect(len(lines) == 1 and "newer version of Latchkey" in lines[0], f"a newer schema: the log line of {name}", answer.log)
    for name, status in closed.items():
        answer = home.get(name)
        expect(answer.status == status, f"a newer schema: {name} opens no database", answer.raw)
    done = subprocess.run(
        [f"{EXECUTABLES}/deliver-mail"], env={"LATCHKEY_HOME": home.path}, stdin=subprocess.DEVNULL, capture_output=True
    )
    expect(done.returncode != 0, "a newer schema: deliver-mail fails", (done.returncode, done.stderr))
    expect(contents() == before, "a newer schema: not a byte changed")
    home.remove()


def main():
    began, old = time.monotonic(), Old()
    try:
        rounds(old)
        newer(old)
        large(old)
    finally:
        old.home.remove()
    print(f"figure upgrade: {time.monotonic() - began:.0f} s")
    finish()


if __name__ == "__main__":
    main()
