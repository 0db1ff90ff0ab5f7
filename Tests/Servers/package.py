"""packaging/package: the same bytes from different folders, umasks and languages; the package's contents; its
refusals; INSTALL, followed to the letter, which docs/deploy.md explains; and a sign-in at the service that the commands of
docs/getting-started.md start.

With DIST it leaves the package in that folder, for install.py.
Prints the sizes and `N passed, N failed`, and exits with 1 if any check failed.
"""

import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile

from latchkey_tests.answers import Answer
from latchkey_tests.checks import expect, finish
from latchkey_tests.guide import blocks
from latchkey_tests.home import Home
from latchkey_tests.ports import free_port, wait_for_port
from latchkey_tests.project import PATH, PROJECT
from latchkey_tests.service import Service

VERSION = "0.0.0+test"
PARTS = [
    "cgi-bin",
    "public",
    "samples",
    "packaging",
    "Benchmarks",
    "docs",
    "Sources",
    "README.md",
    "LICENSE",
    "lighttpd.conf",
    "lighttpd-environment.sh",
    "lighttpd-fastcgi.sh",
]
EXECUTABLES = set(os.listdir(f"{PROJECT}/Sources/Executables")) - {"latchkey", "write-routes", "write-settings"}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def files(folder):
    """Paths below `folder` that are not hidden."""
    return {
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
        if "/." not in f"/{os.path.relpath(os.path.join(parent, name), folder)}"
    }


