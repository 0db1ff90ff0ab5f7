"""What requests leave behind, and bodies that no endpoint reads."""

import os
import re
import stat

from latchkey_tests.checks import expect
from latchkey_tests.project import AS_ROOT, executable_names
from latchkey_tests.servers.apache import Apache, OwnFolder, SharedFastCGI, SharedWithoutOptions
from latchkey_tests.servers.server import user


def check_unread(server):
    """An unread body never costs the answer, whatever the timing of the executable's end and the server's writing:
    mod_cgid loses an answer if the executable ends before it has read its input, and fcgiwrap fails."""
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


def check_state(server):
    """The web can see nothing that was left behind, and only the owner can access the state."""
    if not isinstance(server, Apache):
        return
    expected = {*executable_names(), ".htaccess", "public", *(["latchkey.home"] if server.named else [])}
    expected |= {"latchkey-fcgi-codes"} if server.is_fastcgi else set()
    expected -= set() if server.serves_files else {"public"}
    found = set(os.listdir(server.site))
    # The executables record their state there, if they may write. The server shows it to nobody.
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
    """The other .htaccess files differ from cgi-bin's only where they say so."""

    def rules(path):
        text = open(path).read()
        return text[text.index("\n# These lines override") :]

    ours = rules(Apache.htaccess)
    without = ours.replace("AllowOverride FileInfo, and Options\n# for the first line.", "AllowOverride FileInfo.")
    expect(
        rules(SharedWithoutOptions.htaccess) == without.replace("\nOptions +ExecCGI\n", "\n"),
        "samples/apache/htaccess-without-options is .htaccess without Options",
    )
    start, end = ours.index("\n# A rule only names"), ours.index("\n# The console, if")
    fastcgi = rules(SharedFastCGI.htaccess)
    middle = fastcgi[fastcgi.index("\n# Written by `make routes`: routes.") : fastcgi.index("\n# The console, if")]
    expected = ours[:start] + middle + ours[end:]
    expected = expected.replace("cgi-script", "fcgid-script").replace("not-found [L]", "latchkey-fcgi [L]")
    expected = re.sub(r"^(ErrorDocument \d+ /)not-found$", r"\1latchkey-fcgi", expected, flags=re.M)
    expect(fastcgi == expected, "samples/apache/htaccess-fastcgi is .htaccess but for its executables")
