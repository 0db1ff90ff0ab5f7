"""The samples for HTTPS, each under its own server with a certificate from a test authority: a complete sign-in, a
redirect from HTTP to HTTPS, bodies without a length by whatever protocol server and client agree on, and nginx in
front of lighttpd, where limits count the client and not the proxy, whatever the client writes into X-Forwarded-For.

Prints one line for each server and `N passed, N failed`, and exits with 1 if any check failed.
"""

import contextlib
import glob
import http.client
import os
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess

from authority import NAME, Authority
from latchkey_tests import maildir
from latchkey_tests.checks import checks, expect, finish
from latchkey_tests.ports import free_port, wait_for_port
from latchkey_tests.project import EXECUTABLES, PATH, PROJECT, write
from latchkey_tests.servers.apache import Apache
from latchkey_tests.servers.nginx import Nginx, nginx_configuration
from latchkey_tests.servers.server import Server, ServerAnswer, own, user

SAMPLE = "auth.example.com"
CERTIFICATE = f"/etc/letsencrypt/live/{SAMPLE}/fullchain.pem"
KEY = f"/etc/letsencrypt/live/{SAMPLE}/privkey.pem"


class Secure:
    """Adds to a Server a second port, and requests to it by TLS."""

    settings = ""

    def __init__(self, authority):
        self.authority, self.tls_port = authority, free_port()
        self.url = f"https://{NAME}:{self.tls_port}"
        super().__init__(self)
        assert wait_for_port(self.tls_port), f"{self.name}: no port for TLS: {self.log()}"

    def copy(self, path, more=""):
        """A state without users."""
        os.mkdir(path, 0o700)
        write(f"{path}/latchkey.conf", f"base_url = {self.url}\nresend_after = 0s\n{self.settings}{more}")

    def substituted(self, path, places):
        """The sample `path` with its places replaced; it must contain each."""
        text = open(f"{PROJECT}/samples/{path}").read()
        for old, new in [(CERTIFICATE, self.authority.certificate), (KEY, self.authority.key), *places]:
            assert old in text, (path, old)
            text = text.replace(old, new)
        # The remaining places are the redirect's target and the server's name.
        return re.sub(rf"https://{SAMPLE}(?=[/$])", self.url, text).replace(SAMPLE, NAME)

    def over(self, context, method, target, fields=(), body=b"", port=None, source="127.0.0.1"):
        """One request: by TLS with `context`, or plain if that is None."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {NAME}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in fields]
        with socket.create_connection(("127.0.0.1", port or self.tls_port), 30, (source, 0)) as connection:
            secure = context.wrap_socket(connection, server_hostname=NAME) if context else contextlib.nullcontext(connection)
            with secure as channel:
                channel.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
                answer = http.client.HTTPResponse(channel, method=method)
                answer.begin()
                return ServerAnswer(answer.status, answer.getheaders(), answer.read())

    def call(self, line, fields=(), plain=False, port=None, source="127.0.0.1", **body):
        request = self.with_json(line, fields, body)
        port = port or (self.port if plain else self.tls_port)
        return self.over(None if plain else self.authority.trusting, *request, port, source)

    def code(self, email):
        return maildir.code(self.home, email)


class Lighttpd(Secure, Server):
    """samples/lighttpd/https.conf, in a readable copy of the package's folder."""

    name = "lighttpd, samples/lighttpd/https.conf"

    def prepare(self, fixture):
        super().prepare(fixture)
        folder = f"{self.folder}/package"
        os.makedirs(f"{folder}/samples/lighttpd")
        for name in ("lighttpd.conf", "lighttpd-environment.sh"):
            shutil.copy(f"{PROJECT}/{name}", folder)
        shutil.copytree(EXECUTABLES, f"{folder}/cgi-bin")
        shutil.copytree(f"{PROJECT}/public", f"{folder}/public")
        write(
            f"{folder}/samples/lighttpd/https.conf",
            self.substituted(
                "lighttpd/https.conf",
                [
                    ("0.0.0.0:443", f"127.0.0.1:{self.tls_port}"),
                    ("/var/log/lighttpd/error.log", f"{self.folder}/log/lighttpd.log"),
                ],
            ),
        )
        os.mkdir(f"{self.folder}/log")
        for path in (self.home, f"{self.folder}/log"):
            own(path, user("www-data"))
        self.run(
            "lighttpd",
            "-D",
            "-f",
            "samples/lighttpd/https.conf",
            cwd=folder,
            env={"PATH": PATH, "PORT": str(self.port), "BIND": "127.0.0.1", "LATCHKEY_HOME": self.home},
        )
        self.wait()


