"""A service of 100,000 accounts moves from SQLite to PostgreSQL, while the move is killed at random points, and back by backup
and restore.

1. After each kill the old database is open, or closed for the move; the same command goes on, and at last succeeds.
2. Every row of every table is then the same in both, by a SHA-256 that this test takes itself.
3. Nobody is signed out by the move: a session from before it is refreshed by the new service.
4. A backup of PostgreSQL, restored into SQLite, has the same accounts, projects, members, keys and limits.
5. If two machines move the same database at once, it is moved once: the old one stays closed, and the new one has all rows.

The state is first made by the executables for PostgreSQL, whose backup is a state of SQLite. SQLITE_COMMAND is the operator's
command of the build with SQLite.
"""

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tarfile
import tempfile
import time

from latchkey_tests.checks import expect, finish
from latchkey_tests.cluster import Cluster, PostgreSQLHome, query, tools
from latchkey_tests.home import bearer
from latchkey_tests.project import COMMAND

ACCOUNTS = 100_000
KILLS = 12
SQLITE_COMMAND = os.environ["SQLITE_COMMAND"]
TABLES = {
    "users": "id",
    "projects": "id",
    "members": "user_id, project_id",
    "sessions": "id",
    "api_keys": "sequence",
    "invitations": "id",
    "challenges": "email, purpose, user_id, about",
    "mail_items": "id",
    "limit_counts": "name, subject, began_at",
    "known_networks": "email, network",
    "audit_events": "sequence",
    "counters": "event, detail",
}
# What a restore changes: sessions end, codes are deleted, and the audit log says so.
RESTORED = [table for table in TABLES if table not in ("sessions", "challenges", "mail_items", "audit_events", "counters")]


def command(program, home, *arguments, **variables):
    """A run of an operator's command on the state folder `home`, with only `variables`."""
    environment = {"PATH": os.environ["PATH"], "LATCHKEY_HOME": home, **variables}
    return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, timeout=300)


def filled(home):
    """Adds accounts with a project and a session each, and some of everything else, with bytes that need care."""
    database = sqlite3.connect(f"{home}/latchkey.db")
    ids = [(hashlib.sha256(b"account %d" % n).digest()[:16], n) for n in range(ACCOUNTS)]
    odd = ["a\tb", "back\\slash", "line\nend", "\\N", "", "Zoë 💡", "\r", "quote'\"", "\x01\x08\x0b\x0c", "\\x41"]
    database.executemany(
        "INSERT INTO users (id, email, full_name, is_active, is_superuser, is_verified, token_balance, tokens_used,"
        " subscription_tier, created_at, updated_at) VALUES (?, ?, ?, 1, 0, 1, ?, 0, 'free', ?, ?)",
        [(i, f"u{n}@example.com", odd[n % 10] if n % 3 else None, n - 5, n, n) for i, n in ids],
    )
    projects = [(hashlib.sha256(b"project %d" % n).digest()[:16], n) for n in range(ACCOUNTS)]
    database.executemany(
        "INSERT INTO projects (id, name, created_at, updated_at) VALUES (?, ?, ?, ?)",
        [(i, odd[n % 10], n, n) for i, n in projects],
    )
    database.executemany(
        "INSERT INTO members (user_id, project_id, role, created_at) VALUES (?, ?, 'owner', ?)",
        [(user, project, n) for (user, n), (project, _) in zip(ids, projects)],
    )
    database.executemany(
        "INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, expires_at, access_token_tag)"
        " VALUES (?, ?, ?, ?, ?, 9999999999999, ?)",
        [(hashlib.sha256(i).digest()[:16], i, n, n, n, hashlib.sha256(i).digest() if n % 2 else None) for i, n in ids],
    )
    database.executemany(
        "INSERT INTO api_keys (id, project_id, created_by, prefix, key_hash, name, scopes, created_at, updated_at)"
        " VALUES (?, ?, ?, 'sk_00000000', 'h', ?, ?, ?, ?)",
        [
            (hashlib.sha256(b"key %d" % n).digest()[:16], project, user, odd[n % 10], odd[n % 10] or None, n, n)
            for (user, n), (project, _) in zip(ids[:1000], projects[:1000])
        ],
    )
    database.executemany(
        "INSERT INTO audit_events (at, event, user_id, client, request_id) VALUES (?, 'sign-in', ?, '192.0.2.7', ?)",
        [(n, i, odd[n % 10]) for i, n in ids],
    )
    database.commit()
    database.close()


def digest(rows):
    """The number of rows, and a SHA-256 of them in their order."""
    total, count = hashlib.sha256(), 0
    for row in rows:
        total.update(row + b"\n")
        count += 1
    return count, total.hexdigest()


