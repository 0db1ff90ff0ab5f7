"""Persistent processes: a million requests by FastCGI (in a sample 20,000), and processes that restart under load.

Shown: one process for each pool, both of one executable, use at most 8 MiB (PSS) when idle and 16 MiB after all of the
requests; a process uses the same memory after all requests of a kind as after the first thousand, for reads, writes,
refusals and hashes; where processes restart after 50 requests each, while 8 clients send requests through lighttpd, every
request gets one correct answer; a stopped server leaves no process behind.
"""

import os
import threading
import time

from latchkey_tests.checks import Report, seconds
from latchkey_tests.fastcgi import FastCGIProcess, packed
from latchkey_tests.home import NO_LIMITS, Home, bearer
from latchkey_tests.service import Service
from latchkey_tests.waiting import until

report = Report()
ALLOWED = 128  # KiB: the amount that malloc may still vary by
CACHE = 2000  # KiB: SQLite's own cache (cache_size), which a growing database fills


class Process(FastCGIProcess):
    """Measures its memory and descriptors."""

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    def share(self):
        """KiB, with its share of the memory that processes share."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def flat(home, grant, sample):
    key = home.post("create-api-key", {"name": "key"}, bearer(grant, project=True)).data["full_key"]
    guess = b'{"email":"nobody@example.com","code":"000000"}'
    kinds = [
        # name, pool, path, method, variables, body, status, how many
        ("who am I", "api", "/auth/users/me", "GET", bearer(grant), b"", 200, 880_000),
        ("a token of nobody's", "api", "/auth/users/me", "GET", {"HTTP_AUTHORIZATION": "Bearer x.y.z"}, b"", 401, 50_000),
        ("an API key", "api", "/auth/api-keys/verify", "GET", {"HTTP_X_API_KEY": key}, b"", 200, 40_000),
        ("a list", "api", "/auth/sessions", "GET", bearer(grant), b"", 200, 20_000),
        ("a body at fault", "codes", "/auth/verification/send-code", "POST", {}, b"{", 422, 5_000),
        ("a change", "api", "/auth/users/me", "PATCH", bearer(grant), b'{"full_name":"Ada"}', 200, 4_000),
        ("a wrong code", "codes", "/auth/verification/verify-code", "POST", {}, guess, 400, 1_000),
    ]
    total = 0
    pools = {name: Process(home) for name in ("api", "codes")}
    first_request = packed({"REQUEST_METHOD": "GET", "REQUEST_URI": "/health"}, b"")
    for process in pools.values():
        report.expect(process.ask(first_request).startswith(b"Status: 200 "), "health")
    idle = sum(process.share() for process in pools.values())
    for what, pool, path, method, variables, body, status, count in kinds:
        count = count // 50 if sample else count
        process = pools[pool]
        values = {**home.environment(method, body, variables), "REQUEST_URI": path}
        del values["LATCHKEY_HOME"]
        request = packed(values, body)

        def ask(count):
            wrong = 0
            for _ in range(count):
                wrong += not process.ask(request).startswith(f"Status: {status} ".encode())
            return wrong

        first = min(1000, max(count // 4, 10))
        wrong = ask(first)
        before, files, size = process.memory(), process.descriptors(), os.path.getsize(f"{home.path}/latchkey.db")
        start = time.monotonic()
        wrong += ask(count - first)
        rate = (count - first) / (time.monotonic() - start)
        after = process.memory()
        report.expect(wrong == 0, f"{what}: {wrong} of {count} were not {status}")
        grown = min((os.path.getsize(f"{home.path}/latchkey.db") - size) * 5 // 4096, CACHE)
        report.expect(after - before <= ALLOWED + grown, f"{what}: {before} KiB, then {after} KiB, {grown} KiB of cache")
        report.expect(process.descriptors() == files, f"{what}: {files} open files, then {process.descriptors()}")
        report.figure(f"memory, {what}, {count} requests", f"{before} to {after} KiB, {rate:.0f}/s")
        total += count
    used = sum(process.share() for process in pools.values())
    report.figure("requests to lasting processes", total)
    report.figure("PSS of both pools, one process each", f"idle {idle / 1024:.1f} MiB, after all {used / 1024:.1f} MiB")
    report.expect(idle <= 8 << 10, f"idle: {idle} KiB")
    report.expect(used <= 16 << 10, f"after {total} requests: {used} KiB")
    for name, process in pools.items():
        report.expect(process.stop() == 0, f"{name} ends with 0")


def is_running(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ending(home, grant, sample):
    """Through lighttpd, with processes that restart all the time."""
    home.configure(NO_LIMITS + "fastcgi_requests = 50\n")
    server = Service(home, {"LATCHKEY_FASTCGI": "1"})
    line = [f"Authorization: Bearer {grant['access_token']}"]
    end = time.monotonic() + (8 if sample else 60)
    lock, seen = threading.Lock(), {}

    def children():
        with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children") as file:
            return [int(word) for word in file.read().split()]

    def ask(number):
        turn = 0
        while time.monotonic() < end:
            turn += 1
            if number == 0 and turn % 10 == 0:
                answer = server.request("PATCH /auth/users/me", line, {"full_name": f"Ada {turn}"})
            else:
                answer = server.request("GET /auth/users/me", line)
            with lock:
                seen[answer.status] = seen.get(answer.status, 0) + 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = children()
    server.stop()
    until(lambda: not any(map(is_running, left)), 5, 0.1)
    alive = list(filter(is_running, left))
    report.expect(set(seen) == {200}, f"answers while processes begin anew: {seen}")
    report.expect(not alive, f"processes that a stopped server left behind: {alive}")
    report.figure("requests while processes begin anew", sum(seen.values()))


def main():
    sample = seconds() > 0
    home = Home(NO_LIMITS + "access_ttl = 20h\n")
    try:
        grant = home.sign_in("ada@example.com")
        time.sleep(2.1)  # new files are read for each request
        flat(home, grant, sample)
        ending(home, grant, sample)
        report.expect(home.integrity() == "ok", "the database is whole")
    finally:
        home.remove()
    report.finish()


if __name__ == "__main__":
    main()
