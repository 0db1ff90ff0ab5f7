"""One set of requests, Tests/Parity, against every way to run Latchkey: by environment and standard input alone,
lighttpd, Apache with nothing but .htaccess, Apache with the vhost of samples/, suEXEC, and nginx with fcgiwrap; by
FastCGI, in processes that stay: lighttpd, Apache with mod_fcgid (vhost, .htaccess, suEXEC), nginx; and the cgi-bin of
a host, with nothing but the executables copied into it.

Every server is a process of its own on a free loopback port, with a folder of its own and a copy of the same state.
A request agrees where its answer is what its file says *and* is the same, header by header, as the answer without
any server. Where a server differs, DIFFERENCES below says how and why; a difference that is not listed there
fails, and so does a listed one that is none any more.

Apache's suexec needs root; else it is left out, and said so. Arguments, if any, are the names of servers to run.
Prints one line for each server and `N passed, N failed`, and exits with 1 if anything did not hold.
"""

import glob
import grp
import http.client
import json
import os
import posixpath
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from parity_world import PROJECT, World

EXECUTABLES = os.environ.get("EXECUTABLES", f"{PROJECT}/cgi-bin")
CORPUS = f"{PROJECT}/Tests/Parity"
PUBLIC = f"{PROJECT}/public"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
AS_ROOT = os.geteuid() == 0

# servers, a request's file, the status there, and why that is as it should be. `Apache` stands for every server
# whose name begins so.
OWN_FOLDER = ["Apache, the host's cgi-bin", "Apache, the host's cgi-bin, suEXEC"]
NOT_ASKED = "The host's own page: Apache finds no executable there, and asks none."
SLASH = "Apache refuses a / that is written %2F before it reads .htaccess; the vhost sample says AllowEncodedSlashes."
WITHOUT_VHOST = [
    "Apache, .htaccess",
    "Apache, .htaccess without Options",
    "Apache, suEXEC, latchkey.home",
    "Apache, suEXEC, ../var",
    "Apache, .htaccess, mod_fcgid",
    "Apache, suEXEC, mod_fcgid",
]
MOD_FCGID = ["Apache, mod_fcgid", "Apache, .htaccess, mod_fcgid", "Apache, suEXEC, mod_fcgid"]
NGINX = ["nginx and fcgiwrap", "nginx, FastCGI"]
DIFFERENCES = [
    (
        ["lighttpd", "lighttpd, FastCGI"],
        "update-user-411",
        422,
        "lighttpd takes a PATCH without a length for one without a body.",
    ),
    (WITHOUT_VHOST, "list-api-keys-percent-slash", 404, SLASH),
    (WITHOUT_VHOST, "current-user-404-percent-slash", 404, SLASH),
    (WITHOUT_VHOST, "delete-api-key-404-percent-slash", 404, SLASH),
    (
        WITHOUT_VHOST,
        "current-user-405-trace",
        200,
        "Apache answers TRACE before it reads .htaccess, with what the client itself sent; the vhost sample turns it off.",
    ),
    (["lighttpd", "lighttpd, FastCGI"], "get-project-422-line", 400, "lighttpd refuses line ends in paths itself."),
    (["lighttpd", "lighttpd, FastCGI"], "send-code-404-line", 400, "lighttpd refuses line ends in paths itself."),
    (MOD_FCGID, "send-code-411", 422, "mod_fcgid counts what came: a body without a length is an empty one."),
    (MOD_FCGID, "update-user-411", 422, "mod_fcgid counts what came: a body without a length is an empty one."),
    (OWN_FOLDER, "not-found-cgi-bin-slash", 403, "The host's own page: Apache does not list the folder."),
    (OWN_FOLDER, "not-found-own-path-up", 403, NOT_ASKED),
    (OWN_FOLDER, "not-found-own-path-other", 404, NOT_ASKED),
    (OWN_FOLDER, "not-found-own-path-nested", 404, NOT_ASKED),
    (OWN_FOLDER, "not-found-own-path-htaccess", 500, "The host's own page: Apache would run the file, and it is not a program."),
    (OWN_FOLDER, "not-found-own-path-home", 500, "The host's own page: Apache would run the file, and it is not a program."),
    (NGINX, "current-user-400-twice", 400, "nginx refuses a second Authorization itself."),
    (NGINX, "send-code-400", 400, "nginx refuses a second Authorization itself."),
    (
        NGINX,
        "list-api-keys-400-underscore",
        200,
        "nginx drops fields with an underscore in their name, so that nothing is ambiguous.",
    ),
    (
        ["Apache"],
        "list-api-keys-400-underscore",
        200,
        "Apache drops fields with an underscore in their name, so that nothing is ambiguous.",
    ),
]

