"""No server: only environment and standard input."""

import posixpath
import re
import subprocess
import urllib.parse

from latchkey_tests.project import executable_names
from latchkey_tests.servers.routes import routes
from latchkey_tests.servers.server import Server, ServerAnswer


class Alone(Server):
    """No server: the executable from Routes.swift gets only an environment and its standard input."""

    name = "no server"
    serves_files = False

    def prepare(self, world):
        super().prepare(world)
        self.routes = routes()
        names = {route.name for route in self.routes} | {"not-found", "deliver-mail", "latchkey-fcgi"}
        assert names == set(executable_names(self.executables)), names ^ set(executable_names(self.executables))

    def executable(self, method, path):
        """The executable for a path, routed as in lighttpd.conf."""
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
            # Exact paths come before paths with ids.
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
        # Like servers: merges doubled slashes and resolves dots.
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
                [f"{self.executables}/{name}"], env=environment, input=body, stdout=subprocess.PIPE, stderr=log
            ).stdout
        head, _, body = output.partition(b"\r\n\r\n")
        fields = [tuple(line.split(": ", 1)) for line in head.decode("latin-1").split("\r\n")]
        status = int(dict(fields).get("Status", "200")[:3])
        return ServerAnswer(status, [field for field in fields if field[0] != "Status"], body)


class AloneOwnPaths(Alone):
    """The same for the executables' own paths only, on a state without traces of other requests."""

    name = "no server, own paths"
    serves_routes = False
