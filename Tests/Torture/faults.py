"""Faults at every system call that writes: the process is killed before it, or the call fails with a full disk
(ENOSPC) or a broken one (EIO), once or from then on; and a broken disk at every call that reads.

Shown for each writing endpoint, the very first request, and the mail deliverer:
1. An answer is whole: 2xx only if the change is in the database, else 5xx; no answer only if killed.
A 503 changed nothing (except a counted guess).
2. A change is made completely or not at all, and all earlier data remains.
3. The same request again, without a fault, succeeds, or is refused as the made change requires.
4. No mail is lost. The database is sound, and the next requests work.

One run without faults counts how often each call is made; then each count of each call gets each fault, on a fresh
copy of the state.
"""

import collections
import concurrent.futures
import os
import random
import threading
import time

from cases import CASES, GUESSING, NOTING, guess
from latchkey_tests.checks import Report, seconds
from latchkey_tests.deliverers import settle
from outcomes import works
from snapshots import change, copy, state
from templates import Templates

WRITES = [
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "openat",
    "mkdir",
    "link",
    "unlink",
    "rename",
    "fchown",
]
ENDS = ["clone3", "exit_group"]  # where only a kill shows anything
READS = ["read", "pread64"]
FAULTS = {
    "kill": "signal=KILL:when={}",
    "full once": "error=ENOSPC:when={}",
    "full": "error=ENOSPC:when={}+",
    "broken once": "error=EIO:when={}",
    "broken": "error=EIO:when={}+",
}


def combinations(name, known):
    """What the case changes without a fault, and its faults: (case, call, count, fault)."""
    base, ask, _ = CASES[name]
    home, found, counts = copy(getattr(known, base)), [], collections.Counter()
    before = state(home)
    trace = f"{home.path}.trace"
    answer = ask(home, known, ["strace", "-o", trace, "-e", "trace=" + ",".join(WRITES + ENDS + READS)])
    assert 200 <= answer.status < 300 or name in ("verify-code, wrong", "deliver-mail"), answer.raw
    for line in open(trace, encoding="latin-1"):
        call, opened, arguments = line.partition("(")
        if not opened or not call.isidentifier():
            continue
        counts[call] += 1
        if call in ENDS or (call in WRITES and (call != "openat" or "O_CREAT" in arguments)):
            found.append((name, call, counts[call], "kill"))
        if call in ENDS or (call == "openat" and "O_CREAT" not in arguments):
            continue
        if call in ("read", "write") and arguments.split(",")[0] in ("0", "1", "2"):
            continue
        # "From then on" would include the answer's own write.
        once = call in READS or (call == "write" and name != "deliver-mail")
        found += [
            (name, call, counts[call], fault)
            for fault in FAULTS
            if fault != "kill" and not (call in READS and "full" in fault) and not (once and not fault.endswith("once"))
        ]
    os.unlink(trace)
    settle(home)
    whole = change(before, state(home))
    home.remove()
    return whole, found


def examine(combination, known, whole, report, seen):
    """Runs one combination, and checks all that must hold."""
    name, call, count, fault = combination
    base, ask, holds = CASES[name]
    home = copy(getattr(known, base))
    place = f"{name}, {call} {count}, {fault}"
    trace = f"{home.path}.trace"
    try:
        before = state(home)
        # A deliverer that is about to wait for its next attempt is ended there.
        prefix = [
            "strace",
            "-o",
            trace,
            "-qq",
            "-e",
            f"trace={call},clock_nanosleep,nanosleep",
            "-e",
            f"inject={call}:{FAULTS[fault].format(count)}",
        ]
        if name == "deliver-mail":
            prefix += ["-e", "inject=clock_nanosleep,nanosleep:signal=KILL:when=1"]
        first = ask(home, known, prefix)
        settle(home)
        hit = "INJECTED" in open(trace).read() or (fault == "kill" and first.exit < 0)
        found = change(before, state(home))
        made = found == whole
        seen[fault, first.status if name != "deliver-mail" else f"exit {first.exit}"] += 1
        seen["not reached"] += not hit
        seen["full disk answered 500"] += "full" in fault and first.status == 500
        seen["5xx that changed"] += made and first.status >= 500
        counted_guess = guess(name) if name in GUESSING else {}
        report.expect(found in ({}, counted_guess, whole), f"{place}: {found}, and not {whole}")
        if name != "deliver-mail":
            refused = first.status == 400 and name == "verify-code, wrong" and found in (counted_guess, whole)
            good = (200 <= first.status < 300 and (made or name in NOTING)) or refused
            bad = first.status in (500, 503) and not (first.status == 503 and made and found != counted_guess)
            silent = first.status == 0 and not first.raw and fault == "kill" and first.exit < 0
            report.expect(
                silent or (first.is_envelope() and (good or bad)),
                f"{place}: {first.status} {first.code}, changed: {found}, log: {first.log[-300:]}",
            )
        held = holds(home, known, lambda: ask(home, known, ()), first, made)
        report.expect(held, f"{place}: after {first.status}, changed: {found}, the next do not do as they should")
        if base != "empty":
            witness = known.fresh if base == "long_log" else known.bob if name == "delete-user" else known.ada
            report.expect(works(home, witness), f"{place}: a session of before is lost")
        settle(home)
        report.expect(home.integrity() == "ok", f"{place}: {home.integrity()}")
    except Exception as error:
        report.expect(False, f"{place}: {type(error).__name__} {error}")
    finally:
        home.remove()
        if os.path.exists(trace):
            os.unlink(trace)


def main():
    report, limit, begin = Report(), seconds(), time.monotonic()
    known, seen = Templates(), collections.Counter()
    cases = {name: combinations(name, known) for name in CASES}
    chance = random.Random(1)
    queues = [chance.sample(found, len(found)) for _, found in cases.values()]
    order = [queue.pop() for queue in queues]
    rest = [combination for queue in queues for combination in queue]
    order += chance.sample(rest, len(rest))
    lock, done = threading.Lock(), 0
    pending = iter(list(enumerate(order)))

    def work():
        nonlocal done
        while True:
            with lock:
                number, combination = next(pending, (0, None))
            late = limit and number >= len(queues) and time.monotonic() - begin > limit
            if combination is None or late:
                return
            examine(combination, known, cases[combination[0]][0], report, seen)
            with lock:
                done += 1

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work) for _ in range(2)]:
            future.result()
    known.remove()
    report.figure("combinations", f"{done} of {len(order)}")
    for name, (_, found) in cases.items():
        report.figure(f"combinations of {name}", len(found))
    for what, number in sorted(seen.items(), key=str):
        report.figure(what if isinstance(what, str) else f"{what[0]}, answered {what[1]}", number)
    report.figure("seconds", round(time.monotonic() - begin))
    report.finish()


main()
