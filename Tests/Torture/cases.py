"""What the scripts about faults share: states to begin with, a request of each kind on them, what must hold
after it, and how to see what it changed.
"""

import collections
import shutil
import tempfile
import uuid

from service import *

NEW, OLD = "new@example.com", "ada@example.com"
FRIEND, OTHER = "bob@example.com", "other@example.com"


def deliverers(home):
    """The processes of deliver-mail that work on `home`."""
    wanted, found = f"LATCHKEY_HOME={home.path}".encode(), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe").endswith("/deliver-mail"):
                environment = open(f"/proc/{pid}/environ", "rb").read()
                # A process that has only just begun shows none yet.
                if not environment or wanted in environment.split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


def settle(home):
    """Waits until no deliverer is at work."""
    end = time.monotonic() + 40  # a deliverer that cannot record a sent mail stays for a while
    while deliverers(home):
        assert time.monotonic() < end, "a deliverer stays"
        time.sleep(0.005)


def state(home):
    """All rows of all tables, read from a copy; what is mailed and what is to be are one table, `mail`. Not the
    counts for limits, whose rows depend on the moment: those are summed up by `counted`."""
    tables = collections.defaultdict(set)
    with tempfile.TemporaryDirectory() as folder:
        for end in ("", "-wal", "-journal"):
            if os.path.exists(f"{home.path}/latchkey.db{end}"):
                shutil.copy(f"{home.path}/latchkey.db{end}", f"{folder}/latchkey.db{end}")
        connection = sqlite3.connect(f"{folder}/latchkey.db", isolation_level=None)
        names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'limit_counts'"
        for (name,) in connection.execute(names).fetchall():
            rows = connection.execute(f"SELECT * FROM {name}").fetchall()
            tables["mail" if name == "mail_items" else name] = set(
                str(uuid.UUID(bytes=row[0])) if name == "mail_items" else row for row in rows
            )
        connection.close()
    if os.path.isdir(f"{home.path}/mail/new"):
        tables["mail"] |= {name.split(".")[0] for name in os.listdir(f"{home.path}/mail/new")}
    return tables


def counted(home):
    """How many events all limits have counted."""
    return home.sql("SELECT ifnull(sum(count), 0) FROM limit_counts")[0][0]


def guess(name):
    """What a counted guess alone changes: one code's row, or two codes'."""
    return {"challenges": (2, 2) if name == "confirm-email" else (1, 1)}


# What they change is that a key was used, which may be left out of a good answer.
NOTING = ("verify-api-key", "list-api-keys, by key")
GUESSING = ("verify-code, right", "verify-code, wrong", "confirm-email", "delete-user")


def change(before, after):
    """How many rows of each table went and came."""
    counts = {t: (len(before[t] - after[t]), len(after[t] - before[t])) for t in {*before, *after}}
    return {table: count for table, count in counts.items() if count != (0, 0)}


def copy(template, path=None):
    """A copy of a state folder, at `path`."""
    path = path or tempfile.mkdtemp(prefix="latchkey-torture-")
    shutil.copytree(template.path, path, dirs_exist_ok=True)
    return Home(at=path, settings=open(f"{template.path}/latchkey.conf").read())


# Codes outlast the tests, on a slow machine too.
LASTING = NO_LIMITS + "code_ttl = 6h\n"


class Templates:
    """The states that cases begin with, and what a client knows of them."""

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
        # As many pages in the log as make the next commit copy them back.
        self.long_log, log, grown = copy(home), 0, 0
        while grown <= 0 or log + grown < 64:
            self.fresh = refresh(self.long_log, getattr(self, "fresh", self.ada)).data
            grown, log = log_pages(self.long_log) - log, log_pages(self.long_log)
        self.rollback = copy(home)
        self.rollback.configure(LASTING + "journal = delete\n")
        assert self.rollback.get("current-user", bearer(self.ada)).status == 200
        self.outbox = copy(home)
        shutil.rmtree(f"{self.outbox.path}/mail")
        # Announcements that are gathered for an hour.
        self.outbox.sql("DELETE FROM mail_items")
        for _ in range(2):
            self.outbox.sql(
                "INSERT INTO mail_items (id, subject_id, email, created_at, expires_at, attempts, due_at)"
                " SELECT randomblob(16), id, email, created_at, expires_at, 0, 0 FROM challenges WHERE email = ?",
                [NEW],
            )

    def people(self, home):
        """Someone who is in ada's project, and is invited to another of hers; and codes that she has not used."""
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
    """The code in the mail to `email` that is not among those `before`."""
    settle(home)
    return next(code for to, code, item in home.mails() if to == email and item not in before and code)


def at(known, path, person="ada"):
    return {**bearer(getattr(known, person)), "PATH_INFO": path}