def copy(to):
    """The project at `to`, as on a host where only its owner can read a new file, in another order."""
    os.makedirs(to)
    for part in reversed(PARTS):
        if os.path.isdir(f"{PROJECT}/{part}"):
            shutil.copytree(f"{PROJECT}/{part}", f"{to}/{part}", symlinks=True, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(f"{PROJECT}/{part}", f"{to}/{part}")
    subprocess.run(["chmod", "-R", "u=rwX,go=", to], check=True)
    os.chmod(f"{to}/packaging/package", 0o700)


def package(project, dist, version=VERSION, umask=0o022, **variables):
    """Starts packaging/package of `project`."""
    environment = {"PATH": PATH, "DIST": dist, **variables}
    return subprocess.Popen(
        [sys.executable, f"{project}/packaging/package", version],
        cwd="/",
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        umask=umask,
    )


def refusals(scratch):
    """What packaging/package refuses to pack, and its messages."""
    project = f"{scratch}/refused"
    copy(project)

    def refused(what, words, version=VERSION, **variables):
        dist = f"{scratch}/none"
        process = package(project, dist, version, **{"SOURCE_DATE_EPOCH": "1", **variables})
        output, errors = process.communicate(timeout=300)
        expect(process.returncode == 1 and words in errors, f"refuses {what}", output + errors)
        expect(not os.path.exists(dist), f"makes nothing of {what}")

    def changed(path, content, what, words):
        path = f"{project}/{path}"
        before = read(path) if os.path.exists(path) else None
        with open(path, "wb") as file:
            file.write(content(before) if callable(content) else content)
        refused(what, words)
        if before is None:
            os.unlink(path)
        else:
            with open(path, "wb") as file:
                file.write(before)

    refused("a version with a slash", "usage", version="1/2")
    refused("an invalid time", "no time", SOURCE_DATE_EPOCH="today")
    refused("an admin command that is not static", "not static", ADMIN=os.path.realpath("/bin/ls"))
    changed("cgi-bin/health", read(os.path.realpath("/bin/ls")), "an executable that is not static", "not static")
    changed("cgi-bin/health", b"#!/bin/sh\n", "a script", "no 64-bit executable")
    changed("cgi-bin/latchkey.home", b"/srv/state\n", "a stray file", "not an executable of Latchkey: latchkey.home")
    changed(
        "cgi-bin/jwks", lambda code: code + f" {project}/Sources/x.swift".encode(), "the builder's path", "cgi-bin/jwks names"
    )
    os.rename(f"{project}/cgi-bin/metrics", f"{scratch}/metrics")
    refused("an endpoint that was not built", "not built: metrics")
    shutil.rmtree(project)


def contents(path, time, admin):
    """The exact list of entries."""
    with tarfile.open(path) as tar:
        entries = tar.getmembers()
    top = os.path.basename(path).removesuffix(".tar.xz")
    names = [entry.name for entry in entries]
    expect(names == sorted(names) and len(set(names)) == len(names), "names are sorted, each once")
    expect(names[0] == top and all(name.startswith(f"{top}/") for name in names[1:]), "one top folder")
    wanted = {
        "INSTALL",
        "LICENSE",
        "README.md",
        "VERSION",
        "lighttpd.conf",
        "lighttpd-environment.sh",
        "lighttpd-fastcgi.sh",
        "public",
        "cgi-bin/.htaccess",
    }
    wanted |= {f"cgi-bin/{name}" for name in {*EXECUTABLES, "latchkey-fcgi-codes"}}
    wanted |= {f"cgi-bin/public/{path}" for path in files(f"{PROJECT}/public")}
    wanted |= {f"samples/{path}" for path in files(f"{PROJECT}/samples")}
    wanted |= {f"Benchmarks/{name}" for name in ("ACCOUNT.md", "results.md", "results.svg")}
    wanted |= {f"docs/{path}" for path in files(f"{PROJECT}/docs") if path.endswith(".md")}
    documents = [*(path for path in wanted if path.endswith(".md")), "README.md"]
    wanted |= {
        f"docs/{name}"
        for path in documents
        for name in re.findall(r"screenshots/[\w-]+\.png", read(f"{PROJECT}/{path}").decode())
    }
    wanted |= {"latchkey"} if admin else set()
    found = {entry.name[len(top) + 1 :] for entry in entries if not entry.isdir()}
    expect(found == wanted, "the list of contents", sorted(found ^ wanted))
    expect(any(path.startswith("samples/nginx/") for path in found), "nginx's sample is there")
    expect("samples/fail2ban/latchkey.conf" in found, "fail2ban's sample is there")
    programs = {f"{top}/cgi-bin/{name}" for name in {*EXECUTABLES, "latchkey-fcgi-codes"}} | {f"{top}/latchkey"}
    for entry in entries:
        mode = 0o777 if entry.issym() else 0o755 if entry.isdir() or entry.name in programs else 0o644
        expect(entry.mode == mode, f"mode of {entry.name}", oct(entry.mode))
    expect({(e.uid, e.gid, e.uname, e.gname) for e in entries} == {(0, 0, "", "")}, "everything is 0's")
    expect({entry.mtime for entry in entries} == {time}, "one time for all")
    links = [(entry.name, entry.linkname) for entry in entries if not (entry.isdir() or entry.isreg())]
    expect(
        links == [(f"{top}/cgi-bin/latchkey-fcgi-codes", f"{top}/cgi-bin/latchkey-fcgi"), (f"{top}/public", "cgi-bin/public")],
        "two links, and they stay inside",
        links,
    )
    return top


def unpacked(folder, admin):
    """The files as they are on disk."""
    for path in [
        "lighttpd.conf",
        "lighttpd-environment.sh",
        "lighttpd-fastcgi.sh",
        "LICENSE",
        "README.md",
        "docs/deploy.md",
        "cgi-bin/.htaccess",
    ]:
        expect(read(f"{folder}/{path}") == read(f"{PROJECT}/{path}"), f"{path} as it is in the project")
    programs = [f"{folder}/cgi-bin/{name}" for name in sorted(EXECUTABLES)] + [f"{folder}/latchkey"] * admin
    for path in programs:
        kind = subprocess.run(["file", "-b", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        expect("statically linked" in kind and "ELF 64-bit" in kind, f"{path} is static", kind)
    names = [os.stat(f"{folder}/cgi-bin/{name}").st_ino for name in ("latchkey-fcgi", "latchkey-fcgi-codes")]
    expect(names[0] == names[1], "latchkey-fcgi-codes is latchkey-fcgi by another name")
    install = read(f"{folder}/INSTALL").decode().splitlines()
    expect(len(install) <= 10, "INSTALL has at most ten lines", len(install))
    expect("curl" in "\n".join(install), "INSTALL checks by curl")
    commands = "; ".join(line.strip() for line in install if line.startswith("   "))
    explained = "".join(blocks("docs/deploy.md", "install.py", folder)[1:4])
    expect(
        commands == "; ".join(explained.splitlines()), "docs/deploy.md explains the commands of INSTALL", (commands, explained)
    )
    return install


def sample_settings(folder):
    """samples/latchkey.conf: it lists every setting and sets none, and the executables accept each default."""
    text = read(f"{folder}/samples/latchkey.conf").decode()
    expect(all(line.startswith("#") for line in text.splitlines() if line), "every line is a comment")
    keys = re.findall(r"^#(\w+) =", text, re.M)
    known = re.findall(r'table\.setting\(\s*"(\w+)"', read(f"{PROJECT}/Sources/Settings/SettingTable.swift").decode())
    expect(sorted(keys) == sorted(known), "every setting once", set(keys) ^ set(known))
    for settings, status, what in [
        (text, 200, "as it is"),
        (re.sub(r"^#(\w+ = .)", r"\1", text, flags=re.M), 200, "with every default taken in"),
        (re.sub(r"^#(metrics_token =)", r"\1", text, flags=re.M), 500, "with a setting that has no value"),
    ]:
        home = Home(settings, executables=f"{folder}/cgi-bin")
        answer = home.get("health")
        expect(answer.status == status, f"latchkey.conf {what}", (answer.raw, answer.log))
        home.remove()


def followed(install, folder, scratch):
    """A shell runs INSTALL's commands twice, as on an update, with a umask that lets the group write."""
    user = f"{scratch}/user"
    os.mkdir(user)
    commands = [line.strip() for line in install if line.startswith("   ") and "curl" not in line]
    for _ in range(2):
        for command in commands:
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=folder,
                env={"PATH": PATH, "HOME": user},
                umask=0o002,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            said = "database " in done.stdout if command.endswith(" init") else not done.stdout
            expect(done.returncode == 0 and said, f"`{command}`", done.stdout)
    modes = {
        os.path.relpath(path, user): os.stat(path).st_mode & 0o777
        for path in [user, *glob.glob(f"{user}/**", recursive=True, include_hidden=True)]
    }
    expect(modes["latchkey"] == modes["latchkey/bin"] == 0o700, "the state is the user's alone")
    expect("auth.new" not in modes and "auth/latchkey" not in modes, "nothing is left over, or out of its place", modes)
    expect(all(not mode & 0o022 for path, mode in modes.items() if path.startswith("auth")), "nobody else writes", modes)
    expect(all(modes[f"auth/{name}"] == 0o755 for name in EXECUTABLES), "executables", modes)
    expect(modes["auth/.htaccess"] == modes["auth/public/index.html"] == modes["auth/latchkey.home"] == 0o644, "files")

    def handler(name, **variables):
        return subprocess.run([f"{user}/auth/{name}"], env=variables, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    answer = Answer(handler("health", REQUEST_METHOD="GET", DOCUMENT_ROOT=f"{user}/auth").stdout)
    said = '"status":"ok"' in answer.body.decode() and any('"status":"ok"' in line for line in install)
    expect(answer.status == 200 and said, "health answers what INSTALL says", answer.raw)
    expect(os.path.exists(f"{user}/latchkey/latchkey.db"), "the state is where latchkey.home says")
    expect(handler("deliver-mail").returncode == 0, "deliver-mail runs as cron runs it")


def own_folder(folder, scratch):
    """The commands of docs/deploy.md for a host that runs programs only in its cgi-bin, which has another program; twice."""
    user = f"{scratch}/user"  # step 1 of INSTALL was done there
    os.mkdir(f"{user}/cgi-bin")
    with open(f"{user}/cgi-bin/other", "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod(f"{user}/cgi-bin/other", 0o700)
    (commands,) = blocks("docs/deploy.md", "package.py", folder)
    for _ in range(2):
        done = subprocess.run(
            ["sh", "-ec", commands],
            cwd=folder,
            env={"PATH": PATH, "HOME": user},
            umask=0o077,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        expect(done.returncode == 0 and not done.stdout, "the commands for cgi-bin", done.stdout)
    modes = {name: os.stat(f"{user}/cgi-bin/{name}").st_mode & 0o777 for name in os.listdir(f"{user}/cgi-bin")}
    wanted = dict.fromkeys({*EXECUTABLES, "latchkey-fcgi-codes"}, 493) | {"latchkey.home": 0o644, "other": 0o700}
    expect(modes == wanted, "cgi-bin has the executables and latchkey.home", modes)
    done = subprocess.run(
        [f"{user}/cgi-bin/health"],
        env={"REQUEST_METHOD": "GET", "REQUEST_URI": "/cgi-bin/health"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    expect(Answer(done.stdout).status == 200, "health answers from cgi-bin", done.stdout)


def signed_in(path, unpacked, folder):
    """The commands of docs/getting-started.md unpack the package `path` in `unpacked`, as `folder`, and serve it. Through it: the
    console, and a sign-in with the mailed code."""
    (commands,) = blocks("docs/getting-started.md", "package.py")
    os.mkdir(unpacked)
    shutil.copy(path, unpacked)
    home, port = Home(read(f"{PROJECT}/samples/latchkey.conf").decode()), free_port()
    process = subprocess.Popen(
        ["sh", "-ec", commands],
        cwd=unpacked,
        env={"PATH": "/usr/bin:/bin", "PORT": str(port), "LATCHKEY_HOME": home.path},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        expect(wait_for_port(port), "the package's lighttpd.conf answers")
        check_service(Service.attached(home, port), home)
        expect(not os.path.exists(f"{folder}/var"), "nothing is written beside the package")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        home.remove()


def check_service(server, home):
    expect(server.request("GET /health").status == 200, "health")
    for path, name in [
        ("/", "index.html"),
        ("/docs", "docs.html"),
        ("/openapi.json", "openapi.json"),
        *((f"/{path}", path) for path in files(f"{PROJECT}/public") if path not in ("index.html", "docs.html")),
    ]:
        answer = server.request(f"GET {path}")
        expect(answer.status == 200 and answer.body == read(f"{PROJECT}/public/{name}"), f"GET {path}", answer.raw[:300])
    expect(server.request("GET /cgi-bin/health").status == 200, "an executable at its own path")
    for path in [
        "/latchkey.conf",
        "/cgi-bin/deliver-mail",
        "/cgi-bin/latchkey-fcgi",
        "/public/index.html",
        "/.htaccess",
        "/INSTALL",
        "/public/",
    ]:
        expect(server.request(f"GET {path}").code == "not_found", f"GET {path} is not served")
    email = "ada@example.com"
    expect(server.request("POST /auth/verification/send-code", fields={"email": email}).status == 202, "send-code")
    answer = server.request("POST /auth/verification/verify-code", fields={"email": email, "code": home.code(email)})
    expect(answer.status == 200, "verify-code", answer.raw)
    me = server.request("GET /auth/users/me", [f"Authorization: Bearer {answer.data['access_token']}"])
    expect(me.status == 200 and email.encode() in me.body, "users/me", me.raw)


def main():
    scratch = tempfile.mkdtemp(prefix="latchkey-package-")
    try:
        # The project itself, with its commit's time; and a copy of it, elsewhere, without its history.
        git = subprocess.run(["git", "-C", PROJECT, "log", "-1", "--format=%ct"], stdout=subprocess.PIPE, text=True)
        time = git.stdout.strip() or "1700000000"
        copy(f"{scratch}/another folder/deeper")
        history = {} if git.stdout.strip() else {"SOURCE_DATE_EPOCH": time}
        admin = os.environ.get("ADMIN") or f"{PROJECT}/bin/latchkey"
        builds = [
            package(PROJECT, f"{scratch}/1", ADMIN=admin, HOME="/nonexistent", **history),
            package(
                f"{scratch}/another folder/deeper",
                f"{scratch}/2",
                umask=0o077,
                SOURCE_DATE_EPOCH=time,
                ADMIN=admin,
                LC_ALL="C",
                TZ="Asia/Tokyo",
                PYTHONHASHSEED="7",
            ),
        ]
        refusals(scratch)
        for process in builds:
            output, errors = process.communicate(timeout=600)
            expect(process.returncode == 0 and not errors, "a package", output + errors)
        first, second = (glob.glob(f"{scratch}/{number}/*") for number in (1, 2))
        expect(len(first) == len(second) == 1, "one file each", first + second)
        digests = {hashlib.sha256(read(path)).hexdigest() for path in first + second}
        expect(len(digests) == 1, "the same bytes", digests)
        expect(re.fullmatch(rf"latchkey-{re.escape(VERSION)}-linux-\w+\.tar\.xz", os.path.basename(first[0])), "its name")

        top = contents(first[0], int(time), os.path.exists(admin))
        folder = f"{scratch}/unpacked/{top}"
        signed_in(first[0], f"{scratch}/unpacked", folder)
        install = unpacked(folder, os.path.exists(admin))
        sample_settings(folder)
        followed(install, folder, scratch)
        own_folder(folder, scratch)

        if os.environ.get("DIST"):
            shutil.copy(first[0], os.environ["DIST"])
        size = os.path.getsize(first[0])
        programs = [os.path.getsize(f"{folder}/cgi-bin/{name}") for name in EXECUTABLES]
        expect(size <= 15_000_000, "the package has at most 15 MB", size)
        print(f"figure package: {size / 1e6:.2f} MB")
        print(f"figure executables: {len(programs)}, {sum(programs) / 1e6:.1f} MB, the largest {max(programs) / 1e6:.2f} MB")
        print(f"figure sha256: {' '.join(digests)}")
    finally:
        shutil.rmtree(scratch)
    finish()


if __name__ == "__main__":
    main()