passed, failed = 0, 0


def expect(holds, what, seen=None):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}" + ("" if seen is None else f": {seen}"), flush=True)
    return holds


# Requests and what is expected.


class Case:
    """One file of Tests/Parity; README.md there says how they are written."""

    def __init__(self, path, variables):
        self.name = os.path.basename(path).removesuffix(".txt")
        with open(path, encoding="utf-8") as file:
            text = "".join(line for line in file if not line.startswith("#"))

        def value(match):
            if match.group(1) not in variables:
                raise KeyError(f"{self.name}: no variable {match.group()}")
            return variables[match.group(1)]

        text = re.sub(r"\{([a-z][a-z0-9_]*)\}", value, text)
        request, status, answer = re.split(r"^--- (\d{3})$", text, maxsplit=1, flags=re.M)
        head, _, body = request.lstrip().partition("\n\n")
        line, *fields = head.split("\n")
        self.method, self.target = line.split(" ")
        self.fields = [tuple(field.split(": ", 1)) for field in fields if field]
        self.body = body.strip("\n").encode()
        self.status = int(status)
        fields, _, body = answer.partition("\n\n")
        self.expected = dict(field.split(": ", 1) for field in fields.split("\n") if field)
        self.expected_body = body.strip("\n")

    def fields_to_send(self):
        """The header fields of the request, with what every client adds, and its body as it goes over the wire."""
        fields, body = list(self.fields), self.body
        names = {name.lower(): value for name, value in fields}
        if names.get("transfer-encoding") == "chunked":
            half = len(body) // 2
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part)
            body += b"0\r\n\r\n"
        elif names.get("content-length") == "-":
            fields = [field for field in fields if field[0].lower() != "content-length"]
        elif body or self.method in ("POST", "PUT", "PATCH"):
            fields.append(("Content-Length", str(len(body))))
        return fields, body

    def faults(self, answer, has_length=True):
        """What in `answer` is not as the file says. Without `has_length` it may lack Content-Length."""
        found = []
        if answer.status != self.status:
            found.append(f"{answer.status} instead of {self.status}")
        expected = {
            "Content-Type": "application/json; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": "<uuid>",
        }
        if self.status == 204:
            expected.update({"Content-Type": "-", "Content-Length": "-"})
        elif self.method != "HEAD" and (has_length or "content-length" in answer.fields):
            expected["Content-Length"] = str(len(answer.body))
        for name, pattern in {**expected, **self.expected}.items():
            seen = answer.fields.get(name.lower(), [])
            if seen != [] if pattern == "-" else len(seen) != 1 or not matches(pattern, seen[0]):
                found.append(f"{name}: {seen} instead of {pattern}")
        if self.expected_body.startswith("{"):
            try:
                found += differing(json.loads(self.expected_body), json.loads(answer.body), "body")
            except ValueError:
                found.append(f"no JSON: {answer.body[:200]}")
        elif not matches(self.expected_body, answer.body.decode("utf-8", "replace")):
            found.append(f"body: {answer.body[:200]} instead of {self.expected_body}")
        return found


PLACEHOLDERS = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "token": r"[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{86})?",
    "key": r"sk_[A-Za-z0-9_-]{40,}",
    "prefix": r"sk_[A-Za-z0-9_-]{4,12}",
    "number": r"\d+",
    "any": r"(?s:.*)",
}


def matches(pattern, text):
    parts = re.split(r"<(uuid|time|token|key|prefix|number|any)>", pattern)
    expression = "".join(PLACEHOLDERS[p] if n % 2 else re.escape(p) for n, p in enumerate(parts))
    return re.fullmatch(expression, text) is not None


