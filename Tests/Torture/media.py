"""A file system on which no more files can be created, and one that became read-only, for each writing endpoint, the
first request, and health.

Shown for each:
1. The answer is whole: a 503, or the same as with room; never a 500, and never a 2xx without the change.
2. A 503 changed nothing.
3. Once files can be made or written again, the same request succeeds.
4. While the file system is read-only, health says so.

Both are small file systems in memory; mounting them needs root.
"""

import collections
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import uuid

from cases import CASES, GUESSING, guess
from latchkey_tests.checks import Report, seconds
from latchkey_tests.deliverers import settle
from snapshots import change, copy, state
from templates import Templates

ENDPOINTS = {name: case for name, case in CASES.items() if name != "deliver-mail"}


class Medium:
    """A file system of 16 MiB and few inodes at `path`."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="latchkey-torture-medium-")
        mount = ["mount", "-t", "tmpfs", "-o", "size=16m,nr_inodes=128,mode=0700", "tmpfs", self.path]
        try:
            self.mounted = subprocess.run(mount, capture_output=True).returncode == 0
        except FileNotFoundError:
            self.mounted = False

    def remount(self, mode):
        subprocess.run(["mount", "-o", f"remount,{mode}", self.path], check=True, capture_output=True)

    def fill(self, inodes):
        """Leaves `inodes` free inodes."""
        os.makedirs(f"{self.path}/filler", exist_ok=True)
        number = 0
        while os.statvfs(self.path).f_favail > inodes:
            open(f"{self.path}/filler/{number}", "w").close()
            number += 1

    def clear(self):
        shutil.rmtree(f"{self.path}/filler", ignore_errors=True)

    def remove(self):
        if self.mounted:
            subprocess.run(["umount", self.path], check=True)
        os.rmdir(self.path)


def without_log(home):
    """Copies the log back, so that the next process that opens the database must make one."""
    if os.path.exists(f"{home.path}/latchkey.db"):
        connection = sqlite3.connect(f"{home.path}/latchkey.db", isolation_level=None)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.close()
        assert not os.path.exists(f"{home.path}/latchkey.db-wal")


def trial(report, known, seen, medium, name, kind, hinder, allow):
    """One request while `hinder` is in force, and again after `allow`."""
    base, ask, holds = CASES[name]
    place = f"{name}, {kind}"
    home = copy(getattr(known, base), f"{medium.path}/{uuid.uuid4()}")
    without_log(home)
    before = state(home)
    hinder(home)
    first = ask(home, known, ())
    settle(home)
    if kind == "read-only":
        health = home.get("health")
        report.expect(health.status == 503 and health.code == "temporarily_unavailable", f"{place}: health {health.raw}")
    allow(home)
    without_log(home) if first.status == 503 else None
    found = change(before, state(home))
    seen[f"{kind}: answered {first.status}"] += 1
    report.expect(first.is_envelope() and first.status != 500, f"{place}: {first.raw}, {first.log}")
    if first.status == 503:
        report.expect(found in ({}, guess(name)) and (found == {} or name in GUESSING), f"{place}: 503, changed: {found}")
    # A key's use may go unrecorded, and reads are answered.
    made = bool(found) and found != guess(name)
    held = holds(home, known, lambda: ask(home, known, ()), first, made)
    report.expect(held, f"{place}: after {first.status}, changed: {found}, the next do not do as they should")
    report.expect(home.get("health").status == 200, f"{place}: health stays down")
    settle(home)
    report.expect(home.integrity() == "ok", f"{place}: {home.integrity()}")
    home.remove()


def main():
    report, known, seen = Report(), Templates(), collections.Counter()
    begin, budget = time.monotonic(), seconds()
    medium = Medium()
    try:
        if not medium.mounted:
            report.figure("tmpfs", "not possible here")
        names = list(ENDPOINTS) if medium.mounted else []
        trials = [(name, "read-only", lambda home: medium.remount("ro"), lambda home: medium.remount("rw")) for name in names]
        # With none, with one for the log and none for the shared memory, and so on.
        trials += [
            (name, f"{count} inodes", lambda home, count=count: medium.fill(count), lambda home: medium.clear())
            for count in (0, 1, 2, 3)
            for name in names
        ]
        if budget:
            trials = trials[:: max(1, len(trials) // 16)]
        for name, kind, hinder, allow in trials:
            trial(report, known, seen, medium, name, kind, hinder, allow)
    finally:
        medium.remove()
        known.remove()
    for what, number in sorted(seen.items()):
        report.figure(what, number)
    report.figure("seconds", round(time.monotonic() - begin))
    report.finish()


main()
