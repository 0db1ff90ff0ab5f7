"""A backup restored during a mixed load; `restore`, `secret rotate` and `token-key rotate --now` killed at every
call that changes a file; and the last of them where a file cannot be deleted.

Shown under load, by the executables themselves:
1. The only 5xx is 503.
2. Every account and key acknowledged before the backup exists after the restore, and works.
3. So does everything acknowledged after the restore: nothing is written to the old database.
4. No earlier session works after it; the database is sound.

Shown for each kill: the old state, or the new one, or a 503 that the same command repairs; never a session of the old
secret next to the new one; and clean-up finds the leftovers.

Shown for each failed deletion: the old key's tokens are refused all the same, and the command names the key that it
could not delete; the folder is synced after the last deletion.
"""

import collections
import glob
import os
import random
import re
import subprocess
import threading
import time

from latchkey_tests.checks import Report, seconds
from latchkey_tests.deliverers import settle
from latchkey_tests.home import Home, bearer
from latchkey_tests.project import COMMAND
from snapshots import copy

CHANGES = ["rename", "link", "unlink", "mkdir", "rmdir", "fsync", "fdatasync", "ftruncate", "pwrite64", "write", "openat"]


def admin(home, *arguments, prefix=()):
    return subprocess.run(
        [*prefix, COMMAND, *arguments],
        env={"LATCHKEY_HOME": home.path},
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )


class Worker(threading.Thread):
    """Signs in, refreshes and makes keys; records what was acknowledged, with the times of request and answer."""

    def __init__(self, number, load):
        super().__init__()
        self.number, self.load, self.accounts, self.keys, self.grants = number, load, [], [], []

    def ask(self, name, fields, variables=()):
        begun = time.monotonic()
        answer = self.load.home.post(name, fields, variables)
        with self.load.lock:
            self.load.seen[f"{name} {answer.status}"] += 1
            if answer.status >= 500 or not answer.is_envelope():
                self.load.report.expect(answer.status == 503, f"{name}: {answer.raw!r}, {answer.log}")
        return answer, begun, time.monotonic()

    def run(self):
        count = 0
        while not self.load.over:
            count += 1
            email = f"w{self.number}n{count}@example.com"
            try:
                if self.ask("send-code", {"email": email})[0].status == 202:
                    code = self.load.home.code(email, timeout=3)
                    answer, begun, ended = self.ask("verify-code", {"email": email, "code": code})
                    if answer.status == 200:
                        self.accounts.append((email, answer.data["user_uuid"], begun, ended))
                        self.use(answer.data, begun, ended)
            except AssertionError:
                pass  # the restore removed the mail

    def use(self, grant, begun, ended):
        me = self.load.home.get("current-user", bearer(grant))
        if me.status != 200:
            return
        grant["project"] = me.data["projects"][0]["id"]
        for number in range(3):
            answer, begun, ended = self.ask("create-api-key", {"name": f"k{number}"}, bearer(grant, True))
            if answer.status == 201:
                self.keys.append((answer.data["full_key"], begun, ended))
            answer, asked, answered = self.ask("refresh-token", {k: grant[k] for k in ("refresh_token", "user_uuid")})
            if answer.status != 200:
                return
            grant = {**grant, **answer.data}
            self.grants.append((grant, asked, answered))


class Load:
    def __init__(self, report, length):
        self.home, self.report, self.lock = Home(), report, threading.Lock()
        self.seen, self.over = collections.Counter(), False
        workers = [Worker(number, self) for number in range(4)]
        file = f"{self.home.path}.tar"
        try:
            for worker in workers:
                worker.start()
            time.sleep(length / 3)
            before = time.monotonic()
            made = admin(self.home, "backup", file)
            report.expect(made.returncode == 0, made.stderr)
            time.sleep(length / 3)
            asked = time.monotonic()
            done = admin(self.home, "restore", file)
            restored = time.monotonic()
            report.expect(done.returncode == 0, done.stderr)
            time.sleep(length / 3)
            self.over = True
            for worker in workers:
                worker.join()
            settle(self.home)
            self.judge(workers, before, asked, restored)
            report.figure("seconds that the restore took", round(restored - asked, 2))
        finally:
            self.over = True
            self.home.remove()
            if os.path.exists(file):
                os.unlink(file)
        for what, count in sorted(self.seen.items()):
            report.figure(what, count)

    def judge(self, workers, before, asked, restored):
        report, home = self.report, self.home
        users = {row[0] for row in home.sql("SELECT email FROM users")}
        kept = lost = late = 0
        for worker in workers:
            for email, _, begun, ended in worker.accounts:
                if ended < before or begun > restored:
                    report.expect(email in users, f"{email} was acknowledged, and is not there")
                    kept, late = kept + (ended < before), late + (begun > restored)
                lost += email not in users
            for key, begun, ended in worker.keys:
                if ended < before or begun > restored:
                    status = home.get("verify-api-key", {"HTTP_X_API_KEY": key}).status
                    report.expect(status == 200, f"a key that was acknowledged answers {status}")
            for grant, _, ended in worker.grants:
                if ended < asked:
                    report.expect(home.get("current-user", bearer(grant)).status == 401, "an old session lives")
        report.expect(kept > 0 and late > 0 and lost > 0, f"too little happened: {kept}, {late}, {lost}")
        report.expect(home.integrity() == "ok", home.integrity())
        for name, value in [
            ("accounts of before the backup", kept),
            ("accounts of after the restore", late),
            ("accounts of in between, gone with the restore", lost),
        ]:
            report.figure(name, value)