def differing(expected, seen, place):
    """Where JSON is not as expected, the order of members included."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        if list(expected) != list(seen):
            return [f"{place}: {list(seen)} instead of {list(expected)}"]
        return [fault for name in expected for fault in differing(expected[name], seen[name], f"{place}.{name}")]
    if isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        return [f for n, pair in enumerate(zip(expected, seen)) for f in differing(*pair, f"{place}[{n}]")]
    if expected == "<any>":
        return []
    if isinstance(expected, str) and (isinstance(seen, str) or (expected == "<number>" and type(seen) is int)):
        return [] if matches(expected, str(seen)) else [f"{place}: {seen!r} instead of {expected!r}"]
    return [] if (type(expected), expected) == (type(seen), seen) else [f"{place}: {seen!r} instead of {expected!r}"]


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.body, self.fields = status, body, {}
        for name, value in fields:
            self.fields.setdefault(name.lower(), []).append(value)

    # The server's own. Content-Length is judged by itself, since some leave it out of the answer to HEAD;
    # lighttpd offers ranges of whatever it answers.
    OWN = ("date", "server", "connection", "keep-alive", "content-length", "transfer-encoding", "accept-ranges")

    def essence(self):
        """All of it that does not change from one run to the next."""
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


# Ways to run it.


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def own(path, user):
    """Gives `path` and all that is in it to `user` (uid, gid), where that can be done."""
    if not AS_ROOT:
        return
    for folder, folders, files in os.walk(path):
        for entry in (folder, *(os.path.join(folder, name) for name in folders + files)):
            os.lchown(entry, *user)


def user(name):
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


def executables():
    return sorted(n for n in os.listdir(EXECUTABLES) if not n.startswith(".") and n != "latchkey.home")


class Route:
    """A line of Routes.swift."""

    def __init__(self, name, methods, path, rest):
        self.name = name
        self.methods = [method.upper() for method in re.findall(r"\.([a-z]+)", methods)]
        self.path = [None if part == "nil" else part.strip('"') for part in path.split(", ")]
        self.hashes_code = "hashesCode: true" in rest
        self.id_count = self.path.count(None)

    def targets(self):
        """A path of it, and its own path, with ids of nobody's."""
        ids = "00000000-0000-4000-8000-000000000000"
        return ["/" + "/".join(part or ids for part in self.path), f"/cgi-bin/{self.name}" + f"/{ids}" * self.id_count]


def routes():
    text = open(f"{PROJECT}/Sources/API/Routes.swift").read()
    return [Route(*found) for found in re.findall(r'= Route\(\s*"([a-z-]+)",((?: \.[a-z]+,)+) at: \[([^\]]*)\]([^)]*)\)', text)]


class Server:
    """What there is of every server: a folder, a state folder and a port."""

    name = ""
    # Whether it also serves the console's files.
    serves_files = True
    # Whether it has more than the executables' own paths.
    serves_routes = True
    # Whether it passes Content-Length on.
    keeps_length = True
    # Whether processes stay.
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
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.025)
        raise AssertionError(f"{self.name} does not answer: {self.log()}")

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
                return Answer(answer.status, answer.getheaders(), answer.read())
            except (http.client.HTTPException, ConnectionError) as error:
                return Answer(0, [], repr(error).encode())

    def stop(self):
        # Each leads a group of its own: fcgiwrap leaves its children behind otherwise.
        for process in reversed(self.processes):
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        # A deliverer that still runs may put a file into the folder while it goes.
        for _ in range(50):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not os.path.exists(self.folder):
                break
            time.sleep(0.1)


class Alone(Server):
    """No server: the executable that Routes.swift names gets an environment and its standard input."""

    name = "no server"
    serves_files = False

    def prepare(self, world):
        super().prepare(world)
        self.routes = routes()
        names = {route.name for route in self.routes} | {"not-found", "deliver-mail", "latchkey-fcgi"}
        assert names == set(executables()), names ^ set(executables())

    def executable(self, method, path):
        """The executable for a path. As lighttpd.conf routes."""
        parts = path.split("/")[1:]
        if path == "/auth/api-keys/":
            parts.pop()
        fitting = [
            route
            for route in self.routes
            if {"HEAD": "GET"}.get(method, method) in route.methods
            and len(route.path) == len(parts)
            and all(f == p if f is not None else p for f, p in zip(route.path, parts))
        ]
        if path.startswith("/") and fitting:
            # What is one to the letter comes before what has ids.
            return min(fitting, key=lambda route: route.id_count).name
        own = re.fullmatch(r"/cgi-bin/([a-z-]+)((?:/[^/]+)*)/?", path)
        for route in self.routes:
            if (
                own
                and own[1] == route.name
                and own[2].count("/") == route.id_count
                and (not path.endswith("/") or route.id_count == 0)
            ):
                return route.name
        return "not-found"

    def exchange(self, method, target, fields=(), body=b""):
        path, _, query = target.partition("?")
        decoded = urllib.parse.unquote(path, errors="surrogateescape")
        # As servers do: doubled slashes are one, and dots are followed.
        decoded = posixpath.normpath(re.sub("/+", "/", decoded)) + ("/" if re.search(r"/\.{0,2}$", decoded) else "")
        decoded = re.sub("/+", "/", decoded)
        name = self.executable(method, decoded)
        environment = {
            "LATCHKEY_HOME": self.home,
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REQUEST_METHOD": method,
            "REQUEST_URI": target,
            "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": "",
        }
        for field, value in fields:
            variable = field.upper().replace("-", "_")
            if variable not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                variable = f"HTTP_{variable}"
            before = environment.get(variable)
            environment[variable] = f"{before}, {value}" if before else value
        if environment.get("HTTP_TRANSFER_ENCODING") == "chunked":
            body, coded = b"", body
            while (size := int(coded.partition(b"\r\n")[0], 16)) > 0:
                coded = coded.partition(b"\r\n")[2]
                body, coded = body + coded[:size], coded[size + 2 :]
        with open(f"{self.folder}/server.log", "ab") as log:
            output = subprocess.run(
                [f"{EXECUTABLES}/{name}"], env=environment, input=body, stdout=subprocess.PIPE, stderr=log
            ).stdout
        head, _, body = output.partition(b"\r\n\r\n")
        fields = [tuple(line.split(": ", 1)) for line in head.decode("latin-1").split("\r\n")]
        status = int(dict(fields).get("Status", "200")[:3])
        return Answer(status, [field for field in fields if field[0] != "Status"], body)


