"""What hosts set around Latchkey's folder, with a real Apache:

1. A .htaccess in the folder above, each of HOSTILE by itself and nearly all together: every route, its own path and the console's
   files are answered as without it.
2. What a host does not allow (AllowOverride, Options): .htaccess needs as little as can be, and where it needs more, log, README
   and `latchkey doctor` say what to do, and that works.
3. The folder in a folder of a site: refused by name, whatever the path and the method.
4. A host that lets nothing but GET and POST through: POST at the executables' own paths does what PATCH and DELETE do, and
   `latchkey doctor` says so.

Prints one line for each part and `N passed, N failed`, and exits with 1 if anything did not hold.
"""

import glob
import json
import os
import re
import subprocess
import sys

import parity
from parity import AS_ROOT, Alone, Apache, Case, FcgidOptions, Shared, SharedFastCGI, SharedWithoutOptions, expect, routes
from parity_world import PROJECT, World

WORDPRESS = """
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
"""
# What people have in the .htaccess of their site, above a folder of ours.
HOSTILE = {
    "AcceptPathInfo": "AcceptPathInfo Off",
    "WordPress, before ours": f"RewriteEngine On\nRewriteOptions InheritDownBefore\n{WORDPRESS}",
    "WordPress, after ours": f"RewriteEngine On\nRewriteOptions InheritDown\n{WORDPRESS}",
    "forced HTTPS and www": """RewriteEngine On
RewriteOptions InheritDownBefore
RewriteCond %{HTTPS} off
RewriteRule ^(.*)$ https://%{HTTP_HOST}/$1 [L,R=301]
RewriteCond %{HTTP_HOST} !^www\\.
RewriteRule ^ - [F]""",
    "a base for all": "RewriteEngine On\nRewriteOptions MergeBase AllowAnyURI\nRewriteBase /blog/",
    "no rewriting": "RewriteEngine Off",
    "an index": "DirectoryIndex index.php index.html home.html",
    "a fallback": "FallbackResource /index.php",
    "slashes": "DirectorySlash On",
    "no programs": "Options -ExecCGI -Indexes",
    "listings": "Options +Indexes\nIndexOptions FancyIndexing",
    "negotiation": "Options +MultiViews",
    "another handler": "SetHandler server-info",
    "another handler by name": '<FilesMatch "^[a-z-]+$">\nSetHandler default-handler\nForceType text/plain\n</FilesMatch>',
    "another type": "ForceType application/x-httpd-php\nDefaultType text/html",
    "PHP by endings": "AddHandler application/x-httpd-php .php .html .js .json\nAddType application/x-httpd-php .html .js .css .svg",
    "SSI by endings": "Options +Includes\nAddHandler server-parsed .html .json .js",
    "encodings and languages": "AddEncoding x-gzip .js .json\nAddLanguage de .html .css\nAddCharset utf-16 .html .js .json",
    "an action": "Action cgi-script /handler.php\nAction application/x-httpd-php /handler.php",
    "pages for errors": "".join(
        f"ErrorDocument {status} /error.html\n" for status in (400, 401, 403, 404, 405, 411, 413, 500, 503)
    ),
    "texts for errors": "".join(f"ErrorDocument {status} 'no'\n" for status in (401, 403, 404, 405, 500)),
    "a character set": "AddDefaultCharset ISO-8859-1",
    "header fields": """Header set Cache-Control "max-age=31536000, public"
Header set Access-Control-Allow-Origin "*"
Header set Access-Control-Allow-Headers "*"
Header set X-Content-Type-Options nosniff
Header append Cache-Control immutable
Header set Pragma public
Header set Expires "Thu, 31 Dec 2099 00:00:00 GMT\"""",
    "expiry": 'ExpiresActive On\nExpiresDefault "access plus 1 year"\nExpiresByType application/json "access plus 1 month"',
    "small bodies": "LimitRequestBody 10",
    "no mod_security": "<IfModule mod_security.c>\nSecFilterEngine Off\n</IfModule>\n<IfModule mod_security2.c>\nSecRuleEngine Off\n</IfModule>",
    "PHP's settings": "<IfModule mod_php.c>\nphp_value upload_max_filesize 64M\nphp_flag display_errors on\n</IfModule>",
    "old access rules": '<Files wp-config.php>\nOrder allow,deny\nDeny from all\n</Files>\n<FilesMatch "\\.(sql|log|sh)$">\nRequire all denied\n</FilesMatch>',
    "no Authorization": "CGIPassAuth Off",
}
# These undo others.
ALONE = {"no rewriting", "a base for all"}


