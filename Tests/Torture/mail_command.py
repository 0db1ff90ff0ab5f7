"""A state folder whose mail goes to a command that the test writes, and the deliverers that work on it."""

import os
import re
import shutil
import subprocess
import tempfile

from latchkey_tests.home import NO_LIMITS, Home
from latchkey_tests.project import EXECUTABLES
from latchkey_tests.waiting import until

# Keeps each whole mail as $HOME/got/…, then does what the case needs.
COMMAND = """\
#!/bin/sh
mkdir -p "$HOME/got"
name=$(mktemp "$HOME/got/.XXXXXX")
{begin}
cat > "$name"
mv "$name" "$HOME/got/$(date +%s%N)-$$"
{end}
"""


class Outbox:
    """A state folder whose mail goes to a command, and the deliverers that work on it."""

    def __init__(self, begin="", end="exit 0", script=None, mode=0o700, settings=""):
        self.home = Home()
        self.command = f"{self.home.path}/sendmail"
        self.home.configure(f"{NO_LIMITS}mail = sendmail {self.command}\n{settings}")
        self.write(begin, end, script, mode)
        # A copy without deliver-mail next to it: its mail waits until the test starts a deliverer.
        self.folder = tempfile.mkdtemp(prefix="latchkey-outbox-")
        shutil.copy(f"{EXECUTABLES}/send-code", self.folder)
        self.started, self.promised = [], 0

    def write(self, begin="", end="exit 0", script=None, mode=0o700):
        with open(self.command + ".new", "w") as file:
            file.write(COMMAND.format(begin=begin, end=end) if script is None else script)
        os.chmod(self.command + ".new", mode)
        os.rename(self.command + ".new", self.command)

    def promise(self, count=1):
        for _ in range(count):
            body = b'{"email": "ada%d@example.com"}' % self.promised
            self.promised += 1
            done = subprocess.run(
                [f"{self.folder}/send-code"], env=self.home.environment("POST", body), input=body, capture_output=True, timeout=60
            )
            assert b"Status: 202" in done.stdout, done
        return self

    def begun(self):
        """Waits until the command reports that it runs."""
        return self.until(lambda: os.path.exists(f"{self.home.path}/begun"))

    def deliverer(self, prefix=()):
        process = subprocess.Popen(
            [*prefix, f"{EXECUTABLES}/deliver-mail"],
            env={"LATCHKEY_HOME": self.home.path, "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.started.append(process)
        return process

    def row(self):
        """(attempts, due_at, last_error, expires_at) of the only mail; None if it was deleted."""
        rows = self.home.sql("SELECT attempts, due_at, last_error, expires_at FROM mail_items")
        return rows[0] if rows else None

    def attempt(self, wait=20):
        """One attempt at the only mail, by a deliverer that does not retry; returns its row afterwards."""
        self.home.sql("UPDATE mail_items SET due_at = 0, last_error = NULL")
        process = self.deliverer()
        self.until(lambda: (row := self.row()) is None or row[2], wait)
        process.kill()
        process.wait()
        return self.row()

    def until(self, condition, wait=20):
        return bool(until(condition, wait, 0.01))

    def due(self):
        self.home.sql("UPDATE mail_items SET due_at = 0")

    def got(self):
        """The mails that the command read to their end, oldest first."""
        folder = f"{self.home.path}/got"
        names = sorted(n for n in os.listdir(folder) if n[0] != ".") if os.path.isdir(folder) else []
        return [open(f"{folder}/{name}", "rb").read() for name in names]

    def ids(self):
        """The Message-ID of each; "" if it has none."""
        return [(re.search(rb"^Message-ID: (.*)$", mail, re.M) or [b"", b""])[1].decode() for mail in self.got()]

    def halves(self):
        """The length of each mail that has no proper end."""
        return [len(mail) for mail in self.got() if not mail.endswith(b"--\n")]

    def remove(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        shutil.rmtree(self.folder)
        self.home.remove()
