"""One account creates as much as it can: projects, keys, invitations and changes, each with the largest fields, as
fast as two connections can, behind lighttpd by CGI and by FastCGI; ten minutes each. Others read and write meanwhile.

Checks: the account's rows and every answer's size stay within the bounds; no other account gets an error; others wait
not much longer than before. Finally the account is deleted while others write.
"""

import json
import os
import signal
import sys
import threading
import time

from latchkey_tests import maildir
from latchkey_tests.checks import Report, seconds
from latchkey_tests.home import Home
from latchkey_tests.service import Service

SETTINGS = """\
limit_send_per_ip = off
limit_verify_per_ip = off
limit_refresh_per_ip = off
limit_send_per_email = off
limit_send_total = off
resend_after = 0s
"""
LONGEST = "\U0001f525" * 255
SCOPES = [f"{n:03}:" + "a" * 124 for n in range(64)]
TABLES = (
    "users",
    "projects",
    "members",
    "sessions",
    "api_keys",
    "invitations",
    "mail_items",
    "limit_counts",
    "known_networks",
    "challenges",
    "audit_events",
)


def request(server, method, path, grant, fields=None, project=None):
    headers = [f"Authorization: Bearer {grant['access_token']}"]
    if project:
        headers.append(f"x-project-id: {project}")
    if fields is None and method in ("POST", "PATCH"):
        fields = {}
    return server.request(f"{method} {path}", headers, fields)


def flood(server, grant, number, end):
    """Creates things until `end`; the number of answers of each status, as lines of a file."""
    counts, project, key, turn = {}, grant["project"], None, 0

    def count(what, answer):
        counts[f"{what} {answer.status}"] = counts.get(f"{what} {answer.status}", 0) + 1
        return answer

    while time.monotonic() < end:
        turn += 1
        answer = count(
            "project", request(server, "POST", "/projects", grant, {"name": LONGEST, "description": "\U0001f525" * 1000})
        )
        if answer.status == 201:
            project = answer.data["id"]
        answer = count("key", request(server, "POST", "/auth/api-keys/", grant, {"name": LONGEST, "scopes": SCOPES}, project))
        if answer.status == 201:
            key = answer.data["id"]
        if key:
            answer = count(
                "rotation",
                request(server, "POST", f"/auth/api-keys/{key}/rotate", grant, {"overlap_days": turn % 2 * 30}, project),
            )
            if answer.status == 201:
                key = answer.data["id"]
            if turn % 4 == 0:
                count("deletion", request(server, "DELETE", f"/auth/api-keys/{key}", grant, project=project))
                key = None
        count(
            "invitation",
            request(server, "POST", f"/projects/{project}/members", grant, {"email": f"guest-{number}-{turn}@example.com"}),
        )
        count("change", request(server, "PATCH", f"/projects/{project}", grant, {"name": LONGEST}))
        count("change", request(server, "PATCH", "/auth/users/me", grant, {"full_name": LONGEST}))
    return counts


class Others:
    """Accounts that read and write at a steady pace, and their waiting times."""

    def __init__(self, server, grants):
        self.server, self.grants = server, grants
        self.phase, self.times, self.errors, self.stopped = None, {}, [], threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(grant, kind)) for grant in grants for kind in ("read", "write")]
        for thread in self.threads:
            thread.start()

    def work(self, grant, kind):
        turn = 0
        while not self.stopped.is_set():
            turn += 1
            start = time.monotonic()
            try:
                if kind == "read":
                    answer = request(self.server, "GET", "/auth/users/me", grant)
                else:
                    answer = request(self.server, "PATCH", "/auth/users/me", grant, {"full_name": f"Name {turn}"})
                status = answer.status
            except OSError as error:
                status = str(error)
            took = time.monotonic() - start
            if self.phase:
                self.times.setdefault((self.phase, kind), []).append(took)
                if status != 200:
                    self.errors.append((self.phase, kind, status))
            # 240 writes in five minutes: within the limit of changes.
            time.sleep(max(0, (0.1 if kind == "read" else 1.0) - took) if kind == "read" or PACED else 0.02)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def p99(self, phase, kind):
        times = sorted(self.times.get((phase, kind), [0]))
        return times[min(len(times) - 1, int(len(times) * 0.99))] * 1000


PACED = True


def size(home):
    return sum(os.path.getsize(f"{home.path}/{name}") for name in os.listdir(home.path) if name.startswith("latchkey.db"))


