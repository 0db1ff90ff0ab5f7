"""The processes that deliver mail."""

import os
import subprocess

from latchkey_tests.answers import Answer
from latchkey_tests.project import EXECUTABLES
from latchkey_tests.waiting import until


def deliverers(home):
    """The processes of deliver-mail that work on `home`."""
    wanted, found = f"LATCHKEY_HOME={home.path}".encode(), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe").endswith("/deliver-mail"):
                environment = open(f"/proc/{pid}/environ", "rb").read()
                # A process that has just started shows none yet.
                if not environment or wanted in environment.split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


def settle(home):
    """Waits until no deliverer is running."""
    # A deliverer that cannot record a sent mail stays for a while.
    assert until(lambda: not deliverers(home), 40, 0.005), "a deliverer stays"


def deliver(home, prefix=()):
    """The answer of one deliverer, which has no status: its exit code and its log."""
    process = subprocess.run(
        [*prefix, f"{EXECUTABLES}/deliver-mail"],
        env={"LATCHKEY_HOME": home.path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )
    answer = Answer(b"")
    answer.exit, answer.log = process.returncode, process.stderr.decode("latin-1")
    return answer