class Below(Shared):
    """Below a folder whose .htaccess the host's user has written for something else."""

    name = Shared.name
    modules = [*Apache.modules, "expires", "autoindex", "include", "actions", "access_compat", "filter", "deflate", "info"]

    def install(self):
        super().install()
        for name in ("index.html", "error.html", "home.html"):
            parity.write(f"{self.folder}/{name}", "the site's own page")

    def host(self):
        return f"""\
DocumentRoot {self.site}
<Directory {self.folder}>
    Require all granted
    AllowOverride All
    Options FollowSymLinks
</Directory>
"""

    def set_above(self, text):
        parity.write(f"{self.folder}/.htaccess", text + "\n")
        os.chmod(f"{self.folder}/.htaccess", 0o644)


class BelowFastCGI(FcgidOptions, Below):
    name = SharedFastCGI.name
    modules = ["mpm_event", "fcgid", *Below.modules[2:]]
    htaccess = SharedFastCGI.htaccess


class Probes:
    """Requests for every route, and the answers without a server."""

    def __init__(self, world):
        bearer = ("Authorization", f"Bearer {world.variables['access']}")
        project = ("X-Project-Id", world.variables["project"])
        self.requests = []
        for route in routes():
            for number, target in enumerate(route.targets()):
                for method in [*route.methods, *([] if number else ["OPTIONS", "HEAD"])]:
                    fields = [bearer, project] if method == "GET" else []
                    if method not in ("GET", "HEAD", "OPTIONS"):
                        fields = [*fields, ("Content-Type", "application/json"), ("Content-Length", "20")]
                    self.requests.append(
                        (method, target, fields, b'{"nothing": "at all"}'[:20] if "Content-Type" in dict(fields) else b"")
                    )
        self.requests += [
            ("GET", "/health", [("Origin", "https://app.example.com")], b""),
            ("GET", "/health", [("Origin", "https://evil.example")], b""),
            ("GET", "/no/such/path", [], b""),
            ("PUT", "/auth/users/me", [], b""),
            ("GET", "/send-code", [], b""),
            ("GET", "/languages", [], b""),
            ("GET", "/cgi-bin", [], b""),
            ("GET", "/index.php", [], b""),
        ]
        server = Alone(world)
        try:
            self.expected = [server.exchange(*request).essence() for request in self.requests]
        finally:
            server.stop()
        statuses = {json.loads(answer)[0] for answer in self.expected}
        assert {200, 204, 400, 401, 404, 405, 422} - statuses <= {400}, statuses

    def check(self, server, what):
        for request, wanted in zip(self.requests, self.expected):
            answer = server.exchange(*request)
            expect(
                answer.essence() == wanted,
                f"{what}: {request[0]} {request[1]}",
                f"{answer.essence()[:600]} instead of {wanted[:600]}",
            )
        for path, name in [
            ("", "index.html"),
            ("docs", "docs.html"),
            ("app.js", "app.js"),
            ("style.css", "style.css"),
            ("icon.svg", "icon.svg"),
            ("openapi.json", "openapi.json"),
            ("languages/de.json", "languages/de.json"),
        ]:
            answer = server.exchange("GET", f"/{path}")
            kind, cache = answer.fields.get("content-type"), answer.fields.get("cache-control")
            expect(
                (answer.status, kind, cache) == (200, [parity.TYPES[os.path.splitext(name)[1]]], ["no-cache"])
                and answer.body == open(f"{parity.PUBLIC}/{name}", "rb").read()
                and not {"content-encoding", "content-language"} & set(answer.fields)
                and "access-control-allow-origin" not in answer.fields,
                f"{what}: GET /{path}",
                (answer.status, answer.fields, answer.body[:60]),
            )
        answer = server.exchange("GET", "/public")  # a folder
        expect(answer.status == 404 and b'"not_found"' in answer.body, f"{what}: GET /public", (answer.status, answer.body[:100]))
        answer = server.exchange("POST", "/auth/verification/send-code", [("Content-Length", "3000000")], b"x" * 3000000)
        expect(
            answer.status in (0, 413) and (not answer.status or b'"body_too_large"' in answer.body) or server.is_fastcgi,
            f"{what}: a body of 3 MB",
            (answer.status, answer.body[:100]),
        )
        if AS_ROOT or not server.is_fastcgi:
            path = f"{server.site}/.well-known/acme-challenge"
            os.makedirs(path, exist_ok=True)
            parity.write(f"{path}/abc", "token")
            answer = server.exchange("GET", "/.well-known/acme-challenge/abc")
            expect(
                (answer.status, answer.body) == (200, b"token"),
                f"{what}: the host's own files",
                (answer.status, answer.body[:100]),
            )


