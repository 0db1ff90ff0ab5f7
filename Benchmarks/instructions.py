"""The instructions of one successful request of each endpoint, and the bytes of its executable, compared with
Benchmarks/instructions.md. Exits with 1 if either grew by 3%. UPDATE=1 in the environment rewrites the table.
Endpoints named as arguments are measured alone.

Instructions are counted outside of the kernel, so neither the machine's load nor its speed matters. Random ids, keys
and signatures do, by 1.3% at most: each endpoint runs three times from the same rows, and the minimum counts.
glibc, Nettle and GMP choose code by the processor. valgrind shows all programs the same one on every machine with
AVX2; on other machines only sizes are compared.
"""

import os
import re
import shutil
import sys
import tempfile

from latchkey_tests.project import PROJECT
from measure import Failed, instructions
from world import World

TABLE = f"{PROJECT}/Benchmarks/instructions.md"
RUNS, ALLOWED = 3, 1.03
# Hashing a code is constant work that hides random differences: one run is enough.
LONG = 100_000_000
HEAD = """\
# Instructions and sizes

The figures of one successful request of each endpoint, started with environment and standard input on a database with two
users: its instructions outside of the kernel (`valgrind --tool=callgrind`), the minimum of three runs, or of one run if a code is
hashed; and the bytes of the stripped executable.

`make bench-check` fails if a figure grows by 3%; `make bench-check UPDATE=1` writes this table. *spread* is the difference
between the three runs when the table was written: ids, keys and signatures are random.

| endpoint | instructions | bytes | spread |
|---|---|---|---|
"""


def measured(folder):
    world = World(f"{folder}/home")
    for case in world.cases():
        if sys.argv[1:] and case.executable not in sys.argv[1:]:
            continue
        counts = []
        for _ in range(RUNS):
            world.restore()
            counts.append(instructions(case.path, world.environment(case), case.body))
            if counts[0] > LONG:
                break
        yield case.name, min(counts), os.path.getsize(case.path), max(counts) / min(counts) - 1
    world.restore()


def main():
    known = {}
    counts_compare = "avx2" in open("/proc/cpuinfo").read().split()
    if os.path.exists(TABLE):
        rows = re.findall(r"^\| `(.+?)`(.*?) \| ([\d,]+) \| ([\d,]+) \|", open(TABLE).read(), re.M)
        known = {name + more: (int(n.replace(",", "")), int(b.replace(",", ""))) for name, more, n, b in rows}
    folder, lines, failures = tempfile.mkdtemp(prefix="latchkey-bench-"), [], []
    try:
        for name, count, size, spread in measured(folder):
            executable, _, more = name.partition(",")
            lines.append(f"| `{executable}`{',' * bool(more)}{more} | {count:,} | {size:,} | {spread:.2%} |\n")
            before = known.pop(name, None)
            change = f"{count / before[0] - 1:+.2%}, {size / before[1] - 1:+.2%}" if before else "new"
            print(f"{name:24} {count:>12,} instructions {size:>10,} bytes   {change}   (spread {spread:.2%})", flush=True)
            if not before:
                failures.append(f"{name} is not in the table")
            elif (counts_compare and count > before[0] * ALLOWED) or size > before[1] * ALLOWED:
                failures.append(f"{name}: {change}")
        failures += [f"{name} is in the table only" for name in known if not sys.argv[1:]]
    finally:
        shutil.rmtree(folder)
    if os.environ.get("UPDATE") == "1" and not sys.argv[1:]:
        with open(TABLE, "w") as file:
            file.write(HEAD + "".join(lines))
        print(f"written: {TABLE}")
        return
    for failure in failures:
        print(f"bench-check: {failure}", file=sys.stderr)
    if failures:
        sys.exit(1)
    what = "" if counts_compare else " in size; instructions were not compared, as this processor has no AVX2"
    print(f"bench-check: {len(lines)} requests, none above {ALLOWED - 1:.0%}{what}")


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"bench-check: {failed}")
