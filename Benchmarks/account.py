"""What one GET /auth/users/me costs: its system calls, its instructions by library, and the minimum for any process.
Writes ACCOUNT.md.

The release executables have no symbols, so current-user is linked again with symbols, from the objects of the build
(`.build-embedded`, or the folder BUILD in the environment).
"""

import collections
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from latchkey_tests.home import bearer
from latchkey_tests.project import EXECUTABLES, PROJECT
from measure import BASE, FOLDER, PATH, Failed, Spawn, compile_all, instructions
from world import World

BUILD = os.environ.get("BUILD", f"{PROJECT}/.build-embedded")
NOTHING = {
    "a program that ends at once, without a C library": (
        "-nostdlib",
        """
        void _start(void) { __asm__ volatile("mov $60, %eax; xor %edi, %edi; syscall"); }""",
    ),
    "a static C program whose main is empty": ("-O2", "int main(void) { return 0; }"),
}


def link(folder):
    """current-user with symbols, and its linker map."""
    found = re.search(
        r'^  "C\.current-user-[^"]*\.exe":\n(?:    (?!args).*\n)+    args: (\[.*\])', open(f"{BUILD}/release.yaml").read(), re.M
    )
    if not found:
        raise Failed(f"{BUILD}/release.yaml has no command for current-user")
    words, program = json.loads(found.group(1)), f"{folder}/current-user-with-symbols"
    words[words.index("-o") + 1] = program
    strip = next(i for i, word in enumerate(words) if word == "-s" and words[i - 1] == "-Xlinker")
    words[strip - 1 : strip + 1] = ["-Xlinker", f"-Map={folder}/map"]
    done = subprocess.run(words, cwd=os.path.dirname(BUILD), capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr)
    return program, f"{folder}/map"


def owner(path):
    """The owner of the code in the input `path` of a link."""
    for library, name in (
        ("libsqlite3.a", "SQLite"),
        ("libhogweed.a", "Nettle and GMP"),
        ("libnettle.a", "Nettle and GMP"),
        ("libgmp.a", "Nettle and GMP"),
        ("libargon2.a", "Argon2"),
        ("libc.a", "glibc"),
        ("libm.a", "glibc"),
        ("libm-", "glibc"),
        ("libgcc", "glibc"),
        ("crt", "glibc"),
        ("libswift", "Swift's library"),
    ):
        if os.path.basename(path.split("(")[0].split(":")[0]).startswith(library):
            return name
    return "Latchkey" if ".build/" in path else "other"


def owners(map_path):
    """The owner of each symbol, by the linker's map."""
    found, current = {}, "other"
    for line in open(map_path, errors="replace"):
        parts = line.split(None, 4)
        if len(parts) < 5 or not re.match(r"^[0-9a-f]+$", parts[0]):
            continue
        text = parts[4].rstrip("\n")
        if re.search(r":\(\.\w", text):
            current = owner(text)
        else:
            found.setdefault(text.strip(), current)
    return found


def costs(path):
    """Instructions of each function itself, from callgrind's output."""
    own, names, function, is_call = collections.Counter(), {}, None, False
    for line in open(path):
        match = re.match(r"fn=\((\d+)\)(?: (.*))?", line)
        if match:
            number, name = match.groups()
            if name:
                names[number] = name.strip()
            function = number
        elif match := re.match(r"cfn=\((\d+)\) (.*)", line):
            names[match.group(1)] = match.group(2).strip()
        elif line.startswith("calls="):
            is_call = True
        elif re.match(r"[+\-*\d]", line) and function:
            if not is_call:
                own[function] += int(line.split()[1])
            is_call = False
    by_name = collections.Counter()
    for number, count in own.items():
        by_name[names[number]] += count
    return by_name


def inclusive(path, wanted):
    """Instructions of functions including everything that they call."""
    text = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", "--threshold=100", path], capture_output=True, text=True, env={"PATH": PATH}
    ).stdout
    for name in wanted:
        found = re.search(rf"^\s*([\d,]+) .*[: ]{re.escape(name)}(?:'2)?(?: \[.*)?$", text, re.M)
        yield name, int(found.group(1).replace(",", "")) if found else None


def main():
    folder, text = tempfile.mkdtemp(prefix="latchkey-bench-"), io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            account(folder)
    finally:
        shutil.rmtree(folder)
    # The published results are replaced only on request.
    results = FOLDER if os.environ.get("UPDATE") == "1" else f"{PROJECT}/.build-bench"
    os.makedirs(results, exist_ok=True)
    with open(f"{results}/ACCOUNT.md", "w") as file:
        file.write(text.getvalue())
    print(f"written: {results}/ACCOUNT.md")


