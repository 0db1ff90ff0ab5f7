"""A primary, a synchronous standby, and two instances of the service under load. The primary is killed, and the standby is
promoted:

1. Both instances answer 200 again within ten seconds of the kill, reads and changes.
2. Nothing acknowledged is lost, nothing happens twice: the new primary's tables agree with the answers.
3. No code and no refresh token works twice, except for a refresh token's documented grace period.
4. Meanwhile the only other answers are the service's own 503, and 500 for a COMMIT whose outcome is unknown. The service does
not repeat such a COMMIT: there are some at the moment of the kill.
"""

import contextlib
import os
import random
import signal
import threading
import time

import books
from latchkey_tests.checks import Report, seconds
from latchkey_tests.cluster import Cluster, PostgreSQLHome
from latchkey_tests.deliverers import settle
from latchkey_tests.maildir import Mailbox
from latchkey_tests.service import Service
from latchkey_tests.waiting import until
from load import SETTINGS, Load

CLIENTS, BEFORE, AFTER, BOUND = 8, 8, 8, 10
DATABASE = "failover"


class Prober(threading.Thread):
    """Asks one instance for its user, and for another name of that user, all the time."""

    def __init__(self, service, token, report):
        super().__init__(daemon=True)
        self.service, self.report, self.headers = service, report, [f"Authorization: Bearer {token}"]
        self.seen, self.stopped = [], False

    def run(self):
        while not self.stopped:
            for line, fields in (("GET /auth/users/me", None), ("PATCH /auth/users/me", {"full_name": str(time.time())})):
                begin = time.monotonic()
                answer = self.service.request(line, self.headers, fields)
                self.seen.append((begin, time.monotonic(), line.split()[0], answer.status))
                holds = answer.is_envelope() and answer.status in (200, 500, 503)
                self.report.expect(holds, f"{line} answered {answer.status}", answer.raw)
            time.sleep(0.02)

    def back(self, killed):
        """Seconds from the kill to the end of the last answer that was not 200, and to the first 200 of each kind after the
        first that was not."""
        failures = [end for begin, end, _, status in self.seen if end > killed and status != 200]
        if not failures:
            return 0, {}
        first = {}
        for begin, end, kind, status in self.seen:
            if begin > failures[0] and status == 200:
                first.setdefault(kind, end - killed)
        return failures[-1] - killed, first


class Drill:
    def __init__(self):
        self.report, self.end, self.services, self.homes = Report(), contextlib.ExitStack(), [], []
        self.primary = self.cluster()

    def cluster(self, **options):
        cluster = Cluster(syncs=True, **options)
        self.end.callback(cluster.remove)
        return cluster

    def begin(self):
        """The standby, two machines with one secret, and a signed-in user for the probes."""
        self.primary.create(DATABASE)
        self.standby = self.cluster(standby_of=self.primary)
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.sql("SELECT pg_reload_conf()")
        is_synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        assert until(lambda: self.primary.sql(is_synchronous) == [["1"]], 10), "the standby is not synchronous"
        both = f"host={self.primary.path},{self.standby.path} user=latchkey dbname={DATABASE} target_session_attrs=read-write"
        for _ in range(2):
            self.homes.append(PostgreSQLHome(both, SETTINGS, checked=self.standby.connection(DATABASE)))
            self.end.callback(self.homes[-1].remove)
            if len(self.homes) == 1:
                self.grant = self.homes[0].sign_in("probe@example.com")
            else:
                self.homes[1].with_secret_of(self.homes[0])
            # A few processes, so that each of them meets the failure.
            variables = {"LATCHKEY_FASTCGI": "1", "LATCHKEY_FASTCGI_PROCESSES": "3"}
            self.services.append(Service(self.homes[-1], variables))
            self.end.callback(self.services[-1].stop)

    def fail_over(self):
        load = Load(self.services, Mailbox(*(home.path for home in self.homes)), self.report, CLIENTS)
        probers = [Prober(service, self.grant["access_token"], self.report) for service in self.services]
        for thread in (load, *probers):
            thread.start()
        time.sleep(seconds() or BEFORE)
        requests = load.count
        # The standby gets the last changes and does not acknowledge them: all COMMITs wait for it, and nobody learns that the
        # new primary has what they made.
        receiver = int(self.standby.sql("SELECT pid FROM pg_stat_wal_receiver")[0][0])
        os.kill(receiver, signal.SIGSTOP)
        time.sleep(0.3)
        killed = time.monotonic()
        self.primary.kill()
        os.kill(receiver, signal.SIGCONT)
        dead = time.monotonic() - killed
        # Whoever watches the primary needs a moment.
        time.sleep(1)
        self.standby.promote()
        promoted = time.monotonic() - killed
        time.sleep(seconds() or AFTER)
        load.stopped = True
        for prober in probers:
            prober.stopped = True
        load.join()
        for prober in probers:
            prober.join()
        figure = self.report.figure
        figure("requests before the kill, after it", f"{requests}, {load.count - requests}")
        figure("seconds from the kill until all processes are gone, until the standby is promoted", f"{dead:.2f}, {promoted:.2f}")
        for number, prober in enumerate(probers, 1):
            last, first = prober.back(killed)
            told = ", ".join(f"{kind} {at:.2f}" for kind, at in first.items())
            figure(f"instance {number}, seconds to the first 200, after the last failure", f"{told}; {last:.2f}")
            good = set(first) == {"GET", "PATCH"} and max(*first.values(), last) < BOUND
            self.report.expect(good, f"instance {number} answers again within {BOUND} s", (last, first))
        figure("answers 503, 500", f"{load.answered(503)}, {load.answered(500)}")
        self.report.expect(load.answered(503) > 0 and load.answered(500) > 0, "the load did not meet the failure")
        return load

    def use_again(self, load):
        """After the grace period, old refresh tokens and used codes work nowhere."""
        home, expect = self.homes[0], self.report.expect
        sessions = [(account, session) for account in load.accounts() for session in account.sessions]
        chosen = random.Random(1).sample([(a, s) for a, s in sessions if not s.revoked and s.successors], 12)
        home.sql("UPDATE sessions SET rotated_at = rotated_at - 60000")
        for number, (account, session) in enumerate(chosen):
            line, service = "POST /auth/verification/refresh-token", self.services[number % 2]
            fields = {"refresh_token": session.grant["refresh_token"], "user_uuid": account.user}
            answer = service.request(line, (), fields)
            expect(answer.status == 200, f"{account.email}: the newest token works", answer.raw)
            home.sql("UPDATE sessions SET rotated_at = rotated_at - 60000")
            old = {"refresh_token": list(session.successors)[-1], "user_uuid": account.user}
            answer = service.request(line, (), old)
            expect(answer.status == 401, f"{account.email}: an old token works twice", answer.raw)
        for number, account in enumerate(load.accounts()):
            service, line = self.services[number % 2], "POST /auth/verification/verify-code"
            for code in set(load.mailbox.codes(account.email)[:-1]):
                answer = service.request(line, (), {"email": account.email, "code": code})
                expect(answer.status == 400, f"{account.email}: a used code works twice", answer.raw)
        self.report.figure("old refresh tokens and codes refused", f"{len(chosen)}, of {len(load.accounts())} accounts")

    def run(self):
        try:
            self.begin()
            load = self.fail_over()
            for home in self.homes:
                settle(home)
            books.check(load, self.homes[0])
            self.use_again(load)
            books.reasons(load, self.services)
        finally:
            self.end.close()
        self.report.finish()


Drill().run()
