"""Latchkey and its rivals, each on its own port."""

import difflib
import json
import os
import re
import subprocess

from conditions import CONNECTIONS, CORES, DELAY, DURATION, KEYS, ME, REFRESH
from latchkey_tests.home import bearer
from latchkey_tests.ports import free_port
from latchkey_tests.project import EXECUTABLES, PROJECT
from measure import BASE, FOLDER, Failed, Server, get, load, summary

SLOW_DISK = [
    "strace",
    "-D",
    "-f",
    "--seccomp-bpf",
    "-qq",
    "-o",
    "/dev/null",
    "-e",
    "trace=fsync,fdatasync",
    "-e",
    f"inject=fsync,fdatasync:delay_exit={DELAY * 1000}",
]
LIGHTTPD = """\
server.modules = ("mod_alias", "mod_setenv", "mod_cgi", "mod_fastcgi")
server.document-root = "{folder}/empty"
server.bind = "127.0.0.1"
server.port = {port}
server.stream-request-body = 0
setenv.add-environment = ("LATCHKEY_HOME" => "{home}")
"""
# As many processes as cores.
FASTCGI = """\
fastcgi.server = ("{path}" => (("bin-path" => "{program}", "socket" => "{folder}/{name}.socket",
    "max-procs" => {cores}, "check-local" => "disable", "bin-environment" => ("LATCHKEY_HOME" => "{home}"))))
"""
CGI = """\
alias.url = ("{path}" => "{program}")
cgi.assign = ("" => "")
"""
PHP_FPM = """\
[global]
error_log = {folder}/php-fpm.log
daemonize = no
[bench]
listen = {folder}/php.socket
pm = static
pm.max_children = {children}
{user}"""


class Rival:
    """A server on a port, and its measurements, by number of connections."""

    def __init__(self, name, server, connections=CONNECTIONS, pids=(), patience=1):
        self.name, self.server, self.connections, self.pids = name, server, connections, pids
        self.seconds = DURATION * patience
        self.figures = {}

    def measure(self, kind, path, headers, count):
        if count in self.connections:
            self.figures.setdefault((kind, count), []).append(load(self.server.port, path, headers, count, self.seconds)[:3])

    def rate(self, kind, count):
        """Requests a second: median, minimum, maximum; None if not measured."""
        found = self.figures.get((kind, count))
        return summary([figure[0] for figure in found]) if found else None

    def against(self, other, kind="me", count=4):
        """The share of the other's requests a second: the median of the rounds, each of which measures both
        close together."""
        pairs = zip(self.figures[kind, count], other.figures[kind, count])
        return summary([ours[0] / theirs[0] for ours, theirs in pairs])[0]

    def latency(self, kind, count):
        """Milliseconds: the medians of the median and of the 99th percentile."""
        found = self.figures[kind, count]
        return summary([figure[1] for figure in found])[0], summary([figure[2] for figure in found])[0]


