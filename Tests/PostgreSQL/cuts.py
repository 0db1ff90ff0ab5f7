"""Cuts the connection to PostgreSQL at the client's messages of a refresh, of a sign-in (one CGI process each) and of
a delivery of mail, and compares the answer with what the database has afterwards:

1. 200: the change was committed, once. 503: nothing changed. 500: committed or not, but once at most.
2. The same request again then succeeds, or finds its change made; never twice.
3. A mail leaves once, and its deliverer ends.

The message is either lost on its way, or the server gets it and its answer is lost. Either only the process's first
connection is cut, so that the service can use another, or each of them. While a process opens the database it does not
try again: it answers 503.

A statement is several messages, and the server answers at the last; so are several statements with their COMMIT, and if
that is under way, the outcome is unknown. A refresh is cut at each of them, the others only at
those that the server answers.
"""

import collections
import contextlib
import socket
import tempfile
import threading
import time

from latchkey_tests.checks import Report
from latchkey_tests.cluster import Cluster, PostgreSQLHome
from latchkey_tests.deliverers import deliver, settle
from latchkey_tests.home import remove_folder

MOST = 100  # messages of one connection
# A process's first messages, and those of them with an answer: it opens the database.
OPENING, OPENING_ANSWERS = 10, 2
LOST, ANSWERED = "request lost", "answer lost"


class CuttingProxy:
    """A socket for libpq, in a folder of its own, that forwards to the server with the socket in `server`."""

    def __init__(self, server):
        self.server = f"{server}/.s.PGSQL.5432"
        self.folder = tempfile.mkdtemp(prefix="latchkey-proxy-")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.folder}/.s.PGSQL.5432")
        self.listener.listen(16)
        self.arm(0, LOST)
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, place, moment, cuts_each=False, counts_all=False):
        """From now on message `place` of the next connection (0: none), or of each, ends it. The messages after the
        start-up count, from 1: those that the server answers, or all."""
        self.place, self.moment, self.cuts_each, self.counts_all = place, moment, cuts_each, counts_all
        # What was cut last, and all that the client had sent since the server's last answer.
        self.cuts, self.last, self.batch = 0, b"", b""

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.forward, args=(client,), daemon=True).start()

    def forward(self, client):
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(self.server)
        muted, has_answered, unanswered = threading.Event(), threading.Event(), []
        backward = threading.Thread(
            target=self.copy_answers, args=(upstream, client, muted, has_answered, unanswered), daemon=True
        )
        backward.start()
        waiting, has_started, count = b"", False, 0
        while chunk := received(client):
            waiting += chunk
            # A message has a type of one byte, except for the first, and a length of four that counts itself.
            while len(waiting) >= 4 + has_started:
                end = has_started + int.from_bytes(waiting[has_started : has_started + 4], "big")
                if len(waiting) < end:
                    break
                message, waiting = waiting[:end], waiting[end:]
                # The server answers to a query and to a Sync.
                counts = has_started and (self.counts_all or message[:1] in (b"Q", b"S"))
                count += counts
                if counts and count == self.place and (self.cuts_each or not self.cuts):
                    self.cuts, self.last, self.batch = self.cuts + 1, message, b"".join([*unanswered, message, waiting])
                    if self.moment == ANSWERED:
                        muted.set()
                        upstream.sendall(message)
                        has_answered.wait(5)
                    return self.close(client, upstream, backward)
                has_started = True
                unanswered.append(message)
                upstream.sendall(message)
        self.close(client, upstream, backward)

    def copy_answers(self, upstream, client, muted, has_answered, unanswered):
        while chunk := received(upstream):
            if muted.is_set():
                has_answered.set()
            else:
                unanswered.clear()
                try:
                    client.sendall(chunk)
                except OSError:
                    break
        for end in (upstream, client):
            shut(end)

    def close(self, client, upstream, backward):
        shut(upstream)
        shut(client)
        backward.join(5)
        upstream.close()
        client.close()

    def stop(self):
        shut(self.listener)
        self.listener.close()
        remove_folder(self.folder)


