"""Measures Latchkey and its rivals, all in turn in every round, and writes results.md and results.svg into
.build-bench, or, with UPDATE=1 in the environment, into this folder. Call it by `make bench`, which builds first.

ROUNDS (5), DURATION (1, seconds of load per round, rival and number of connections) and USERS (1000000) come from the
environment. A ratio is the median of the rounds' ratios, whose two sides are measured close together. It refuses to
measure a C program that does not answer the same bytes, or makes other system calls. A missed target is reported, and is
not an error.
"""

import os
import shutil
import signal
import sys
import tempfile

from conditions import RESULTS, say
from findings import Findings
from growth import Growth
from latchkey_tests.project import EXECUTABLES, PROJECT
from measure import Failed, Spawn, compile_all, write_anew
from report import Report
from rival_servers import RivalServers
from rounds import Rounds
from world import World, add_keys


class Bench(RivalServers, Rounds, Growth, Findings, Report):
    def __init__(self, folder):
        self.folder, self.servers, self.targets = folder, [], []
        self.others = os.getloadavg()[0]
        self.programs = compile_all(folder)
        for name in os.listdir(EXECUTABLES):
            if os.access(f"{EXECUTABLES}/{name}", os.X_OK):
                write_anew(f"{EXECUTABLES}/{name}")
        self.spawn = Spawn(self.programs["spawn"], folder)
        os.mkdir(f"{folder}/empty")
        self.world = World(f"{folder}/home")
        add_keys(self.world, 12000)
        self.home = self.world.home.path
        self.jwt = {"Authorization": f"Bearer {self.world.ada['access_token']}"}
        self.by_jwt = {**self.jwt, "x-project-id": self.world.ada["project"]}
        # An access token that is not its session's newest, so its signature must be verified.
        self.earlier = self.world.again("ada@example.com")
        grant = {name: self.earlier[name] for name in ("refresh_token", "user_uuid")}
        if self.world.home.post("refresh-token", grant).status != 200:
            raise Failed("a refresh token is not valid")
        self.by_key = {"x-api-key": self.world.keys[0]["full_key"], "x-project-id": self.world.ada["project"]}


def main():
    if not os.access(f"{EXECUTABLES}/current-user", os.X_OK):
        sys.exit("bench: cgi-bin/current-user is missing: make build")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # still stops the servers
    folder, bench = tempfile.mkdtemp(prefix="latchkey-bench-"), None
    try:
        bench = Bench(folder)
        bench.start()
        bench.refuse_differences()
        say("all give the same answers")
        bench.measure()
        bench.stop()
        bench.grow()
        bench.judge()
        bench.report()
        for what, figure, bound, met in bench.targets:
            print(f"{'met   ' if met else 'missed'}  {figure:>8}  {bound:>8}  {what}")
        say(f"written: {os.path.relpath(RESULTS, PROJECT)}/results.md and results.svg")
    except Failed as failed:
        sys.exit(f"bench: {failed}")
    finally:
        if bench:
            bench.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