class AloneOwnPaths(Alone):
    """The same for the executables' own paths alone, with no trace of other requests in the state."""

    name = "no server, own paths"
    serves_routes = False


class Lighttpd(Server):
    """lighttpd.conf as it stands."""

    name = "lighttpd"
    variables = {}

    def prepare(self, world):
        super().prepare(world)
        self.run(
            "lighttpd",
            "-D",
            "-f",
            "lighttpd.conf",
            cwd=PROJECT,
            env={"PATH": PATH, "PORT": str(self.port), "LATCHKEY_HOME": self.home, **self.variables},
        )
        self.wait()


class LighttpdFastCGI(Lighttpd):
    """The same, with its executables staying."""

    name = "lighttpd, FastCGI"
    is_fastcgi = True
    variables = {"LATCHKEY_FASTCGI": "1", "LATCHKEY_FASTCGI_PROCESSES": "2"}


class Apache(Server):
    """Apache with a host's own configuration, and Latchkey in a folder that it serves."""

    modules = ["mpm_prefork", "cgi"]
    # No more than .htaccess needs.
    override = "FileInfo Options=ExecCGI"
    # What the host itself allows of Options.
    options = "FollowSymLinks"
    htaccess = f"{PROJECT}/cgi-bin/.htaccess"
    # Who runs the executables, and the server itself.
    user = "www-data"
    worker = "www-data"
    # Whether the file latchkey.home names the state folder; else it is ../var from the executables.
    named = False

    def prepare(self, world):
        super().prepare(world)
        self.site = f"{self.folder}/site"
        self.install()
        loaded = "".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
            for name in [
                *self.modules,
                "authz_core",
                "rewrite",
                "dir",
                "mime",
                "headers",
                "env",
                "setenvif",
                "negotiation",
                "alias",
            ]
        )
        write(
            f"{self.folder}/apache.conf",
            f"""\
ServerRoot {self.folder}
ServerName localhost
PidFile {self.folder}/apache.pid
ErrorLog {self.folder}/error.log
LogLevel warn
Listen 127.0.0.1:{self.port}
{loaded}
{f"User {self.worker}" if AS_ROOT else ""}
{"Group www-data" if AS_ROOT else ""}
TypesConfig /dev/null
Mutex file:{self.folder} default
ScriptSock {self.folder}/cgid.sock
<Directory />
    Require all denied
    AllowOverride None
</Directory>
{self.host()}
""".replace("" if "cgid" in self.modules else f"ScriptSock {self.folder}/cgid.sock\n", ""),
        )
        self.run("apache2", "-DFOREGROUND", "-f", f"{self.folder}/apache.conf")
        self.wait()

    def install(self):
        """What an operator uploads."""
        os.mkdir(self.site)
        for name in executables():
            shutil.copy(f"{EXECUTABLES}/{name}", self.site)
        shutil.copy(self.htaccess, f"{self.site}/.htaccess")
        shutil.copytree(PUBLIC, f"{self.site}/public")
        if self.named:
            elsewhere = f"{self.folder}/elsewhere"
            os.rename(self.home, elsewhere)
            self.home = elsewhere
            write(f"{self.site}/latchkey.home", self.home + "\n")
        for path in (self.site, self.home):
            own(path, user(self.user))

    def host(self):
        return f"""\
DocumentRoot {self.site}
<Directory {self.site}>
    Require all granted
    AllowOverride {self.override}
    Options {self.options}
</Directory>
"""


class Shared(Apache):
    name = "Apache, .htaccess"
    named = True


class SharedWithoutOptions(Apache):
    name = "Apache, .htaccess without Options"
    override = "FileInfo"
    options = "ExecCGI SymLinksIfOwnerMatch"
    htaccess = f"{PROJECT}/samples/apache/htaccess-without-options"


