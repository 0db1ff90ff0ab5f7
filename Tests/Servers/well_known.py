"""The host's own files in .well-known/, by which certificate authorities verify the owner of a name: through lighttpd,
Apache and nginx, by CGI and FastCGI.

1. Files in acme-challenge/ or pki-validation/, next to the executables, are served byte for byte, as plain text, and never run.
2. Nothing else is served: missing files, folders, names that begin with a dot, paths that lead out, other methods, a missing
folder. All of these get the envelope.

Arguments, if any, are the names of servers to run. Prints one line for each server and `N passed, N failed`, and exits
with 1 if any check failed.
"""

import json
import os
import shutil
import sys
import tempfile

from latchkey_tests.checks import checks, expect, finish
from latchkey_tests.project import AS_ROOT, EXECUTABLES, PROJECT, executable_names
from latchkey_tests.servers.apache import (
    Apache,
    Shared,
    SharedFastCGI,
    SharedWithoutOptions,
    SuEXEC,
    SuEXECFastCGI,
    Vhost,
    VhostFastCGI,
)
from latchkey_tests.servers.fixture import Fixture
from latchkey_tests.servers.lighttpd import Lighttpd, LighttpdFastCGI
from latchkey_tests.servers.nginx import Nginx, NginxFastCGI
from latchkey_tests.servers.server import Server, own, user
from latchkey_tests.waiting import until

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
# A path below .well-known/, the file's contents, and its mode.
FILES = [
    (f"acme-challenge/{TOKEN}", TOKEN.encode() + b".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI", 0o644),
    ("acme-challenge/abc", b"token\n", 0o644),
    ("acme-challenge/empty", b"", 0o644),
    ("acme-challenge/program", b"#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nthis ran'\n", 0o755),
    ("acme-challenge/program.php", b"<?php echo 'this ran';", 0o755),
    ("acme-challenge/health", b"a name of ours", 0o755),
    ("pki-validation/3F2B1D.txt", b"\xef\xbb\xbfsha256\r\nexample.com\r\n", 0o644),
    ("pki-validation/starfield.html", b"<script>alert(1)</script>", 0o644),
    ("pki-validation/page.js", b"alert(1)", 0o644),
]
HIDDEN = [
    "acme-challenge/.htpasswd",
    "acme-challenge/.htaccess",
    "acme-challenge/folder/abc",
    "acme-challenge/.folder/abc",
    "other/abc",
    "abc",
    "acme-challengex/abc",
]
NONE = [
    "acme-challenge",
    "acme-challenge/",
    "pki-validation/",
    "acme-challenge/missing",
    "acme-challenge/folder",
    "acme-challenge/folder/",
    "acme-challenge/abc/",
    "acme-challenge/abc/x",
    "acme-challenge/.",
    "acme-challenge/..",
    "acme-challenge/../other/abc",
    "acme-challenge/%2e%2e/other/abc",
    "acme-challenge/%2ehtpasswd",
    "acme-challenge/../../latchkey.home",
    "acme-challenge/%2e%2e/%2e%2e/latchkey.home",
    "acme-challenge/..%2f..%2flatchkey.home",
    "acme-challenge/..%5c..%5clatchkey.home",
    "acme-challenge/../../.htaccess",
    "acme-challenge/../../not-found",
    "ACME-CHALLENGE/abc",
    "acme-challenge/ABC",
    "acme-challenge/abc%20",
    "acme-challenge/abc%0a",
    "acme-challenge/abc%00",
    "acme-challenge/a%2520b",
    "",
    "../.well-known",
    "openid-configuration",
    *HIDDEN,
]
SECRET = b"the host's secret"


def folder_of(server):
    return f"{server.site}/.well-known" if isinstance(server, Apache) else f"{server.executables}/.well-known"


def fill(server):
    top = folder_of(server)
    for name, content, mode in [*FILES, *((name, SECRET, 0o644) for name in HIDDEN)]:
        path = f"{top}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # Apache reads .htaccess in every folder, so this one must be valid.
        content = b"# " + content if name.endswith(".htaccess") else content
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
    if isinstance(server, Apache):
        own(top, user(server.user))


