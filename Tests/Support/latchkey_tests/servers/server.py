"""What all servers and their answers share."""

import contextlib
import glob
import http.client
import json
import os
import pwd
import re
import signal
import socket
import subprocess
import tempfile

from latchkey_tests.home import remove_folder
from latchkey_tests.ports import free_port, wait_for_port
from latchkey_tests.project import AS_ROOT, EXECUTABLES, PATH, PROJECT
from latchkey_tests.servers.corpus import PLACEHOLDERS


def own(path, user):
    """Makes `user` (uid, gid) the owner of `path` and everything in it, where possible."""
    if not AS_ROOT:
        return
    for folder, folders, files in os.walk(path):
        for entry in (folder, *(os.path.join(folder, name) for name in folders + files)):
            os.lchown(entry, *user)


def user(name):
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


class ServerAnswer:
    """Status, header fields (all values by lower-case name) and body."""

    def __init__(self, status, fields, body):
        self.status, self.body, self.fields = status, body, {}
        for name, value in fields:
            self.fields.setdefault(name.lower(), []).append(value)

    @property
    def data(self):
        """`data` of the envelope; None if there is none."""
        try:
            return json.loads(self.body)["data"]
        except (ValueError, KeyError, TypeError):
            return None

    # The server's own fields. Content-Length is checked separately, since some omit it from the answer to
    # HEAD; lighttpd offers ranges for all its answers.
    OWN = ("date", "server", "connection", "keep-alive", "content-length", "transfer-encoding", "accept-ranges")

    def essence(self):
        """Everything that is the same in every run."""
        text = json.dumps(
            [
                self.status,
                sorted((n, v) for n, v in self.fields.items() if n not in self.OWN),
                self.body.decode("utf-8", "replace"),
            ]
        )
        text = re.sub(PLACEHOLDERS["uuid"], "<uuid>", text)
        text = re.sub(PLACEHOLDERS["time"], "<time>", text)
        # A request that is refused here and not there leaves its trace.
        text = re.sub(r'(last_used_at[\\\\]+":)("<time>|null|[\\\\]+"<time>[\\\\]+")', r"\1<any>", text)
        text = re.sub(r"sk_[A-Za-z0-9_-]+", "<key>", text)
        text = re.sub(r"[A-Za-z0-9_-]{43,}(\.[A-Za-z0-9_-]+)*", "<token>", text)
        text = re.sub(r"(in|t=|Retry-After|expires_in|resend_after|retry-after)([^\d\w]{1,8})\d+", r"\1\2<number>", text)
        text = re.sub(r"t=\d+", "t=<number>", text)
        if "latchkey_" in text:  # metrics
            text = re.sub(r" [\d.e+]+\\\\n", " <number>\\\\n", text)
        return text


class Server:
    """What every server has: a folder, a state folder and a port."""

    name = ""
    # The project whose configuration is used, and the executables.
    project = PROJECT
    executables = EXECUTABLES
    # Whether it also serves the console's files.
    serves_files = True
    # Whether it serves more than the executables' own paths.
    serves_routes = True
    # Whether it passes Content-Length to executables.
    keeps_length = True
    # Whether processes are persistent.
    is_fastcgi = False

    def __init__(self, world, base=None):
        self.folder = tempfile.mkdtemp(prefix="latchkey-parity-", dir=base)
        os.chmod(self.folder, 0o711)
        self.home = f"{self.folder}/var"
        self.processes = []
        self.port = free_port()
        try:
            self.prepare(world)
        except BaseException:
            self.stop()
            raise

    def prepare(self, world):
        world.copy(self.home)

    def run(self, *command, **options):
        log = open(f"{self.folder}/server.log", "ab")
        options = {"env": {"PATH": PATH}, "cwd": self.folder, "stdin": subprocess.DEVNULL, **options}
        self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **options))
        log.close()

    def wait(self):
        assert wait_for_port(self.port), f"{self.name} does not answer: {self.log()}"

    def log(self):
        return "".join(
            open(path, encoding="utf-8", errors="replace").read()[-4000:] for path in glob.glob(f"{self.folder}/*.log")
        )

    def ask(self, case):
        fields, body = case.fields_to_send()
        return self.exchange(case.method, case.target, fields, body)

    def exchange(self, method, target, fields=(), body=b""):
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in fields]
        with socket.create_connection(("127.0.0.1", self.port), 60) as connection:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            answer = http.client.HTTPResponse(connection, method=method)
            try:
                answer.begin()
                return ServerAnswer(answer.status, answer.getheaders(), answer.read())
            except (http.client.HTTPException, ConnectionError) as error:
                return ServerAnswer(0, [], repr(error).encode())

    @staticmethod
    def with_json(line, fields, body):
        """Method, target, fields and body of a request from its line (`POST /x`), with `body` as JSON if it has members."""
        method, target = line.split(" ")
        fields, content = list(fields), json.dumps(body).encode() if body else b""
        if body or method == "POST":
            fields += [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        return method, target, fields, content

    def stop(self):
        # Each leads its own process group: otherwise fcgiwrap leaves its children behind.
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        remove_folder(self.folder)
