"""What a host forbids."""

import os
import re
import subprocess

from hosting.above import Below
from hosting.doctor import doctor
from latchkey_tests.checks import checks, expect
from latchkey_tests.project import PROJECT
from latchkey_tests.servers.apache import Shared, SharedWithoutOptions


class NoIndexes(Shared):
    override = "FileInfo Options"


class OnlyExecCGI(Shared):
    override = "FileInfo Options=ExecCGI"


class Everything(Shared):
    override = "All"


class Nothing(Shared):
    """A host that does not allow Options in .htaccess."""

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
    """No file of the site is served."""


def advice():
    """The commands of docs/deploy.md for a host's refusals, by the message in the log."""
    text = open(f"{PROJECT}/docs/deploy.md", encoding="utf-8").read()
    table = re.search(r"^### What the host must allow\n.*?(?=^##)", text, re.M | re.S)[0]
    return dict(re.findall(r"^\| `([^`]+)`[^|]*\|[^|`]*`((?:sed|cp) [^`]+)`", table, re.M))


def follow(server, command):
    """The document's `command`, run in the project, with the server's folder as ~/auth."""
    done = subprocess.run(["sh", "-c", command.replace("~/auth", server.site)], cwd=PROJECT, capture_output=True, text=True)
    os.chmod(f"{server.site}/.htaccess", 0o644)
    assert done.returncode == 0, done


def check_allowed(fixture, probes):
    before = checks.passed
    commands = advice()
    for kind in (NoIndexes, OnlyExecCGI, Everything, NothingButPrograms):
        server = kind(fixture)
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
        server = kind(fixture)
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
                probes.check(server, f"{what}, mended as docs/deploy.md says")
        finally:
            server.stop()
    server = Denied(fixture)
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
    print(f"allowed: {checks.passed - before} held", flush=True)