class Vhost(Secure, Apache):
    """samples/apache/https.conf."""

    name = "Apache, samples/apache/https.conf"
    modules = ["mpm_event", "cgid", "ssl", "http2"]

    def host(self):
        return f"Protocols h2 http/1.1\nListen 127.0.0.1:{self.tls_port}\n" + self.substituted(
            "apache/https.conf",
            [
                ("*:80>", f"127.0.0.1:{self.port}>"),
                ("*:443>", f"127.0.0.1:{self.tls_port}>"),
                ("/srv/latchkey/cgi-bin", self.site),
                ("/var/lib/latchkey", self.home),
            ],
        )


class FastCGI(Secure, Nginx):
    """samples/nginx/latchkey.conf with its HTTPS lines enabled, as it describes."""

    name = "nginx and fcgiwrap, samples/nginx/latchkey.conf"

    def sample(self):
        text = self.substituted("nginx/latchkey.conf", [])
        command = re.search(r"sed -i '(.*)' on this file", text).group(1)
        text = subprocess.run(["sed", command], input=text, stdout=subprocess.PIPE, text=True, check=True).stdout
        assert "#+" not in text
        for old, new in [
            ("listen 443 ssl", f"listen 127.0.0.1:{self.tls_port} ssl http2"),
            ("listen 80;", f"listen 127.0.0.1:{self.port};"),
        ]:
            assert old in text, old
            text = text.replace(old, new)
        # The only expected place, which is no longer there.
        return text + "# 127.0.0.1:8000\n"


class Proxy(Secure, Nginx):
    """samples/nginx/https-proxy.conf in front of the unchanged lighttpd.conf."""

    name = "nginx before lighttpd, samples/nginx/https-proxy.conf"
    settings = "trusted_proxies = 127.0.0.1\nlimit_send_per_ip = 3/5m\n"

    def prepare(self, fixture):
        Server.prepare(self, fixture)
        self.behind = free_port()
        write(
            f"{self.folder}/latchkey.conf",
            self.adapted(
                self.substituted(
                    "nginx/https-proxy.conf",
                    [
                        ("127.0.0.1:8000", f"127.0.0.1:{self.behind}"),
                        ("listen 80;", f"listen 127.0.0.1:{self.port};"),
                        ("listen 443 ssl", f"listen 127.0.0.1:{self.tls_port} ssl http2"),
                    ],
                )
            ),
        )
        nginx_configuration(self.folder, f"{self.folder}/latchkey.conf")
        self.run(
            "lighttpd",
            "-D",
            "-f",
            "lighttpd.conf",
            cwd=PROJECT,
            env={"PATH": PATH, "PORT": str(self.behind), "LATCHKEY_HOME": self.home},
        )
        self.run("nginx", "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf")
        self.wait()

    def adapted(self, text):
        return text


class Appending(Proxy):
    """The other header that the sample names, as behind one more proxy."""

    name = "nginx before lighttpd, $proxy_add_x_forwarded_for"

    def adapted(self, text):
        line = "X-Forwarded-For $remote_addr;"
        assert line in text
        return text.replace(line, "X-Forwarded-For $proxy_add_x_forwarded_for;")


class Untrusted(Proxy):
    """The proxy without the setting."""

    name = "nginx before lighttpd, without trusted_proxies"
    settings = "limit_send_per_ip = 3/5m\n"


