"""A really full disk, a file that may grow no further, and too little memory, at every size that makes a
difference, for each writing endpoint and the first request.

Shown for each:
1. Without room the answer is a whole 503; with enough room the change succeeds; never a 2xx without the change, and
never a wrong refusal (such as "wrong code") of a valid request.
2. A 503 changed nothing, and uses no attempt at a code.
3. The database is sound, and the same request succeeds once there is room.
4. A process too small to start answers nothing; from the least memory at which one answers, all do.

The full disk is a small file system in memory; mounting it needs root.
"""

import collections
import os
import resource
import shutil
import subprocess
import tempfile
import time
import uuid

from cases import CASES, GUESSING, NOTING, guess
from latchkey_tests.answers import Answer
from latchkey_tests.checks import Report, seconds
from latchkey_tests.deliverers import settle
from latchkey_tests.project import EXECUTABLES
from snapshots import change, copy, counted, state
from templates import Templates

PAGE = 4096
KIB = 1024
ENDPOINTS = {
    name: case
    for name, case in CASES.items()
    if name not in ("deliver-mail", "refresh-token, long log", "refresh-token, journal = delete")
}


class SmallDisk:
    """A file system of one MiB at `path`."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="latchkey-torture-disk-")
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", self.path]
        try:
            self.mounted = subprocess.run(mount, capture_output=True).returncode == 0
        except FileNotFoundError:
            self.mounted = False

    def fill(self, pages):
        """Leaves `pages` free pages."""
        free = os.statvfs(self.path).f_bavail - pages
        with open(f"{self.path}/filler", "wb") as filler:
            if free > 0:
                os.posix_fallocate(filler.fileno(), 0, free * PAGE)

    def clear(self):
        if os.path.exists(f"{self.path}/filler"):
            os.unlink(f"{self.path}/filler")

    def remove(self):
        if self.mounted:
            subprocess.run(["umount", self.path], check=True)
        os.rmdir(self.path)


class Trial:
    """One request of a case with little room, and all checks on it."""

    def __init__(self, name, known, report, seen):
        self.name, self.known, self.report, self.seen = name, known, report, seen
        self.base, self.ask, self.holds = CASES[name]
        home = copy(getattr(known, self.base))
        before = state(home)
        self.ask(home, known, ())
        settle(home)
        self.whole = change(before, state(home))
        home.remove()
        self.lost, self.unknown = collections.Counter(), collections.defaultdict(list)

    def run(self, kind, size, home, options, make_room=lambda: None):
        """The answer; None if the process could not start."""
        place, name = f"{self.name}, {kind} {size}", self.name
        # After the request and what it starts.
        moment = time.time() + 60
        before, events = state(home), counted(home, moment) if os.path.exists(f"{home.path}/latchkey.db") else 0
        try:
            first = limited(self.ask, home, self.known, options)
        except OSError:
            first = None
        settle(home)
        found = change(before, state(home))
        make_room()
        kept = counted(home, moment) - events if home.sql("SELECT 1 FROM sqlite_schema WHERE name = 'limit_counts'") else 0
        silent = first is None or (first.status == 0 and not first.raw)
        if silent:
            self.report.expect(found in ({}, guess(name)), f"{place}: no answer, and changed: {found}")
            first = Answer(b"")
        else:
            good = 200 <= first.status < 300 or (first.status == 400 and name == "verify-code, wrong")
            self.report.expect(first.is_envelope() and (good or first.status in (500, 503)), f"{place}: {first.raw}, {first.log}")
            judged = first.status == 400 and found == guess(name)  # a wrong code only needs to be counted
            spared = name in NOTING and found == {}
            self.report.expect(not good or judged or spared or found == self.whole, f"{place}: {first.status}, changed: {found}")
            if first.status == 503 and name in GUESSING and found == guess(name):
                self.lost[kind] += 1
            else:
                self.report.expect(
                    first.status != 503 or (found == {} and kept == 0), f"{place}: 503, changed: {found}, {kept} more counted"
                )
            if first.status == 500 and kind != "memory":
                self.unknown[kind].append((size, first.log))
        self.seen[f"{kind}: answered {first.status}"] += 1
        made = found == self.whole
        if silent and not found:
            return None
        held = self.holds(home, self.known, lambda: self.ask(home, self.known, ()), first, made)
        self.report.expect(held, f"{place}: after {first.status}, changed: {found}, the next do not do as they should")
        settle(home)
        self.report.expect(home.integrity() == "ok", f"{place}: {home.integrity()}")
        return None if silent else first

    def full_disk(self, disk):
        """From no free page up to as many as it needs."""
        for pages in range(128):
            if late():
                return
            # A new path each time: where a database once existed, no first request makes another.
            home = copy(getattr(self.known, self.base), f"{disk.path}/{uuid.uuid4()}")
            disk.fill(pages)
            answer = self.run("disk", pages, home, {}, disk.clear)
            home.remove()
            if answer and answer.status < 500:
                self.report.figure(f"free pages that {self.name} needs", pages)
                return
        self.report.expect(False, f"{self.name} does not work with 128 free pages")

    def within(self, kind, limit, sizes):
        """With each of `sizes` as the process's limit, until it succeeds at three of them."""
        answered, least, worked = None, None, 0
        for size in sizes:
            if late() or worked == 3:
                break
            home = copy(getattr(self.known, self.base))
            answer = self.run(kind, size, home, {"preexec_fn": lambda: resource.setrlimit(limit, (size, size))})
            home.remove()
            if answer:
                answered = size if answered is None else answered
                works = answer.status < 500
                least, worked = (size if works and least is None else least), worked + works
            else:
                self.report.expect(
                    answered is None and kind == "memory", f"{self.name}, {kind} {size}: no answer, though one came at {answered}"
                )
        self.report.figure(f"{kind} at which {self.name} answers, and works", f"{answered}, {least}")

    def judge(self):
        """Reports once what many sizes show alike."""
        for kind, lost in self.lost.items():
            self.report.expect(False, f"{self.name}, {kind}: {lost} answers of 503 cost an attempt")
        for kind, found in self.unknown.items():
            self.report.expect(False, f"{self.name}, {kind}: 500 and not 503 at {len(found)} sizes, first: {found[0]}")


