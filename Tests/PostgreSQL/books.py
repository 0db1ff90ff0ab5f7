"""Compares what the clients of `load.py` were told with what the tables have, and with the servers' logs."""

import collections
import re


def check(load, home):
    """`home`: a state folder of the database. Prints what does not agree."""
    tables = Tables(home)
    expect = load.report.expect
    for account in load.accounts():
        email = account.email
        user = tables.users.get(email)
        expect(user is not None or account.user is None, f"{email}: the account is lost")
        if user is None:
            continue
        expect(account.user in (None, user), f"{email} has the id {user}, and was told {account.user}")
        check_sessions(account, tables.sessions.get(user, {}), expect)
        check_names("key", account.keys, account.key_ids, tables.keys.get(user, {}), expect, email)
        check_names("project", account.projects, account.project_ids, tables.projects, expect, email)
        for key, told in account.deactivated.items():
            expect(told is None or key in tables.deactivated, f"{email}: key {key} was deleted, and is active")
        kept = set(account.key_ids) - set(account.deactivated)
        expect(not kept & tables.deactivated, f"{email}: keys were not deleted, and are deactivated")
    check_sums(tables, expect)


def check_sessions(account, found, expect):
    email, told = account.email, {session.id: session for session in account.sessions}
    for session in told.values():
        twice = [token for token, successors in session.successors.items() if len(successors) > 1]
        expect(not twice, f"{email}: a refresh token has two successors")
        if not expect(session.id in found, f"{email}: the session {session.id} is lost"):
            continue
        generation, revoked = found[session.id]
        expect(
            generation == session.generation,
            f"{email}: the session {session.id} has generation {generation}, and the client {session.generation}",
        )
        expect(revoked == session.revoked, f"{email}: the session {session.id} is revoked: {revoked}, and was {session.revoked}")
    unknown = len(found) - len(told)
    expect(unknown == account.lost, f"{email}: {unknown} sessions that no client has, and {account.lost} unknown outcomes")


def check_names(kind, names, ids, found, expect, email):
    """`names` with the status of the request that would make it; `found`: ids by name."""
    told = {name: id for id, name in ids.items()}
    for name, status in names.items():
        made = found.get(name, [])
        allowed = {201: (1,), 500: (0, 1)}.get(status, (0,))
        expect(len(made) in allowed, f"{email}: the {kind} {name} answered {status}, and is there {len(made)} times")
        expect(name not in told or told[name] in made, f"{email}: the {kind} {name} has another id")


def check_sums(tables, expect):
    """What must agree among the tables, whatever was answered."""
    for what, left, right in tables.sums():
        expect(left == right, f"{what}: {left} and {right}")
    expect(tables.ownerless == 0, f"{tables.ownerless} projects have no active owner")
    expect(tables.locks == 0, f"{tables.locks} advisory locks are still held")


class Tables:
    """The tables' rows, by what clients know."""

    def __init__(self, home):
        self.home = home
        self.users = dict(home.sql(f"SELECT email, {uuid('id')} FROM users"))
        self.sessions = {}
        for user, id, generation, revoked in home.sql(
            f"SELECT {uuid('user_id')}, {uuid('id')}, generation, revoked_at IS NOT NULL FROM sessions"
        ):
            self.sessions.setdefault(user, {})[id] = int(generation), revoked == "t"
        self.keys, self.deactivated = {}, set()
        for user, id, name, deactivated in home.sql(
            f"SELECT {uuid('created_by')}, {uuid('id')}, name, deactivated_at IS NOT NULL FROM api_keys"
        ):
            self.keys.setdefault(user, {}).setdefault(name, []).append(id)
            if deactivated == "t":
                self.deactivated.add(id)
        self.projects = {}
        for id, name in home.sql(f"SELECT {uuid('id')}, name FROM projects"):
            self.projects.setdefault(name, []).append(id)
        self.ownerless = self.number(
            "SELECT count(*) FROM projects AS p WHERE NOT EXISTS (SELECT 1 FROM members AS m JOIN users AS u ON u.id = m.user_id"
            " WHERE m.project_id = p.id AND m.role = 'owner' AND u.is_active = 1)"
        )
        self.locks = self.number(
            "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database"
            " WHERE l.locktype = 'advisory' AND d.datname = current_database()"
        )

    def number(self, sql):
        return int(self.home.sql(sql)[0][0])

    def count(self, rows):
        return self.number(f"SELECT count(*) FROM {rows}")

    def audited(self, event, rest=""):
        return self.count(f"audit_events WHERE event = '{event}' {rest}")

    def sums(self):
        """Pairs of numbers that must be equal, and what they are."""
        yield "accounts, audited first sign-ins", len(self.users), self.audited("sign-in", "AND detail = 'first'")
        yield "sessions, audited sign-ins", self.count("sessions"), self.audited("sign-in")
        yield (
            "refreshed generations, audited refreshes",
            self.number("SELECT sum(generation - 1) FROM sessions"),
            self.audited("refresh", "AND detail IS NULL"),
        )
        yield "revoked sessions, audited", self.count("sessions WHERE revoked_at IS NOT NULL"), self.audited("revocation")
        yield "replays and failed refreshes, none", self.audited("replay") + self.audited("refresh-failed"), 0
        yield "keys, audited keys", self.count("api_keys"), self.audited("key-created")
        # Each account begins with a project.
        projects = self.count("projects")
        yield "projects, audited projects", projects, len(self.users) + self.audited("project-created")
        joined, removed = self.audited("member-joined"), self.audited("member-removed")
        yield "members, audited members", self.count("members"), projects + joined - removed
        for event, count in self.home.sql("SELECT event, sum(count) FROM counters GROUP BY event"):
            if audited := self.audited(event):
                yield f"the counter of {event}, audited", int(count), audited


def uuid(column):
    return f"encode({column}, 'hex')::uuid::text"


def reasons(load, services):
    """Prints how many 5xx the logs have, by status and reason. Each 500 is a COMMIT whose outcome is unknown."""
    found = collections.Counter()
    for service in services:
        with open(service.log_path, encoding="utf-8", errors="replace") as file:
            for match in re.finditer(r"endpoint=\S+ status=(5\d\d) .*?reason=\"(.*?)(?: in: |\")", file.read()):
                found[match[1], match[2][:100]] += 1
    for (status, reason), count in found.most_common():
        load.report.figure(f"{status} {reason}", count)
        load.report.expect(status == "503" or "outcome of COMMIT is unknown" in reason, f"{status} {reason}")
