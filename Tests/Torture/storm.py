"""Ten thousand mixed requests, sixteen at a time, while one handler in ten is killed at a random moment, and mail
deliverers are killed too.

Every client records what was acknowledged to it. Shown at the end:
1. Every account, session (its newest token works, unless revoked) and key (created: listed; deleted: inactive since
the stated time) is there; each answer on the way matched what was known.
2. Every promised mail came, unless its code was used or replaced.
3. No answer is partial, and the only 5xx is 503; only a killed handler gives none. The database is sound.
"""

import collections
import json
import os
import random
import signal
import subprocess
import threading
import time

from latchkey_tests import maildir
from latchkey_tests.answers import Answer
from latchkey_tests.checks import Report, seconds
from latchkey_tests.deliverers import deliverers, settle
from latchkey_tests.home import Home, bearer
from latchkey_tests.project import EXECUTABLES
from templates import refresh

CLIENTS, REQUESTS, KILLED = 16, 10_000, 0.1


class Session:
    def __init__(self, grant):
        self.grant, self.revoked = grant, False


class Account:
    def __init__(self, email):
        self.email, self.user, self.project = email, None, None
        self.sessions, self.keys = [], {}  # id: when it was deactivated, "?" while that is not known
        self.promised = 0  # mails with the code that works now
        self.wrong = 0  # guesses at a code since the last sign-in