def rows(home):
    return {table: home.sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def mode(report, name, variables, duration):
    home = Home(SETTINGS)
    server = Service(home, variables)
    children = []
    try:
        mallory = home.sign_in("mallory@example.com")
        others = Others(server, [home.sign_in(f"other-{n}@example.com") for n in range(3)])
        time.sleep(1)
        others.phase = "before"
        # Three accounts write once a second: a percentile needs some hundreds of writes.
        time.sleep(max(5, min(120, duration / 4)))
        before, bytes_before = rows(home), size(home)
        others.phase, start = "flood", time.monotonic()
        results = []
        for number in range(2):
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reading)
                os.nice(19)
                try:
                    counts = flood(server, mallory, number, start + duration)
                except BaseException as error:
                    counts = {f"{type(error).__name__}: {error}": 1}
                os.write(writing, json.dumps(counts).encode())
                os._exit(0)
            os.close(writing)
            children.append(child)
            results.append(reading)
        counts = {}
        for child, reading in zip(children, results):
            text = b""
            while chunk := os.read(reading, 65536):
                text += chunk
            os.close(reading)
            os.waitpid(child, 0)
            for what, count in json.loads(text).items():
                counts[what] = counts.get(what, 0) + count
        children = []
        took = time.monotonic() - start
        others.phase = None
        after, bytes_after = rows(home), size(home)
        made = {table: after[table] - before[table] for table in TABLES if after[table] != before[table]}

        def figure(what, value):
            report.figure(f"{name}, {what}", value)

        figure("requests/s", f"{sum(counts.values()) / took:.0f}")
        figure("answers", ", ".join(f"{what}: {count}" for what, count in sorted(counts.items())))
        figure("rows/s", f"{sum(made.values()) / took:.1f}, {made}")
        figure("bytes/s", f"{(bytes_after - bytes_before) / took / 1024:.1f} KiB/s, {bytes_after / 1048576:.1f} MiB in all")
        largest = 0
        for path in ("/auth/users/me", "/projects?limit=100", "/auth/api-keys/?limit=100", "/auth/sessions?limit=100"):
            begun = time.monotonic()
            answer = request(server, "GET", path, mallory, project=mallory["project"])
            figure(
                f"GET {path}", f"{answer.status}, {len(answer.body) / 1024:.0f} KiB, {(time.monotonic() - begun) * 1000:.0f} ms"
            )
            largest = max(largest, len(answer.body))
        for kind in ("read", "write"):
            a, b = others.p99("before", kind), others.p99("flood", kind)
            figure(f"others' p99 of {kind}s", f"{a:.1f} ms before, {b:.1f} ms during, {b / max(a, 0.001):.1f} times")
        mine = home.sql("SELECT count(*) FROM members WHERE user_id = ?", [bytes.fromhex(mallory["user_uuid"].replace("-", ""))])[
            0
        ][0]
        keys = home.sql("SELECT max(n) FROM (SELECT count(*) AS n FROM api_keys GROUP BY project_id)")[0][0]

        # Deleting the account, while others write as fast as they can.
        global PACED
        PACED = False
        others.phase = "deletion"

        def ask():
            if request(server, "POST", "/auth/users/me/deletion-code", mallory).status != 202:
                home.post("send-code", {"email": mallory["email"]})

        code = maildir.code_of(home.path, mallory["email"], ask)
        begun = time.monotonic()
        answer = server.request(
            "DELETE /auth/users/me", [f"Authorization: Bearer {mallory['access_token']}", f"x-verification-code: {code}"]
        )
        took = time.monotonic() - begun
        others.phase = None
        PACED = True
        others.stop()
        figure(
            "deletion",
            f"{answer.status} in {took * 1000:.0f} ms; others' slowest write "
            f"{max(others.times.get(('deletion', 'write'), [0])) * 1000:.0f} ms",
        )
        if BOUNDED:
            report.expect(mine <= 100, f"{name}: {mine} projects")
            report.expect(keys <= 1000 + 200, f"{name}: {keys} keys of one project")
            report.expect(after["invitations"] <= 100 * 100, f"{name}: {after['invitations']} invitations")
            most = (600 + 600) / 300 * 4 * max(took, duration) + 2400 * 4
            report.expect(sum(made.values()) <= most, f"{name}: {sum(made.values())} rows")
            report.expect(largest < 4 << 20, f"{name}: an answer of {largest} bytes")
            report.expect(not others.errors, f"{name}: others got {others.errors[:5]}")
            report.expect(answer.status == 200, f"{name}: the deletion answers {answer.status} {answer.code}")
            left = home.sql("SELECT count(*) FROM users WHERE email LIKE 'mallory%' OR email LIKE 'deleted %'")[0][0]
            report.expect(left == 0, f"{name}: {left} accounts are left")
            # A busy machine slows everyone: a sample always allows a small increase.
            for kind, times in (("read", 2), ("write", 3)):
                a, b = others.p99("before", kind), others.p99("flood", kind)
                if duration >= 60:
                    report.expect(
                        b <= max(times * a, 100 if duration < 300 else 0),
                        f"{name}: others' p99 of {kind}s: {a:.1f} ms, then {b:.1f} ms",
                    )
        report.expect(home.integrity() == "ok", f"{name}: the database is damaged")
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        if "others" in locals():
            others.stop()
        server.stop()
        home.remove()


# UNBOUNDED=1: for executables without bounds, to see what they withstand.
BOUNDED = not os.environ.get("UNBOUNDED")


def main():
    report = Report()
    duration = (seconds() or 1200) / 2
    only = sys.argv[2:]
    for name, variables in (("CGI", {}), ("FastCGI", {"LATCHKEY_FASTCGI": "1"})):
        if not only or name in only:
            mode(report, name, variables, duration)
    report.finish()


if __name__ == "__main__":
    main()