class RivalServers:
    """All rivals, and the servers that they need."""

    def serve(self, name, command, port=None, **options):
        server = Server(command, f"{self.folder}/{name}.log", port, **options)
        self.servers.append(server)
        return server

    def own_lighttpd(self, name, replacements=()):
        """The project's lighttpd.conf, with some programs replaced."""
        text, port = open(f"{PROJECT}/lighttpd.conf").read(), free_port()
        for executable, program in replacements:
            line = f'var.cgi + "/{executable}/"'
            if line not in text:
                raise Failed(f"lighttpd.conf has no line for {executable}")
            text = text.replace(line, f'"{program}/"')
        with open(f"{self.folder}/{name}.conf", "w") as file:
            file.write(text)
        return self.serve(
            name,
            ["lighttpd", "-D", "-f", f"{self.folder}/{name}.conf"],
            port,
            cwd=PROJECT,
            environment={"PORT": str(port), "LATCHKEY_HOME": self.home},
        )

    def lighttpd(self, name, lines, under=(), **values):
        port = free_port()
        with open(f"{self.folder}/{name}.conf", "w") as file:
            file.write((LIGHTTPD + lines).format(folder=self.folder, home=self.home, port=port, name=name, cores=CORES, **values))
        return self.serve(name, [*under, "lighttpd", "-D", "-f", f"{self.folder}/{name}.conf"], port)

    def uvicorn(self, workers):
        port = free_port()
        return self.serve(
            f"uvicorn{workers}",
            [
                "/usr/bin/python3",
                "-m",
                "uvicorn",
                "app:app",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--workers",
                str(workers),
                "--no-access-log",
                "--log-level",
                "warning",
            ],
            port,
            cwd=f"{FOLDER}/rivals",
            environment={"LATCHKEY_HOME": self.home, "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def php_fpm(self):
        # Root's php-fpm must be told the user of its children.
        user = "user = root\ngroup = root\n" if os.geteuid() == 0 else ""
        with open(f"{self.folder}/php-fpm.conf", "w") as file:
            file.write(PHP_FPM.format(folder=self.folder, children=CORES * 4, user=user))
        program = next(
            (f"/usr/sbin/{name}" for name in sorted(os.listdir("/usr/sbin"), reverse=True) if re.match(r"php-fpm\d", name)), None
        )
        if not program:
            raise Failed("php-fpm is missing: make setup-bench")
        return self.serve(
            "php-fpm",
            [program, "-F", "-y", f"{self.folder}/php-fpm.conf", *(["-R"] if user else [])],
            is_up=lambda: os.path.exists(f"{self.folder}/php.socket"),
        )

    def refresh_by_fastcgi(self, name, under=()):
        return self.lighttpd(name, FASTCGI, under, path=REFRESH, program=f"{EXECUTABLES}/latchkey-fcgi")

    def start(self):
        """All rivals, in the order of the tables."""
        swift = self.own_lighttpd("latchkey")
        baseline = self.own_lighttpd("c", [(name, self.programs[name]) for name in ("current-user", "list-api-keys")])
        fcgi_baseline = self.lighttpd("c-fastcgi", FASTCGI, path=ME, program=self.programs["current-user-fcgi"])
        one, all_cores = self.uvicorn(1), self.uvicorn(CORES)
        php = 'alias.url = ("/auth/users/me" => "{rivals}/users-me.php")\n'
        php_cgi = self.lighttpd("php-cgi", php + 'cgi.assign = (".php" => "/usr/bin/php-cgi")\n', rivals=f"{FOLDER}/rivals")
        fpm = self.php_fpm()
        php_fpm = self.lighttpd(
            "php-fpm-server",
            php + 'fastcgi.server = (".php" => (("socket" => "{folder}/php.socket")))\n',
            rivals=f"{FOLDER}/rivals",
        )
        python = self.lighttpd(
            "python",
            'alias.url = ("/auth/users/me" => "{rivals}/users-me.py")\ncgi.assign = ("" => "/usr/bin/python3")\n',
            rivals=f"{FOLDER}/rivals",
        )
        self.swift, self.baseline = Rival("Latchkey, CGI", swift), Rival("C, CGI", baseline)
        self.fcgi_baseline = Rival("C, FastCGI", fcgi_baseline, pids=[fcgi_baseline.process.pid])
        self.fastapi = Rival(f"FastAPI, {CORES} processes", all_cores, pids=[all_cores.process.pid])
        self.fastapi_one = Rival("FastAPI, 1 process", one, pids=[one.process.pid])
        self.rivals = [
            self.swift,
            self.baseline,
            self.fastapi,
            self.fastapi_one,
            Rival("PHP, php-fpm", php_fpm, pids=[fpm.process.pid]),
            Rival("PHP, php-cgi", php_cgi, connections=(4, 16), patience=2),
            Rival("Python, CGI", python, connections=(4,), patience=4),
        ]
        server = self.lighttpd("latchkey-fastcgi", FASTCGI, path=ME, program=f"{EXECUTABLES}/latchkey-fcgi")
        self.fastcgi = Rival("Latchkey, FastCGI", server, pids=[server.process.pid])
        self.fastcgi_refresh = self.refresh_by_fastcgi("refresh-fastcgi")
        self.rivals += [self.fastcgi, self.fcgi_baseline]

    def stop(self):
        for server in reversed(self.servers):
            server.stop()

    def refuse_differences(self):
        """Baselines answer the same bytes, and rivals the same values."""
        varying = ("x-request-id", "date")
        ours = {
            kind: get(self.swift.server.port, path, headers)
            for kind, path, headers in (("me", ME, self.jwt), ("key", KEYS, self.by_key), ("jwt", KEYS, self.by_jwt))
        }

        def same(rival, kind, path, headers, bytes_too):
            status, fields, body = get(rival.server.port, path, headers)
            expected_status, expected_fields, expected = ours[kind]
            if bytes_too:
                fields, expected_fields = (
                    {k: v for k, v in found.items() if k not in varying} for found in (fields, expected_fields)
                )
                right = (status, fields, body) == (expected_status, expected_fields, expected)
            else:
                right = status == 200 and json.loads(body) == json.loads(expected)
            if not right:
                raise Failed(f"{rival.name} answers {path} differently:\n{fields} {body}\n{expected_fields} {expected}")

        for rival in self.rivals:
            same(rival, "me", ME, self.jwt, rival in (self.baseline, self.fcgi_baseline, self.fastcgi))
        same(self.baseline, "key", KEYS, self.by_key, True)
        self.refuse_other_calls()
        for page in (1, 1000):
            found = json.loads(
                get(self.swift.server.port, f"{KEYS}?page={page}&limit=10", {**self.jwt, "x-project-id": self.world.many})[2]
            )
            if len(found["data"]["items"]) != 10:
                raise Failed(f"page {page} of many keys: {found}")
        for rival in (self.fastapi, self.fastapi_one):
            same(rival, "key", KEYS, self.by_key, False)
            same(rival, "jwt", KEYS, self.by_jwt, False)

    def refuse_other_calls(self):
        """Baselines by CGI make the same system calls, in the same order, except those that only allocate memory."""
        by_key = {"HTTP_X_API_KEY": self.by_key["x-api-key"], "HTTP_X_PROJECT_ID": self.by_key["x-project-id"]}
        for name, path, variables in (("current-user", ME, bearer(self.world.ada)), ("list-api-keys", KEYS, by_key)):
            environment = {**BASE, **self.world.home.environment("GET", b"", {**variables, "REQUEST_URI": path})}
            ours, theirs = (self.calls(program, environment) for program in (f"{EXECUTABLES}/{name}", self.programs[name]))
            if ours != theirs:
                difference = "\n".join(difflib.unified_diff(ours, theirs, "Latchkey", "C", lineterm=""))
                raise Failed(f"{name} in C makes other system calls:\n{difference}")

    def calls(self, program, environment):
        """The names of the system calls of one process."""
        trace = f"{self.folder}/calls"
        done = subprocess.run(["strace", "-o", trace, program], env=environment, stdin=subprocess.DEVNULL, capture_output=True)
        if not done.stdout.startswith(b"Status: 200"):
            raise Failed(f"{program}: {done.stdout[:300]} {done.stderr[-300:]}")
        names = re.findall(r"^(\w+)\(", open(trace).read(), re.M)
        return [name for name in names if name not in ("brk", "mmap", "munmap", "mprotect", "mremap")]
