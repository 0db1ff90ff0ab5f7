"""An answer is one write, and the last action of a handler.

Shown, by strace, for every endpoint and each of its answers: exactly one write to standard output, with the whole
answer in it; after the process's last write to a file and last sync; and no write anywhere after it.
"""

import json
import os
import re
import shutil
import tempfile

from latchkey_tests.checks import Report
from latchkey_tests.home import NO_LIMITS, Home, bearer
from latchkey_tests.project import EXECUTABLES

report = Report()
CALLS = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,ftruncate,fsync,fdatasync,unlink,rename,link"
looked_at = {}


def calls_of(process, lines):
    """The whole lines of `process`: strace splits a call's line when another process's call comes between."""
    begun = ""
    for line in lines:
        if line.split()[0] != process:
            continue
        if line.endswith(" <unfinished ...>"):
            begun = line.removesuffix(" <unfinished ...>")
            continue
        resumed = re.match(r"\d+\s+<\.\.\. \w+ resumed>", line)
        yield begun + line[resumed.end() :] if resumed else line


class Traced:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="latchkey-strace-")
        self.home = Home(NO_LIMITS)

    def ask(self, status, name, method="POST", fields=None, variables=(), body=None, home=None):
        """One traced request, which must be answered with `status`; returns its data."""
        home = home or self.home
        trace = f"{self.folder}/trace"
        body = body if body is not None else b"" if fields is None else json.dumps(fields).encode()
        # -s: enough of a write to recognize an answer; -y would name files, but the numbers suffice.
        prefix = ("strace", "-f", "-qq", "-s", "64", "-o", trace, "-e", f"trace={CALLS}", "-e", "signal=none")
        answer = home.run(name, method, variables, body, prefix)
        what = f"{name} {status}"
        # HEAD and 204 have no body, so the first line identifies them.
        report.expect(answer.raw.startswith(b"Status: %d " % status), f"{what}: {answer.raw!r:.300} {answer.log}")
        self.judge(what, answer, open(trace, encoding="latin-1").read().splitlines())
        looked_at.setdefault(name, []).append(status)
        return answer.data

    def judge(self, what, answer, lines):
        calls = []  # only the handler's: a deliverer that it starts writes too
        for line in calls_of(lines[0].split()[0] if lines else "", lines):
            match = re.match(r"\d+\s+(\w+)\((\d*)", line)
            if match:
                calls.append((match[1], match[2], line))
        answers = [n for n, (call, descriptor, _) in enumerate(calls) if call.startswith("write") and descriptor == "1"]
        report.expect(len(answers) == 1, f"{what}: {len(answers)} writes to standard output")
        if not answers:
            return
        line = calls[answers[0]][2]
        report.expect('"Status: ' in line, f"{what}: the write is not an answer: {line}")
        report.expect(line.endswith(f"= {len(answer.raw)}"), f"{what}: not all in one write: {line}, {len(answer.raw)} bytes")
        report.expect(answers[0] == len(calls) - 1, f"{what}: after the answer: {calls[answers[0] + 1 :]}")


def open_endpoints(traced):
    home, ask = traced.home, traced.ask
    ada, guess = {"email": "ada@example.com"}, {"email": "ada@example.com", "code": "000000"}
    ask(202, "send-code", fields=ada)  # the very first request, which makes the database
    ask(202, "send-code", fields=ada)
    # The time when the next mail may be asked for is kept with the first.
    home.configure(NO_LIMITS.replace("resend_after = 0s\n", ""))
    ask(202, "send-code", fields={"email": "later@example.com"})
    ask(429, "send-code", fields={"email": "later@example.com"})
    home.configure(NO_LIMITS)
    code = home.code("ada@example.com")
    ask(400, "verify-code", fields={**guess, "code": f"{(int(code) + 1) % 1000000:06}"})
    ask(400, "verify-code", fields={**guess, "code": "x"})
    ask(400, "verify-code", fields={"email": "nobody@example.com", "code": code})
    grant = ask(200, "verify-code", fields={**guess, "code": code})
    ask(400, "verify-code", fields={**guess, "code": code})
    tokens = {"refresh_token": grant["refresh_token"], "user_uuid": grant["user_uuid"]}
    second = ask(200, "refresh-token", fields=tokens)
    ask(200, "refresh-token", fields=tokens)  # within the grace period
    ask(401, "refresh-token", fields={**tokens, "refresh_token": "x" * 86})
    ask(401, "refresh-token", fields={**tokens, "user_uuid": "x"})
    ask(200, "revoke-token", fields={"refresh_token": "x" * 86})
    ask(200, "revoke-token", fields={"refresh_token": second["refresh_token"]})
    ask(401, "refresh-token", fields=tokens)  # replayed after the end
    home.configure(NO_LIMITS + "client_tokens = " + "t" * 32 + "\n")
    for name in ("send-code", "verify-code", "refresh-token", "revoke-token"):
        ask(401, name, fields=ada)
    home.configure(NO_LIMITS)


