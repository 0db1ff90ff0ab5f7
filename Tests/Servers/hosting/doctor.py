"""Findings of `latchkey doctor`."""

import subprocess

from latchkey_tests.project import AS_ROOT, COMMAND, PATH


def doctor(server, url=None):
    """The findings of `latchkey doctor` there, in one line."""
    url = url or f"http://127.0.0.1:{server.port}"
    options = (
        {"user": server.user, "group": server.user if server.user != "nobody" else "nogroup", "extra_groups": []}
        if AS_ROOT
        else {}
    )
    done = subprocess.run(
        [COMMAND, "doctor", "--url", url],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        env={"PATH": PATH, "LATCHKEY_HOME": server.home, "LATCHKEY_BASE_URL": url},
        **options,
    )
    return " ".join((done.stdout + done.stderr).split())
