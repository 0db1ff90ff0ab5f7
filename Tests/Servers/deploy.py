"""docs/deploy.md, "On your own server" and what follows: each server is set up by the document's commands, word by word, on a
machine of namespaces where `sudo`, `systemctl` and `apt-get` are stand-ins. Through each, by HTTPS at port 443: what the document
checks, `latchkey doctor`, a sign-in, and the redirect of HTTP. Also an update, deliver-mail by systemd's timer, and fail2ban.

It needs root, and namespaces; otherwise it is skipped and says so, but under CI that is a failure. DIST names a folder with a
package to use; else one is made. Arguments, if any, are the names of servers to run. Prints `N passed, N failed`, and exits
with 1 if any check failed.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import machine
from authority import Authority
from install import tarball
from latchkey_tests import maildir
from latchkey_tests.checks import checks, expect
from latchkey_tests.guide import blocks
from latchkey_tests.waiting import until

HOST = "auth.example.com"
STATE_FOLDER = "/var/lib/latchkey"
(
    FILES,
    NAME,
    STATE,
    SETTINGS,
    LIGHTTPD,
    APACHE,
    NGINX,
    CHECK,
    LIGHTTPD_FASTCGI,
    NGINX_FASTCGI,
    APACHE_FASTCGI,
    PROXY,
    TIMER,
    FILTER,
    JAIL,
) = blocks("docs/deploy.md", "deploy.py")


class OwnServer:
    """A machine whose owner follows the document."""

    # The document's settings, and where mail can be read.
    settings = SETTINGS.replace("mail = sendmail /usr/sbin/sendmail\n", "")
    user = "www-data"

    def __init__(self, scratch, package, authority):
        assert "mail" not in self.settings
        self.machine = machine.Machine(scratch, [HOST])
        self.package = package
        certificates = f"/etc/letsencrypt/live/{HOST}"
        os.makedirs(certificates)
        shutil.copy(f"{authority}/chain.pem", f"{certificates}/fullchain.pem")
        shutil.copy(f"{authority}/key.pem", f"{certificates}/privkey.pem")
        os.makedirs("/etc/ssl/certs", exist_ok=True)
        with open("/etc/ssl/certs/ca-certificates.crt", "a") as file, open(f"{authority}/ca.pem") as added:
            file.write(added.read())

    def follow(self, commands, what):
        code, output = self.machine.run(commands)
        expect(code == 0, what, output)
        return output

    def put_files(self):
        """The first block in an empty folder, with the package."""
        shutil.rmtree(self.machine.folder)
        os.mkdir(self.machine.folder)
        shutil.copy(self.package, self.machine.folder)
        self.follow(FILES, "files in place")
        self.follow(NAME, "the host's name in the samples")

    def begin(self, more=""):
        self.put_files()
        self.follow(STATE, "the state")
        with open(f"{STATE_FOLDER}/latchkey.conf", "a") as file:
            file.write(f"{self.settings}resend_after = 0s\n{more}")

    def check(self, what):
        """The document's checks; doctor finds no fault."""
        output = self.follow(CHECK.replace("sudo -u www-data", f"sudo -u {self.user}"), f"{what}: the document's checks")
        expect(output.startswith('{"success":true,"data":{"status":"ok"'), f"{what}: health", output[:200])
        for name in ("state mark", "web", "encryption", "authorization", "downloads"):
            expect(re.search(rf"^ok +{name}: ", output, re.M), f"{what}: doctor: {name}", output)
        expect(not re.search("^fault ", output, re.M), f"{what}: doctor finds no fault", output)
        print(*(line for line in output.splitlines() if line.startswith("warning")), sep="\n", flush=True)

    def post(self, path, **fields):
        code, output = self.machine.run(
            f"curl -sS https://{HOST}{path} -H 'Content-Type: application/json' -d '{json.dumps(fields)}'"
        )
        return json.loads(output) if code == 0 else {"data": None, "error": output}

    def sign_in(self, what, email):
        self.post("/auth/verification/send-code", email=email)
        code = until(lambda: maildir.codes(STATE_FOLDER, email), 10, 0.05)
        answer = self.post("/auth/verification/verify-code", email=email, code=code[0] if code else "")
        expect(answer["data"] and answer["data"]["token_type"] == "bearer", f"{what}: a sign-in", answer)
        output = self.follow(f"curl -sS -o /dev/null -w '%{{http_code}} %{{redirect_url}}' http://{HOST}/health", f"{what}: http")
        expect(output == f"308 https://{HOST}/health", f"{what}: http redirects", output)


