"""nginx, with fcgiwrap and by FastCGI."""

import grp
import os
import pwd
import socket

from latchkey_tests.project import AS_ROOT, PATH, PROJECT, PUBLIC, write
from latchkey_tests.servers.server import Server


def nginx_configuration(folder, included, modules="", around=""):
    """Writes `folder`/nginx.conf, which includes the file `included` within the configuration `around`."""
    worker = f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};" if AS_ROOT else ""
    temporary = "".join(f"{name}_temp_path {folder}/{name};" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
    write(
        f"{folder}/nginx.conf",
        f"{modules} {worker} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;"
        "events { worker_connections 512; }"
        f"http {{ access_log off; {temporary} {around} include {included}; }}",
    )


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
            ("/srv/latchkey/cgi-bin", self.executables),
            ("/srv/latchkey/public", PUBLIC),
            ("/var/lib/latchkey", self.home),
            (self.sockets[0], f"{self.folder}/{self.sockets[1]}"),
        ]:
            assert old in text, old
            text = text.replace(old, new)
        write(f"{self.folder}/latchkey.conf", text)
        nginx_configuration(self.folder, f"{self.folder}/latchkey.conf")
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
                    self.run(f"{self.executables}/latchkey-fcgi", stdin=listener, env={"PATH": PATH, "LATCHKEY_HOME": self.home})
