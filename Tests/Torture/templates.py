"""The starting states of fault tests."""

import shutil

from latchkey_tests.deliverers import settle
from latchkey_tests.home import NO_LIMITS, Home, bearer
from snapshots import copy, log_pages

NEW, OLD = "new@example.com", "ada@example.com"
FRIEND, OTHER = "bob@example.com", "other@example.com"
# Codes and tokens outlast the tests, even on a slow machine.
LASTING = NO_LIMITS + "code_ttl = 6h\naccess_ttl = 6h\n"


class Templates:
    """The starting states of cases, and what a client knows of them."""

    def __init__(self):
        self.empty, self.plain = Home(LASTING), Home(LASTING)
        home = self.plain
        self.ada, self.spare = home.sign_in(OLD), sign_in(home, OLD).data
        self.keys = [home.post("create-api-key", {"name": n}, bearer(self.ada, True)).data for n in "ab"]
        sessions = home.get("list-sessions", bearer(self.ada)).data["items"]
        self.spare["session"] = next(session["id"] for session in sessions if not session["current"])
        home.post("send-code", {"email": NEW})
        self.code = home.code(NEW)
        self.people(home)
        settle(home)
        # Enough pages in the log that the next commit copies them back.
        self.long_log, log, grown = copy(home), 0, 0
        while grown <= 0 or log + grown < 64:
            self.fresh = refresh(self.long_log, getattr(self, "fresh", self.ada)).data
            grown, log = log_pages(self.long_log) - log, log_pages(self.long_log)
        self.rollback = copy(home)
        self.rollback.configure(LASTING + "journal = delete\n")
        assert self.rollback.get("current-user", bearer(self.ada)).status == 200
        self.outbox = copy(home)
        shutil.rmtree(f"{self.outbox.path}/mail")
        # Announcements that are collected for an hour.
        self.outbox.sql("DELETE FROM mail_items")
        for _ in range(2):
            self.outbox.sql(
                "INSERT INTO mail_items (id, subject_id, email, created_at, expires_at, attempts, due_at)"
                " SELECT randomblob(16), id, email, created_at, expires_at, 0, 0 FROM challenges WHERE email = ?",
                [NEW],
            )

    def people(self, home):
        """A user who is in ada's project, and is invited to another of hers; and her unused codes."""
        self.bob = home.sign_in(FRIEND)
        self.second = home.post("create-project", {"name": "second"}, bearer(self.ada)).data["id"]
        self.joined, self.invited = (
            home.post("add-member", {"email": FRIEND}, {**bearer(self.ada), "PATH_INFO": f"/{project}/members"}).data[
                "invitation_id"
            ]
            for project in (self.ada["project"], self.second)
        )
        home.post("accept-invitation", {}, {**bearer(self.bob), "PATH_INFO": f"/{self.joined}/accept"})
        settle(home)
        before = {item for _, _, item in home.mails()}
        home.post("change-email", {"email": OTHER}, bearer(self.ada))
        self.change, self.agree = home.code(OTHER), mailed(home, OLD, before)
        before = {item for _, _, item in home.mails()}
        home.run("send-deletion-code", "POST", bearer(self.ada))
        self.leave = mailed(home, OLD, before)

    def remove(self):
        for home in (self.empty, self.plain, self.long_log, self.rollback, self.outbox):
            home.remove()


def mailed(home, email, before):
    """The code in the mail to `email` that is not in `before`."""
    settle(home)
    return next(code for to, code, item in home.mails() if to == email and item not in before and code)


def refresh(home, grant, prefix=()):
    return home.post("refresh-token", {k: grant[k] for k in ("refresh_token", "user_uuid")}, prefix=prefix)


def sign_in(home, email):
    """The answer to the last code for `email`, after asking for one more."""
    assert home.post("send-code", {"email": email}).status == 202
    settle(home)
    return home.post("verify-code", {"email": email, "code": home.code(email)})
