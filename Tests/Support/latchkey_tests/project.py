"""Paths."""

import os

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PUBLIC = f"{PROJECT}/public"
# The release executables, and the operator's command.
EXECUTABLES = os.environ.get("EXECUTABLES", f"{PROJECT}/cgi-bin")
COMMAND = os.environ.get("LATCHKEY_COMMAND", f"{PROJECT}/bin/latchkey")
# Debian's folders for servers and tools.
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
AS_ROOT = os.geteuid() == 0


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def executable_names(folder=EXECUTABLES):
    return sorted(name for name in os.listdir(folder) if not name.startswith(".") and name != "latchkey.home")