def keys(traced):
    home, ask = traced.home, traced.ask
    grant = home.sign_in("bob@example.com")
    me = bearer(grant, project=True)
    ask(200, "current-user", "GET", variables=me)
    ask(200, "current-user", "HEAD", variables=me)
    ask(401, "current-user", "GET")
    ask(401, "current-user", "GET", variables={"HTTP_AUTHORIZATION": "Bearer x.y.z"})
    key = ask(201, "create-api-key", fields={"name": "one", "scopes": []}, variables=me)
    full = ask(201, "create-api-key", fields={"name": "two"}, variables=me)["full_key"]
    for name, method, fields in (
        ("create-api-key", "POST", {"name": "x"}),
        ("list-api-keys", "GET", None),
        ("delete-api-key", "DELETE", None),
    ):
        path = {"PATH_INFO": f"/{key['id']}"} if method == "DELETE" else {}
        ask(401, name, method, fields, path)
        ask(422, name, method, fields, {**bearer(grant), **path})
        ask(404, name, method, fields, {**me, **path, "HTTP_X_PROJECT_ID": "0" * 8 + "-0000-4000-8000-" + "0" * 12})
    ask(404, "delete-api-key", "DELETE", variables={**me, "PATH_INFO": "/00000000-0000-4000-8000-000000000000"})
    ask(422, "delete-api-key", "DELETE", variables={**me, "PATH_INFO": "/x"})
    project = {"HTTP_X_PROJECT_ID": grant["project"]}
    ask(200, "list-api-keys", "GET", variables={**project, "HTTP_X_API_KEY": full})
    ask(403, "list-api-keys", "GET", variables={**project, "HTTP_X_API_KEY": key["full_key"]})
    ask(401, "list-api-keys", "GET", variables={**project, "HTTP_X_API_KEY": "sk_" + "x" * 40})
    ask(200, "verify-api-key", "GET", variables={"HTTP_X_API_KEY": full})
    ask(403, "verify-api-key", "GET", variables={"HTTP_X_API_KEY": key["full_key"], "QUERY_STRING": "scope=a"})
    ask(200, "update-api-key", "PATCH", {"name": "three"}, {**me, "PATH_INFO": f"/{key['id']}"})
    new = ask(201, "rotate-api-key", fields={"overlap_days": 1}, variables={**me, "PATH_INFO": f"/{key['id']}/rotate"})
    ask(404, "rotate-api-key", fields={}, variables={**me, "PATH_INFO": "/00000000-0000-4000-8000-000000000000/rotate"})
    ask(200, "delete-api-key", "DELETE", variables={**me, "PATH_INFO": f"/{new['id']}"})
    for name in ("list-sessions", "jwks", "health"):
        ask(200, name, "GET", variables=me)
    ask(200, "metrics", "GET", variables={"REMOTE_ADDR": "127.0.0.1"})
    ask(200, "revoke-other-sessions", variables=me)
    ask(404, "delete-session", "DELETE", variables={**me, "PATH_INFO": "/00000000-0000-4000-8000-000000000000"})
    ask(200, "delete-api-key", "DELETE", variables={**me, "PATH_INFO": f"/{key['id']}"})
    ask(200, "delete-api-key", "DELETE", variables={**me, "PATH_INFO": f"/{key['id']}"})
    # An answer larger than any pipe: a hundred keys of 64 scopes each.
    scopes = [f"{'s' * 120}:{n}" for n in range(64)]
    for number in range(100):
        home.post("create-api-key", {"name": f"key {number}", "scopes": scopes}, me)
    ask(200, "list-api-keys", "GET", variables={**me, "QUERY_STRING": "limit=100"})
    home.sql("UPDATE users SET is_active = 0")
    for name, method in (
        ("current-user", "GET"),
        ("create-api-key", "POST"),
        ("list-api-keys", "GET"),
        ("delete-api-key", "DELETE"),
    ):
        ask(403, name, method, {"name": "x"}, {**me, "PATH_INFO": f"/{key['id']}" if method == "DELETE" else ""})
    # A mail still on its way would look like the next one.
    home.has_delivered()
    shutil.rmtree(f"{home.path}/mail")
    home.post("send-code", {"email": "bob@example.com"})
    ask(403, "verify-code", fields={"email": "bob@example.com", "code": home.code("bob@example.com")})
    home.sql("UPDATE users SET is_active = 1")


