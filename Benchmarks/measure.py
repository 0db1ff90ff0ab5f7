"""How to measure: compile programs, start servers, generate load, time processes, count instructions."""

import contextlib
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request

from latchkey_tests import ports
from latchkey_tests.project import PROJECT
from latchkey_tests.waiting import until

FOLDER = f"{PROJECT}/Benchmarks"
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
BASE = {"PATH": PATH, "LC_ALL": "C"}


class Failed(Exception):
    """A measurement that is not possible."""


def compile_all(folder):
    """Compiles the C programs, static like Latchkey's. Returns their paths by name."""
    programs = {}
    version = len(os.listdir(f"{PROJECT}/Sources/Store/Migrations"))
    for name, libraries in (
        ("current-user", ""),
        ("list-api-keys", "-largon2 -lpthread"),
        ("current-user-fcgi", "-lfcgi"),
        ("commits", ""),
        ("spawn", ""),
    ):
        programs[name] = f"{folder}/{name}"
        # The compiler's messages are shown only if it fails: a static SQLite always causes one about dlopen.
        done = subprocess.run(
            [
                "gcc",
                "-O2",
                "-static",
                "-s",
                "-ffunction-sections",
                "-Wl,--gc-sections",
                f"-DSCHEMA_VERSION={version}",
                "-o",
                programs[name],
                f"{FOLDER}/{name}.c",
                *libraries.split(),
                "-lsqlite3",
                "-lhogweed",
                "-lnettle",
                "-lgmp",
                "-lm",
            ],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise Failed(done.stderr)
        write_anew(programs[name])
    return programs


def write_anew(path):
    """Writes an executable again, as an installation does. The number of page faults at a start depends on how, and how
    long ago, its file was written: 97 or 108 for Latchkey, and 107 for the C program, or 96 after a copy. Times of
    processes are comparable only with equal page faults."""
    shutil.copy2(path, f"{path}.new")
    os.replace(f"{path}.new", path)


class Server:
    """A command that answers on a loopback port; it is stopped by its own process id."""

    def __init__(self, command, log, port=None, environment=(), cwd=None, is_up=None):
        self.port, self.log_path = port, log
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=cwd, env={**BASE, **dict(environment)}
            )
        is_up = is_up or (lambda: ports.answers(port))
        until(lambda: self.process.poll() is not None or is_up(), 10, 0.025)
        if self.process.poll() is None and is_up():
            return
        self.stop()
        raise Failed(f"{command[0]} did not start: {open(log).read()[-2000:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def descendants(pid):
    """The process and all its descendants."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in open(f"/proc/{pid}/task/{task}/children").read().split():
                found += descendants(int(child))
    except OSError:
        pass
    return found


def resident(pids):
    """Kilobytes in memory; memory that processes share is counted once (PSS)."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, AttributeError):
            total += int(re.search(r"^Pss:\s+(\d+)", open(f"/proc/{pid}/smaps_rollup").read(), re.M).group(1))
    return total


def get(port, path, headers):
    """Status, header names, and body of one GET."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        names = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, names, answer.read()


def milliseconds(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def load(port, path, headers, connections, seconds, script=(), environment=()):
    """Requests a second, the median and the 99th percentile in milliseconds, and the number of requests."""
    arguments = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--timeout",
            "20s",
            "--latency",
            *arguments,
            *script,
            f"http://127.0.0.1:{port}{path}",
        ],
        capture_output=True,
        text=True,
        env={**BASE, **dict(environment)},
    )
    output = done.stdout
    if done.returncode != 0 or re.search("Non-2xx|Socket errors", output):
        raise Failed(f"requests failed under load: {output}{done.stderr}")
    count = int(re.search(r"(\d+) requests in", output).group(1))
    if count == 0:
        raise Failed(f"nothing was answered within {seconds} s on port {port}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    times = dict(re.findall(r"^\s+(50|99)%\s+(\S+)", output, re.M))
    time.sleep(0.05)
    return rate, milliseconds(times["50"]), milliseconds(times["99"]), count


class Spawn:
    """Whole processes, by spawn.c."""

    def __init__(self, program, folder):
        self.program, self.folder, self.bodies = program, folder, 0

    def arguments(self, environment, program, body=b""):
        """spawn's arguments for one program."""
        words = [f"{name}={value}" for name, value in environment.items()]
        if body:
            self.bodies += 1
            path = f"{self.folder}/body{self.bodies}"
            with open(path, "wb") as file:
                file.write(body)
            words.append(f"STDIN={path}")
        return [*words, program]

    def run(self, count, *programs):
        """For each: microseconds, page faults, the largest resident set in KiB, and the minimum microseconds."""
        done = subprocess.run(
            [self.program, str(count), *(word for words in programs for word in words)], capture_output=True, text=True, env={}
        )
        if done.returncode != 0:
            raise Failed(done.stderr)
        return [tuple(map(float, line.split())) for line in done.stdout.splitlines()]


def instructions(program, environment, body=b"", keep=None):
    """How many instructions one process executes outside of the kernel, by callgrind."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as given:
        given.write(body)
        given.seek(0)
        output = keep or f"{folder}/out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", program],
            stdin=given,
            capture_output=True,
            env={**environment, "PATH": PATH},
            timeout=300,
        )
        found = re.search(rb"Collected : (\d+)", done.stderr)
        if not found or not re.match(rb"Status: (2\d\d|404)", done.stdout):
            raise Failed(f"{program}: {done.stdout[:300]} {done.stderr[-600:]}")
        return int(found.group(1))


def summary(numbers):
    """Median, smallest, largest."""
    return statistics.median(numbers), min(numbers), max(numbers)