class Client(threading.Thread):
    """One client: one request after the other, with its own accounts."""

    def __init__(self, number, storm):
        super().__init__()
        self.number, self.storm, self.home = number, storm, storm.home
        self.chance, self.accounts = random.Random(number), []

    def run(self):
        try:
            while self.storm.goes_on():
                self.step()
        except Exception as error:
            self.storm.report.expect(False, f"client {self.number}: {type(error).__name__} {error}")

    def ask(self, name, method, fields=None, variables=(), slow=False):
        """The answer, or None if the handler was killed before it answered."""
        body = b"" if fields is None else json.dumps(fields).encode()
        process = self.home.start(name, method, variables, body)
        killed = self.storm.raging and self.chance.random() < KILLED
        if killed:
            # Endpoints that hash take longer, so some of their kills come later.
            time.sleep(self.chance.uniform(0, 0.040 if slow and self.chance.random() < 0.5 else 0.005))
            process.kill()
        output, errors = process.communicate(timeout=120)
        answer = Answer(output)
        self.storm.count(name, answer, killed and process.returncode < 0)
        if answer.status == 0 and killed and not output:
            return None
        self.expect(
            answer.is_envelope() and (answer.status < 500 or answer.status == 503),
            f"{name}: {answer.status}, exit {process.returncode}, {output} {errors}",
        )
        return answer if answer.is_envelope() and answer.status < 500 else None

    def expect(self, holds, what):
        self.storm.report.expect(holds, f"client {self.number}: {what}")

    def step(self):
        if len(self.accounts) < 2 or self.chance.random() < 0.02:
            self.accounts.append(Account(f"c{self.number}-{len(self.accounts)}@example.com"))
            return self.sign_in(self.accounts[-1])
        account = self.chance.choice(self.accounts[-3:])
        live = [session for session in account.sessions if session.revoked is False]
        if not live or account.project is None:
            return self.sign_in(account)
        session = self.chance.choice(live)
        if self.chance.random() < 0.03:
            return self.sign_in(account)
        self.chance.choices(
            [self.refresh, self.me, self.list_keys, self.create_key, self.delete_key, self.revoke], [30, 20, 20, 12, 12, 5]
        )[0](account, session)

    def sign_in(self, account):
        before = len(self.storm.mail.codes(account.email))
        sent = self.ask("send-code", "POST", {"email": account.email}, slow=True)
        if not sent:
            return
        self.expect(sent.status == 202, f"send-code: {sent.raw}")
        account.promised += 1
        end = time.monotonic() + 3
        while len(codes := self.storm.mail.codes(account.email)) == before:
            if time.monotonic() > end:
                return  # its deliverer was killed: another request asks again
            time.sleep(0.01)
        if self.chance.random() < 0.3 and account.wrong < 2:
            account.wrong += 1
            wrong = f"{(int(codes[-1]) + self.chance.randrange(1, 10**6)) % 10**6:06}"
            answer = self.ask("verify-code", "POST", {"email": account.email, "code": wrong}, slow=True)
            self.expect(answer is None or answer.status == 400, f"a wrong code: {answer and answer.raw}")
            return
        answer = self.ask("verify-code", "POST", {"email": account.email, "code": codes[-1]}, slow=True)
        account.wrong += 1
        if answer is None:
            account.promised = 0  # the code may be used, and its mails dropped
            return
        self.expect(answer.status == 200, f"verify-code: {answer.raw}")
        self.expect(account.user in (None, answer.data["user_uuid"]), "an account changed its id")
        account.user, account.promised, account.wrong = answer.data["user_uuid"], 0, 0
        account.sessions.append(Session(answer.data))
        self.me(account, account.sessions[-1])

    def refresh(self, account, session):
        fields = {k: session.grant[k] for k in ("refresh_token", "user_uuid")}
        answer = self.ask("refresh-token", "POST", fields)
        for _ in range(20):  # a lost answer is asked for again, within the grace period
            if answer:
                break
            answer = self.ask("refresh-token", "POST", fields)
        self.expect(answer and answer.status == 200, f"refresh-token: {answer and answer.raw}")
        if answer and answer.status == 200:
            session.grant = answer.data

    def me(self, account, session):
        answer = self.ask("current-user", "GET", variables=bearer(session.grant))
        if answer:
            self.expect(answer.status == 200 and answer.data["email"] == account.email, f"me: {answer.raw}")
            account.project = answer.data["projects"][0]["id"]

    def holder(self, account, session):
        return bearer({**session.grant, "project": account.project}, True)

    def list_keys(self, account, session):
        answer = self.ask("list-api-keys", "GET", variables={**self.holder(account, session), "QUERY_STRING": "limit=100"})
        if answer:
            self.expect(answer.status == 200, f"list-api-keys: {answer.raw}")
            active = {item["id"]: item["is_active"] for item in answer.data["items"]}
            for key, deactivated in account.keys.items() if answer.data["pagination"]["pages"] == 1 else ():
                self.expect(
                    key in active and (deactivated == "?" or active[key] == (deactivated is None)),
                    f"key {key} deactivated at {deactivated}, and listed as {active.get(key)}",
                )

    def create_key(self, account, session):
        answer = self.ask("create-api-key", "POST", {"name": "k"}, self.holder(account, session))
        if answer:
            self.expect(answer.status == 201, f"create-api-key: {answer.raw}")
            account.keys[answer.data["id"]] = None

    def delete_key(self, account, session):
        if not account.keys:
            return
        key = self.chance.choice(list(account.keys))
        answer = self.ask("delete-api-key", "DELETE", variables={**self.holder(account, session), "PATH_INFO": f"/{key}"})
        if answer is None:
            account.keys[key] = account.keys[key] or "?"
            return
        told = answer.data["deactivated_at"] if answer.status == 200 else answer.raw
        self.expect(answer.status == 200 and account.keys[key] in (None, "?", told), f"delete-api-key: {told}")
        account.keys[key] = told

    def revoke(self, account, session):
        session.revoked = "?"
        answer = self.ask("revoke-token", "POST", {"refresh_token": session.grant["refresh_token"]})
        if answer:
            self.expect(answer.status == 200, f"revoke-token: {answer.raw}")
            session.revoked = True

    def settle_accounts(self):
        """Checks everything that the service acknowledged."""
        for account in self.accounts:
            for session in account.sessions:
                status = self.home.get("current-user", bearer(session.grant)).status
                if session.revoked != "?":
                    self.expect(status == (401 if session.revoked else 200), f"me at the end: {status}")
                fresh = refresh(self.home, session.grant)
                self.expect(
                    session.revoked == "?" or fresh.status == (401 if session.revoked else 200),
                    f"{account.email}: a session at the end: {fresh.raw}, revoked: {session.revoked}",
                )
            rows = self.home.sql(
                "SELECT lower(hex(api_keys.id)), deactivated_at FROM users JOIN members ON user_id = users.id"
                " LEFT JOIN api_keys ON api_keys.project_id = members.project_id WHERE email = ?",
                [account.email],
            )
            self.expect(rows or account.user is None, f"{account.email}: the account is lost")
            found = dict(rows)
            for key, deactivated in account.keys.items():
                key = key.replace("-", "")
                self.expect(
                    key in found and (deactivated == "?" or (found[key] is None) == (deactivated is None)),
                    f"{account.email}: key {key}, deactivated {deactivated}, and {found.get(key)}",
                )
            codes = self.storm.mail.codes(account.email)
            if account.promised:
                self.storm.promises += account.promised
                self.expect(
                    codes and codes.count(codes[-1]) >= account.promised,
                    f"{account.email}: {account.promised} mails promised, and {codes}",
                )