def line(values):
    """A row as COPY writes it in CSV: NULL is empty, and every text is quoted."""
    fields = []
    for value in values:
        if value is None:
            fields.append("")
        elif isinstance(value, bytes):
            fields.append(f'"\\x{value.hex()}"')
        else:
            fields.append('"' + str(value).replace('"', '""') + '"')
    return ",".join(fields).encode()


def sqlite_digests(path, tables=TABLES):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = {}
    for table in tables:
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        names = ", ".join(columns)
        found[table] = digest(line(row) for row in database.execute(f"SELECT {names} FROM {table} ORDER BY {TABLES[table]}"))
    database.close()
    return found


def postgresql_digests(connection, path):
    """The same of PostgreSQL, with the columns of the SQLite file `path`."""
    database = sqlite3.connect(path)
    found = {}
    for table, order in TABLES.items():
        names = ", ".join(row[1] for row in database.execute(f"PRAGMA table_info({table})"))
        select = f"SELECT {names} FROM {table} ORDER BY {order}"
        if table == "counters":
            select = "SELECT event, detail, sum(count) FROM counters GROUP BY event, detail ORDER BY event, detail"
        copy = f"COPY ({select}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
        done = subprocess.run([f"{tools()}/psql", "-Xq", "-d", connection, "-c", copy], capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        total = hashlib.sha256(done.stdout).hexdigest()
        count = int(query(connection, f"SELECT count(*) FROM ({select}) AS rows")[0][0])
        found[table] = count, total
    database.close()
    return found


def emptied(cluster, home):
    """An empty database for the move, and the old one open again."""
    cluster.sql("DROP DATABASE IF EXISTS target WITH (FORCE)")
    cluster.create("target")
    again = command(COMMAND, home, "store", "reopen")
    expect(again.returncode == 0, "the old database is open", again.stderr)


def killed_and_run_again(cluster, home, settings):
    """Kills the move at random points, and looks at the new database after each; then lets it finish."""
    started = time.monotonic()
    first = command(COMMAND, home, "store", "move", "--to", settings)
    duration = time.monotonic() - started
    expect(first.returncode == 0, f"a move within {duration:.1f} s", (first.stdout, first.stderr))
    emptied(cluster, home)
    rng, kills, copied = random.Random(17), 0, 0
    while kills < KILLS:
        # Half of them near the end, where it commits.
        delay = rng.uniform(0, 1) * duration if kills % 2 else rng.uniform(0.9, 1.02) * duration
        environment = {"PATH": os.environ["PATH"], "LATCHKEY_HOME": home}
        started = time.monotonic()
        process = subprocess.Popen(
            [COMMAND, "store", "move", "--to", settings], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            process.wait(delay)
            # The machine may be faster now. A move that had already copied everything is no measure.
            duration = max(duration / 2, time.monotonic() - started)
            expect(process.returncode == 0, f"the move within {delay:.2f} s", process.stderr.read())
            emptied(cluster, home)
            continue
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        finally:
            process.stderr.close()
        # The server may still be committing for the killed process.
        time.sleep(0.2)
        is_there = cluster.sql("SELECT to_regclass('users') IS NOT NULL", "target")[0][0] == "t"
        count = int(cluster.sql("SELECT count(*) FROM users", "target")[0][0]) if is_there else 0
        expect(count in (0, ACCOUNTS + 1), f"after {delay:.2f} s: all rows or none", count)
        copied += count > 0
    last = command(COMMAND, home, "store", "move", "--to", settings)
    expect(last.returncode == 0, f"{KILLS} kills, then the move succeeds", (last.stdout, last.stderr))
    print(f"moved {ACCOUNTS} accounts in {duration:.1f} s; killed {KILLS} times, {copied} of them after the commit")


def moved_by_two(cluster, home, folder):
    """Two machines move the database of `home` at once; the second begins at several moments of the first."""
    other = PostgreSQLHome(cluster.connection("target"))
    shutil.copyfile(f"{home.path}/secret.key", f"{other.path}/secret.key")
    os.chmod(f"{other.path}/secret.key", 0o600)
    settings = f"{folder}/third.conf"
    with open(settings, "w") as file:
        file.write(f"database = {cluster.connection('third')}\n")
    for delay in (0, 0.05, 1, 3):
        cluster.sql("DROP DATABASE IF EXISTS third WITH (FORCE)")
        cluster.create("third")
        moves = []
        for machine in (home, other):
            environment = {"PATH": os.environ["PATH"], "LATCHKEY_HOME": machine.path}
            call = [COMMAND, "store", "move", "--to", settings]
            moves.append(subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            time.sleep(delay)
        answers = [(*move.communicate(timeout=300), move.returncode) for move in moves]
        name = f"two moves, the second after {delay} s"
        expect(0 in [answer[2] for answer in answers], f"{name}: one succeeds", answers)
        for answer in answers:
            expect(answer[2] in (0, 1) and "Traceback" not in answer[1], f"{name}: the other says why not", answer)
        for database, closure in (("target", "3"), ("third", "0")):
            found = cluster.sql("SELECT closure FROM store_state", database)[0][0]
            expect(found == closure, f"{name}: {database} is {'open' if closure == '0' else 'closed'}", (found, answers))
        path = f"{folder}/restored/latchkey.db"
        same = postgresql_digests(cluster.connection("third"), path) == postgresql_digests(cluster.connection("target"), path)
        expect(same, f"{name}: all rows are there")
        again = command(COMMAND, home.path, "store", "reopen")
        expect(again.returncode == 0, f"{name}: and back", again.stderr)


def main():
    cluster = Cluster()
    folder = tempfile.mkdtemp(prefix="latchkey-move-")
    try:
        for name in ("first", "target"):
            cluster.create(name)
        first = PostgreSQLHome(cluster.connection("first"))
        grant = first.sign_in("ada@example.com")
        archive, home = f"{folder}/first.tar", f"{folder}/home"
        made = command(COMMAND, first.path, "backup", archive)
        expect(made.returncode == 0, "a backup of PostgreSQL", made.stderr)
        os.mkdir(home, 0o700)
        with tarfile.open(archive) as file:
            file.extractall(home, filter="data") if hasattr(tarfile, "data_filter") else file.extractall(home)
        os.chmod(f"{home}/keys", 0o700)
        if os.path.exists(f"{home}/latchkey.conf"):
            os.remove(f"{home}/latchkey.conf")
        filled(home)
        before = sqlite_digests(f"{home}/latchkey.db")
        expect(before["users"][0] == ACCOUNTS + 1, f"{ACCOUNTS} accounts in SQLite")

        settings = f"{folder}/new.conf"
        with open(settings, "w") as file:
            file.write(f"database = {cluster.connection('target')}\n")
        target = PostgreSQLHome(cluster.connection("target"))
        killed_and_run_again(cluster, home, settings)

        after = sqlite_digests(f"{home}/latchkey.db")
        expect(after == before, "the old database has all it had", {t for t in before if before[t] != after[t]})
        there = postgresql_digests(cluster.connection("target"), f"{home}/latchkey.db")
        for table in TABLES:
            expect(there[table][0] == before[table][0], f"{table}: {before[table][0]} rows", there[table])
            expect(there[table][1] == before[table][1], f"{table}: the same rows", (there[table], before[table]))
        closed = command(SQLITE_COMMAND, home, "user", "list")
        expect(closed.returncode == 1 and "store move" in closed.stderr, "the old database is closed", closed.stderr)

        shutil.copyfile(f"{home}/secret.key", f"{target.path}/secret.key")
        os.chmod(f"{target.path}/secret.key", 0o600)
        expect(target.get("current-user", bearer(grant)).status == 200, "an access token from before works")
        fresh = target.post("refresh-token", {name: grant[name] for name in ("refresh_token", "user_uuid")})
        expect(fresh.status == 200, "a session from before is refreshed", fresh.raw)
        again = command(COMMAND, home, "store", "move", "--to", settings)
        expect(again.returncode == 0 and "already been copied" in again.stdout, "a finished move says so", again.stderr)
        after = postgresql_digests(cluster.connection("target"), f"{home}/latchkey.db")
        reopened = command(COMMAND, home, "store", "reopen")
        expect(reopened.returncode == 0, "the old database opens again", reopened.stderr)
        again = command(COMMAND, home, "store", "move", "--to", settings)
        expect(again.returncode == 1 and "data of its own" in again.stderr, "what is in use is not replaced", again.stderr)
        unchanged = postgresql_digests(cluster.connection("target"), f"{home}/latchkey.db")
        expect(unchanged == after, "and nothing changed there")

        back = f"{folder}/back.tar"
        kept = postgresql_digests(cluster.connection("target"), f"{home}/latchkey.db")
        made = command(COMMAND, target.path, "backup", back)
        expect(made.returncode == 0, "a backup of the new database", made.stderr)
        restored = f"{folder}/restored"
        done = command(SQLITE_COMMAND, restored, "restore", back)
        expect(done.returncode == 0, "restored into SQLite", done.stderr)
        here = sqlite_digests(f"{restored}/latchkey.db", RESTORED)
        for table in RESTORED:
            expect(here[table] == kept[table], f"{table}: the same rows after the way back", (here[table], kept[table]))
        doctor = command(SQLITE_COMMAND, restored, "doctor", "--deep")
        expect("integrity: every page and every reference is correct" in doctor.stdout, "doctor finds nothing", doctor.stdout)
        moved_by_two(cluster, target, folder)
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