def check_above(world, probes):
    before = parity.passed
    server = Below(world)
    try:
        for name, text in HOSTILE.items():
            server.set_above(text)
            probes.check(server, name)
        expect(not re.search("not allowed here|Invalid command", server.log()), "the host takes all of it", server.log()[-1000:])
    finally:
        server.stop()
    together = "\n".join(text for name, text in HOSTILE.items() if name not in ALONE)
    variables = {**world.variables, "spaces_65536": " " * 65536, "a_256": "a" * 256}
    cases = sorted((Case(path, variables) for path in glob.glob(f"{parity.CORPUS}/*.txt")), key=lambda case: case.name)
    norm = {}
    alone = Alone(world)
    try:
        for case in cases:
            norm[(case.name, True)] = alone.ask(case).essence()
    finally:
        alone.stop()
    for kind in (Below, BelowFastCGI):
        server = kind(world)
        try:
            server.set_above(together)
            probes.check(server, f"{server.name}, together")
            parity.check_corpus(server, cases, norm)
        finally:
            server.stop()
    print(
        f"above: {len(HOSTILE)} files of a host's, {len(probes.requests)} requests each; {parity.passed - before} held",
        flush=True,
    )


def doctor(server, url=None):
    """What `latchkey doctor` finds there, in one line."""
    url = url or f"http://127.0.0.1:{server.port}"
    options = (
        {"user": server.user, "group": server.user if server.user != "nobody" else "nogroup", "extra_groups": []}
        if AS_ROOT
        else {}
    )
    done = subprocess.run(
        [f"{PROJECT}/bin/latchkey", "doctor", "--url", url],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        env={"PATH": parity.PATH, "LATCHKEY_HOME": server.home, "LATCHKEY_BASE_URL": url},
        **options,
    )
    return " ".join((done.stdout + done.stderr).split())


class NoIndexes(Shared):
    override = "FileInfo Options"


class OnlyExecCGI(Shared):
    override = "FileInfo Options=ExecCGI"


class Everything(Shared):
    override = "All"


class Nothing(Shared):
    """A host where .htaccess may not say Options."""

    override = "FileInfo"


class NothingButPrograms(SharedWithoutOptions):
    named = True


class None_(Shared):
    options = "None"
    override = "FileInfo Options"


class NoneOfMany(Shared):
    options = "None"
    override = "FileInfo Options=ExecCGI,Includes,IncludesNOEXEC,Indexes,MultiViews,SymLinksIfOwnerMatch"


class NoFileInfo(Shared):
    override = "Options Limit"


class Denied(Below):
    """Nobody may have anything of the site."""


def advice():
    """README's commands for what a host refuses, by what the log says."""
    text = open(f"{PROJECT}/README.md").read()
    table = re.search(r"^### What the host must allow\n.*?(?=^##)", text, re.M | re.S)[0]
    return dict(re.findall(r"^\| `([^`]+)`[^|]*\|[^|`]*`((?:sed|cp) [^`]+)`", table, re.M))


