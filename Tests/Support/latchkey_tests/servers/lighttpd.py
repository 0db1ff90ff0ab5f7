"""lighttpd, with the project's own configuration."""

from latchkey_tests.project import PATH
from latchkey_tests.servers.server import Server


class Lighttpd(Server):
    """lighttpd.conf unchanged."""

    name = "lighttpd"
    variables = {}

    def prepare(self, world):
        super().prepare(world)
        self.run(
            "lighttpd",
            "-D",
            "-f",
            "lighttpd.conf",
            cwd=self.project,
            env={"PATH": PATH, "PORT": str(self.port), "LATCHKEY_HOME": self.home, **self.variables},
        )
        self.wait()


class LighttpdFastCGI(Lighttpd):
    """The same, with persistent executables."""

    name = "lighttpd, FastCGI"
    is_fastcgi = True
    variables = {"LATCHKEY_FASTCGI": "1", "LATCHKEY_FASTCGI_PROCESSES": "2"}