class Storm:
    def __init__(self):
        self.home, self.report, self.lock = Home(), Report(), threading.Lock()
        self.mail, self.seen = maildir.Mailbox(self.home.path), collections.Counter()
        self.requests = self.kills = self.deliverers_killed = self.promises = 0
        self.raging, self.begin, self.limit = True, time.monotonic(), seconds()

    def goes_on(self):
        late = self.limit and time.monotonic() - self.begin > self.limit
        return self.requests < REQUESTS and not late

    def count(self, name, answer, killed):
        with self.lock:
            self.requests += self.raging
            self.kills += killed
            self.seen[f"{name} answered {answer.status}" + (" (killed)" if killed else "")] += 1

    def kill_deliverers(self):
        chance = random.Random(0)
        while self.raging:
            for pid in deliverers(self.home):
                if chance.random() < 0.1:
                    try:
                        os.kill(pid, signal.SIGKILL)
                        self.deliverers_killed += 1
                    except ProcessLookupError:
                        pass
            time.sleep(chance.uniform(0.02, 0.1))

    def empty_outbox(self):
        """Delivers all remaining mail; the leases of killed deliverers end now."""
        for _ in range(20):
            settle(self.home)
            self.home.sql("UPDATE mail_items SET due_at = 0 WHERE due_at IS NOT NULL")
            subprocess.run(
                [f"{EXECUTABLES}/deliver-mail"],
                env={"LATCHKEY_HOME": self.home.path},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=60,
            )
            if self.home.sql("SELECT count(*) FROM mail_items") == [(0,)]:
                return
        self.report.expect(False, "the outbox does not empty")

    def run(self):
        clients = [Client(number, self) for number in range(CLIENTS)]
        killer = threading.Thread(target=self.kill_deliverers)
        killer.start()
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        took, self.raging = time.monotonic() - self.begin, False
        killer.join()
        waiting = self.home.sql("SELECT count(*) FROM mail_items")[0][0]
        self.empty_outbox()
        for client in clients:
            client.settle_accounts()
        settle(self.home)
        self.report.expect(self.home.integrity() == "ok", self.home.integrity())
        accounts = [account for client in clients for account in client.accounts]
        for name, value in [
            ("requests", self.requests),
            ("seconds of storm", round(took)),
            ("handlers killed", self.kills),
            ("deliverers killed", self.deliverers_killed),
            ("accounts", sum(a.user is not None for a in accounts)),
            ("sessions", sum(len(a.sessions) for a in accounts)),
            ("keys", sum(len(a.keys) for a in accounts)),
            ("mails left by killed deliverers", waiting),
            ("open promises of mail", self.promises),
            *sorted(self.seen.items()),
        ]:
            self.report.figure(name, value)
        self.home.remove()
        self.report.finish()


Storm().run()
