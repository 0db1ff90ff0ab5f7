"""A shared host: temporary users of this machine, and an Apache that runs programs by suEXEC as one of them and allows only
.htaccess. It needs root."""

import pwd
import subprocess

from latchkey_tests.project import PATH
from latchkey_tests.servers.apache import Apache
from latchkey_tests.waiting import until


class Person:
    """A user of this machine, until `remove`."""

    def __init__(self, name, *options):
        self.name = name
        subprocess.run(["useradd", "--system", "--shell", "/bin/sh", *options, name], check=True)
        entry = pwd.getpwnam(name)
        self.uid, self.gid, self.home = entry.pw_uid, entry.pw_gid, entry.pw_dir

    def run(self, command, cwd=None, umask=0o027):
        """`command` in a login shell: both its outputs, and its exit code."""
        done = subprocess.run(
            ["runuser", "-u", self.name, "--", "env", "-i", f"HOME={self.home}", f"PATH={PATH}", "sh", "-c", command],
            cwd=cwd or self.home,
            umask=umask,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return done.stdout, done.returncode

    def remove(self):
        # userdel fails while a deliverer of that user runs.
        until(lambda: subprocess.run(["userdel", self.name], stderr=subprocess.DEVNULL).returncode == 0, 20, 0.2)


class Host(Apache):
    """suEXEC below the user's home, as hosts configure it: Debian's reads the path from a file of the server's user."""

    name = "a shared host"
    modules = ["mpm_prefork", "cgi", "suexec"]

    def __init__(self, owner, worker):
        self.owner, self.user, self.worker = owner, owner.name, worker.name
        super().__init__(self)

    def copy(self, path, more=""):
        """There is no state yet."""

    def install(self):
        self.site = f"{self.owner.home}/auth"

    def host(self):
        return f"SuexecUserGroup {self.owner.name} {self.owner.name}\n" + super().host()

    def said(self):
        """The whole error log."""
        return open(f"{self.folder}/error.log", encoding="utf-8", errors="replace").read()

    def call(self, line, fields=(), **body):
        """One request, by its line."""
        return self.exchange(*self.with_json(line, fields, body))


class Stricter(Host):
    """A host that does not allow Options in .htaccess, and sets ExecCGI itself."""

    name = "a stricter shared host"
    override = "FileInfo"
    options = "ExecCGI SymLinksIfOwnerMatch"


class Faster(Host):
    """A host that offers FastCGI."""

    name = "a shared host with FastCGI"
    modules = ["mpm_prefork", "fcgid", "suexec"]

    def host(self):
        return f"FcgidIPCDir {self.folder}/fcgid\nFcgidProcessTableFile {self.folder}/fcgid_shm\n" + super().host()