class Vhost(Apache):
    """samples/apache/latchkey.conf, with other places."""

    name = "Apache, samples/apache/latchkey.conf"
    sample_name = "latchkey.conf"
    modules = ["mpm_event", "cgid"]

    def host(self):
        text = open(f"{PROJECT}/samples/apache/{self.sample_name}").read()
        for old, new in [
            ("*:80>", f"127.0.0.1:{self.port}>"),
            ("/srv/latchkey/cgi-bin", self.site),
            ("/var/lib/latchkey", self.home),
        ]:
            assert old in text, old
            text = text.replace(old, new)
        return text


class FcgidOptions:
    """What an Apache with mod_fcgid has besides: the name of the second pool, and its own files."""

    is_fastcgi = True

    def install(self):
        super().install()
        os.link(f"{self.site}/latchkey-fcgi", f"{self.site}/latchkey-fcgi-codes")

    def host(self):
        return f"FcgidIPCDir {self.folder}/fcgid\nFcgidProcessTableFile {self.folder}/fcgid_shm\n" + super().host()


class VhostFastCGI(FcgidOptions, Vhost):
    """samples/apache/fastcgi.conf, likewise."""

    name = "Apache, mod_fcgid"
    modules = ["mpm_event", "fcgid"]
    sample_name = "fastcgi.conf"

    def host(self):
        samples = "/srv/latchkey/samples"
        assert f"Include {samples}/apache/" in open(f"{PROJECT}/samples/apache/{self.sample_name}").read()
        return super().host().replace(samples, f"{PROJECT}/samples")


class SharedFastCGI(FcgidOptions, Apache):
    """A host that offers FastCGI."""

    name = "Apache, .htaccess, mod_fcgid"
    named = True
    modules = ["mpm_event", "fcgid"]
    htaccess = f"{PROJECT}/samples/apache/htaccess-fastcgi"


class SuEXEC(Apache):
    """As hosts run it: another user's files below /var/www, and no environment but the request."""

    name = "Apache, suEXEC, latchkey.home"
    user = "nobody"
    named = True
    modules = ["mpm_prefork", "cgi", "suexec"]

    def __init__(self, world):
        # Where Debian's suexec runs programs, and where it writes its log.
        for folder in ("/var/www", "/var/log/apache2"):
            os.makedirs(folder, exist_ok=True)
        super().__init__(world, base="/var/www")

    def install(self):
        # Below /var/www a state folder is refused unless the operator insists.
        with open(f"{self.home}/latchkey.conf", "a") as file:
            file.write("allow_state_in_web_root = yes\n")
        super().install()
        os.chmod(self.folder, 0o755)

    def host(self):
        group = grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name
        return f"SuexecUserGroup {self.user} {group}\n" + super().host()


class SuEXECBeside(SuEXEC):
    name = "Apache, suEXEC, ../var"
    named = False


class SuEXECFastCGI(FcgidOptions, SuEXEC):
    """The same by FastCGI."""

    name = "Apache, suEXEC, mod_fcgid"
    modules = ["mpm_event", "fcgid", "suexec"]
    htaccess = f"{PROJECT}/samples/apache/htaccess-fastcgi"


class OwnFolder(Apache):
    """A host's own cgi-bin, as Debian's serve-cgi-bin.conf makes it: no .htaccess is read, Authorization does not arrive, and
    there is no environment but the request. The executables are copied there, and latchkey.home beside them."""

    name = "Apache, the host's cgi-bin"
    named = True
    serves_files = False
    serves_routes = False
    # Since 2.4.59 Apache drops it unless it is told to trust it.
    keeps_length = False

    def install(self):
        super().install()
        shutil.rmtree(f"{self.site}/public")
        os.mkdir(f"{self.folder}/html")

    def host(self):
        return f"""\
DocumentRoot {self.folder}/html
ScriptAlias /cgi-bin/ {self.site}/
<Directory {self.site}>
    AllowOverride None
    Options +ExecCGI -MultiViews +SymLinksIfOwnerMatch
    Require all granted
</Directory>
"""


class OwnFolderSuEXEC(SuEXEC, OwnFolder):
    """The same where programs run as the user whose files they are."""

    name = "Apache, the host's cgi-bin, suEXEC"