def follow(server, command):
    """`command` of README's, in the project, where ~/auth is the server's folder."""
    done = subprocess.run(["sh", "-c", command.replace("~/auth", server.site)], cwd=PROJECT, capture_output=True, text=True)
    os.chmod(f"{server.site}/.htaccess", 0o644)
    assert done.returncode == 0, done


def check_allowed(world, probes):
    before = parity.passed
    commands = advice()
    for kind in (NoIndexes, OnlyExecCGI, Everything, NothingButPrograms):
        server = kind(world)
        try:
            probes.check(server, f"AllowOverride {server.override}, Options {server.options}")
        finally:
            server.stop()
    for kind, status, said, mend, doctors in [
        (Nothing, 500, "Options not allowed here", None, "not allowed here"),
        (NoFileInfo, 500, "AcceptPathInfo not allowed here", None, "not allowed here"),
        (
            None_,
            403,
            "Options FollowSymLinks and SymLinksIfOwnerMatch are both off",
            "FollowSymLinks",
            "about the line Options of .htaccess",
        ),
        (
            NoneOfMany,
            403,
            "Options FollowSymLinks and SymLinksIfOwnerMatch are both off",
            "SymLinksIfOwnerMatch",
            "about the line Options of .htaccess",
        ),
    ]:
        server = kind(world)
        what = f"AllowOverride {server.override}, Options {server.options}"
        try:
            answer = server.exchange("GET", "/health")
            expect(
                answer.status == status and said in server.log(),
                f"{what}: the log says why",
                (answer.status, server.log()[-800:]),
            )
            found = doctor(server)
            expect(
                f"fault web: GET /health: {status}, not from Latchkey" in found
                and doctors in found
                and "What the host must allow" in found,
                f"{what}: doctor says why",
                found,
            )
            if kind is Nothing:
                follow(server, commands["Options not allowed here"])
                answer = server.exchange("GET", "/health")
                expect(
                    answer.status == 403 or answer.status == 500, f"{what}: programs do not run here by themselves", answer.status
                )
            if mend:
                follow(server, commands[said].replace("SymLinksIfOwnerMatch", mend))
                probes.check(server, f"{what}, mended as README says")
        finally:
            server.stop()
    server = Denied(world)
    try:
        server.set_above("Require all denied")
        found = doctor(server)
        expect(
            "about Require in a folder above" in found and "denied by server configuration" in server.log(),
            "Require above: doctor says why",
            found,
        )
        server.set_above('Header always set Access-Control-Allow-Origin "*"\nHeader always set Cache-Control "max-age=9"')
        found = doctor(server)
        expect(
            "warning headers: changed on the way: cache-control, access-control-allow-origin" in found,
            "header fields that .htaccess cannot undo: doctor says so",
            found,
        )
    finally:
        server.stop()
    print(f"allowed: {parity.passed - before} held", flush=True)


class Mounted(Shared):
    """The folder at /auth of a site that has pages of its own."""

    name = "a folder of a site"
    place = "auth"

    def install(self):
        super().install()
        os.makedirs(os.path.dirname(f"{self.folder}/html/{self.place}"), exist_ok=True)
        parity.write(f"{self.folder}/html/index.html", "the site's own page")
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


def check_mounted(world):
    before = parity.passed
    for kind in (Mounted, MountedDeep, MountedFastCGI, Aliased):
        server = kind(world)
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
                    # The two that refuse know nothing of a folder where they are asked for themselves.
                    is_own = re.match("not-found|latchkey-fcgi", path) and b'"not_found"' in answer.body
                    code = b'"not_at_root"' if method != "HEAD" and not is_own else b""
                    # Apache completes a folder's name by a slash, and that is refused.
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
    print(f"in a folder: {parity.passed - before} held", flush=True)


class FewMethods(Shared):
    modules = [*Shared.modules, "access_compat"]

    def host(self):
        return (
            super()
            .host()
            .replace("</Directory>", "<LimitExcept GET POST>\nOrder allow,deny\nDeny from all\n</LimitExcept>\n</Directory>")
        )


