"""The package on a shared host: a new user follows docs/deploy.md word by word, and an Apache serves it that runs programs by
suEXEC as that user and allows only .htaccess. Checks a complete sign-in, the host's and our refusals, the operator's
command, an update by INSTALL, which has the same commands, while requests continue, and FastCGI.

It creates two temporary users, and so needs root; without root it is skipped and says so, but under CI that is a
failure. DIST names a folder with a package to use; else one is made. Prints `N passed, N failed`, and exits with 1 if
any check failed.
"""

import glob
import os
import shutil
import stat
import sys
import tempfile
import threading
import time

import package
from latchkey_tests import maildir
from latchkey_tests.checks import expect, finish
from latchkey_tests.guide import blocks
from latchkey_tests.project import PROJECT
from latchkey_tests.servers.server import own
from shared_host import Faster, Host, Person, Stricter

SAMPLE = "auth.example.com"
UNPACK, STATE, WEB_ROOT, HEALTH, DOCTOR, FASTCGI = blocks("docs/deploy.md", "install.py")


def tarball(scratch):
    """The package in DIST, or a new one."""
    found = glob.glob(f"{os.environ.get('DIST') or scratch}/latchkey-*.tar.xz")
    if not found:
        process = package.package(PROJECT, scratch, SOURCE_DATE_EPOCH="1700000000")
        output, errors = process.communicate(timeout=600)
        assert process.returncode == 0, output + errors
        found = glob.glob(f"{scratch}/latchkey-*.tar.xz")
    return max(found, key=os.path.getmtime)


def unpack(path, person):
    """The package in the user's home, unpacked by the user."""
    archive = f"{person.home}/{os.path.basename(path)}"
    shutil.copyfile(path, archive)
    os.chmod(archive, 0o644)
    output, code = person.run(f"set -e\n{UNPACK}pwd")
    folder = archive.removesuffix(".tar.xz")
    expect(code == 0 and output == f"{folder}\n", "the package is unpacked", output)
    os.remove(archive)
    return folder


def begin(folder, person):
    """The first time: state and web root, as docs/deploy.md has it."""
    for commands in (STATE, WEB_ROOT):
        output, code = person.run(f"set -e\n{commands}", folder)
        expect(code == 0, commands, output)


def follow(folder, person):
    """INSTALL's commands except the check, in one shell each; returns its lines."""
    with open(f"{folder}/INSTALL") as file:
        lines = file.read().splitlines()
    for command in (line.strip() for line in lines if line.startswith("   ") and "curl" not in line):
        output, code = person.run(command, folder)
        expect(code == 0, f"`{command}`", output)
    return lines


def ask(command, host):
    """The document's `command`, with the reader's address."""
    assert f"https://{SAMPLE}" in command
    return host.owner.run(command.replace(f"https://{SAMPLE}", f"http://127.0.0.1:{host.port}"))


def check(host):
    """The document's check: the answer begins as the document says."""
    output, code = ask(HEALTH, host)
    start = '{"success":true,"data":{"status":"ok"'
    expect(code == 0 and output.startswith(start), HEALTH, output + host.log())
    with open(f"{PROJECT}/docs/deploy.md", encoding="utf-8") as file:
        expect(f"begins with `{start}`" in " ".join(file.read().split()), "the document says how the answer begins")


def configure(host):
    """The setting that the document asks for: base_url. Mail stays in the maildir, where a test can read it."""
    output, code = host.owner.run(f"sed -i 's|^#base_url = .*|base_url = http://127.0.0.1:{host.port}|' ~/latchkey/latchkey.conf")
    expect(code == 0 and "\nbase_url =" in open(f"{host.owner.home}/latchkey/latchkey.conf").read(), "base_url is set", output)


def code_for(email, host):
    """The code in the mail to `email`."""
    return maildir.code(f"{host.owner.home}/latchkey", email)


def story(host):
    """A sign-in from start to end; returns what later steps need."""
    email = "ada@example.com"
    verification = "POST /auth/verification/"
    answer = host.call(f"{verification}send-code", email=email)
    expect(answer.status == 202, "send-code", (answer.status, answer.body, host.log()))
    grant = host.call(f"{verification}verify-code", email=email, code=code_for(email, host))
    expect(grant.status == 200, "verify-code", grant.body)
    bearer = ("Authorization", f"Bearer {grant.data['access_token']}")
    me = host.call("GET /auth/users/me", [bearer])
    expect(me.status == 200 and me.data["email"] == email, "users/me: Authorization arrives", me.body)
    project = ("x-project-id", me.data["projects"][0]["id"])
    key = host.call("POST /auth/api-keys/", [bearer, project], name="test", expires_in_days=None, scopes=None)
    expect(key.status == 201, "a key is made", key.body)
    by_key = [("x-api-key", key.data["full_key"]), project]
    listed = host.call("GET /auth/api-keys/?page=1&limit=5", by_key)
    expect(listed.status == 200 and listed.data["items"][0]["id"] == key.data["id"], "keys are listed by a key", listed.body)
    renewed = host.call(
        f"{verification}refresh-token", refresh_token=grant.data["refresh_token"], user_uuid=grant.data["user_uuid"]
    )
    expect(renewed.status == 200, "refresh-token", renewed.body)
    again = host.call(f"{verification}send-code", email="eve@example.com")
    spare = host.call(f"{verification}verify-code", email="eve@example.com", code=code_for("eve@example.com", host))
    expect((again.status, spare.status) == (202, 200), "another signs in", spare.body)
    ended = host.call(f"{verification}revoke-token", refresh_token=spare.data["refresh_token"])
    dead = host.call("GET /auth/users/me", [("Authorization", f"Bearer {spare.data['access_token']}")])
    expect((ended.status, dead.status) == (200, 401), "revoke-token", (ended.body, dead.body))
    page = host.call("GET /")
    expect((page.status, page.body) == (200, open(f"{PROJECT}/public/index.html", "rb").read()), "the console", page.body[:200])
    return [("Authorization", f"Bearer {renewed.data['access_token']}")], by_key


