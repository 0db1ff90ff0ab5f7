"""users/me and refreshes by FastCGI, on SQLite and on PostgreSQL in one run, and by two instances on one database.

    make bench-postgresql [UPDATE=1]      ROUNDS (5), DURATION (2, seconds), PROCESSES (of PostgreSQL's fastcgi_processes)

Both stores sync every commit: fsync and synchronous_commit are on. Both have the same accounts and sessions, which
`latchkey store move` copied. The limits are on. Each request to refresh is of another account and another network, as in
reality: with one network, all refreshes would wait for one limit's count. All take turns in every round. Writes postgresql.md
into .build-bench, or, with UPDATE=1, into this folder.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor

from conditions import CORES, ME, REFRESH, RESULTS, ROUNDS, say
from latchkey_tests.cluster import Cluster, PostgreSQLHome
from latchkey_tests.home import Home, bearer
from latchkey_tests.project import EXECUTABLES, PROJECT
from latchkey_tests.service import Service
from measure import FOLDER, Failed, load, summary
from world import sessions_of

COPY = f"{PROJECT}/.build-postgresql"
DURATION = int(os.environ.get("DURATION", "2"))
CONNECTIONS = (1, 16, 64)
# The limits are the defaults: no request reaches one.
SETTINGS = "access_ttl = 1d\ntrusted_proxies = 127.0.0.1\n"
PROCESSES = f"fastcgi_processes = {os.environ['PROCESSES']}\n" if "PROCESSES" in os.environ else ""
# More than one round refreshes.
SESSIONS = 20000 * DURATION * ROUNDS
# What one of two instances may spend in one load.
SHARE = 4000 * DURATION


def fill(home):
    """Adds accounts with a session each; returns the bodies of their refreshes."""
    users = [uuid.uuid4() for _ in range(SESSIONS)]
    accounts = (
        "INSERT INTO users (id, email, is_active, is_superuser, is_verified, token_balance, tokens_used, subscription_tier,"
        " created_at, updated_at) VALUES (?, ?, 1, 0, 1, 0, 0, 'free', 0, 0)",
        [(user.bytes, f"u{number}@example.com") for number, user in enumerate(users)],
    )
    tokens = sessions_of(home, [user.bytes for user in users], accounts)
    return [json.dumps({"refresh_token": token, "user_uuid": str(user)}) for token, user in zip(tokens, users)]


class Rival:
    """One or more services on one store."""

    def __init__(self, name, services):
        self.name, self.services, self.figures, self.spent = name, services, {}, 0

    def note(self, what, count, rate, slowest):
        self.figures.setdefault((what, count), []).append((rate, slowest))


class Bench:
    def __init__(self, folder):
        self.folder, self.services, self.homes = folder, [], []
        self.cluster = Cluster(syncs=True)
        self.cluster.create("bench")
        os.mkdir(f"{folder}/home")
        self.home = Home(at=f"{folder}/home", settings=SETTINGS)
        self.grant = self.home.sign_in("ada@example.com")
        with open(f"{folder}/bodies", "w") as file:
            file.write("\n".join(fill(self.home)))
        with open(f"{folder}/new.conf", "w") as file:
            file.write(f"database = {self.cluster.connection('bench')}\n")
        self.move()
        self.rivals = [
            Rival("SQLite", [self.serve(self.home, PROJECT, CORES)]),
            Rival("PostgreSQL", [self.serve(self.machine(), COPY, 8 * CORES)]),
            Rival("PostgreSQL, two instances", [self.serve(self.machine(), COPY, 4 * CORES) for _ in range(2)]),
        ]

    def move(self):
        command, environment = f"{COPY}/bin/latchkey", {"LATCHKEY_HOME": self.home.path}
        for arguments in (["store", "move", "--to", f"{self.folder}/new.conf"], ["store", "reopen"]):
            done = subprocess.run([command, *arguments], env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                raise Failed(done.stderr)
        self.cluster.sql("VACUUM ANALYZE", "bench")

    def machine(self):
        """A state folder of one more machine."""
        home = PostgreSQLHome(self.cluster.connection("bench"), SETTINGS + PROCESSES)
        home.executables = f"{COPY}/cgi-bin"
        self.homes.append(home)
        return home.with_secret_of(self.home)

    def serve(self, home, project, processes):
        service = Service(home, {"LATCHKEY_FASTCGI": "1", "LATCHKEY_FASTCGI_PROCESSES": str(processes)}, project=project)
        self.services.append(service)
        return service

    def round(self, number):
        header = {"Authorization": bearer(self.grant)["HTTP_AUTHORIZATION"]}
        turns = self.rivals[number % 3 :] + self.rivals[: number % 3]
        if number % 2:
            turns.reverse()
        for count in CONNECTIONS:
            for what, path, headers in (("users/me", ME, header), ("refreshes", REFRESH, {})):
                for rival in turns:
                    if len(rival.services) == 1 or count == CONNECTIONS[-1]:
                        self.load(rival, what, path, headers, count)
        say(f"round {number} of {ROUNDS}")

    def load(self, rival, what, path, headers, count):
        """The rates of a rival's services together, each with its share of the connections."""
        # Each store has its own sessions to spend.
        store = self.rivals[0] if rival is self.rivals[0] else self.rivals[1]
        commands = []
        for service in rival.services:
            script, environment = (), {}
            if path == REFRESH:
                script = ["-s", f"{FOLDER}/refresh.lua"]
                environment = {"BODIES": f"{self.folder}/bodies", "START": str(store.spent), "NETWORKS": "1"}
                store.spent += SHARE if len(rival.services) > 1 else 0
            commands.append((service.port, path, headers, count // len(rival.services), DURATION, script, environment))
        with ThreadPoolExecutor(len(commands)) as pool:
            found = list(pool.map(lambda command: load(*command), commands))
        if path == REFRESH and len(rival.services) == 1:
            store.spent += found[0][3] + count
        rival.note(what, count, sum(rate for rate, *_ in found), max(slowest for _, _, slowest, _ in found))

    def stop(self):
        for service in self.services:
            service.stop()
        for home in self.homes:
            home.remove()
        self.cluster.remove()


def report(bench):
    sqlite, postgresql, _ = bench.rivals
    lines = [
        "# PostgreSQL\n",
        f"Requests per second by FastCGI with lighttpd, the load and the database's server on the same {CORES} cores; medians"
        f" of {ROUNDS} rounds of {DURATION} s, with the smallest and the largest. `make bench-postgresql` measures them.\n",
        "| | connections | " + " | ".join(rival.name for rival in bench.rivals) + " | PostgreSQL of SQLite | 99% within, ms |",
        "|---|---|" + "---|" * (len(bench.rivals) + 2),
    ]
    targets = []
    for what in ("users/me", "refreshes"):
        for count in CONNECTIONS:
            cells = []
            for rival in bench.rivals:
                figures = rival.figures.get((what, count))
                middle, least, most = summary([rate for rate, _ in figures]) if figures else (0, 0, 0)
                cells.append(f"{middle:,.0f} ({least:,.0f}–{most:,.0f})" if figures else "")
            pairs = zip(postgresql.figures[what, count], sqlite.figures[what, count])
            ratio = summary([ours / theirs for (ours, _), (theirs, _) in pairs])[0]
            slowest = " / ".join(f"{summary([ms for _, ms in r.figures[what, count]])[0]:.1f}" for r in (sqlite, postgresql))
            lines.append(f"| {what} | {count} | {' | '.join(cells)} | {ratio:.2f} | {slowest} |")
            if what == "users/me" or count == 64:
                bound = 0.5 if what == "users/me" else 1.0
                targets.append((f"{what} at {count} connections, PostgreSQL of SQLite", ratio, bound))
    lines.append("\n| target | | |\n|---|---|---|")
    for what, ratio, bound in targets:
        lines.append(f"| {what} | {ratio:.2f} | ≥ {bound:.2f}{'' if ratio >= bound else ', **missed**'} |")
        print(f"{'met   ' if ratio >= bound else 'missed'}  {ratio:.2f}  {bound:.2f}  {what}")
    os.makedirs(RESULTS, exist_ok=True)
    with open(f"{RESULTS}/postgresql.md", "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


def main():
    if not os.access(f"{COPY}/bin/latchkey", os.X_OK) or not os.access(f"{EXECUTABLES}/latchkey-fcgi", os.X_OK):
        sys.exit("bench: the executables are missing: make bench-postgresql")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder, bench = tempfile.mkdtemp(prefix="latchkey-bench-"), None
    try:
        bench = Bench(folder)
        say(f"{SESSIONS:,} accounts in both stores")
        for number in range(1, ROUNDS + 1):
            bench.round(number)
        report(bench)
    except Failed as failed:
        sys.exit(f"bench: {failed}")
    finally:
        if bench:
            bench.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