METHODS = {
    "current-user": "GET",
    "list-api-keys": "GET",
    "delete-api-key": "DELETE",
    "update-api-key": "PATCH",
    "verify-api-key": "GET",
    "list-sessions": "GET",
    "delete-session": "DELETE",
    "jwks": "GET",
    "health": "GET",
    "metrics": "GET",
    "update-user": "PATCH",
    "delete-user": "DELETE",
    "preferences": "GET",
    "list-projects": "GET",
    "get-project": "GET",
    "update-project": "PATCH",
    "delete-project": "DELETE",
    "update-member": "PATCH",
    "remove-member": "DELETE",
    "list-invitations": "GET",
    "decline-invitation": "DELETE",
}
PATHS = {
    "delete-api-key": "/x",
    "update-api-key": "/x",
    "rotate-api-key": "/x/rotate",
    "delete-session": "/x",
    "get-project": "/x",
    "update-project": "/x",
    "delete-project": "/x",
    "add-member": "/x/members",
    "update-member": "/x/members/y",
    "remove-member": "/x/members/y",
    "accept-invitation": "/x/accept",
    "decline-invitation": "/x",
}
OPEN = ("send-code", "verify-code", "refresh-token", "revoke-token")
BODIES = (
    *OPEN,
    "create-api-key",
    "update-api-key",
    "rotate-api-key",
    "update-user",
    "change-email",
    "confirm-email",
    "create-project",
    "update-project",
    "add-member",
    "update-member",
)


def refusals(traced):
    """Refusals that every endpoint shares."""
    home, ask = traced.home, traced.ask
    for name in sorted(os.listdir(EXECUTABLES)):
        if name.startswith(".") or name in ("deliver-mail", "not-found", "latchkey-fcgi"):
            continue
        method, path = METHODS.get(name, "POST"), {"PATH_INFO": PATHS[name]} if name in PATHS else {}
        ask(404, name, method, variables={"PATH_INFO": "/x/y/z/x/y"})
        ask(405, name, "PUT", variables=path)
        ask(204, name, "OPTIONS", variables=path)
        ask(400, name, method, {}, {**path, "HTTP_AUTHORIZATION": "Bearer a,b"})
        if name in BODIES:
            ask(411, name, method, variables={**path, "CONTENT_LENGTH": ""})
            ask(413, name, method, variables={**path, "CONTENT_LENGTH": "65537"})
            ask(415, name, method, fields={}, variables={**path, "CONTENT_TYPE": "text/plain"})
        if name in OPEN:
            ask(422, name, body=b"{")
        broken = Home("no_such_setting = 1\n")
        ask(500, name, method, {}, path, home=broken)
        broken.remove()
    ask(404, "not-found", "GET", variables={"REQUEST_URI": "/nowhere"})
    ask(405, "not-found", "PUT", variables={"REQUEST_URI": "/auth/users/me"})
    lock = home.database()
    lock.execute("BEGIN IMMEDIATE")
    ask(503, "send-code", fields={"email": "eve@example.com"})
    lock.close()


def main():
    if not shutil.which("strace"):
        print("left out: strace is not installed")
        report.finish()
    traced = Traced()
    try:
        for part in (open_endpoints, keys, refusals):
            part(traced)
    finally:
        traced.home.remove()
        shutil.rmtree(traced.folder)
    report.figure("answers looked at", sum(len(statuses) for statuses in looked_at.values()))
    report.figure("endpoints and statuses", ", ".join(f"{n} {sorted(set(s))}" for n, s in sorted(looked_at.items())))
    report.finish()


main()