class Nginx(Server):
    """samples/nginx/latchkey.conf with other places, and fcgiwrap."""

    name = "nginx and fcgiwrap"
    sample_name = "latchkey.conf"
    sockets = "/run/fcgiwrap.socket", "fcgiwrap.socket"

    def prepare(self, world):
        super().prepare(world)
        text = self.sample()
        for old, new in [
            ("127.0.0.1:8000", f"127.0.0.1:{self.port}"),
            ("/srv/latchkey/cgi-bin", EXECUTABLES),
            ("/srv/latchkey/public", PUBLIC),
            ("/var/lib/latchkey", self.home),
            (self.sockets[0], f"{self.folder}/{self.sockets[1]}"),
        ]:
            assert old in text, old
            text = text.replace(old, new)
        write(f"{self.folder}/latchkey.conf", text)
        worker = f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};" if AS_ROOT else ""
        temporary = "".join(
            f"{name}_temp_path {self.folder}/{name};" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        )
        write(
            f"{self.folder}/nginx.conf",
            (
                f"{worker} daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log warn;"
                f"events {{ worker_connections 512; }}"
                f"http {{ access_log off; {temporary} include {self.folder}/latchkey.conf; }}"
            ),
        )
        self.start_executables()
        self.run("nginx", "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf")
        self.wait()

    def sample(self):
        return open(f"{PROJECT}/samples/nginx/{self.sample_name}").read()

    def start_executables(self):
        self.run("fcgiwrap", "-f", "-c", "4", "-s", f"unix:{self.folder}/fcgiwrap.socket")


class NginxFastCGI(Nginx):
    """samples/nginx/fastcgi.conf with other places, and two processes on each pool's socket."""

    name = "nginx, FastCGI"
    is_fastcgi = True
    sample_name = "fastcgi.conf"
    sockets = "/run/latchkey/", "run/"

    def start_executables(self):
        os.mkdir(f"{self.folder}/run")
        for pool in ("api", "codes"):
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(f"{self.folder}/run/{pool}.socket")
                listener.listen(128)
                for _ in range(2):
                    self.run(f"{EXECUTABLES}/latchkey-fcgi", stdin=listener, env={"PATH": PATH, "LATCHKEY_HOME": self.home})


# What is asked of each.


def listed(server, case):
    """The entry of DIFFERENCES, if there is one."""
    for names, name, status, why in DIFFERENCES:
        if name == case.name and any(server.name == n or (n == "Apache" and server.name.startswith(n)) for n in names):
            return status
    return None


def check_corpus(server, cases, norm):
    """Sends all of it; `norm` has the answers without a server, or gets them."""
    agree, differ = 0, 0
    if not server.serves_routes:
        cases = [case for case in cases if re.match("/+cgi-bin/", case.target)]
    for case in cases:
        answer = server.ask(case)
        faults = case.faults(answer, server.keeps_length)
        key = (case.name, server.serves_routes)
        if isinstance(server, Alone):
            norm[key] = answer.essence()
        elif not faults and answer.essence() != norm[key]:
            faults.append(f"{answer.essence()} instead of {norm[key]}")
        status = listed(server, case)
        if status is None:
            agree += expect(not faults, f"{server.name}: {case.name}", "; ".join(faults))
        else:
            differ += 1
            expect(faults, f"{server.name}: {case.name} differs no more, and is listed")
            expect(answer.status == status, f"{server.name}: {case.name}, which differs, is {status}", answer.status)
    more = f", {differ} differ as listed" if differ else ""
    print(f"{server.name}: {agree} of {len(cases)} agree{more}", flush=True)


TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
}


def check_files(server):
    """The console's files are served, and nothing else is."""
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

    secrets = [".htaccess", ".htpasswd", "latchkey.home", "latchkey.conf", "latchkey.db", "secret.key", *executables()]
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


def check_unread(server):
    """A body that no endpoint reads costs nobody the answer, however the executable's end and the server's writing
    meet: mod_cgid loses an answer whose executable ends before it has read its input, fcgiwrap fails on it."""
    requests = [
        ("GET", "/auth/users/me", b"{}", 401),
        ("GET", "/auth/api-keys/", b"{}", 401),
        ("POST", "/no/such/path", b"{}", 404),
        ("POST", "/auth/users/me", b" " * 20000, 405),
        ("POST", "/auth/api-keys/verify", b"{}", 401),
        ("PUT", "/auth/users/me", b" " * 100000, 405),
        ("POST", "/auth/verification/send-code", b" " * 100000, 413),
    ]
    for method, target, body, status in requests:
        fields = [("Content-Length", str(len(body))), ("Content-Type", "application/json")]
        seen = [server.exchange(method, target, fields, body).status for _ in range(40)]
        wrong = [each for each in seen if each != status]
        expect(
            not wrong,
            f"{server.name}: {method} {target} with {len(body)} bytes that are not read is {status}",
            f"{len(wrong)} of {len(seen)} were {sorted(set(wrong))}",
        )


def pools(server):
    """The processes of latchkey-fcgi that serve `server`: the pool of each, and how long it has run, by its id; once none runs."""
    before = None
    while True:
        now = running(server)
        if now == before:
            return now
        before = now
        time.sleep(0.002)


