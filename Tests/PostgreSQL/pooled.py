"""The service behind PgBouncer in transaction mode, with four connections to the database for 32 clients (`database_pooled`).

1. Every flow works, also as CGI, and the tables agree with the answers.
2. No statement fails because another connection answers it.
3. Nothing stays on a server connection: no prepared statement, no setting, no lock.
4. The same holds when the server ends connections at random, and then the only 5xx are 503, after which nothing has
changed, and 500 for a COMMIT whose outcome is unknown.
"""

import collections
import contextlib
import os
import subprocess
import sys
import threading
import time

import books
from killer import Killer
from latchkey_tests.checks import Report
from latchkey_tests.cluster import PostgreSQLHome, query, tools
from latchkey_tests.deliverers import settle
from latchkey_tests.home import bearer
from latchkey_tests.maildir import Mailbox
from latchkey_tests.project import PROJECT
from latchkey_tests.service import Service
from load import SETTINGS, Load

CLIENTS, REQUESTS, POOL = 32, 2500, 4
DATABASE = "pooled"
# What a transaction could leave on its connection. The database's default for synchronous_commit is off, so that `on` is left.
STATE = """SELECT pg_backend_pid(), current_setting('synchronous_commit'), current_setting('lock_timeout'),
    current_setting('transaction_isolation'), current_setting('transaction_read_only'),
    (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_cursors),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), pg_sleep(0.5)"""
CLEAN = ["off", "0", "read committed", "off", "0", "0", "0"]


class Watcher(threading.Thread):
    """Notes the server's connections to the database."""

    def __init__(self, direct):
        super().__init__(daemon=True)
        self.direct, self.stopped, self.most, self.pids = direct, False, 0, set()

    def run(self):
        while not self.stopped:
            text = f"SELECT pid FROM pg_stat_activity WHERE datname = '{DATABASE}' AND pid <> pg_backend_pid()"
            pids = [row[0] for row in query(self.direct, text)]
            self.most = max(self.most, len(pids))
            self.pids.update(pids)
            time.sleep(0.2)


def by_cgi(home, report):
    """A sign-in and what follows, one process for each request."""
    grant = home.sign_in("cgi@example.com")
    key = home.post("create-api-key", {"name": "k"}, bearer(grant, True))
    steps = {
        "create-api-key": (key, 201),
        "verify-api-key": (home.get("verify-api-key", {"HTTP_X_API_KEY": key.data["full_key"]}), 200),
        "list-api-keys": (home.get("list-api-keys", bearer(grant, True)), 200),
        "create-project": (home.post("create-project", {"name": "second"}, bearer(grant)), 201),
        "list-projects": (home.get("list-projects", bearer(grant)), 200),
        "list-sessions": (home.get("list-sessions", bearer(grant)), 200),
        "update-user": (home.run("update-user", "PATCH", bearer(grant), b'{"full_name": "Ada"}'), 200),
        "jwks": (home.get("jwks"), 200),
        "health": (home.get("health"), 200),
    }
    for name, (answer, status) in steps.items():
        report.expect(answer.status == status, f"{name} as CGI", (answer.raw, answer.log))


def states(pooled):
    """What each of the pool's server connections has, asked at once."""
    command = [f"{tools()}/psql", "-XAtq", "-d", f"{pooled} dbname={DATABASE}", "-c", STATE]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(POOL)]
    return [process.communicate(timeout=30)[0].strip().split("|") for process in running]


def statuses(load):
    found = collections.Counter()
    for (_, status), count in load.seen.items():
        found[status] += count
    return ", ".join(f"{count} × {status}" for status, count in sorted(found.items()))


def main():
    if "LATCHKEY_TEST_POOLED" not in os.environ:
        script = f"{PROJECT}/Tests/Support/with-pgbouncer"
        os.execv(script, [script, sys.executable, os.path.abspath(__file__)])
    pooled, direct = os.environ["LATCHKEY_TEST_POSTGRESQL"], os.environ["LATCHKEY_TEST_POSTGRESQL_DIRECT"]
    report, to_database = Report(), f"{direct} dbname={DATABASE}"
    query(f"{direct} dbname=postgres", f"CREATE DATABASE {DATABASE}")
    query(f"{direct} dbname=postgres", f"ALTER DATABASE {DATABASE} SET synchronous_commit = off")
    settings = f"{SETTINGS}database_pooled = yes\n"
    with contextlib.ExitStack() as end:
        home = PostgreSQLHome(f"{pooled} dbname={DATABASE}", settings, checked=to_database)
        end.callback(home.remove)
        service = Service(home, {"LATCHKEY_FASTCGI": "1", "LATCHKEY_FASTCGI_PROCESSES": "16"})
        end.callback(service.stop)
        watcher = Watcher(f"{direct} dbname=postgres")
        by_cgi(home, report)
        watcher.start()
        load = Load([service], Mailbox(home.path), report, CLIENTS, REQUESTS)
        begin = time.monotonic()
        load.run()
        took = time.monotonic() - begin
        found = states(pooled)
        watcher.stopped = True
        watcher.join()
        settle(home)
        known = sum(row[0] in watcher.pids for row in found)
        report.expect(len({row[0] for row in found}) == POOL and known, "the pool's connections are not those of the load", found)
        for row in found:
            report.expect(row[1:8] == CLEAN, "a server connection has kept something", row)
        report.expect(watcher.most <= POOL, f"{watcher.most} connections to the database")
        books.check(load, home)
        told = f"{load.count} in {took:.0f} s: {statuses(load)}"
        report.figure(f"requests of {CLIENTS} clients over {watcher.most} connections", told)
        report.expect(load.answered(503) + load.answered(500) == 0, "some answers were 503 or 500")

        load = Load([service], Mailbox(home.path), report, CLIENTS, REQUESTS, name="d")
        killer = Killer(to_database)
        load.run()
        ended = sum(killer.stop().values())
        settle(home)
        books.check(load, home)
        report.figure(f"requests while {ended} connections were ended", f"{load.count}: {statuses(load)}")
        report.expect(load.answered(503) + load.answered(500) <= ended, "more answers of 503 and 500")
        books.reasons(load, [service])
    report.finish()


main()