def check_served(server):
    for name, content, _ in FILES:
        for method, target, body in [
            ("GET", f"/.well-known/{name}", content),
            ("HEAD", f"/.well-known/{name}", b""),
            ("GET", f"/.well-known/{name}?x=1", content),
        ]:
            answer = server.exchange(method, target)
            kind = answer.fields.get("content-type", [""])[0].partition(";")[0]
            expect(
                (answer.status, answer.body) == (200, body) and (kind == "text/plain" or not content),
                f"{server.name}: {method} {target}",
                (answer.status, kind, answer.body[:100]),
            )


def check_refused(server, method, target, code="not_found"):
    answer = server.exchange(method, target, [("Content-Length", "0")] if method not in ("GET", "HEAD") else [])
    try:
        seen = json.loads(answer.body)["error"]["code"] if method != "HEAD" else code
    except (ValueError, KeyError, TypeError):
        seen = None
    # Apache and lighttpd word the refusals that they make before they read our configuration.
    is_early = any(part in target for part in ("%2f", "%5c", "%00", "%0a"))
    # lighttpd adds a slash to a folder's name, and answers not found.
    is_completed = target.endswith("/folder") and server.name.startswith("lighttpd") and answer.status == 301
    expect(
        ((answer.status == 404 and seen == code) or (is_early and answer.status in (400, 404)) or is_completed)
        and SECRET not in answer.body
        and answer.body not in [content for _, content, _ in FILES if content],
        f"{server.name}: {method} {target} is not found",
        (answer.status, seen, answer.body[:100]),
    )


def check(server):
    for name, _, _ in FILES:  # nothing exists yet
        check_refused(server, "GET", f"/.well-known/{name}")
    fill(server)
    check_served(server)
    for name in NONE:
        check_refused(server, "GET", f"/.well-known/{name}")
    for name, _, _ in FILES[:3]:
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            check_refused(server, method, f"/.well-known/{name}")
        check_refused(server, "HEAD", f"/.well-known/{name}x")
    answer = server.exchange("GET", "/.well-known/jwks.json")
    expect(answer.status == 200 and b'"keys"' in answer.body, f"{server.name}: the key set is Latchkey's", answer.status)
    shutil.rmtree(folder_of(server))
    # lighttpd keeps files open for a moment.
    until(lambda: server.exchange("GET", "/.well-known/acme-challenge/abc").status != 200, 10, 0.2)
    check_refused(server, "GET", "/.well-known/acme-challenge/abc")


def stand_in(scratch):
    """The project with a copy of cgi-bin, since tests write there."""
    for name in os.listdir(PROJECT):
        if name != "cgi-bin" and not name.startswith("."):
            os.symlink(f"{PROJECT}/{name}", f"{scratch}/{name}")
    os.mkdir(f"{scratch}/cgi-bin")
    for name in [*executable_names(), ".htaccess"]:
        shutil.copy(f"{EXECUTABLES}/{name}", f"{scratch}/cgi-bin/")
    os.chmod(scratch, 0o755)
    Server.project, Server.executables = scratch, f"{scratch}/cgi-bin"


def main():
    wanted = sys.argv[1:]
    kinds = [
        Lighttpd,
        LighttpdFastCGI,
        Shared,
        SharedWithoutOptions,
        SharedFastCGI,
        Vhost,
        VhostFastCGI,
        SuEXEC,
        SuEXECFastCGI,
        Nginx,
        NginxFastCGI,
    ]
    if not AS_ROOT:
        print("suEXEC: left out, it needs root", flush=True)
        kinds = [kind for kind in kinds if not issubclass(kind, SuEXEC)]
    fixture = Fixture()
    scratch = tempfile.mkdtemp(prefix="latchkey-well-known-")
    try:
        stand_in(scratch)
        for kind in kinds:
            if wanted and kind.name not in wanted:
                continue
            before = checks.passed
            server = kind(fixture)
            try:
                check(server)
            finally:
                server.stop()
            print(f"{server.name}: {checks.passed - before} held", flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        fixture.home.remove()
    finish()


if __name__ == "__main__":
    main()