class FewMethodsFastCGI(FcgidOptions, FewMethods):
    modules = ["mpm_event", "fcgid", "access_compat"]
    htaccess = SharedFastCGI.htaccess


def check_methods(world):
    before = parity.passed
    v = world.variables
    for kind in (FewMethods, FewMethodsFastCGI):
        server = kind(world)
        what = f"GET and POST alone, {'FastCGI' if server.is_fastcgi else 'CGI'}"

        def call(method, target, body=None):
            content = b"" if body is None else json.dumps(body).encode()
            return server.exchange(
                method,
                target,
                [
                    ("Authorization", f"Bearer {v['access']}"),
                    ("X-Project-Id", v["project"]),
                    ("Content-Type", "application/json"),
                    ("Content-Length", str(len(content))),
                ],
                content,
            )

        try:
            for method, target in [
                ("PATCH", "/auth/users/me"),
                ("DELETE", f"/auth/api-keys/{v['key_to_delete_id']}"),
                ("OPTIONS", "/auth/users/me"),
                ("DELETE", f"/cgi-bin/delete-api-key/{v['key_to_delete_id']}"),
            ]:
                answer = call(method, target, {})
                expect(
                    answer.status == 403 and b'"forbidden"' in answer.body,
                    f"{what}: {method} {target} is refused, as JSON",
                    (answer.status, answer.body[:150]),
                )
            for target, body, wanted in [
                ("update-user", {"full_name": "Ada"}, b'"full_name":"Ada"'),
                (f"update-api-key/{v['key_to_change_id']}", {"name": "by POST"}, b'"name":"by POST"'),
                (f"delete-api-key/{v['key_to_delete_id']}", None, b'"is_active":false'),
                (f"update-project/{v['project']}", {"description": "by POST"}, b'"description":"by POST"'),
                (f"remove-member/{v['project']}/{v['member']}", None, b'"success":true'),
            ]:
                answer = call("POST", f"/cgi-bin/{target}", body)
                expect(
                    answer.status == 200 and wanted in answer.body,
                    f"{what}: POST /cgi-bin/{target}",
                    (answer.status, answer.body[:200]),
                )
            items = json.loads(call("GET", "/auth/sessions").body)["data"]["items"]
            answer = call("POST", f"/cgi-bin/delete-session/{items[0]['id']}")
            expect(answer.status == 200, f"{what}: a session is ended", (answer.status, answer.body[:200]))
            for target, status in [
                ("delete-user", 422),
                ("delete-project/" + v["nobody"], 404),
                ("decline-invitation/" + v["nobody"], 404),
            ]:
                answer = server.exchange(
                    "POST", f"/cgi-bin/{target}", [("Authorization", f"Bearer {v['outsider_access']}"), ("Content-Length", "0")]
                )
                expect(
                    answer.status == status and b'"error":{"code"' in answer.body,
                    f"{what}: POST /cgi-bin/{target} arrives",
                    (answer.status, answer.body[:200]),
                )
            found = doctor(server)
            for method, executable in [("DELETE", "delete-api-key"), ("PATCH", "update-api-key")]:
                expect(
                    re.search(
                        rf"fault {method}: 403 forbidden .*? Until then POST at an executable's own path stands for it, such as "
                        rf"/cgi-bin/{executable}/<key_id>\.",
                        found,
                    ),
                    f"{what}: doctor says what to do without {method}",
                    found,
                )
        finally:
            server.stop()
    print(f"methods: {parity.passed - before} held", flush=True)


def main():
    world = World()
    try:
        probes = Probes(world)
        parts = {
            "above": lambda: check_above(world, probes),
            "allowed": lambda: check_allowed(world, probes),
            "mounted": lambda: check_mounted(world),
            "methods": lambda: check_methods(world),
        }
        for name, part in parts.items():
            if not sys.argv[1:] or name in sys.argv[1:]:
                part()
    finally:
        world.home.remove()
    print(f"{parity.passed} passed, {parity.failed} failed")
    sys.exit(1 if parity.failed else 0)


if __name__ == "__main__":
    main()