def lighttpd(server):
    server.begin()
    server.follow(LIGHTTPD, "lighttpd")
    server.check("lighttpd")
    server.sign_in("lighttpd", "ada@example.com")
    server.follow(TIMER, "deliver-mail by a timer")
    server.follow(FILTER, "fail2ban's filter")
    with open("/etc/fail2ban/jail.local", "w") as file:
        file.write(JAIL)
    # Debian's own jail, for sshd, wants this file.
    open("/var/log/auth.log", "a").close()
    server.follow("fail2ban-client -t", "fail2ban takes the jail")
    logs = [path for path in JAIL.split() if path.startswith("/var/log/")]
    expect(len(logs) == 2 and any(os.path.getsize(path) for path in logs), "the jail's logs are there", logs)
    # An update by the same commands, while it runs.
    server.put_files()
    server.check("lighttpd, updated")
    server.follow(LIGHTTPD_FASTCGI, "lighttpd, FastCGI")
    server.check("lighttpd, FastCGI")
    server.sign_in("lighttpd, FastCGI", "grace@example.com")
    processes = subprocess.run(["ps", "-eo", "comm="], capture_output=True, text=True).stdout.split()
    expect(processes.count("latchkey-fcgi") >= 2, "processes stay", processes)


def one(commands):
    def follow(server):
        name = sys.argv[2]
        server.begin()
        server.follow(commands, name)
        server.check(name)
        server.sign_in(name, "ada@example.com")

    return follow


class WithOwnUser(OwnServer):
    user = "latchkey"


class BehindProxy(OwnServer):
    settings = OwnServer.settings + "trusted_proxies = 127.0.0.1\n"


SERVERS = {
    "lighttpd": (OwnServer, lighttpd),
    "apache": (OwnServer, one(APACHE)),
    "nginx": (OwnServer, one(NGINX)),
    "nginx-fastcgi": (WithOwnUser, one(NGINX_FASTCGI)),
    "apache-fastcgi": (OwnServer, one(APACHE_FASTCGI)),
    "proxy": (BehindProxy, one(PROXY)),
}


def inside():
    """One server, on a machine of its own."""
    name, scratch, package, authority = sys.argv[2:]
    kind, follow = SERVERS[name]
    server = kind(scratch, package, authority)
    follow(server)
    if checks.failed:
        for path in glob.glob("/var/log/latchkey*.log") + glob.glob("/var/log/*/*error.log"):
            print(f"== {path}", *open(path, errors="replace").read().splitlines()[-20:], sep="\n", flush=True)
    print(f"{name}: {checks.passed} hold", flush=True)
    with open(f"{authority}/counts", "a") as file:
        file.write(f"{checks.passed} {checks.failed}\n")


def main():
    if not machine.available():
        print("skipped: not root, or no namespaces")
        sys.exit(1 if os.environ.get("CI") else 0)
    scratch, authority = tempfile.mkdtemp(prefix="latchkey-deploy-"), Authority(HOST)
    try:
        package = tarball(scratch)
        for name in sys.argv[1:] or SERVERS:
            empty = f"{scratch}/{name}"
            os.mkdir(empty)
            ended = machine.inside(os.path.realpath(__file__), "--inside", name, empty, package, authority.folder)
            expect(ended == 0, f"{name}: the test itself ends well", ended)
        with open(f"{authority.folder}/counts") as file:
            for line in file:
                passed, failed = map(int, line.split())
                checks.passed += passed
                checks.failed += failed
    finally:
        authority.remove()
        shutil.rmtree(scratch, ignore_errors=True)
    checks.finish()


if __name__ == "__main__":
    inside() if sys.argv[1:2] == ["--inside"] else main()
