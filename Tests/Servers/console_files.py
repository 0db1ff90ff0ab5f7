"""What servers serve besides endpoints: the console's files, and nothing else."""

import glob
import os
import re
import shutil

from latchkey_tests.checks import expect
from latchkey_tests.project import EXECUTABLES, PROJECT, PUBLIC, executable_names
from latchkey_tests.servers.apache import Shared
from latchkey_tests.servers.routes import routes

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
}


def check_files(server):
    """The server serves the console's files, and nothing else."""
    names = sorted(os.path.relpath(p, PUBLIC) for p in glob.glob(f"{PUBLIC}/**/*.*", recursive=True))
    policy = re.search(r'"Content-Security-Policy" => "(.*?)"', open(f"{PROJECT}/lighttpd.conf").read()).group(1)
    for path, name in [("", "index.html"), ("docs", "docs.html"), *((name, name) for name in names)]:
        expected = open(f"{PUBLIC}/{name}", "rb").read()
        for method, body in (("GET", expected), ("HEAD", b"")):
            answer = server.exchange(method, f"/{path}")
            seen = {
                name: answer.fields.get(name)
                for name in (
                    "content-type",
                    "content-security-policy",
                    "x-content-type-options",
                    "referrer-policy",
                    "cache-control",
                )
            }
            expect(
                (answer.status, answer.body) == (200, body)
                and list(seen.values())
                == [[TYPES[os.path.splitext(name)[1]]], [policy], ["nosniff"], ["no-referrer"], ["no-cache"]],
                f"{server.name}: {method} /{path}",
                (answer.status, seen, answer.body[:100]),
            )
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            answer = server.exchange(method, f"/{path}", [("Content-Length", "0")])
            expect(
                answer.status == 404 and b'"not_found"' in answer.body,
                f"{server.name}: {method} /{path} is not found",
                (answer.status, answer.body[:100]),
            )

    secrets = [".htaccess", ".htpasswd", "latchkey.home", "latchkey.conf", "latchkey.db", "secret.key", *executable_names()]
    paths = {
        f"{start}{name}{end}"
        for name in secrets
        for start in ("", "/", "./", "public/", "public/../", "languages/../", "var/", "../var/", "../elsewhere/", "%2e%2e/var/")
        for end in ("", "/", "/x", "?x", "%20", ".")
    }
    paths |= {name.replace(".", "%2e", 1) for name in secrets if "." in name} | {name.upper() for name in secrets}
    paths |= {f"public/{name}" for name in names} | {"public", "public/", "languages", "languages/", "languages/../app.js/x"}
    paths |= {f"projects/%252e%252e%252f{name}" for name in secrets} | {f"auth/api-keys/..%252f{name}" for name in secrets}
    paths |= {"app.js/", "app.js/x", "index.html/x", "docs/", "%2f.htaccess", "app.js%00", ".htaccess%00.js", "languages/de.js"}
    paths |= {f"cgi-bin/{name}{end}" for name in secrets for end in ("", "/", "/x", "/x/x", "?x", "%20", ".", "//", "/..")}
    paths |= {"cgi-bin", "cgi-bin/", "cgi-bin/public/app.js", "cgi-bin/../public/app.js"}
    endpoints = "|".join(route.name for route in routes())
    contents = [
        open(f"{EXECUTABLES}/health", "rb").read(64),
        b"RewriteRule",
        server.home.encode(),
        b"resend_after =",
        b"SQLite format",
    ]
    wrong = []
    for path in sorted(paths):
        for method in ("GET", "POST"):
            answer = server.exchange(method, f"/{path}", [("Content-Length", "0")])
            routed = method == "GET" and re.fullmatch(
                r"(\./|/|\w+/\.\./)?(health|metrics)(\?x)?|cgi-bin/(health|metrics|jwks)(/+|\?x|/\.\.)?", path
            )
            own = re.match(rf"cgi-bin/({endpoints})\b", path)
            if any(content in answer.body for content in contents) or not (
                answer.status in (400, 401, 403, 404, 405)
                or (routed and answer.status == 200)
                or (own and answer.status in (411, 415, 422))
            ):
                wrong.append((method, path, answer.status, answer.body[:80]))
    expect(not wrong, f"{server.name}: nothing else can be had", wrong[:10])
    print(f"{server.name}: {len(names)} files of the console, {len(paths)} paths that are none", flush=True)


def check_without_console(fixture):
    """Without public/ its paths still belong to us, and answer not found."""

    class Bare(Shared):
        name = "Apache, .htaccess, no public/"

        def install(self):
            super().install()
            shutil.rmtree(f"{self.site}/public")

    server = Bare(fixture)
    try:
        for path in ("", "docs", "docs.html", "app.js", "languages/de.json", "languages", "public/app.js"):
            answer = server.exchange("GET", f"/{path}")
            expect(
                answer.status == 404 and b'"not_found"' in answer.body,
                f"{server.name}: GET /{path}",
                (answer.status, answer.body[:100]),
            )
    finally:
        server.stop()