def limited(ask, home, known, options):
    """`ask`, with `options` for its process. It starts no deliverer: one would inherit a limit, and wait long for
    room to record what it sent."""
    plain = home.start
    alone = {"executable": ALONE} if options else {}
    home.start = lambda name, *given, **others: plain(
        name, *given, **{**others, **options, **{key: f"{folder}/{name}" for key, folder in alone.items()}}
    )
    try:
        return ask(home, known, ())
    finally:
        del home.start


# The executables except deliver-mail.
ALONE = tempfile.mkdtemp(prefix="latchkey-torture-alone-")
begin, budget = time.monotonic(), seconds()
share = 1.0


def late():
    """Whether this part's share of the time is over."""
    return budget > 0 and time.monotonic() - begin > budget * share


def main():
    global share
    report, known, seen = Report(), Templates(), collections.Counter()
    shutil.copytree(EXECUTABLES, ALONE, dirs_exist_ok=True, ignore=shutil.ignore_patterns("deliver-mail"))
    trials = [Trial(name, known, report, seen) for name in ENDPOINTS]
    disk = SmallDisk()
    step = 1 if not budget else 8
    sizes = {
        "file": range(0, 192 * KIB, 4 * KIB * step),
        "memory": [*range(2048 * KIB, 4096 * KIB, 8 * KIB * step), *range(4096 * KIB, 20480 * KIB, 256 * KIB * step)],
    }
    limits = {"file": resource.RLIMIT_FSIZE, "memory": resource.RLIMIT_AS}
    try:
        if not disk.mounted:
            report.figure("tmpfs", "not possible here")
        done = 0.0
        for part, length in {"disk": 0.4, "file": 0.2, "memory": 0.4}.items():
            for number, trial in enumerate(trials):
                share = done + length * (number + 1) / len(trials)
                if part in limits:
                    trial.within(part, limits[part], sizes[part])
                elif disk.mounted:
                    trial.full_disk(disk)
            done += length
        for trial in trials:
            trial.judge()
            for kind in ("disk", "file", "memory"):
                seen[f"{kind}: attempts lost to a 503"] += trial.lost[kind]
    finally:
        disk.remove()
        known.remove()
        shutil.rmtree(ALONE)
    for what, number in sorted(seen.items()):
        report.figure(what, number)
    report.figure("seconds", round(time.monotonic() - begin))
    report.finish()


main()