def received(connection):
    """The bytes that can be read now; b"" at the end."""
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def shut(connection):
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class Drill:
    def __init__(self):
        self.report, self.end, self.number = Report(), contextlib.ExitStack(), 0
        self.cluster = Cluster()
        self.end.callback(self.cluster.remove)
        self.cluster.create("cuts")
        self.proxy = CuttingProxy(self.cluster.path)
        self.end.callback(self.proxy.stop)
        # `home` connects through the proxy, and `direct` does not.
        self.direct = self.add(PostgreSQLHome(self.cluster.connection("cuts")))
        assert self.direct.get("jwks").status == 200
        through = f"host={self.proxy.folder} user=latchkey dbname=cuts"
        self.home = self.add(PostgreSQLHome(through, checked=self.cluster.connection("cuts"))).with_secret_of(self.direct)

    def add(self, home):
        self.end.callback(home.remove)
        return home

    def expect(self, holds, what, seen=None):
        self.report.expect(holds, what, seen)

    def numbers(self, *queries):
        """The one number that each query finds."""
        return [int(value) for value in self.direct.sql("SELECT " + ", ".join(f"({query})" for query in queries))[0]]

    def at_each_message(self, name, prepare, request, check, counts_all=False):
        """`prepare` returns what `request` and `check` need. `counts_all`: also at messages without an answer."""
        for cuts_each in (False, True):
            for moment in (LOST, ANSWERED):
                each_counts = counts_all and moment == LOST and not cuts_each
                opening = OPENING if each_counts else OPENING_ANSWERS
                seen = collections.Counter()
                for place in range(1, MOST):
                    case = prepare()
                    self.proxy.arm(place, moment, cuts_each, each_counts)
                    answer = request(case)
                    cuts, message, committing = self.proxy.cuts, self.proxy.last, b"COMMIT" in self.proxy.batch
                    self.proxy.arm(0, LOST)
                    what = f"{name}, {moment} at message {place} {message[:40]}, {'each' if cuts_each else 'one'} connection"
                    seen[answer.status] += cuts > 0
                    self.expect(answer.is_envelope() and answer.status in (200, 500, 503), what, answer.raw)
                    self.expect(answer.status != 500 or committing, f"{what}: 500 only with COMMIT", (answer.raw, answer.log))
                    self.expect(answer.status != 500 or "unknown" in answer.log, f"{what}: the log says why", answer.log)
                    again = cuts_each or place <= opening
                    self.expect(answer.status != 503 or again, f"{what}: 503, and another connection was good", answer.log)
                    check(case, answer, what)
                    if not cuts:
                        break
                else:
                    self.expect(False, f"{name}: more than {MOST} messages")
                kind = "each connection" if cuts_each else "the first connection"
                told = ", ".join(f"{count} × {status}" for status, count in sorted(seen.items()) if count)
                self.report.figure(f"{name}, {moment}, {kind}", f"{place - 1} messages cut: {told}")

    # A refresh.

    def prepare_refresh(self):
        return {"grant": self.grant, "before": self.refreshes()}

    def refreshes(self):
        """The session's generation, and how many refreshes the audit log has."""
        return self.numbers("SELECT generation FROM sessions", "SELECT count(*) FROM audit_events WHERE event = 'refresh'")

    def refresh(self, case, home=None):
        fields = {name: case["grant"][name] for name in ("refresh_token", "user_uuid")}
        return (home or self.home).post("refresh-token", fields)

    def check_refresh(self, case, answer, what):
        generation, audited = (now - before for now, before in zip(self.refreshes(), case["before"]))
        allowed = {200: (1,), 503: (0,)}.get(answer.status, (0, 1))
        self.expect(generation in allowed, f"{what}: {answer.status}, and {generation} new generations")
        self.expect(audited == generation, f"{what}: {generation} new generations, and {audited} audited")
        again = self.refresh(case, self.direct)
        self.expect(again.status == 200, f"{what}: the same token again", again.raw)
        self.expect(self.refreshes()[0] == case["before"][0] + 1, f"{what}: the token worked twice")
        if answer.status == 200:
            self.expect(again.data["refresh_token"] == answer.data["refresh_token"], f"{what}: two successors")
        self.grant = again.data

    # A sign-in, which creates the account.

    def prepare_sign_in(self):
        self.number += 1
        email = f"u{self.number}@example.com"
        assert self.direct.post("send-code", {"email": email}).status == 202
        return {"email": email, "code": self.direct.code(email)}

    def counts(self, email):
        """Accounts, sessions, projects that it owns, and audited sign-ins; and guesses at the code."""
        account = f"(SELECT id FROM users WHERE email = '{email}')"
        return self.numbers(
            f"SELECT count(*) FROM users WHERE email = '{email}'",
            f"SELECT count(*) FROM sessions WHERE user_id IN {account}",
            f"SELECT count(*) FROM members WHERE user_id IN {account} AND role = 'owner'",
            f"SELECT count(*) FROM audit_events WHERE event = 'sign-in' AND user_id IN {account}",
            f"SELECT attempts FROM challenges WHERE email = '{email}'",
        )

    def sign_in(self, case, home=None):
        return (home or self.home).post("verify-code", {"email": case["email"], "code": case["code"]})

    def check_sign_in(self, case, answer, what):
        *found, attempts = self.counts(case["email"])
        allowed = {200: (1,), 503: (0,)}.get(answer.status, (0, 1))
        self.expect(set(found) in [{count} for count in allowed], f"{what}: {answer.status}, and there are {found}")
        self.expect(attempts <= 1, f"{what}: one guess counted as {attempts}")
        again = self.sign_in(case, self.direct)
        self.expect(again.status == (400 if found[0] else 200), f"{what}: the same code again, found {found}", again.raw)
        found = self.counts(case["email"])[:4]
        self.expect(found == [1] * 4, f"{what}: the code worked twice", found)

    # A delivery: the mail goes to the folder of `home`.

    def deliveries(self):
        for moment in (LOST, ANSWERED):
            seen, longest = collections.Counter(), 0.0
            for place in range(1, MOST):
                self.direct.sql(
                    "INSERT INTO mail_items (id, subject_id, email, created_at, expires_at, attempts, due_at)"
                    " SELECT decode(md5(random()::text), 'hex'), id, email, created_at, expires_at, 0, 0 FROM challenges"
                    f" WHERE email = '{self.waiting}'"
                )
                before, begin = len(self.home.mails()), time.monotonic()
                self.proxy.arm(place, moment)
                answer = deliver(self.home)
                took, cuts, message = time.monotonic() - begin, self.proxy.cuts, self.proxy.last
                committing = b"COMMIT" in self.proxy.batch
                self.proxy.arm(0, LOST)
                what = f"deliver-mail, {moment} at message {place} {message[:40]}"
                longest = max(longest, took)
                self.expect(took < 5, f"{what}: it took {took:.0f} s")
                left = self.numbers("SELECT count(*) FROM mail_items")[0]
                self.direct.sql("UPDATE mail_items SET due_at = 0")
                last = deliver(self.direct)
                self.expect(last.exit == 0, f"{what}: the next deliverer", last.log)
                sent = len(self.home.mails()) - before
                seen[f"sent {sent}, left {left}"] += cuts > 0
                # One that found no database, or does not know whether it has the mail, leaves it to the next one.
                good = sent + left == 1 and (not left or place <= OPENING_ANSWERS or committing)
                self.expect(good, f"{what}: {sent} sent, {left} left", answer.log)
                self.expect(answer.exit == 0 or left or committing, f"{what}: it fails", answer.log)
                if not cuts:
                    break
            told = ", ".join(f"{count} × {kind}" for kind, count in sorted(seen.items()) if count)
            self.report.figure(f"deliver-mail, {moment}", f"{place - 1} messages cut: {told}; at most {longest:.1f} s")

    def run(self):
        try:
            self.grant = self.direct.sign_in("ada@example.com")
            self.at_each_message("refresh-token", self.prepare_refresh, self.refresh, self.check_refresh, counts_all=True)
            self.at_each_message("verify-code", self.prepare_sign_in, self.sign_in, self.check_sign_in)
            self.waiting = self.prepare_sign_in()["email"]
            settle(self.direct)
            self.deliveries()
        finally:
            self.end.close()
        self.report.finish()


Drill().run()