def state(host):
    """Only the user can access the state; the web serves none of it, and no executable."""
    home = host.owner.home
    for path in [f"{home}/latchkey", *glob.glob(f"{home}/latchkey/**", recursive=True, include_hidden=True)]:
        if path.startswith(f"{home}/latchkey/bin/latchkey") or os.path.islink(path):
            continue
        entry = os.stat(path)
        wanted = 0o700 if stat.S_ISDIR(entry.st_mode) else 0o600
        # Copies have the mode of the user's own files; the folder above is closed.
        mode = stat.S_IMODE(entry.st_mode) & (0o700 if path.endswith(("latchkey.conf", "latchkey.home")) else 0o777)
        expect((entry.st_uid, mode) == (host.owner.uid, wanted), f"{path} is the user's alone", (entry.st_uid, oct(mode)))
    for name in ("latchkey.db", "secret.key", "keys", "mail/new"):
        expect(os.path.exists(f"{home}/latchkey/{name}"), f"~/latchkey/{name} is there")
    expect(not os.path.exists(f"{home}/auth/latchkey"), "the operator's command is outside the web root")
    for path in [
        "latchkey.home",
        ".htaccess",
        "latchkey",
        "latchkey.db",
        "latchkey.conf",
        "../latchkey/latchkey.db",
        "send-code",
        "deliver-mail",
        "public/index.html",
        "bin/latchkey",
        "%2e%2e/latchkey/secret.key",
        "auth.new/health",
    ]:
        answer = host.call(f"GET /{path}")
        expect(
            answer.status in (400, 403, 404) and b"ELF" not in answer.body and b"SQLite" not in answer.body,
            f"GET /{path} gives nothing",
            (answer.status, answer.body[:100]),
        )


def refusals(host):
    """A file that others can write does not run, whether Apache or Latchkey refuses it; with the right modes all works again."""
    site = host.site
    for what, change, back in [
        ("~/auth, which its group can write to", "chmod g+w ~/auth", "chmod g-w ~/auth"),
        ("~/auth, which all can write to", "chmod o+w ~/auth", "chmod o-w ~/auth"),
        ("an executable that all can write to", "chmod o+w ~/auth/health", "chmod o-w ~/auth/health"),
        ("a latchkey.home that all can write to", "chmod o+w ~/auth/latchkey.home", "chmod o-w ~/auth/latchkey.home"),
        (
            "a latchkey.home that names a folder below the web root",
            "echo ~/auth/var > ~/auth/latchkey.home",
            "echo ~/latchkey > ~/auth/latchkey.home",
        ),
    ]:
        host.owner.run(change)
        answer = host.call("GET /health")
        expect(answer.status == 500, f"{what} is refused", (answer.status, answer.body))
        left = set(os.listdir(f"{site}/var")) if os.path.exists(f"{site}/var") else set()
        expect(left <= {".htaccess"}, f"{what}: no state in the web root", left)
        host.owner.run(f"{back}; rm -rf ~/auth/var")
        answer = host.call("GET /health")
        expect(answer.status == 200, f"{what}, put right, is taken", (answer.status, answer.body, host.log()))
    expect("latchkey.home" in host.said(), "the log names latchkey.home", host.said()[-2000:])


def operator(host):
    """The command, without a variable, as the user and as another."""
    latchkey = "~/latchkey/bin/latchkey"
    output, code = host.owner.run(f"{latchkey} user list")
    expect(code == 0 and "ada@example.com" in output and "eve@example.com" in output, "latchkey user list", output)
    output, code = host.owner.run(f"{latchkey} backup ~/backup.tar && tar -tf ~/backup.tar")
    expect(code == 0 and {"latchkey.db", "secret.key"} <= set(output.split()), "latchkey backup", output)
    expect(stat.S_IMODE(os.stat(f"{host.owner.home}/backup.tar").st_mode) == 0o600, "the backup is the user's alone")
    output, code = host.owner.run("~/auth/deliver-mail")
    expect(code == 0, "deliver-mail, as cron runs it", output)
    # doctor accepts the result.
    output, code = ask(DOCTOR, host)
    expect(code == 0 and "files: all private to this user" in " ".join(output.split()), "doctor agrees with the document", output)
    output, code = host.owner.run(f"{latchkey} --version")
    version = open(f"{PROJECT}/VERSION", encoding="utf-8").read()
    expect(code == 0 and output == version, "latchkey --version", output)


