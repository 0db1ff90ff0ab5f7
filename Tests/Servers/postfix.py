"""Postfix's sendmail as the mail command, under the settings of samples/nginx/latchkey@.service: NoNewPrivileges,
ProtectSystem and ReadWritePaths, set by setpriv and a mount namespace as systemd does. With the unchanged sample, mail
reaches Postfix's queue; without either setting it does not, and log, outbox and doctor say why.

Needs root, and Postfix on this machine; otherwise it is skipped and says so. Postfix need not run: the test reads its
queue, and removes the mail.

Prints `N passed, N failed`, and exits with 1 if any check failed.
"""

import fcntl
import os
import re
import subprocess
import time

from latchkey_tests.checks import expect, finish
from latchkey_tests.home import NO_LIMITS, Home
from latchkey_tests.project import COMMAND, EXECUTABLES, PROJECT
from latchkey_tests.waiting import until

UNIT = f"{PROJECT}/samples/nginx/latchkey@.service"
QUEUE = "/var/spool/postfix/maildrop"
NOBODY = 65534


def settings(text):
    """The unit's lines, by name; the last one if a name repeats."""
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.M))


def under(unit, home, *command, **options):
    """Runs `command` as the service's user under `unit`, whose state folder is `home`."""
    assert unit.get("ProtectSystem") == "strict" and unit.get("User") and unit.get("NoNewPrivileges") in ("yes", "no")
    script = "set -e\n"
    for path in unit["ReadWritePaths"].split():
        optional, path = path.startswith("-"), path.lstrip("-").replace("/var/lib/latchkey", home)
        script += f"[ ! -e {path} ] || mount --bind {path} {path}\n" if optional else f"mount --bind {path} {path}\n"
    privileges = "--no-new-privs" if unit["NoNewPrivileges"] == "yes" else ""
    script += "mount -o remount,ro,bind /\n"
    script += f'exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups {privileges} "$@"'
    return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *command], capture_output=True, text=True, **options)


def queued():
    return set(os.listdir(QUEUE))


def deliver(unit):
    """The fate of one mail under `unit`: whether it reached the queue, and what the outbox, the log and doctor report."""
    home, before = Home(NO_LIMITS + "mail = sendmail /nonexistent\n"), queued()
    try:
        assert home.post("send-code", {"email": "ann@example.com"}).status == 202
        until(lambda: home.sql("SELECT 1 FROM mail_items WHERE last_error IS NOT NULL"), 5, 0.05)
        time.sleep(0.3)
        home.configure(NO_LIMITS + "mail = sendmail /usr/sbin/sendmail\nmail_from = latchkey@example.com\n")
        home.sql("UPDATE mail_items SET due_at = 0, attempts = 0, last_error = NULL")
        with open(f"{home.path}/deliverers.lock", "w") as places:
            # Only a place with little time is left, so that a hanging command is killed soon.
            fcntl.lockf(places, fcntl.LOCK_EX, 6, 0)
            for folder, folders, files in os.walk(home.path):
                for name in (folder, *(f"{folder}/{entry}" for entry in folders + files)):
                    os.lchown(name, NOBODY, NOBODY)
            run = under(
                unit,
                home.path,
                "timeout",
                "-s",
                "KILL",
                "25",
                f"{EXECUTABLES}/deliver-mail",
                env={"LATCHKEY_HOME": home.path},
                timeout=60,
            )
        new = queued() - before
        errors = [row[0] or "" for row in home.sql("SELECT last_error FROM mail_items")]
        log = open(f"{home.path}/latchkey.log").read() if os.path.exists(f"{home.path}/latchkey.log") else ""
        doctor = under(unit, home.path, COMMAND, "doctor", env={"LATCHKEY_HOME": home.path}).stdout
        for name in new:
            os.unlink(f"{QUEUE}/{name}")
        return bool(new), " ".join(errors), log, " ".join(doctor.split()), run.stderr
    finally:
        home.remove()


def main():
    if (
        os.geteuid() != 0
        or not os.path.exists("/usr/sbin/postdrop")
        or not os.path.isdir(QUEUE)
        or not os.path.exists("/etc/postfix/main.cf")
    ):
        print("postfix: left out, it needs root and Postfix")
        return
    unit = settings(open(UNIT).read())
    arrived, error, log, doctor, said = deliver(unit)
    expect(arrived and error == "", "under the sample, a mail reaches the queue", (arrived, error, log[-300:], said))
    expect("can be run; latchkey mail test shows" in doctor, "doctor finds nothing", doctor)
    arrived, error, log, doctor, said = deliver({**unit, "NoNewPrivileges": "yes"})
    expect(
        not arrived
        and "/usr/sbin/postdrop cannot get the rights of its owner or group: the service runs with NoNewPrivileges" in error,
        "without privileges the outbox says why",
        (arrived, error, said),
    )
    expect("NoNewPrivileges" in log, "and the log", log[-300:])
    expect("NoNewPrivileges=no and ReadWritePaths=/var/spool/postfix" in doctor, "and doctor", doctor)
    arrived, error, log, doctor, said = deliver({**unit, "ReadWritePaths": "/var/lib/latchkey"})
    expect(
        not arrived and "is read-only: with ProtectSystem, the service needs ReadWritePaths=/var/spool/postfix" in error,
        "with a read-only queue the outbox says why",
        (arrived, error, said),
    )
    expect("ReadWritePaths=/var/spool/postfix" in log, "and the log", log[-300:])
    finish()


if __name__ == "__main__":
    main()