def check_tls(server):
    answer = server.call("GET /health")
    expect(answer.status == 200 and answer.data["status"] == "ok", f"{server.name}: health", answer.body)
    try:
        server.over(server.authority.strangers, "GET", "/health")
        expect(False, f"{server.name}: a client that does not know the authority gets no answer")
    except ssl.SSLCertVerificationError:
        expect(True, "")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=f"{server.authority.folder}/ca.pem")
        context.minimum_version = context.maximum_version = version
        expect(server.over(context, "GET", "/health").status == 200, f"{server.name}: {version.name}")
    for path in ("/health", "/", "/no/such/path", "/auth/users/me"):
        fields = server.call(f"GET {path}").fields
        expect(fields.get("strict-transport-security") == ["max-age=86400"], f"{server.name}: HSTS at {path}", fields)
    fields = server.call("GET /").fields
    expect("content-security-policy" in fields, f"{server.name}: the console keeps its policy", fields)


def check_redirect(server):
    for line, body in [
        ("GET /", {}),
        ("GET /auth/api-keys/?page=1&limit=5", {}),
        ("GET /a%20b/c", {}),
        ("HEAD /health", {}),
        ("POST /auth/verification/send-code", {"email": "plain@example.com"}),
    ]:
        for fields in ([], [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example")]):
            answer = server.call(line, fields, plain=True, **body)
            target = f"{server.url}{line.split(' ')[1]}"
            expect(
                answer.status == 308 and answer.fields.get("location") == [target],
                f"{server.name}: http, {line}",
                (answer.status, answer.fields),
            )
    mails = [open(path).read() for path in glob.glob(f"{server.home}/mail/new/*")]
    expect(not any("plain@example.com" in text for text in mails), f"{server.name}: nothing runs by http")


def check_story(server):
    """A sign-in from start to end, by TLS."""
    email = "ada@example.com"
    verification = "POST /auth/verification/"
    answer = server.call(f"{verification}send-code", email=email)
    expect(answer.status == 202, f"{server.name}: send-code", (answer.status, answer.body, server.log()))
    grant = server.call(f"{verification}verify-code", email=email, code=server.code(email))
    if not expect(grant.status == 200, f"{server.name}: verify-code", grant.body):
        return
    bearer = ("Authorization", f"Bearer {grant.data['access_token']}")
    me = server.call("GET /auth/users/me", [bearer])
    expect(me.status == 200 and me.data["email"] == email, f"{server.name}: users/me", me.body)
    project = ("x-project-id", me.data["projects"][0]["id"])
    key = server.call("POST /auth/api-keys/", [bearer, project], name="test", expires_in_days=None, scopes=None)
    expect(key.status == 201, f"{server.name}: a key is made", key.body)
    by_key = [("x-api-key", key.data["full_key"]), project]
    # The API's clients send this: a GET with a body.
    listed = server.over(server.authority.trusting, "GET", "/auth/api-keys/", [*by_key, ("Content-Length", "2")], b"{}")
    expect(listed.status == 200 and key.data["id"].encode() in listed.body, f"{server.name}: keys by a key", listed.body)
    renewed = server.call(
        f"{verification}refresh-token", refresh_token=grant.data["refresh_token"], user_uuid=grant.data["user_uuid"]
    )
    expect(renewed.status == 200, f"{server.name}: refresh-token", renewed.body)
    ended = server.call(f"{verification}revoke-token", refresh_token=renewed.data["refresh_token"])
    after = server.call("GET /auth/users/me", [bearer])
    expect((ended.status, after.status) == (200, 401), f"{server.name}: revoke-token", (ended.body, after.body))
    page = server.call("GET /")
    expect(
        (page.status, page.body) == (200, open(f"{PROJECT}/public/index.html", "rb").read()),
        f"{server.name}: the console",
        page.body[:200],
    )
    expect(server.call("PATCH /openapi.json", [("Content-Length", "0")]).status == 404, f"{server.name}: nothing else is served")


def check_unsized_bodies(server):
    """A body without a stated length, by each protocol that a client may offer."""
    for protocol in ("--http1.1", "--http2"):
        answer = subprocess.run(
            [
                "curl",
                "-sS",
                protocol,
                "--cacert",
                f"{server.authority.folder}/ca.pem",
                "-X",
                "POST",
                "-H",
                "Content-Type: application/json",
                "-T",
                "-",
                f"{server.url}/auth/verification/refresh-token",
            ],
            input=b'{"refresh_token": "x"}',
            capture_output=True,
        )
        expect(
            b'"loc":["body","user_uuid"]' in answer.stdout and b'"refresh_token"' not in answer.stdout,
            f"{server.name}: a body without a length, {protocol}",
            (answer.stdout[:300], answer.stderr),
        )


def clients(server):
    """The client addresses in the audit log."""
    with contextlib.closing(sqlite3.connect(f"{server.home}/latchkey.db", timeout=30)) as db:
        return {row[0] for row in db.execute("SELECT client FROM audit_events")}


def check_clients(server):
    """Three mails for a network: the fourth is refused, whatever address it claims; another network's is not."""

    def send(number, source, *fields, **options):
        return server.call("POST /auth/verification/send-code", fields, source=source, email=f"s{number}@example.com", **options)

    forged = [
        ("X-Forwarded-For", "203.0.113.1"),
        ("X-Forwarded-For", "203.0.113.2, 127.0.0.9"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-For", "203.0.113.3, 127.0.0.1"),
    ]
    statuses = [send(number, "127.0.0.5", field).status for number, field in enumerate(forged)]
    expect(statuses == [202, 202, 202, 429], f"{server.name}: a forged X-Forwarded-For is not believed", statuses)
    more = [("X_Forwarded_For", "203.0.113.4"), ("Forwarded", "for=203.0.113.5"), ("X-Real-IP", "203.0.113.6")]
    statuses = [send(10 + number, "127.0.0.5", field).status for number, field in enumerate(more)]
    expect(statuses == [429, 429, 429], f"{server.name}: nor is any other header", statuses)
    expect(send(20, "127.0.0.6").status == 202, f"{server.name}: another client has a limit of its own")
    # A client that bypasses the proxy counts by its own address.
    statuses = [
        send(30 + number, "127.0.0.7", ("X-Forwarded-For", f"203.0.113.{number}"), plain=True, port=server.behind).status
        for number in range(4)
    ]
    expect(statuses == [202, 202, 202, 429], f"{server.name}: past the proxy nobody else is believed", statuses)
    log = server.log()
    for source in ("127.0.0.5", "127.0.0.6", "127.0.0.7"):
        expect(f" ip={source} endpoint=send-code" in log, f"{server.name}: the log has {source}", log[-1500:])
    expect("ip=203.0.113" not in log, f"{server.name}: the log has no forged address", log[-1500:])
    audit = clients(server)
    expect("127.0.0.5" in audit and not any(c.startswith("203.") for c in audit), f"{server.name}: so has the audit", audit)


def check_untrusted(server):
    """Without the setting all clients count as the proxy."""
    statuses = [
        server.call("POST /auth/verification/send-code", source=f"127.0.0.{number}", email=f"s{number}@example.com").status
        for number in range(5, 9)
    ]
    expect(statuses == [202, 202, 202, 429], f"{server.name}: all clients count as one", statuses)


def main():
    authority = Authority()
    try:
        for kind in (Lighttpd, Vhost, FastCGI, Proxy, Appending, Untrusted):
            before = checks.passed
            server = kind(authority)
            try:
                if kind is Untrusted:
                    check_untrusted(server)
                else:
                    check_tls(server)
                    check_redirect(server)
                    check_unsized_bodies(server)
                    if isinstance(server, Proxy):
                        check_clients(server)
                    check_story(server)
            finally:
                server.stop()
            print(f"{server.name}: {checks.passed - before} hold", flush=True)
    finally:
        authority.remove()
    finish()


if __name__ == "__main__":
    main()