def project(home, known, which="second"):
    """What its owner is shown of a project."""
    id = known.second if which == "second" else known.ada["project"]
    return home.get("get-project", at(known, f"/{id}")).data


def log_pages(home):
    """How many pages are in the WAL that are of its present beginning (sqlite.org/fileformat2.html#walformat)."""
    with open(f"{home.path}/latchkey.db-wal", "rb") as file:
        log = file.read()
    frames = [log[at + 8 : at + 16] == log[16:24] for at in range(32, len(log), 24 + 4096)]
    return (frames + [False]).index(False) if log[:3] == b"\x37\x7f\x06" else 0


def refresh(home, grant, prefix=()):
    return home.post("refresh-token", {k: grant[k] for k in ("refresh_token", "user_uuid")}, prefix=prefix)


def works(home, grant):
    """Whether both tokens of a grant are good."""
    return (home.get("current-user", bearer(grant)).status, refresh(home, grant).status) == (200, 200)


def by_key(known, number=0):
    return {"HTTP_X_API_KEY": known.keys[number]["full_key"], "HTTP_X_PROJECT_ID": known.ada["project"]}


def listed(home, known):
    answer = home.get("list-api-keys", {**bearer(known.ada, True), "QUERY_STRING": "limit=100"})
    return {item["id"]: item for item in answer.data["items"]}


def sign_in(home, email):
    """The answer to the last code for `email`, after one more was asked for."""
    assert home.post("send-code", {"email": email}).status == 202
    settle(home)
    return home.post("verify-code", {"email": email, "code": home.code(email)})


def signs_in(home, email):
    answer = sign_in(home, email)
    return answer.status == 200 and works(home, answer.data)


# What must hold after a fault: `first` answered as it did, `made` tells whether its change is there.


def after_send(home, known, ask, first, made):
    if ask().status != 202:
        return False
    end = time.monotonic() + 10
    while time.monotonic() < end:  # each promised mail, and a code that is good
        settle(home)
        if sum(to == NEW for to, _, _ in home.mails()) >= 1 + made:
            break
    answer = home.post("verify-code", {"email": NEW, "code": home.code(NEW)})
    return answer.status == 200 and works(home, answer.data)


def after_verify(home, known, ask, first, made):
    if first.status == 200 and not works(home, first.data):
        return False
    again = ask()
    if again.status != (400 if made else 200) or (not made and not works(home, again.data)):
        return False
    users = home.sql("SELECT count(*) FROM users JOIN members ON user_id = id WHERE email = ?", [NEW])
    return users == [(1,)] and signs_in(home, NEW)


def after_wrong(home, known, ask, first, made):
    answer = home.post("verify-code", {"email": NEW, "code": known.code}) if ask().status == 400 else None
    return answer is not None and answer.status == 200 and works(home, answer.data)


def after_refresh(home, known, ask, first, made):
    again = ask()
    same = first.status != 200 or first.data["refresh_token"] == again.data["refresh_token"]
    return again.status == 200 and same and works(home, again.data)


def after_revoke(home, known, ask, first, made):
    lives = home.get("current-user", bearer(known.spare)).status
    return (lives, ask().status, home.get("current-user", bearer(known.spare)).status) == (401 if made else 200, 200, 401)


def after_create(home, known, ask, first, made):
    again, keys = ask(), listed(home, known)
    told = [a.data for a in (first, again) if a.status == 201]
    used = [home.get("list-api-keys", {**by_key(known), "HTTP_X_API_KEY": d["full_key"]}).status for d in told]
    return again.status == 201 and set(used) == {200} and all(d["id"] in keys for d in told) and len(keys) == 3 + made


def after_delete(home, known, ask, first, made):
    again, item = ask(), listed(home, known)[known.keys[1]["id"]]
    same = first.status != 200 or first.data == again.data
    return again.status == 200 and same and not item["is_active"]


def after_update(home, known, ask, first, made):
    name = listed(home, known)[known.keys[1]["id"]]["name"]
    return name == ("c" if made else "b") and ask().status == 200


def after_rotate(home, known, ask, first, made):
    again, keys = ask(), listed(home, known)
    told = [a.data["full_key"] for a in (first, again) if a.status == 201] + [known.keys[1]["full_key"]]
    used = [home.get("verify-api-key", {"HTTP_X_API_KEY": key}).status for key in told]
    return again.status == 201 and set(used) == {200} and len(keys) == 3 + made


def after_end(home, known, ask, first, made):
    """The other session has ended, and the one that asked has not."""
    lives = home.get("current-user", bearer(known.spare)).status
    again = ask().status
    return (
        lives == (401 if made else 200)
        and again in (200, 404)
        and [home.get("current-user", bearer(grant)).status for grant in (known.spare, known.ada)] == [401, 200]
    )