def running(server):
    listening = {}
    for line in open("/proc/net/unix"):
        fields = line.split()
        if len(fields) == 8:
            listening[f"socket:[{fields[6]}]"] = fields[7]
    found = {}
    for path in glob.glob("/proc/[0-9]*"):
        try:
            name = os.path.basename(os.readlink(f"{path}/exe"))
            if not name.startswith("latchkey-fcgi") or not any(
                os.fsencode(place) in open(f"{path}/environ", "rb").read() + os.fsencode(os.readlink(f"{path}/exe"))
                for place in (server.home, server.folder)
            ):
                continue
            socket_path = listening.get(os.readlink(f"{path}/fd/0"), "")
            nanoseconds = int(open(f"{path}/schedstat").read().split()[0])
            is_codes = name.endswith("-codes") or os.path.basename(socket_path).startswith("codes.")
            found[int(os.path.basename(path))] = ("codes" if is_codes else "api", nanoseconds)
        except OSError:
            pass  # it has ended
    return found


def busy(before, after):
    """The pools that have answered something in between."""
    return {pool for process, (pool, time) in after.items() if time > before.get(process, (pool, 0))[1]}


def check_pools(server):
    """Each route is answered by its pool, at both of its paths; processes stay; and what they log is in the server's log."""
    if not server.is_fastcgi:
        return
    for target in ("/auth/users/me", "/auth/verification/verify-code"):
        server.exchange("POST", target, [("Content-Length", "0")])  # mod_fcgid starts processes when they are asked for
    first = pools(server)
    expect({pool for pool, _ in first.values()} == {"codes", "api"}, f"{server.name}: two pools", first)
    wrong = []
    for route in routes():
        wanted = {"codes" if route.hashes_code else "api"}
        for target in route.targets():
            for method in [*route.methods, *(["HEAD"] if "GET" in route.methods else [])]:
                before = pools(server)
                server.exchange(method, target, [("Content-Length", "0")])
                if busy(before, pools(server)) != wanted:
                    wrong.append((method, target, busy(before, pools(server))))
    for method, target in [
        ("GET", "/auth/verification/verify-code"),
        ("PUT", "/auth/users/me"),
        ("GET", "/x"),
        ("GET", "/cgi-bin/x"),
    ]:
        before = pools(server)
        server.exchange(method, target)
        if busy(before, pools(server)) != {"api"}:
            wrong.append((method, target, busy(before, pools(server))))
    expect(not wrong, f"{server.name}: each route has its pool", wrong[:10])

    before = pools(server)
    seen = {server.exchange("GET", "/auth/users/me").status for _ in range(40)}
    after = pools(server)
    expect(seen == {401} and set(before) <= set(after), f"{server.name}: processes stay", (seen, before, after))
    time.sleep(0.5)
    expect(
        re.search("ip=127.0.0.1 endpoint=current-user status=401 outcome=not_authenticated", server.log()),
        f"{server.name}: log lines are in the server's log",
        server.log()[-500:],
    )
    count = {pool: sum(1 for each, _ in after.values() if each == pool) for pool in ("codes", "api")}
    print(f"{server.name}: {count['api']} processes of api, {count['codes']} of codes", flush=True)


def check_slow(server):
    """Bodies that come slowly hold no process: thirty of them, of either pool, and all others are answered at once."""
    if not server.is_fastcgi:
        return
    slow, body = [], b'{"email": "slow@example.com", "code": "123456"}'
    for number in range(30):
        target = ("/auth/verification/verify-code", "/auth/verification/refresh-token")[number % 2]
        connection = socket.create_connection(("127.0.0.1", server.port), 60)
        head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body[:number])
        slow.append((connection, number))
    time.sleep(0.3)
    longest = 0
    for method, target, status in [
        ("GET", "/auth/users/me", 401),
        ("POST", "/auth/verification/verify-code", 422),
        ("GET", "/health", 200),
    ] * 5:
        start = time.monotonic()
        answer = server.exchange(
            method,
            target,
            [("Content-Length", "2"), ("Content-Type", "application/json")] if method == "POST" else [],
            b"{}" if method == "POST" else b"",
        )
        longest = max(longest, time.monotonic() - start)
        expect(answer.status == status, f"{server.name}: {method} {target} beside slow bodies", answer.status)
    expect(longest < 1, f"{server.name}: slow bodies hold no process", longest)
    statuses = set()
    for connection, number in slow:
        connection.sendall(body[number:])
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        statuses.add(answer.status)
        connection.close()
    expect(statuses <= {400, 422}, f"{server.name}: slow bodies are answered once they are whole", statuses)
    print(f"{server.name}: 30 slow bodies, others wait {longest * 1000:.0f} ms at most", flush=True)