def without_options(host, folder, bearer):
    """The log's message there, and the sample for it."""
    answer = host.call("GET /auth/users/me", bearer)
    expect(answer.status == 500 and "Options not allowed here" in host.said(), "the log names Options", host.said())
    output, code = host.owner.run("cp samples/apache/htaccess-without-options ~/auth/.htaccess", folder)
    expect(code == 0, "the other .htaccess", output)
    answer = host.call("GET /auth/users/me", bearer)
    expect(answer.status == 200, "with the other .htaccess all is well", (answer.body, host.log()))


def faster(host, folder, bearer):
    """The .htaccess for FastCGI."""
    output, code = host.owner.run(FASTCGI, folder)
    expect(code == 0, FASTCGI, output)
    for _ in range(3):
        answer = host.call("GET /auth/users/me", bearer)
        expect(answer.status == 200, "by FastCGI all is well", (answer.status, answer.body, host.log()))


def second(folder, top):
    """A later version next to the first: executables, console and .htaccess have other bytes but do the same."""
    later = f"{os.path.dirname(folder)}/{top}"
    shutil.copytree(folder, later, symlinks=True)
    for path in [*glob.glob(f"{later}/cgi-bin/*"), f"{later}/latchkey"]:
        if os.path.isfile(path):
            with open(path, "ab") as file:
                file.write(b"\0later")
    for path, more in [("cgi-bin/.htaccess", "\n# later\n"), ("cgi-bin/public/index.html", "<!-- later -->\n")]:
        with open(f"{later}/{path}", "a") as file:
            file.write(more)
    return later


def update(host, folder, bearer, by_key):
    """Follows the INSTALL of a later version, then of the first again, while requests continue; returns their number."""
    later = second(folder, "latchkey-later")
    own(later, (host.owner.uid, host.owner.gid))
    requests = [
        ("GET /auth/users/me", bearer),
        ("GET /auth/api-keys/", by_key),
        ("GET /health", []),
        ("GET /style.css", []),
        ("GET /languages/de.json", []),
        ("GET /no/such/path", []),
    ]
    ended, failures, counts = threading.Event(), [], []

    def ask(number):
        count = 0
        while not ended.is_set():
            line, fields = requests[(number + count) % len(requests)]
            answer = host.call(line, fields)
            wanted = 404 if line.endswith("path") else 200
            if answer.status != wanted or (wanted == 404 and b'"not_found"' not in answer.body):
                failures.append((line, answer.status, answer.body[:200]))
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        for _ in range(4):
            for version in (later, folder):
                follow(version, host.owner)
        follow(later, host.owner)
        time.sleep(0.5)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    expect(not failures, "no request fails while an update goes on", (len(failures), failures[:3]))
    for name in ("health", "send-code", ".htaccess", "public/index.html"):
        same = package.read(f"{host.site}/{name}") == package.read(f"{later}/cgi-bin/{name}")
        expect(same, f"~/auth/{name} is the later one")
    expect(package.read(f"{host.owner.home}/latchkey/bin/latchkey").endswith(b"later"), "and so is the command")
    expect("\nbase_url =" in open(f"{host.owner.home}/latchkey/latchkey.conf").read(), "the settings stay")
    expect(not os.path.exists(f"{host.owner.home}/auth.new"), "nothing is left beside the web root")
    expect(host.call("GET /auth/users/me", bearer).status == 200, "the session stays")
    return sum(counts)


def main():
    if os.geteuid() != 0:
        print("skipped: not root")
        sys.exit(1 if os.environ.get("CI") else 0)
    scratch = tempfile.mkdtemp(prefix="latchkey-install-")
    os.chmod(scratch, 0o711)
    people, host = [], None
    names = [f"latchkey-{kind}-{os.getpid()}" for kind in ("test", "web")]
    suexec = f"/etc/apache2/suexec/{names[1]}"
    try:
        owner = Person(names[0], "--user-group", "--create-home", "--home-dir", f"{scratch}/home")
        people.append(owner)
        # The group that may start suexec.
        worker = Person(names[1], "--no-create-home", "--home-dir", "/nonexistent", "--gid", "www-data")
        people.append(worker)
        os.chmod(owner.home, 0o711)
        with open(suexec, "w") as file:
            file.write(f"{owner.home}\npublic_html\n")
        folder = unpack(tarball(scratch), owner)
        begin(folder, owner)
        host = Host(owner, worker)
        configure(host)
        check(host)
        bearer, by_key = story(host)
        state(host)
        refusals(host)
        operator(host)
        print(f"figure requests during nine updates: {update(host, folder, bearer, by_key)}")
        state(host)
        host.stop()
        host = Stricter(owner, worker)
        without_options(host, folder, bearer)
        host.stop()
        host = Faster(owner, worker)
        faster(host, folder, bearer)
    finally:
        if host:
            host.stop()
        if os.path.exists(suexec):
            os.unlink(suexec)
        for person in people:
            person.remove()
        shutil.rmtree(scratch, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