def after_name(home, known, ask, first, made):
    name = home.get("current-user", bearer(known.ada)).data["full_name"]
    return name == ("Zoe" if made else None) and ask().status == 200


def after_leaving(home, known, ask, first, made):
    """The account is gone with all of its own, or whole."""

    def lives():
        key = home.get("verify-api-key", {"HTTP_X_API_KEY": known.keys[0]["full_key"]}).status
        rows = home.sql("SELECT (SELECT count(*) FROM users WHERE email = ?), (SELECT count(*) FROM projects)", [OLD])
        return home.get("current-user", bearer(known.ada)).status, key, *rows[0]

    whole, gone = (200, 200, 1, 3), (401, 401, 0, 1)
    return lives() == (gone if made else whole) and ask().status == (401 if made else 200) and lives() == gone


def after_moving(home, known, ask, first, made):
    def address():
        return home.get("current-user", bearer(known.ada)).data["email"]

    return address() == (OTHER if made else OLD) and ask().status == (400 if made else 200) and address() == OTHER


def after_project(home, known, ask, first, made):
    total = home.get("list-projects", bearer(known.ada)).data["pagination"]["total"]
    return total == 2 + made and ask().status == 201


def after_renaming(home, known, ask, first, made):
    return project(home, known)["name"] == ("third" if made else "second") and ask().status == 200


def after_deleting(home, known, ask, first, made):
    """The project is gone with its invitation, or whole."""

    def lives():
        return home.sql("SELECT (SELECT count(*) FROM projects WHERE name = 'second'), (SELECT count(*) FROM invitations)")[0]

    whole, gone = (1, 1), (0, 0)
    return lives() == (gone if made else whole) and ask().status == (404 if made else 200) and lives() == gone


def after_inviting(home, known, ask, first, made):
    there = len(project(home, known)["members"])
    return there == 2 + made and ask().status == 201 and len(project(home, known)["members"]) == 3


def after_role(home, known, ask, first, made):
    roles = [member["role"] for member in project(home, known, "first")["members"]]
    return roles == ["owner", "admin" if made else "member"] and ask().status == 200


def after_removing(home, known, ask, first, made):
    there = len(project(home, known, "first")["members"])
    return there == 2 - made and ask().status == (404 if made else 200)


def after_joining(home, known, ask, first, made):
    roles = [member["role"] for member in project(home, known)["members"]]
    return roles == ["owner", "member" if made else "invited"] and ask().status == (404 if made else 200)


def after_declining(home, known, ask, first, made):
    return len(project(home, known)["members"]) == 2 - made and ask().status == (404 if made else 200)


def after_use(home, known, ask, first, made):
    return ask().status == 200 and listed(home, known)[known.keys[0]["id"]]["last_used_at"] is not None


def after_list(home, known, ask, first, made):
    again = ask()
    return again.status == 200 and again.data["items"][-1]["last_used_at"] is not None


def after_delivery(home, known, ask, first, made):
    home.sql("UPDATE mail_items SET due_at = 0, last_error = NULL")
    again = deliver(home, known, ())
    ids = collections.Counter(message for _, _, message in home.mails())
    return again.exit == 0 and len(ids) == 2 and max(ids.values()) <= 2 and home.sql("SELECT count(*) FROM mail_items") == [(0,)]