def check_state(server):
    """Nothing was left behind where the web can see it, and the state is its owner's alone."""
    if not isinstance(server, Apache):
        return
    expected = {*executables(), ".htaccess", "public", *(["latchkey.home"] if server.named else [])}
    expected |= {"latchkey-fcgi-codes"} if server.is_fastcgi else set()
    expected -= set() if server.serves_files else {"public"}
    found = set(os.listdir(server.site))
    # The executables note there that they have state, where they may write. Nobody is shown that.
    expect(found - {".latchkey-states"} == expected, f"{server.name}: the folder is as it was", found)
    if ".latchkey-states" in found:
        with open(f"{server.site}/.latchkey-states", "rb") as file:
            mark = file.read().split()
        folder = "/cgi-bin" if isinstance(server, OwnFolder) else ""
        for path in (f"{folder}/.latchkey-states", f"{folder}/%2elatchkey-states", f"{folder}/x/../.latchkey-states"):
            answer = server.exchange("GET", path, [], b"")
            expect(
                answer.status >= 400 and not any(line in answer.body for line in mark),
                f"{server.name}: {path} is not shown",
                f"{answer.status} {answer.body[:200]}",
            )
    entry = os.stat(f"{server.home}/latchkey.db")
    owner = user(server.user)[0] if AS_ROOT else os.geteuid()
    expect(
        (entry.st_uid, stat.S_IMODE(entry.st_mode)) == (owner, 0o600),
        f"{server.name}: the database is its owner's",
        (entry.st_uid, oct(entry.st_mode)),
    )
    expect(server.log().count("status=500") == 0, f"{server.name}: nothing failed", server.log()[-2000:])


def check_variants():
    """The other .htaccess files differ from the one in cgi-bin only where they say so."""

    def rules(path):
        text = open(path).read()
        return text[text.index("\n# What the folder above") :]

    ours = rules(Apache.htaccess)
    without = ours.replace("AllowOverride FileInfo, and Options\n# for the first line.", "AllowOverride FileInfo.")
    expect(
        rules(SharedWithoutOptions.htaccess) == without.replace("\nOptions +ExecCGI\n", "\n"),
        "samples/apache/htaccess-without-options is .htaccess without Options",
    )
    start, end = ours.index("\n# Executables read"), ours.index("\n# The console, if")
    fastcgi = rules(SharedFastCGI.htaccess)
    middle = fastcgi[fastcgi.index("\n# Written by `make routes`: routes.") : fastcgi.index("\n# The console, if")]
    expected = ours[:start] + middle + ours[end:]
    expected = expected.replace("cgi-script", "fcgid-script").replace("not-found [L]", "latchkey-fcgi [L]")
    expected = re.sub(r"^(ErrorDocument \d+ /)not-found$", r"\1latchkey-fcgi", expected, flags=re.M)
    expect(fastcgi == expected, "samples/apache/htaccess-fastcgi is .htaccess but for its executables")


def check_without_console(world):
    """Where public/ was not uploaded its paths are ours, and not found."""

    class Bare(Shared):
        name = "Apache, .htaccess, no public/"

        def install(self):
            super().install()
            shutil.rmtree(f"{self.site}/public")

    server = Bare(world)
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


def main():
    wanted = sys.argv[1:]
    kinds = [
        Alone,
        AloneOwnPaths,
        Lighttpd,
        Shared,
        SharedWithoutOptions,
        Vhost,
        SuEXEC,
        SuEXECBeside,
        Nginx,
        LighttpdFastCGI,
        VhostFastCGI,
        SharedFastCGI,
        SuEXECFastCGI,
        NginxFastCGI,
        OwnFolder,
        OwnFolderSuEXEC,
    ]
    if not AS_ROOT:
        print("suEXEC: left out, it needs root", flush=True)
        kinds = [kind for kind in kinds if not issubclass(kind, SuEXEC)]
    world = World()
    try:
        check_variants()
        variables = {**world.variables, "spaces_65536": " " * 65536, "a_256": "a" * 256}
        cases = sorted((Case(path, variables) for path in glob.glob(f"{CORPUS}/*.txt")), key=lambda case: case.name)
        names = {case.name for case in cases}
        for _, name, _, _ in DIFFERENCES:
            expect(name in names, f"DIFFERENCES: {name} is a request")
        norm = {}
        for kind in kinds:
            if wanted and not issubclass(kind, Alone) and kind.name not in wanted:
                continue
            server = kind(world)
            try:
                check_corpus(server, cases, norm)
                if server.serves_routes:
                    check_unread(server)
                if server.serves_files:
                    check_files(server)
                check_pools(server)
                check_slow(server)
                check_state(server)
            finally:
                server.stop()
        if not wanted:
            check_without_console(world)
    finally:
        world.home.remove()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
