"""What docs/postgresql.md shows: `make run STORE=postgresql` signs in within its first minute and leaves nothing behind, and
`latchkey store move` moves a service.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import urllib.request

from latchkey_tests import maildir
from latchkey_tests.checks import expect, finish
from latchkey_tests.cluster import Cluster, PostgreSQLHome
from latchkey_tests.guide import blocks
from latchkey_tests.ports import free_port, wait_for_port
from latchkey_tests.project import COMMAND, PROJECT
from latchkey_tests.service import post

DOCUMENT = "docs/postgresql.md"


def serve(command):
    """Runs the command, signs in, and stops it as Ctrl-C does."""
    port = free_port()
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("LATCHKEY_", "PG")) and k not in ("PORT", "BIND", "MAKEFLAGS")
    }
    with tempfile.TemporaryFile("w+") as output:
        server = subprocess.Popen(
            shlex.split(command),
            cwd=PROJECT,
            env={**environment, "PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for_port(port, 600)
            output.seek(0)
            state = re.search(r"state: (\S+)", output.read()).group(1)
            base = f"http://localhost:{port}"
            sent = post(f"{base}/auth/verification/send-code", {"email": "ada@example.com"})
            expect(sent["success"], "a code is sent", sent)
            code = maildir.code(state, "ada@example.com")
            grant = post(f"{base}/auth/verification/verify-code", {"email": "ada@example.com", "code": code})["data"]
            request = urllib.request.Request(
                f"{base}/auth/users/me", headers={"Authorization": f"Bearer {grant['access_token']}"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                expect(answer.status == 200 and b"ada@example.com" in answer.read(), "the token works")
        finally:
            os.killpg(server.pid, signal.SIGINT)
            server.wait(60)
        output.seek(0)
        expect("thrown away" in output.read(), "it says that nothing stays")
        expect(not os.path.exists(state), "the state is gone", state)


def move(command):
    """Runs the command on a service with data, in a folder with `new.conf`."""
    cluster, folder = Cluster(), tempfile.mkdtemp(prefix="latchkey-guide-")
    try:
        for name in ("old", "new"):
            cluster.create(name)
        home = PostgreSQLHome(cluster.connection("old"))
        home.sign_in("ada@example.com")
        with open(f"{folder}/new.conf", "w") as file:
            file.write(f"database = {cluster.connection('new')}\n")
        os.symlink(COMMAND, f"{folder}/latchkey")
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=folder,
            env={"PATH": f"{folder}:{os.environ['PATH']}", "LATCHKEY_HOME": home.path},
            capture_output=True,
            text=True,
            timeout=60,
        )
        expect(done.returncode == 0 and "Moved the data" in done.stdout, "the move", (done.stdout, done.stderr))
        expect(cluster.sql("SELECT count(*) FROM users", "new") == [["1"]], "the account is there")
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    run, *_ = blocks(DOCUMENT, "guide.py")
    with open(f"{PROJECT}/{DOCUMENT}", encoding="utf-8") as file:
        moving = re.search(r"^   <!-- test: guide.py -->\n   ```sh\n   (.*?)\n   ```$", file.read(), re.M | re.S).group(1)
    move(moving)
    serve(run)
    finish()


if __name__ == "__main__":
    main()
