"""No answer and no response time reveals whether an account exists.

Shown: send-code and verify-code give known and unknown addresses the same status, header fields and body, and medians
within a millisecond of each other, in alternating requests; and verify-code reads no account before the code has
matched: without the table of accounts, a wrong code is answered and logged as usual.
"""

import os
import random
import re
import shutil
import statistics
import tempfile
import time

from latchkey_tests.answers import Answer
from latchkey_tests.checks import Report, seconds
from latchkey_tests.home import NO_LIMITS, Home
from latchkey_tests.project import EXECUTABLES

report = Report()
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath")
KNOWN = [f"known-{word}@example.com" for word in WORDS]
UNKNOWN = [f"other-{word}@example.com" for word in WORDS]
SETTINGS = NO_LIMITS + "mail = sendmail /bin/true\ncode_length = 8\ncode_attempts = 100\nargon2_slots = 64\n"


def asked(home, name, body):
    """One request: milliseconds until the answer's end, and the answer without what differs in each."""
    (reading, feeding), (output, writing), null = os.pipe(), os.pipe(), os.open(os.devnull, os.O_WRONLY)
    os.write(feeding, body)
    os.close(feeding)
    environment = home.environment("POST", body)
    start = time.perf_counter()
    process = os.posix_spawn(
        f"{EXECUTABLES}/{name}",
        [name],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, reading, 0), (os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_DUP2, null, 2)],
    )
    os.close(writing)
    raw = b""
    while chunk := os.read(output, 65536):
        raw += chunk
    took = (time.perf_counter() - start) * 1000
    os.waitpid(process, 0)
    for descriptor in (reading, output, null):
        os.close(descriptor)
    raw = re.sub(rb'(?m)^X-Request-Id: [0-9a-f-]{36}|(?<="expires_in":)\d+', lambda m: re.sub(rb"[0-9a-f]", b"x", m[0]), raw)
    return took, raw


def compare(name, home, first, second, bodies, count, tries=0):
    """`count` requests for an address of each kind, in turns of random order. A busy machine gets more than
    one try: a real difference does not go away. Few requests show only large differences, and get more tries."""
    within = 1.0 if count >= 300 else 4.0
    tries = tries or (3 if count >= 300 else 6)
    times, answers, chance = ([], []), (set(), set()), random.Random(11)
    database = home.database()
    for turn in range(count):
        if turn % 25 == 0:
            database.execute("UPDATE challenges SET attempts = 0")
        for kind in chance.sample((0, 1), 2):
            email = (first, second)[kind][turn % len(WORDS)]
            took, raw = asked(home, name.split(",")[0], bodies(email))
            times[kind].append(took)
            answers[kind].add(raw)
    database.close()
    report.expect(answers[0] == answers[1], f"{name}: answers differ: {answers}")
    report.expect(len(answers[0]) == 1, f"{name}: one kind of address has different answers: {answers[0]}")
    medians = [statistics.median(kind) for kind in times]
    difference = medians[0] - medians[1]
    pairs = statistics.median(a - b for a, b in zip(*times))
    report.figure(
        name,
        f"{medians[0]:.2f} ms and {medians[1]:.2f} ms, difference {difference:+.2f} ms (median of pairs "
        f"{pairs:+.2f} ms), {Answer(next(iter(answers[0]))).status}, {count} each",
    )
    # A pair asked one after the other has the same load, so its difference is the finer measure.
    holds = abs(difference) < within and abs(pairs) < within / 2
    if not holds and tries > 1:
        return compare(name, home, first, second, bodies, count, tries - 1)
    report.expect(holds, f"{name}: medians differ by {difference:.2f} ms, pairs by {pairs:.2f} ms")


def sending(email):
    return b'{"email": "%s"}' % email.encode()


def guessing(email):
    return b'{"email": "%s", "code": "%s"}' % (email.encode(), wrong)


def accounts(home):
    """The known addresses sign in, without leaving traces of it."""
    home.configure(NO_LIMITS)
    for email in KNOWN:
        home.sign_in(email)
    shutil.rmtree(f"{home.path}/mail")
    home.sql("DELETE FROM challenges")


def challenges(home):
    """Every address gets a code that stays valid for the whole test."""
    home.sql("DELETE FROM challenges")
    for email in KNOWN + UNKNOWN:
        report.expect(home.post("send-code", {"email": email}).status == 202, "send-code")
    home.has_delivered(10)
    home.sql("UPDATE challenges SET expires_at = expires_at + 3600000")


