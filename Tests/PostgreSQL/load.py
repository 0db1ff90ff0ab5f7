"""Clients that send mixed requests to one or more instances of the service, and write down what they were told.

An answer of 503 promises that nothing changed. After a 500 a change was made or not: for a refresh, a sign-in and a
revocation the client asks again, and so learns which. `books.py` compares the rest with the tables.
"""

import base64
import collections
import json
import random
import threading
import time

from latchkey_tests.home import NO_LIMITS

SETTINGS = f"{NO_LIMITS}limit_invite_per_user = off\nmax_members_per_project = 10000\n"
# How often each action is chosen.
ACTIONS = {
    "refresh": 26,
    "me": 22,
    "list_keys": 10,
    "create_key": 11,
    "delete_key": 8,
    "revoke": 3,
    "sign_in": 2,
    "create_project": 5,
    "list_projects": 4,
    "share": 3,
    "accept": 3,
    "change_member": 6,
}


class Session:
    def __init__(self, grant):
        self.grant, self.revoked = grant, False
        # The successors that each refresh token got.
        self.successors = {}
        claims = grant["access_token"].split(".")[1]
        self.id = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sid"]

    @property
    def generation(self):
        return 1 + len(self.successors)


class Account:
    def __init__(self, email):
        self.email, self.user, self.project, self.sessions = email, None, None, []
        # Its project in which neighbours invite, demote and remove each other; its keys are in another.
        self.shared = None
        # Sessions that were begun and whose tokens were lost.
        self.lost = 0
        # The names of keys and of projects, with the last answer's status; the ids of acknowledged ones.
        self.keys, self.projects, self.key_ids, self.project_ids = {}, {}, {}, {}
        # Keys that were deactivated, by their ids: True, or None if that is not known.
        self.deactivated = {}


class Load:
    """Clients and what they share. `services`: the instances. `requests`: after how many it ends; 0: when `stopped` is set.
    `name`: how the names of accounts and projects begin."""

    def __init__(self, services, mailbox, report, clients, requests=0, name="c"):
        self.services, self.mailbox, self.report, self.requests, self.name = services, mailbox, report, requests, name
        self.lock, self.seen, self.count = threading.Lock(), collections.Counter(), 0
        self.stopped = False
        self.clients = [Client(number, self) for number in range(clients)]

    def goes_on(self):
        return not self.stopped and (not self.requests or self.count < self.requests)

    def note(self, name, status):
        with self.lock:
            self.count += 1
            self.seen[name, status] += 1

    def run(self):
        self.start()
        self.join()

    def start(self):
        for client in self.clients:
            client.start()

    def join(self):
        for client in self.clients:
            client.join()

    def accounts(self):
        return [account for client in self.clients for account in client.accounts]

    def answered(self, status):
        return sum(count for (_, seen), count in self.seen.items() if seen == status)