def kills(report, arguments, length, seen):
    """Kills the command at every change, on fresh copies of one state, until `length` seconds have passed."""
    end, base = time.monotonic() + length, Home()
    ada = base.sign_in("ada@example.com")
    key = base.post("create-api-key", {"name": "k"}, bearer(ada, True)).data["full_key"]
    settle(base)
    file = f"{base.path}.tar"
    assert admin(base, "backup", file).returncode == 0
    assert admin(base, "user", "create", "late@example.com").returncode == 0
    arguments = [file if argument == "FILE" else argument for argument in arguments]
    trace = f"{base.path}.trace"
    home = copy(base)
    admin(home, *arguments, prefix=["strace", "-f", "-o", trace, "-e", "trace=" + ",".join(CHANGES)])
    home.remove()
    counts = collections.Counter()
    for line in open(trace, encoding="latin-1"):
        call = line.split(None, 1)[-1].partition("(")[0]
        counts[call] += call in CHANGES
    places = [(call, number) for call in CHANGES for number in range(1, counts[call] + 1)]
    random.Random(0).shuffle(places)
    for call, number in places:
        if time.monotonic() > end:
            break
        home, place = copy(base), f"{arguments[0]}, {call} {number}"
        old = open(f"{home.path}/secret.key", "rb").read()
        killed = admin(
            home,
            *arguments,
            prefix=[
                "strace",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                f"trace={call}",
                "-e",
                f"inject={call}:signal=KILL:when={number}",
            ],
        )
        seen[f"{arguments[0]}: killed" if killed.returncode < 0 else f"{arguments[0]}: not killed"] += 1
        status = home.get("current-user", bearer(ada)).status
        fresh = open(f"{home.path}/secret.key", "rb").read() != old
        seen[f"{arguments[0]}: then {status}"] += 1
        report.expect(status in (200, 401, 503), f"{place}: {status}")
        report.expect(not (fresh and status == 200), f"{place}: an old token beside the new secret")
        if arguments[0] == "restore" and status != 503:
            late = home.sql("SELECT count(*) FROM users WHERE email = 'late@example.com'") == [(1,)]
            report.expect(late == (status == 200), f"{place}: {status}, and half of each state")
        again = admin(home, *arguments)
        report.expect(again.returncode == 0, f"{place}: again: {again.stderr}")
        report.expect(home.get("current-user", bearer(ada)).status == 401, f"{place}: an old session lives")
        report.expect(home.get("verify-api-key", {"HTTP_X_API_KEY": key}).status == 200, f"{place}: the key is dead")
        report.expect(home.integrity() == "ok", f"{place}: {home.integrity()}")
        report.expect(not glob.glob(f"{home.path}/restoring.*"), f"{place}: something is left")
        report.expect(admin(home, "purge").returncode == 0, f"{place}: purge")
        left = [name for _, _, names in os.walk(home.path) for name in names if LEFT.search(name)]
        report.expect(not left, f"{place}: {left} are left")
        home.remove()
    seen[f"{arguments[0]}: places"] = len(places)
    base.remove()
    for path in (file, trace):
        os.unlink(path)


def stuck(report, seen):
    """An old key that cannot be deleted, and the order of calls when it can."""
    base = Home()
    ada = base.sign_in("ada@example.com")
    settle(base)
    for number in range(1, 9):
        home, place = copy(base), f"token-key rotate, unlink {number} fails"
        failed = admin(
            home,
            "token-key",
            "rotate",
            "--now",
            prefix=[
                "strace",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=unlink",
                "-e",
                f"inject=unlink:error=EIO:when={number}",
            ],
        )
        status = home.get("current-user", bearer(ada)).status
        seen[f"unlink fails: exit {failed.returncode}, the old token {status}"] += 1
        report.expect(failed.returncode in (0, 1) and status == 401, f"{place}: {failed}, {status}")
        report.expect(failed.returncode == 0 or "could not be deleted" in failed.stderr, f"{place}: {failed.stderr}")
        report.expect(admin(home, "token-key", "rotate", "--now").returncode == 0, f"{place}: again")
        report.expect(home.get("current-user", bearer(ada)).status == 401, f"{place}: the old token lives")
        home.remove()
    trace, home = f"{base.path}.trace", copy(base)
    admin(home, "token-key", "rotate", "--now", prefix=["strace", "-f", "-y", "-o", trace, "-e", "trace=unlink,fsync"])
    calls = [line.split(None, 1)[1] for line in open(trace, encoding="latin-1") if "/keys" in line and "= 0" in line]
    last = max(index for index, call in enumerate(calls) if '.key"' in call or '.end"' in call)
    report.expect(
        any(call.startswith("fsync") and call.split(">")[0].endswith("/keys") for call in calls[last:]),
        f"no fsync of keys/ after the last deletion: {calls}",
    )
    for path in (home, base):
        path.remove()
    os.unlink(trace)


LEFT = re.compile(r"\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-wal|-shm|-journal)?$")


def main():
    report, seen = Report(), collections.Counter()
    length = seconds()
    Load(report, length * 0.6 if length else 60)
    for arguments in (["restore", "FILE"], ["secret", "rotate", "--yes"], ["token-key", "rotate", "--now"]):
        kills(report, arguments, length * 0.13 if length else 600, seen)
    stuck(report, seen)
    for what, count in sorted(seen.items()):
        report.figure(what, count)
    report.finish()


main()