def account(folder):
    programs = compile_all(folder)
    world = World(f"{folder}/home")
    environment = world.home.environment("GET", b"", bearer(world.ada))
    current = f"{EXECUTABLES}/current-user"

    print(
        "# The cost of one `GET /auth/users/me`\n\nOne process, started with environment and standard input, on a database with "
        "two users and an empty WAL. `make bench-account` (`account.py`) writes this file.\n"
    )
    print(
        "## System calls\n\n`strace -f -r -T cgi-bin/current-user`. The times are those in the kernel; strace itself makes "
        "them longer.\n"
    )
    for name, program in (("Latchkey", current), ("C", programs["current-user"])):
        done = subprocess.run(
            ["strace", "-f", "-r", "-T", "-s", "4096", "-o", f"{folder}/trace", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**environment, "PATH": PATH},
        )
        if done.returncode != 0:
            raise Failed("strace failed")
        calls = [
            match.groups()
            for match in re.finditer(
                r"^\d+\s+[\d.]+ (\w+)\((.*)\)\s+= (.*?)(?: <([\d.]+)>)?$", open(f"{folder}/trace").read(), re.M
            )
        ]
        counts = collections.Counter(call[0] for call in calls)
        print(f"{name}: {len(calls)} calls: " + ", ".join(f"{call} {count}" for call, count in counts.most_common()) + "\n")
        if name == "Latchkey":
            print("```")
            for call, arguments, result, seconds in calls:
                arguments = arguments.replace(world.home.path, "HOME").replace(f"{PROJECT}/", "")
                arguments = re.sub(r'"((?:[^"\\]|\\.){24})(?:[^"\\]|\\.)+"', r'"\1"...', arguments)
                print(f"{float(seconds or 0) * 1e6:6.0f} µs  {call}({arguments[:70]}) = {result[:12]}")
            print("```\n")

    print(
        "## Instructions\n\n`valgrind --tool=callgrind cgi-bin/current-user`, outside of the kernel. The release executable "
        "has no symbols, so the same objects linked without `-s`, and the linker's map (`-Map`), show which code an "
        "instruction belongs to. *Latchkey* is all code from the Swift compiler, including its standard library.\n"
    )
    program, map_path = link(folder)
    stripped = instructions(current, environment)
    whole = instructions(program, environment, keep=f"{folder}/callgrind")
    baseline = instructions(programs["current-user"], environment)
    print(f"{stripped:,} as released, {whole:,} with symbols; the C program: {baseline:,}.\n")
    whose = collections.Counter()
    known, own = owners(map_path), costs(f"{folder}/callgrind")
    for name, count in own.items():
        # A recursive function has a second name.
        whose[known.get(name.removesuffix("'2"), "other")] += count
    total = sum(own.values())
    print("| code of | instructions | share |\n|---|---|---|")
    for kind, count in whose.most_common():
        print(f"| {kind} | {count:,} | {count / total:.1%} |")
    print("\n`callgrind_annotate --inclusive=yes`. `sqlite3InitOne` reads the schema; the first `sqlite3_prepare_v2` calls it.")
    print("\n| function, with its callees | instructions | share |\n|---|---|---|")
    for name, count in inclusive(
        f"{folder}/callgrind", ("nettle_ecdsa_verify", "sqlite3_open_v2", "sqlite3_prepare_v2", "sqlite3InitOne", "sqlite3_step")
    ):
        if count:
            print(f"| {name} | {count:,} | {count / total:.1%} |")
    print("\n| function, without its callees | code of | instructions | share |\n|---|---|---|---|")
    for name, count in own.most_common(12):
        whom = known.get(name.removesuffix("'2"), "other")
        print(f"| `{name}` | {whom} | {count:,} | {count / total:.1%} |")

    print(
        "\n## The minimum\n\n`spawn 500`, in turn: the median from start to end. The first row is what the kernel needs to "
        "start and end any process.\n"
    )
    floor = []
    for number, (name, (flag, source)) in enumerate(NOTHING.items()):
        path = f"{folder}/nothing{number}"
        subprocess.run(["gcc", "-static", "-s", flag, "-x", "c", "-", "-o", path], input=source, text=True, check=True)
        floor.append((name, path))
    rows = [*floor, ("C, users/me", programs["current-user"]), ("Latchkey, users/me", current)]
    spawn = Spawn(programs["spawn"], folder)
    figures = spawn.run(500, *(spawn.arguments({**BASE, **environment}, path) for _, path in rows))
    print("| | µs | minimum | page faults |\n|---|---|---|---|")
    for (name, _), (time, faults, _, least) in zip(rows, figures):
        print(f"| {name} | {time:,.0f} | {least:,.0f} | {faults:.0f} |")
    print(TRIED, end="")


