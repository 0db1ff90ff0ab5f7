"""The service as the torture sees it: a state folder of its own, and the release executables run on it
by environment and standard input, or behind the project's own lighttpd.

Every script in this folder takes a number of seconds (0: all of it), prints one line for each figure as
`figure <name>: <value>`, and exits with 1 if anything did not hold.
"""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXECUTABLES = os.environ.get("EXECUTABLES", os.path.join(PROJECT, "cgi-bin"))

NO_LIMITS = """\
limit_send_per_ip = off
limit_verify_per_ip = off
limit_refresh_per_ip = off
limit_send_per_email = off
limit_failures_per_email = off
limit_send_total = off
limit_write_per_user = off
max_projects_per_user = 10000
max_keys_per_project = 10000
max_keys_per_member = 10000
resend_after = 0s
"""


class Answer:
    """What a handler or a server answered. `status` is 0 if there was no whole answer."""

    def __init__(self, raw):
        self.raw = raw
        self.status, self.headers, self.body, self.data, self.code = 0, {}, b"", None, None
        head, found, body = raw.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        match = re.match(r"(?:Status:|HTTP/1\.[01]) (\d{3})", lines[0])
        if not match:
            return
        self.headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
        length = self.headers.get("content-length")
        if length is not None and int(length) != len(body):
            return
        self.status, self.body = int(match.group(1)), body
        try:
            envelope = json.loads(body)
            self.data = envelope["data"]
            self.code = envelope["error"] and envelope["error"]["code"]
        except (ValueError, KeyError, TypeError):
            pass

    def is_envelope(self):
        """Whether the answer is whole, and one of ours."""
        try:
            return self.status > 0 and list(json.loads(self.body))[:3] == ["success", "data", "error"]
        except ValueError:
            return False


class Home:
    """A state folder, removed by `remove`."""

    def __init__(self, settings=NO_LIMITS, at=None):
        self.path = at or tempfile.mkdtemp(prefix="latchkey-torture-")
        os.chmod(self.path, 0o700)
        self.configure(settings)

    def configure(self, settings):
        with open(f"{self.path}/latchkey.conf", "w") as file:
            file.write(settings)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def environment(self, method, body=b"", variables=()):
        values = {
            "LATCHKEY_HOME": self.path,
            "GATEWAY_INTERFACE": "CGI/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "REQUEST_METHOD": method,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
        }
        values.update(variables)
        return values

    def start(self, name, method, variables=(), body=b"", prefix=(), **options):
        """Starts the handler `name`, behind the command `prefix`; it has its whole input already."""
        reading, writing = os.pipe()
        os.write(writing, body)  # bodies here are shorter than a pipe
        os.close(writing)
        try:
            return subprocess.Popen(
                [*prefix, f"{EXECUTABLES}/{name}"],
                env=self.environment(method, body, variables),
                stdin=reading,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **options,
            )
        finally:
            os.close(reading)

    def run(self, name, method, variables=(), body=b"", prefix=(), **options):
        process = self.start(name, method, variables, body, prefix, **options)
        output, errors = process.communicate(timeout=120)
        answer = Answer(output)
        answer.log, answer.exit = errors.decode("latin-1"), process.returncode
        return answer

    def post(self, name, fields, variables=(), prefix=(), **options):
        return self.run(name, "POST", variables, json.dumps(fields).encode(), prefix, **options)

    def get(self, name, variables=(), **options):
        return self.run(name, "GET", variables, **options)

    def database(self):
        connection = sqlite3.connect(f"{self.path}/latchkey.db", timeout=30, isolation_level=None)
        return connection

    def sql(self, text, values=()):
        """The rows of one statement, which is committed."""
        connection = self.database()
        try:
            return connection.execute(text, values).fetchall()
        finally:
            connection.close()

    def mails(self):
        """(recipient, code, Message-ID) of every delivered mail, oldest first; "" where there is no code."""
        folder = f"{self.path}/mail/new"
        if not os.path.isdir(folder):
            return []
        paths = sorted((os.path.join(folder, n) for n in os.listdir(folder)), key=os.path.getmtime)
        found = []
        for path in paths:
            text = open(path, encoding="utf-8").read()
            found.append(
                (
                    re.search(r"^To: (.*)$", text, re.M).group(1),
                    (re.search(r"^Subject: (\d+)", text, re.M) or ("", ""))[1],
                    re.search(r"^Message-ID: (.*)$", text, re.M).group(1),
                )
            )
        return found

    def code(self, email, wait=10):
        """The code in the last mail to `email`; waits for it."""
        end = time.monotonic() + wait
        while time.monotonic() < end:
            codes = [code for to, code, _ in self.mails() if to == email and code]
            if codes:
                return codes[-1]
            time.sleep(0.02)
        raise AssertionError(f"no mail to {email}")

    def sign_in(self, email):
        """The grant of a sign-in by code."""
        assert self.post("send-code", {"email": email}).status == 202
        answer = self.post("verify-code", {"email": email, "code": self.code(email)})
        assert answer.status == 200, (answer.raw, answer.log)
        grant = answer.data
        me = self.get("current-user", bearer(grant))
        grant["project"] = me.data["projects"][0]["id"]
        grant["email"] = email
        return grant

    def integrity(self):
        """What `integrity_check` and `foreign_key_check` say: "ok" if nothing."""
        connection = self.database()
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            found += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
            return "ok" if found == ["ok"] else "; ".join(found)
        finally:
            connection.close()


def bearer(grant, project=False):
    """The variables of a request by the holder of `grant`, on their own project if `project`."""
    variables = {"HTTP_AUTHORIZATION": f"Bearer {grant['access_token']}"}
    if project:
        variables["HTTP_X_PROJECT_ID"] = grant["project"]
    return variables


class Lighttpd:
    """The project's own lighttpd on a free loopback port, for `home`."""

    def __init__(self, home, variables=()):
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log_path = home.path + ".server.log"
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            ["lighttpd", "-D", "-f", "lighttpd.conf"],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PORT": str(self.port), "LATCHKEY_HOME": home.path, **dict(variables)},
        )
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.025)
        raise AssertionError("lighttpd does not answer")

    def exchange(self, raw, timeout=30):
        """Sends the bytes `raw`, and gives all that comes until the server closes."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(raw)
            while True:
                try:
                    chunk = connection.recv(65536)
                except ConnectionResetError:
                    break
                if not chunk:
                    break
                received += chunk
        return Answer(received)

    def request(self, line, headers=(), fields=None):
        """One request, by its line (`POST /x`), header lines, and the fields of a JSON body."""
        body = b"" if fields is None else json.dumps(fields).encode()
        lines = [f"{line} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        if fields is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return self.exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()
        os.unlink(self.log_path)


class Report:
    """Collects what did not hold."""

    def __init__(self):
        self.failures = []

    def expect(self, holds, what):
        if not holds:
            self.failures.append(what)
            print(f"FAILED: {what}", flush=True)

    def figure(self, name, value):
        print(f"figure {name}: {value}", flush=True)

    def finish(self):
        sys.exit(1 if self.failures else 0)


def seconds():
    """How long the script may take, from its first argument; 0: all of it."""
    return float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
