"""Latchkey's folder within a site."""

import os
import re

from hosting.doctor import doctor
from latchkey_tests.checks import checks, expect
from latchkey_tests.project import write
from latchkey_tests.servers.apache import FcgidOptions, Shared, SharedFastCGI


class Mounted(Shared):
    """The folder at /auth of a site with its own pages."""

    name = "a folder of a site"
    place = "auth"

    def install(self):
        super().install()
        os.makedirs(os.path.dirname(f"{self.folder}/html/{self.place}"), exist_ok=True)
        write(f"{self.folder}/html/index.html", "the site's own page")
        os.rename(self.site, f"{self.folder}/html/{self.place}")
        self.site = f"{self.folder}/html/{self.place}"

    def host(self):
        return (
            super().host().replace(f"DocumentRoot {self.site}", f"DocumentRoot {self.folder}/html")
            + f"""\
<Directory {self.folder}/html>
    Require all granted
</Directory>
"""
        )


class MountedDeep(Mounted):
    name = "a folder of a folder"
    place = "tools/sign-in"


class MountedFastCGI(FcgidOptions, Mounted):
    name = "a folder of a site, mod_fcgid"
    modules = ["mpm_event", "fcgid"]
    htaccess = SharedFastCGI.htaccess

    def install(self):
        Mounted.install(self)
        os.link(f"{self.site}/latchkey-fcgi", f"{self.site}/latchkey-fcgi-codes")


class Aliased(Shared):
    name = "an alias"
    place = "auth"

    def install(self):
        super().install()
        os.mkdir(f"{self.folder}/html")

    def host(self):
        return super().host().replace(f"DocumentRoot {self.site}", f"DocumentRoot {self.folder}/html\nAlias /auth {self.site}")


def check_mounted(fixture):
    before = checks.passed
    for kind in (Mounted, MountedDeep, MountedFastCGI, Aliased):
        server = kind(fixture)
        try:
            for path in [
                "",
                "auth/users/me",
                "users/me",
                "auth/auth/users/me",
                "health",
                "cgi-bin/health",
                "health/x",
                "index.html",
                "docs",
                "app.js",
                "public/app.js",
                "public",
                "public/",
                "current-user",
                "not-found",
                "not-found/x",
                "latchkey-fcgi",
                "nothing",
                "auth/api-keys/",
                ".well-known/jwks.json",
                "a//b",
                "a::b",
                "%61uth/users/me",
                ".htaccess",
            ]:
                for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"):
                    answer = server.exchange(method, f"/{server.place}/{path}", [("Content-Length", "0")])
                    # The two executables that refuse do not know the folder when a client requests them directly.
                    is_own = re.match("not-found|latchkey-fcgi", path) and b'"not_found"' in answer.body
                    code = b'"not_at_root"' if method != "HEAD" and not is_own else b""
                    # Apache adds a slash to a folder's name, and refuses that.
                    is_completed = path == "public" and answer.status == 301
                    expect(
                        (answer.status, code in answer.body) == (404, True) or is_completed,
                        f"{server.name}: {method} /{server.place}/{path}",
                        (answer.status, answer.body[:150]),
                    )
            for method in ("GET", "OPTIONS", "PUT"):
                answer = server.exchange(method, f"/{server.place}", [("Content-Length", "0")])
                leads = answer.fields.get("location", [""])[0].endswith(f"/{server.place}/")
                expect(
                    b'"not_at_root"' in answer.body or (answer.status == 301 and leads),
                    f"{server.name}: {method} /{server.place}",
                    (answer.status, answer.body[:150]),
                )
            found = doctor(server, f"http://127.0.0.1:{server.port}/{server.place}")
            expect("404 not_at_root" in found and "a host of its own" in found, f"{server.name}: doctor says what to do", found)
            if kind is not Aliased:
                answer = server.exchange("GET", "/index.html")
                expect(answer.body == b"the site's own page", f"{server.name}: the site has its pages", answer.status)
        finally:
            server.stop()
    print(f"in a folder: {checks.passed - before} held", flush=True)
