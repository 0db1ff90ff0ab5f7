"""Kernels and containers that lack newer system calls: strace makes each of them in turn return ENOSYS to every handler
and deliverer, while a person signs in, makes an API key, uses it and deletes the account, with mail by a mail command. Then
all of them at once, and with EPERM, as some containers' filters return. (Open file description locks, Linux 3.15, are a use
of `fcntl`, which strace cannot refuse by itself.)

And file systems without shared memory, by the result of statfs: the database gets no WAL there, and loses it if moved there.
"""

import os
import re
import sys

from latchkey_tests.checks import checks, expect
from latchkey_tests.home import NO_LIMITS, Home, bearer
from latchkey_tests.waiting import until

# memfd_create: Linux 3.17. getrandom: 3.17. statx: 4.11. close_range: 5.9. Containers refuse the others.
CALLS = ["memfd_create", "getrandom", "close_range", "statx", "clone3", "rseq", "prlimit64", "prctl", "faccessat2", "openat2"]
# Calls that a filter may refuse with EPERM: glibc itself needs ENOSYS for clone3, and no filter refuses getrandom.
FILTERED = [call for call in CALLS if call not in ("clone3", "getrandom")]
COMMAND = """\
#!/bin/sh
for recipient; do :; done
cat > "$HOME/arriving" && mv "$HOME/arriving" "$HOME/mail-to-$recipient"
"""


def story(calls, error):
    """A person's actions on a kernel that returns `error` for `calls`."""
    prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={','.join(calls)}"]
    for call in calls:
        prefix += ["-e", f"inject={call}:error={error}"]
    home = Home(NO_LIMITS)
    command = f"{home.path}/sendmail"
    with open(command, "w") as file:
        file.write(COMMAND)
    os.chmod(command, 0o700)
    home.configure(NO_LIMITS + f"mail = sendmail {command}\n")
    name = f"{error}, {', '.join(calls)}"
    try:
        answer = home.post("send-code", {"email": "ann@example.com"}, prefix=prefix)
        if not expect(answer.status == 202, f"{name}: send-code", (answer.status, answer.log)):
            return
        mail = f"{home.path}/mail-to-ann@example.com"
        if not expect(
            until(lambda: os.path.exists(mail), 20, 0.05),
            f"{name}: a mail",
            home.sql("SELECT attempts, last_error FROM mail_items"),
        ):
            return
        code = re.search(r"^Subject: (\d+)", open(mail).read(), re.M).group(1)
        answer = home.post("verify-code", {"email": "ann@example.com", "code": code}, prefix=prefix)
        if not expect(answer.status == 200, f"{name}: verify-code", (answer.status, answer.log)):
            return
        grant = answer.data
        me = home.get("current-user", bearer(grant), prefix=prefix)
        if not expect(me.status == 200, f"{name}: current-user", (me.status, me.log)):
            return
        project = {"HTTP_X_PROJECT_ID": me.data["projects"][0]["id"]}
        key = home.post("create-api-key", {"name": "k"}, {**bearer(grant), **project}, prefix=prefix)
        expect(key.status == 201, f"{name}: create-api-key", (key.status, key.log))
        used = home.get("verify-api-key", {"HTTP_X_API_KEY": (key.data or {}).get("full_key", "")}, prefix=prefix)
        expect(used.status == 200, f"{name}: verify-api-key", (used.status, used.log))
        spent = home.post(
            "refresh-token", {"refresh_token": grant["refresh_token"], "user_uuid": grant["user_uuid"]}, prefix=prefix
        )
        expect(spent.status == 200, f"{name}: refresh-token", (spent.status, spent.log))
    finally:
        home.remove()


# File systems by statfs(2) and GNU coreutils: those of other machines and programs, and those of this machine.
REMOTE = {
    "NFS": 0x6969,
    "FUSE": 0x65735546,
    "VirtualBox": 0x786F4256,
    "VMware": 0xBACBACBC,
    "Parallels": 0x7C7C6673,
    "GPFS": 0x47504653,
    "GFS2": 0x01161970,
    "CIFS": 0xFF534D42,
    "OrangeFS": 0x20030528,
}
LOCAL = {"ext4": 0xEF53, "overlay": 0x794C7630}


def on(number):
    """The command prefix that makes a program find all files on the file system `number`."""
    return [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=statfs",
        "-e",
        f"inject=statfs:poke_exit=@arg2={number.to_bytes(8, 'little').hex()}:when=1+",
    ]


def is_wal(home, prefix):
    """Whether the database is in WAL mode after a request."""
    answer = home.get("health", prefix=prefix)
    expect(answer.status == 200, "health", (answer.status, answer.log))
    with open(f"{home.path}/latchkey.db", "rb") as file:
        return file.read(20)[18:20] == b"\2\2"


def journals():
    for name, number in {**REMOTE, **LOCAL}.items():
        shares = name in LOCAL
        for settings, expected in [("", shares), ("journal = wal\n", True), ("journal = delete\n", False)]:
            made, moved = Home(settings), Home("")
            try:
                expect(
                    is_wal(made, on(number)) == expected, f"{name}, {settings!r}: a new database's WAL is {expected}", "not so"
                )
                expect(is_wal(moved, []), "this machine's file system has WAL", "not so")
                moved.configure(settings)
                expect(
                    is_wal(moved, on(number)) == expected, f"{name}, {settings!r}: a moved database's WAL is {expected}", "not so"
                )
                expect(settings != "" or is_wal(moved, []), f"{name}: it has it again once it is back", "not so")
            finally:
                made.remove()
                moved.remove()
    print(f"figure file systems: {len(REMOTE)} without WAL, {len(LOCAL)} with it", flush=True)


def main():
    journals()
    for calls, error in [([call], "ENOSYS") for call in CALLS] + [(CALLS, "ENOSYS"), (FILTERED, "EPERM")]:
        before = checks.failed
        story(calls, error)
        what = calls[0] if len(calls) == 1 else f"{len(calls)} calls"
        print(f"figure {error} of {what}: {'works' if checks.failed == before else 'fails'}", flush=True)
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