def deliver(home, known, prefix):
    process = subprocess.run(
        [*prefix, f"{EXECUTABLES}/deliver-mail"],
        env={"LATCHKEY_HOME": home.path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )
    answer = Answer(b"")
    answer.exit, answer.log = process.returncode, process.stderr.decode("latin-1")
    return answer


def posting(name, fields, variables=lambda known: {}):
    return lambda home, known, prefix: home.post(name, fields(known), variables(known), prefix)


def running(name, method, variables, body=b""):
    return lambda home, known, prefix: home.run(name, method, variables(known), body, prefix)


send = posting("send-code", lambda known: {"email": NEW})
refreshing = posting("refresh-token", lambda known: {k: known.spare[k] for k in ("refresh_token", "user_uuid")})
CASES = {  # name: (state to begin with, request, what must hold afterwards)
    "first request": ("empty", send, after_send),
    "send-code, new": (
        "plain",
        posting("send-code", lambda known: {"email": "x" + NEW}),
        lambda home, known, ask, *_: ask().status == 202 and signs_in(home, "x" + NEW),
    ),
    "send-code, again": ("plain", send, after_send),
    "verify-code, right": ("plain", posting("verify-code", lambda known: {"email": NEW, "code": known.code}), after_verify),
    "verify-code, wrong": (
        "plain",
        posting("verify-code", lambda known: {"email": NEW, "code": f"{(int(known.code) + 1) % 10**6:06}"}),
        after_wrong,
    ),
    "refresh-token": ("plain", refreshing, after_refresh),
    "refresh-token, long log": ("long_log", refreshing, after_refresh),
    "refresh-token, journal = delete": ("rollback", refreshing, after_refresh),
    "revoke-token": (
        "plain",
        posting("revoke-token", lambda known: {"refresh_token": known.spare["refresh_token"]}),
        after_revoke,
    ),
    "create-api-key": (
        "plain",
        posting("create-api-key", lambda known: {"name": "c"}, lambda known: bearer(known.ada, True)),
        after_create,
    ),
    "delete-api-key": (
        "plain",
        lambda home, known, prefix: home.run(
            "delete-api-key", "DELETE", {**bearer(known.ada, True), "PATH_INFO": f"/{known.keys[1]['id']}"}, prefix=prefix
        ),
        after_delete,
    ),
    "update-api-key": (
        "plain",
        lambda home, known, prefix: home.run(
            "update-api-key",
            "PATCH",
            {**bearer(known.ada, True), "PATH_INFO": f"/{known.keys[1]['id']}"},
            b'{"name":"c"}',
            prefix,
        ),
        after_update,
    ),
    "rotate-api-key": (
        "plain",
        posting(
            "rotate-api-key",
            lambda known: {"overlap_days": 1},
            lambda known: {**bearer(known.ada, True), "PATH_INFO": f"/{known.keys[1]['id']}/rotate"},
        ),
        after_rotate,
    ),
    "verify-api-key": (
        "plain",
        lambda home, known, prefix: home.get("verify-api-key", {"HTTP_X_API_KEY": known.keys[0]["full_key"]}, prefix=prefix),
        after_use,
    ),
    "delete-session": (
        "plain",
        lambda home, known, prefix: home.run(
            "delete-session", "DELETE", {**bearer(known.ada), "PATH_INFO": f"/{known.spare['session']}"}, prefix=prefix
        ),
        after_end,
    ),
    "revoke-other-sessions": (
        "plain",
        posting("revoke-other-sessions", lambda known: {}, lambda known: bearer(known.ada)),
        after_end,
    ),
    "update-user": (
        "plain",
        running("update-user", "PATCH", lambda known: bearer(known.ada), b'{"full_name":"Zoe"}'),
        after_name,
    ),
    "delete-user": (
        "plain",
        running("delete-user", "DELETE", lambda known: {**bearer(known.ada), "HTTP_X_VERIFICATION_CODE": known.leave}),
        after_leaving,
    ),
    "send-deletion-code": (
        "plain",
        running("send-deletion-code", "POST", lambda known: bearer(known.ada)),
        lambda home, known, ask, *_: ask().status == 202,
    ),
    "change-email": (
        "plain",
        posting("change-email", lambda known: {"email": "x" + OTHER}, lambda known: bearer(known.ada)),
        lambda home, known, ask, *_: ask().status == 202,
    ),
    "confirm-email": (
        "plain",
        posting(
            "confirm-email",
            lambda known: {"email": OTHER, "code": known.change, "current_code": known.agree},
            lambda known: bearer(known.ada),
        ),
        after_moving,
    ),
    "create-project": (
        "plain",
        posting("create-project", lambda known: {"name": "third"}, lambda known: bearer(known.ada)),
        after_project,
    ),
    "update-project": (
        "plain",
        running("update-project", "PATCH", lambda known: at(known, f"/{known.second}"), b'{"name":"third"}'),
        after_renaming,
    ),
    "delete-project": ("plain", running("delete-project", "DELETE", lambda known: at(known, f"/{known.second}")), after_deleting),
    "add-member": (
        "plain",
        posting("add-member", lambda known: {"email": NEW}, lambda known: at(known, f"/{known.second}/members")),
        after_inviting,
    ),
    "update-member": (
        "plain",
        running(
            "update-member",
            "PATCH",
            lambda known: at(known, f"/{known.ada['project']}/members/{known.bob['user_uuid']}"),
            b'{"role":"admin"}',
        ),
        after_role,
    ),
    "remove-member": (
        "plain",
        running("remove-member", "DELETE", lambda known: at(known, f"/{known.ada['project']}/members/{known.bob['user_uuid']}")),
        after_removing,
    ),
    "accept-invitation": (
        "plain",
        running("accept-invitation", "POST", lambda known: at(known, f"/{known.invited}/accept", "bob")),
        after_joining,
    ),
    "decline-invitation": (
        "plain",
        running("decline-invitation", "DELETE", lambda known: at(known, f"/{known.invited}", "bob")),
        after_declining,
    ),
    "list-api-keys, by key": (
        "plain",
        lambda home, known, prefix: home.get("list-api-keys", by_key(known), prefix=prefix),
        after_list,
    ),
    "deliver-mail": ("outbox", deliver, after_delivery),
}