# Measured once, for the decision; this program does not measure it.
TRIED = """
## Optimizations, kept and rejected

Each was measured when it was decided, in turn with the version before it.

- **The signature** took half of all instructions and 17% of the time. Now a MAC next to the session, which is read anyway,
  verifies a session's last access token. Every other token is verified by its signature (`results.md` has both).
- **Disk syncs of one write**: SQLite synced the WAL's folder at each process's first commit. And a process that found no
  other one at work could not tell that the WAL had been copied back, so it copied it again. A refresh took 2 to 4 syncs;
  now it takes 1, and every ninth takes 3 more.
- **A file that grows**: if a checkpoint truncates the WAL, the next commits must extend it, and the file system writes its
  own records each time. For a while a file system layer overwrote the WAL's header instead. It was removed because by CGI
  it gained little: 769 writes/s at 16 connections, compared with 729 with SQLite's own checkpoints. By FastCGI a checkpoint
  keeps the file's size (`SQLITE_CHECKPOINT_RESTART`): 2,460 to 2,590 writes/s, compared with 3,140 with the layer, and 1,910
  with truncation. 20 lines of the layer remain, which save the sync of the folder.
- **Statements** are prepared once by CGI, too. A change used to prepare twice what it reads before and within its
  transaction. This saves 4% to 18% of the instructions of changes, and costs 2 to 11 page faults.
- **Clean-ups** start after requests that changed a row, not after every request that might have: a flood of 2,600 refused
  requests/s by FastCGI started 72 processes per second. The slowest 1% of simultaneous reads waited 4 ms; now they wait 2.
- **The clock's tick**: Linux lets a thread that hashes run for up to 4 ms while shorter work waits for its core, at any nice
  value. Now the thread yields four times per millisecond, also while it allocates its memory: docs/decisions/hash-yields.md.
- **A token and the settings** are read as contiguous bytes, not as parts of a string, where each access first checks whether
  the bytes are contiguous: 1,974,000 instructions became 1,803,000, and a process 1–2% shorter.
- **Texts** are compared, searched and built at once instead of byte by byte; a process prepares its answer to a trap only
  once; and a FastCGI request reads in one transaction. Such a request took 286,000 instructions and 22 calls; now it takes
  205,000 and 13.
- **A queue of writers**: SQLite retries its lock after waits that grow to 100 ms, so if 16 clients refresh at once, the
  slowest 1% waited 560 to 910 ms. In the queue they wait 45 to 52 ms, at the same rate. A busy handler that retries every
  millisecond is no replacement: 124 ms instead of 43 at 16 connections by CGI, and at 64 connections 0.61 of the writes/s.
- **Not reduced further: Latchkey's own code**, 198,000 instructions; in all, the C program takes 182,000 fewer. They are
  strings, arrays and their reference counts, in more than forty functions, none of which has 1%. `results.md` has the effect
  on requests/s. There, the page faults of an executable (97 or 108, depending on how and when its file was written) change
  the time of a process by 5–8%.
- **Reading the schema** took 1,009,000 instructions; now it takes 685,000. SQLite parses the whole schema in every process that
  prepares a statement. The schema no longer has comments, CHECKs and triggers: types and records do their work. The remaining
  12 tables and 19 indexes keep the data consistent and fast to find.
- **Rejected: a longer WAL.** With 64 pages in it, a request that finds no other process at work takes 8–10% longer than with
  none, with 128 pages 20%, with 256 pages 45%. So a commit that finds 64 pages empties it, although a longer WAL means fewer
  disk syncs.
- **Rejected: -O instead of -Osize**: 6% fewer instructions by CGI and 17% by FastCGI. But the executable is 3% larger, with
  104 page faults instead of 99, so a process takes longer: 0.98 of the C program's time instead of 0.91.
- **Rejected: signing before waiting for the write lock**: other writers wait 150 µs less, but two processes make no more
  refreshes per second (1,385–1,390 instead of 1,220–1,520).
"""

if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"bench-account: {failed}")