class Client(threading.Thread):
    """One client: one request after the other, with its own accounts. Two neighbours share projects."""

    def __init__(self, number, load):
        super().__init__(daemon=True)
        self.number, self.load, self.chance = number, load, random.Random(number)
        self.accounts, self.made = [], 0

    def run(self):
        try:
            while self.load.goes_on():
                self.step()
        except Exception as error:
            self.expect(False, f"{type(error).__name__} {error}")

    def expect(self, holds, what, seen=None):
        return self.load.report.expect(holds, f"client {self.number}: {what}", seen)

    def ask(self, name, line, good, account=None, session=None, fields=None, others=()):
        """The answer; None if it was 503 or 500. `good` and `others`: the statuses that the rules allow."""
        headers = []
        if session:
            headers = [f"Authorization: Bearer {session.grant['access_token']}"]
            if account and account.project:
                headers.append(f"X-Project-Id: {account.project}")
        answer = self.chance.choice(self.load.services).request(line, headers, fields)
        self.load.note(name, answer.status)
        self.status = answer.status
        holds = answer.is_envelope() and answer.status in (good, *others, 500, 503)
        self.expect(holds, f"{name} answered {answer.status}", answer.raw)
        if answer.status in (500, 503):
            time.sleep(self.chance.uniform(0, 0.05))
            return None
        return answer if holds else None

    def insist(self, *arguments, **options):
        """Asks again until the answer is neither 503 nor 500. Returns it and whether a 500 came before."""
        unknown, end = False, time.monotonic() + 25
        while time.monotonic() < end:
            if answer := self.ask(*arguments, **options):
                return answer, unknown
            unknown = unknown or self.status == 500
        self.expect(False, f"{arguments[0]}: no answer but 503 and 500 for 25 s")
        return None, unknown

    def step(self):
        if len(self.accounts) < 2:
            self.accounts.append(Account(f"{self.load.name}{self.number}-{len(self.accounts)}@example.com"))
        account = self.chance.choice(self.accounts)
        live = [session for session in account.sessions if not session.revoked]
        if not live:
            return self.sign_in(account, None)
        session = self.chance.choice(live)
        if account.project is None:
            return self.me(account, session)
        action = self.chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        getattr(self, action)(account, session)

    def name(self, kind):
        self.made += 1
        return f"{kind}-{self.load.name}{self.number}-{self.made}"

    def sign_in(self, account, _):
        before = len(self.load.mailbox.codes(account.email))
        if not self.ask("send-code", "POST /auth/verification/send-code", 202, fields={"email": account.email}):
            return
        end = time.monotonic() + 5
        while len(codes := self.load.mailbox.codes(account.email)) == before:
            if time.monotonic() > end:
                return  # its delivery failed, and comes later
            time.sleep(0.01)
        fields, line = {"email": account.email, "code": codes[-1]}, "POST /auth/verification/verify-code"
        answer, unknown = self.insist("verify-code", line, 200, fields=fields, others=(400,))
        if answer is None:
            return
        if answer.status == 400:
            # The unknown outcome was a session.
            account.lost += unknown
            self.expect(unknown or codes.count(codes[-1]) > 1, f"verify-code refuses a new code of {account.email}", codes)
            return
        self.expect(account.user in (None, answer.data["user_uuid"]), f"{account.email} changed its id")
        account.user = answer.data["user_uuid"]
        account.sessions.append(Session(answer.data))
        if self.chance.random() < 0.3:
            again = self.ask("verify-code", line, 400, fields=fields)
            self.expect(again is None or again.status == 400, "a code works twice")

    def refresh(self, account, session):
        old = session.grant["refresh_token"]
        fields, line = {"refresh_token": old, "user_uuid": account.user}, "POST /auth/verification/refresh-token"
        answer, _ = self.insist("refresh-token", line, 200, fields=fields)
        if not answer:
            return
        session.successors[old] = {answer.data["refresh_token"]}
        session.grant = answer.data
        if self.chance.random() < 0.1 and (again := self.ask("refresh-token", line, 200, fields=fields)):
            session.successors[old].add(again.data["refresh_token"])

    def revoke(self, account, session):
        fields = {"refresh_token": session.grant["refresh_token"]}
        answer, _ = self.insist("revoke-token", "POST /auth/verification/revoke-token", 200, fields=fields)
        session.revoked = answer is not None

    def me(self, account, session):
        if answer := self.ask("users/me", "GET /auth/users/me", 200, session=session):
            self.expect(answer.data["email"] == account.email, "users/me is of another account", answer.raw)
            if account.project is None:
                account.project = answer.data["projects"][0]["id"]

    def create_key(self, account, session):
        name = self.name("k")
        answer = self.ask("keys, create", "POST /auth/api-keys/", 201, account, session, {"name": name})
        account.keys[name] = self.status
        if answer:
            account.key_ids[answer.data["id"]] = name

    def list_keys(self, account, session):
        if answer := self.ask("keys, list", "GET /auth/api-keys/?limit=100", 200, account, session):
            found = {item["id"]: item["is_active"] for item in answer.data["items"]}
            if answer.data["pagination"]["pages"] <= 1:
                for key in account.key_ids:
                    told = account.deactivated.get(key, False)
                    holds = key in found and (told is None or found[key] != told)
                    self.expect(holds, f"key {key}, deactivated: {told}, is listed as {found.get(key)}")

    def delete_key(self, account, session):
        keys = [key for key in account.key_ids if not account.deactivated.get(key)]
        if keys:
            key = self.chance.choice(keys)
            answer = self.ask("keys, delete", f"DELETE /auth/api-keys/{key}", 200, account, session)
            if self.status != 503:
                account.deactivated[key] = True if answer else None

    def create_project(self, account, session):
        name = self.name("p")
        answer = self.ask("projects, create", "POST /projects", 201, session=session, fields={"name": name})
        account.projects[name] = self.status
        if answer:
            account.project_ids[answer.data["id"]] = name
            account.shared = account.shared or answer.data["id"]

    def list_projects(self, account, session):
        if answer := self.ask("projects, list", "GET /projects?limit=100", 200, session=session):
            found = {item["id"] for item in answer.data["items"]}
            if answer.data["pagination"]["pages"] <= 1:
                missing = set(account.project_ids) - found - {account.shared}
                self.expect(not missing, f"projects {missing} are not listed")

    def neighbour(self):
        clients = self.load.clients
        other = clients[(self.number ^ 1) % len(clients)]
        return next((account for account in list(other.accounts) if account.shared), None)

    def share(self, account, session):
        """Invites the neighbour to the shared project."""
        if account.shared and (other := self.neighbour()):
            line, fields = f"POST /projects/{account.shared}/members", {"email": other.email, "role": "owner"}
            self.ask("members, invite", line, 201, session=session, fields=fields, others=(403, 404, 409))

    def accept(self, account, session):
        if answer := self.ask("invitations, list", "GET /projects/invitations", 200, session=session):
            for item in answer.data["items"][:1]:
                line = f"POST /projects/invitations/{item['id']}/accept"
                self.ask("members, accept", line, 200, session=session, fields={}, others=(404, 409))

    def change_member(self, account, session):
        """Demotes, promotes or removes an owner of a project that neighbours share."""
        other = self.neighbour()
        if not (account.shared and other and other.shared):
            return
        project = self.chance.choice([account.shared, other.shared])
        member = self.chance.choice([account.user, other.user])
        line, others = f"/projects/{project}/members/{member}", (403, 404, 409)
        if self.chance.random() < 0.2:
            self.ask("members, remove", f"DELETE {line}", 200, session=session, others=others)
        else:
            role = {"role": self.chance.choice(["owner", "owner", "member"])}
            self.ask("members, change", f"PATCH {line}", 200, session=session, fields=role, others=others)