def clocks(count):
    home = Home()
    accounts(home)
    home.configure(SETTINGS)
    challenges(home)
    compare("send-code, account or none", home, KNOWN, UNKNOWN, sending, count)
    compare("verify-code, account or none, live code, wrong guess", home, KNOWN, UNKNOWN, guessing, count)
    home.sql("UPDATE challenges SET used_at = 1")
    compare("verify-code, account or none, spent code", home, KNOWN, UNKNOWN, guessing, count)
    home.sql("DELETE FROM challenges")
    compare("verify-code, account or none, no code", home, KNOWN, UNKNOWN, guessing, count)
    challenges(home)
    home.sql("DELETE FROM challenges WHERE email LIKE 'other-%'")
    compare("verify-code, a live code or none", home, KNOWN, UNKNOWN, guessing, count)
    for sign_up in ("closed", "example.org"):
        home.configure(SETTINGS + f"sign_up = {sign_up}\n")
        challenges(home)
        compare(f"send-code, sign-up {sign_up}, account or none", home, KNOWN, UNKNOWN, sending, count)
        compare(f"verify-code, sign-up {sign_up}, account or none", home, KNOWN, UNKNOWN, guessing, count)
    report.expect(home.integrity() == "ok", "the database is damaged")
    home.remove()


def logged(answer):
    """The log, without time and request id."""
    return re.sub(r"(time|request)=\S+", "", answer.log).split("\n")


def rows():
    """No account is read before the code matches: the same folder, with and without the table of accounts."""
    home = Home()
    email = KNOWN[0]
    home.sign_in(email)
    shutil.rmtree(f"{home.path}/mail")
    home.sql("DELETE FROM challenges")
    for address in (email, UNKNOWN[0]):
        home.post("send-code", {"email": address})
    codes = {address: home.code(address) for address in (email, UNKNOWN[0])}
    home.has_delivered(10)
    copy = tempfile.mkdtemp(prefix="latchkey-torture-")
    home.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(home.path, copy, dirs_exist_ok=True)
    without = Home(at=copy)
    without.sql("PRAGMA foreign_keys = OFF")
    without.sql("DROP TABLE users")
    report.expect(not without.sql("SELECT 1 FROM sqlite_schema WHERE name = 'users'"), "the table is still there")
    for address, code in codes.items():
        guess = {"email": address, "code": f"{(int(code) + 1) % 1000000:06}"}
        pair = [folder.post("verify-code", guess) for folder in (home, without)]
        report.expect([answer.code for answer in pair] == ["invalid_code"] * 2, f"a wrong code: {pair[1].raw} {pair[1].log}")
        report.expect(logged(pair[0]) == logged(pair[1]), f"logged otherwise: {pair[0].log} {pair[1].log}")
        counts = [folder.sql("SELECT attempts FROM challenges WHERE email = ?", (address,)) for folder in (home, without)]
        report.expect(counts == [[(1,)]] * 2, f"counted {counts}")
        right = without.post("verify-code", {"email": address, "code": code})
        report.expect(right.status == 500 and right.is_envelope(), f"a right code, with no accounts: {right.raw}")
        report.expect("users" in right.log and "users" not in right.raw.decode(), f"logged: {right.log}")
        report.expect(
            without.sql("SELECT used_at, attempts FROM challenges WHERE email = ?", (address,)) == [(None, 2)],
            "a failed sign-in used the code up, or its attempt was not counted",
        )
        report.expect(home.post("verify-code", {"email": address, "code": code}).status == 200, "the right code")
    report.expect(len(without.sql("SELECT 1 FROM sessions")) == 1, "a session was made without an account")
    # Where anyone may sign up, send-code needs no accounts either.
    report.expect(without.post("send-code", {"email": "new@example.com"}).status == 202, "send-code reads accounts")
    report.figure("addresses whose guess needed no table of accounts", len(codes))
    home.remove()
    without.remove()


# Guesses do not hit a code of eight digits by chance: with six, one run in 16,000 would.
wrong = b"00000000"
limit = seconds()
rows()
# A turn of all comparisons takes about half a second. A thousand of each kind are two thousand calls.
clocks(1000 if limit == 0 else max(30, min(2000, int(limit))))
report.finish()
