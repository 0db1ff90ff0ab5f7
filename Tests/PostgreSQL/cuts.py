"""Cuts the connection to PostgreSQL at each of the client's messages of a refresh and of a sign-in (one CGI process each),
and compares the answer with what the database has afterwards:

1. 200: the change was committed, once. 503: nothing changed. 500: committed or not, but once at most.
2. The same request again then succeeds, or finds its change made; never twice.

The message is either lost on its way, or the server gets it and its answer is lost. Either only the process's first
connection is cut, so that the service can use another, or each of them. While a process opens the database it does not
try again: it answers 503.
"""

import collections
import contextlib
import os
import socket
import tempfile
import threading

from latchkey_tests.checks import Report
from latchkey_tests.cluster import Cluster, PostgreSQLHome
from latchkey_tests.deliverers import settle
from latchkey_tests.home import remove_folder

MOST = 150  # messages of one connection
# A process's first messages, and those of them with an answer: it opens the database.
OPENING, OPENING_ANSWERS = 7, 3
LOST, ANSWERED = "request lost", "answer lost"


class CuttingProxy:
    """A socket for libpq, in a folder of its own, that forwards to the server with the socket in `server`."""

    def __init__(self, server):
        self.server = f"{server}/.s.PGSQL.5432"
        self.folder = tempfile.mkdtemp(prefix="latchkey-proxy-")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.folder}/.s.PGSQL.5432")
        self.listener.listen(16)
        self.arm(0, LOST, False)
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, place, moment, cuts_each):
        """From now on message `place` of the next connection (0: none), or of each, ends it. The messages after the
        start-up count, from 1. If answers are lost, or each connection is cut, only messages with an answer count."""
        self.place, self.moment, self.cuts_each = place, moment, cuts_each
        self.counts_all = moment == LOST and not cuts_each
        self.cuts, self.last = 0, b""

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
        muted, has_answered = threading.Event(), threading.Event()
        backward = threading.Thread(target=self.copy_answers, args=(upstream, client, muted, has_answered), daemon=True)
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
                    self.cuts, self.last = self.cuts + 1, message
                    if self.moment == ANSWERED:
                        muted.set()
                        upstream.sendall(message)
                        has_answered.wait(5)
                    return self.close(client, upstream, backward)
                has_started = True
                upstream.sendall(message)
        self.close(client, upstream, backward)

    def copy_answers(self, upstream, client, muted, has_answered):
        while chunk := received(upstream):
            if muted.is_set():
                has_answered.set()
            else:
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
        self.report, self.cluster, self.homes = Report(), Cluster(), []
        self.cluster.create("cuts")
        self.proxy = CuttingProxy(self.cluster.path)
        # `home` connects through the proxy, and `direct` does not.
        self.direct = self.add(PostgreSQLHome(self.cluster.connection("cuts")))
        assert self.direct.get("jwks").status == 200
        through = f"host={self.proxy.folder} user=latchkey dbname=cuts"
        self.home = self.add(PostgreSQLHome(through, checked=self.cluster.connection("cuts"))).with_secret_of(self.direct)
        self.number = 0

    def add(self, home):
        self.homes.append(home)
        return home

    def expect(self, holds, what, seen=None):
        self.report.expect(holds, what, seen)

    def numbers(self, *queries):
        """The one number that each query finds."""
        return [int(value) for value in self.direct.sql("SELECT " + ", ".join(f"({query})" for query in queries))[0]]

    def at_each_message(self, name, prepare, request, check):
        """`prepare` returns what `request` and `check` need."""
        for cuts_each in (False, True):
            for moment in (LOST, ANSWERED):
                seen = collections.Counter()
                for place in range(1, MOST):
                    case = prepare()
                    self.proxy.arm(place, moment, cuts_each)
                    answer = request(case)
                    cuts, message = self.proxy.cuts, self.proxy.last
                    self.proxy.arm(0, LOST, False)
                    what = f"{name}, {moment} at message {place} {message[:40]}, {'each' if cuts_each else 'one'} connection"
                    seen[answer.status] += cuts > 0
                    self.expect(answer.is_envelope() and answer.status in (200, 500, 503), what, answer.raw)
                    self.expect(
                        answer.status != 500 or b"COMMIT" in message, f"{what}: 500 only for COMMIT", (answer.raw, answer.log)
                    )
                    self.expect(answer.status != 500 or "unknown" in answer.log, f"{what}: the log says why", answer.log)
                    again = cuts_each or place <= (OPENING if moment == LOST else OPENING_ANSWERS)
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

    def run(self):
        try:
            self.grant = self.direct.sign_in("ada@example.com")
            self.at_each_message("refresh-token", self.prepare_refresh, self.refresh, self.check_refresh)
            self.at_each_message("verify-code", self.prepare_sign_in, self.sign_in, self.check_sign_in)
        finally:
            for home in self.homes:
                settle(home)
                home.remove()
            self.proxy.stop()
            self.cluster.remove()
            if os.path.exists(self.proxy.folder):
                self.report.expect(False, "a folder stays")
        self.report.finish()


Drill().run()
