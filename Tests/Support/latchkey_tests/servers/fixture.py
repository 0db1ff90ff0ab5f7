"""The people and things in the requests of Tests/Parity: the executables make them once, and every server gets a
copy, so that all start from the same state.
"""

import json
import shutil
import time

from latchkey_tests import maildir
from latchkey_tests.home import NO_LIMITS, Home, bearer
from latchkey_tests.waiting import until

METRICS_TOKEN = "a-token-for-the-numbers-0123456789"
SETTINGS = f"metrics_token = {METRICS_TOKEN}\ncors_origins = https://app.example.com\nargon2_slots = 2\n"
# The requests meet this: the limit between two mails is on.
MEASURED = NO_LIMITS.replace("resend_after = 0s", "resend_after = 1h") + SETTINGS
HERE = {"REMOTE_ADDR": "127.0.0.1"}


class Fixture:
    """`variables` are the values for the braces in the requests."""

    def __init__(self):
        self.home = Home(NO_LIMITS + SETTINGS)
        self.variables = {}
        try:
            self.people()
            self.settle()
        except BaseException:
            self.home.remove()
            raise
        self.home.configure(MEASURED)

    def settle(self):
        """Waits until mail is delivered, except announcements that are collected for an hour, and no process has the
        database open."""
        soon = (time.time() + 1800) * 1000
        waiting = "SELECT count(*) FROM mail_items WHERE due_at < ?"
        assert until(lambda: not self.home.sql(waiting, (soon,))[0][0], 20, 0.05), "mail is not delivered"
        time.sleep(0.3)
        connection = self.home.database()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def copy(self, path, more=""):
        """Copies the state folder to `path`."""
        shutil.copytree(self.home.path, path)
        with open(f"{path}/latchkey.conf", "a") as file:
            file.write(more)

    def do(self, name, method, grant=None, body=None, path_info="", project=None, headers=()):
        """`data` of an answer that must be a success."""
        variables = {**HERE, "PATH_INFO": path_info, **dict(headers)}
        if grant:
            variables.update(bearer(grant))
        if project:
            variables["HTTP_X_PROJECT_ID"] = project
        content = json.dumps(body or {}).encode() if method == "POST" else b""
        answer = self.home.run(name, method, variables, content)
        assert 200 <= answer.status < 300, (name, answer.raw, answer.log)
        return answer.data

    def code(self, email, ask):
        """The code in the next mail to `email`, which `ask` triggers."""
        return maildir.code_of(self.home.path, email, ask)

    def sign_in(self, name):
        email = f"{name}@example.com"
        code = self.code(email, lambda: self.do("send-code", "POST", body={"email": email}))
        grant = self.do("verify-code", "POST", body={"email": email, "code": code})
        grant["email"] = email
        grant["project"] = self.do("current-user", "GET", grant)["projects"][0]["id"]
        return grant

    def key(self, grant, **fields):
        fields = {"name": "test", "expires_in_days": None, "scopes": None, **fields}
        return self.do("create-api-key", "POST", grant, fields, project=grant["project"])

    def invite(self, owner, project, guest):
        """The id of an invitation."""
        self.do("add-member", "POST", owner, {"email": guest["email"]}, f"/{project}/members")
        items = self.do("list-invitations", "GET", guest)["items"]
        return next(i["id"] for i in items if i["project"]["id"] == project)

    def join(self, owner, project, guest):
        invitation = self.invite(owner, project, guest)
        self.do("accept-invitation", "POST", guest, path_info=f"/{invitation}/accept")

    def people(self):
        v = self.variables
        v["metrics_token"] = METRICS_TOKEN
        v["nobody"] = "00000000-0000-4000-8000-000000000000"

        # ada owns {project}; grace is a member; eve has no part in it; ivy is deactivated.
        ada, grace, eve, ivy = (self.sign_in(name) for name in ("ada", "grace", "eve", "ivy"))
        v["access"], v["user"], v["project"] = ada["access_token"], ada["user_uuid"], ada["project"]
        v["member_access"], v["member"] = grace["access_token"], grace["user_uuid"]
        v["outsider_access"], v["outsider_project"] = eve["access_token"], eve["project"]
        v["inactive_access"] = ivy["access_token"]
        self.home.sql("UPDATE users SET is_active = 0 WHERE email = ?", (ivy["email"],))
        self.join(ada, ada["project"], grace)

        keys = {
            "key": {},
            "key_to_change": {},
            "key_to_rotate": {},
            "key_to_delete": {},
            "key_to_delete_by_post": {},
            "dead_key": {},
            "scoped_key": {"scopes": ["reports:*"]},
            # The maximum number of scopes, each of maximum length.
            "long_key": {"scopes": [f"{number:03}".ljust(128, "s") for number in range(64)]},
        }
        for name, fields in keys.items():
            made = self.key(ada, **fields)
            v[name], v[f"{name}_id"] = made["full_key"], made["id"]
        # Its first letter as a number, for a path with a %.
        v["key_to_change_id_by_number"] = f"{ord(v['key_to_change_id'][0]):02X}{v['key_to_change_id'][1:]}"
        self.do("delete-api-key", "DELETE", ada, path_info=f"/{v['dead_key_id']}", project=ada["project"])

        # Codes that are ready for use.
        # The time when the next mail may be asked for is kept with this one.
        v["code"] = self.code(
            "newcomer@example.com",
            lambda: self.do("send-code", "POST", body={"email": "newcomer@example.com"}, headers={"LATCHKEY_RESEND_AFTER": "1h"}),
        )
        carl, dora = self.sign_in("carl"), self.sign_in("dora")
        v["mover_access"] = carl["access_token"]

        def move():
            v["mover_code"] = self.code(
                "carl-at-home@example.com", lambda: self.do("change-email", "POST", carl, {"email": "carl-at-home@example.com"})
            )

        v["mover_current_code"] = self.code(carl["email"], move)
        v["leaver_access"] = dora["access_token"]
        v["leaver_code"] = self.code(dora["email"], lambda: self.do("send-deletion-code", "POST", dora))

        # Sessions to refresh and to end.
        for name, person in (("renewed", "rita"), ("revoked", "rosa")):
            grant = self.sign_in(person)
            v[f"{name}_refresh"], v[f"{name}_user"] = grant["refresh_token"], grant["user_uuid"]
        olga = self.sign_in("olga")
        other = self.sign_in("olga")
        sessions = self.do("list-sessions", "GET", olga)["items"]
        v["sessions_access"], v["other_access"] = olga["access_token"], other["access_token"]
        v["session_to_end"] = next(s["id"] for s in sessions if not s["current"])
        self.sign_in("olga")

        # Projects to change, and guests with invitations.
        for name in ("shared", "changed", "deleted"):
            v[f"{name}_project"] = self.do("create-project", "POST", ada, {"name": "Engine"})["id"]
        shared = v["shared_project"]
        for name, person in (("changed", "mia"), ("removed", "max")):
            grant = self.sign_in(person)
            self.join(ada, shared, grant)
            v[f"{name}_member"] = grant["user_uuid"]
        guest = self.sign_in("gus")
        v["guest_access"] = guest["access_token"]
        for name in ("accepted", "declined"):
            v[f"{name}_project"] = self.do("create-project", "POST", ada, {"name": f"To be {name}"})["id"]
            v[f"{name}_invitation"] = self.invite(ada, v[f"{name}_project"], guest)
