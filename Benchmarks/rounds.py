"""The rounds, in which all rivals take turns."""

import json
import os
import subprocess
import time

from conditions import CONNECTIONS, KEYS, ME, REFRESH, ROUNDS, SYNCED, say
from latchkey_tests.home import bearer
from latchkey_tests.project import EXECUTABLES
from measure import BASE, FOLDER, Failed, descendants, instructions, load, resident
from rival_servers import CGI, SLOW_DISK
from world import add_sessions


def busy_seconds():
    """The work of all cores since the machine started."""
    user, nice, system, _, _, interrupts, soft = (int(word) for word in open("/proc/stat").readline().split()[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


class Rounds:
    """The measurements of every round, and those made once after them."""

    def round(self, number):
        loads = [(rival, "me", ME, self.jwt) for rival in self.rivals]
        loads += [(rival, "key", KEYS, self.by_key) for rival in (self.swift, self.baseline, self.fastapi)]
        loads += [(rival, "jwt", KEYS, self.by_jwt) for rival in (self.swift, self.fastapi)]
        # Each round starts with another rival, and alternates direction, so that other work on the machine affects all alike.
        loads = loads[number - 1 :] + loads[: number - 1]
        for count in CONNECTIONS:
            for rival, *what in loads if number % 2 else reversed(loads):
                rival.measure(*what, count)
        environment = {
            kind: {**BASE, **self.world.home.environment("GET", b"", variables)}
            for kind, variables in (
                ("me", bearer(self.world.ada)),
                ("earlier", bearer(self.earlier)),
                ("jwt", bearer(self.world.ada, True)),
                ("key", {"HTTP_X_API_KEY": self.by_key["x-api-key"], "HTTP_X_PROJECT_ID": self.by_key["x-project-id"]}),
                ("first", {**bearer(self.world.ada), "HTTP_X_PROJECT_ID": self.world.many, "QUERY_STRING": "page=1&limit=10"}),
                (
                    "thousandth",
                    {**bearer(self.world.ada), "HTTP_X_PROJECT_ID": self.world.many, "QUERY_STRING": "page=1000&limit=10"},
                ),
            )
        }
        current, listing = f"{EXECUTABLES}/current-user", f"{EXECUTABLES}/list-api-keys"
        found = self.spawn.run(
            200,
            self.spawn.arguments(environment["me"], current),
            self.spawn.arguments(environment["me"], self.programs["current-user"]),
            self.spawn.arguments(environment["jwt"], listing),
            self.spawn.arguments(environment["key"], listing),
            self.spawn.arguments(environment["key"], self.programs["list-api-keys"]),
            self.spawn.arguments(environment["earlier"], current),
        )
        for name, figures in zip(("me", "c", "jwt", "key", "c key", "earlier"), found):
            self.processes.setdefault(name, []).append(figures)
        pages = self.spawn.run(50, *(self.spawn.arguments(environment[name], listing) for name in ("first", "thousandth")))
        for name, figures in zip(("first", "thousandth"), pages):
            self.processes.setdefault(name, []).append(figures)
        self.write_round()
        say(
            f"round {number} of {ROUNDS}: users/me at 4 connections: "
            + ", ".join(f"{rival.name} {rival.figures['me', 4][-1][0]:.0f}" for rival in self.rivals)
        )

    def write_round(self):
        """Refreshes at 16 connections, between two measurements of the disk's limit."""
        commits = [self.commits()]
        self.refreshes.append(self.refresh(self.swift.server.port))
        commits.append(self.commits())
        (busy, spent) = busy_seconds(), self.spent
        self.fastcgi_refreshes.append(self.refresh(self.fastcgi_refresh.port))
        self.fastcgi_costs.append((busy_seconds() - busy) / (self.spent - spent - 64) * 1e6)
        self.raw_commits.append(sum(commits) / len(commits))

    def refresh(self, port):
        """Refreshes a second, each of another session; 99% of them came within so many ms."""
        rate, _, latest, count = load(
            port,
            REFRESH,
            {},
            16,
            2,
            ["-s", f"{FOLDER}/refresh.lua"],
            {"BODIES": f"{self.folder}/bodies", "START": str(self.spent)},
        )
        self.spent += count + 64
        return rate, latest

    def write_slowly(self):
        """The same by CGI and by FastCGI, with long waits for the disk: SQLite's commits, and the share that refreshes
        reach."""
        self.slow_commits, self.slow_refreshes, servers = [], {}, []
        try:
            servers.append(
                ("CGI", self.lighttpd("refresh-slow", CGI, SLOW_DISK, path=REFRESH, program=f"{EXECUTABLES}/refresh-token"))
            )
            servers.append(("FastCGI", self.refresh_by_fastcgi("refresh-fastcgi-slow", SLOW_DISK)))
            for _ in range(ROUNDS):
                commits = self.commits(SLOW_DISK, 2)
                self.slow_commits.append(commits)
                for name, server in servers:
                    rate, latest = self.refresh(server.port)
                    self.slow_refreshes.setdefault(name, []).append((rate, latest, rate / commits))
        finally:
            for _, server in servers:
                server.stop()

    def count_syncs(self):
        """The number of waits for the disk: by refreshes, each in a process that finds no other, and by SQLite's commits."""
        bodies = open(f"{self.folder}/bodies", "rb").read().splitlines()[-SYNCED:]
        traced = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", f"{self.folder}/syncs"]
        count = 0
        for body in bodies:
            environment = {**BASE, **self.world.home.environment("POST", body, {})}
            done = subprocess.run([*traced, f"{EXECUTABLES}/refresh-token"], input=body, env=environment, capture_output=True)
            if not done.stdout.startswith(b"Status: 200"):
                raise Failed(f"a refresh failed: {done.stdout[:200]}")
            count += sum(int(line.split()[3]) for line in open(f"{self.folder}/syncs") if "sync" in line)
        return count / len(bodies)

    def commits(self, under=(), seconds=1):
        done = subprocess.run(
            [*under, self.programs["commits"], f"{self.folder}/commits.db", str(seconds)], capture_output=True, text=True
        )
        if done.returncode != 0:
            raise Failed(done.stderr)
        return float(done.stdout)

    def measure(self):
        self.processes, self.refreshes, self.fastcgi_refreshes, self.raw_commits, self.spent = {}, [], [], [], 0
        self.fastcgi_costs = []
        tokens = add_sessions(self.world, 20000 * ROUNDS)
        with open(f"{self.folder}/bodies", "w") as file:
            for token in tokens:
                file.write(json.dumps({"refresh_token": token, "user_uuid": self.world.ada["user_uuid"]}) + "\n")
        time.sleep(1)
        self.idle = {
            rival.name: resident([pid for root in rival.pids for pid in self.below(rival, root)])
            for rival in self.rivals
            if rival.pids
        }
        for number in range(1, ROUNDS + 1):
            self.round(number)
        self.busy = {
            rival.name: resident([pid for root in rival.pids for pid in self.below(rival, root)])
            for rival in self.rivals
            if rival.pids
        }
        self.syncs = self.count_syncs()
        self.write_slowly()
        code = next(case for case in self.world.cases() if case.name == "verify-code")
        self.world.restore()
        self.verify_resident = self.spawn.run(1, self.spawn.arguments(self.world.environment(code), code.path, code.body))[0][2]
        environment = self.world.home.environment("GET", b"", bearer(self.world.ada))
        self.instructions = [
            instructions(program, environment) for program in (f"{EXECUTABLES}/current-user", self.programs["current-user"])
        ]

    @staticmethod
    def below(rival, root):
        """The persistent processes of a rival, without lighttpd itself."""
        pids = descendants(root)
        return pids[1:] if "FastCGI" in rival.name else pids
