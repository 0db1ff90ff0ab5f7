"""`make`, as people use it: a port in use is reported before anything is built; tokens and links name what `make run`
serves; each executable is replaced in one step, also while it is served; `make bench` leaves the project's published
results alone.

Prints `N passed, N failed`, and exits with 1 if any check failed.
"""

import base64
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from latchkey_tests import maildir
from latchkey_tests.checks import expect, finish
from latchkey_tests.guide import blocks
from latchkey_tests.ports import free_port, wait_for_port
from latchkey_tests.project import PROJECT
from latchkey_tests.service import post


def short_free_port():
    """A port of four digits."""
    for port in range(8100, 10000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def make(*arguments, **variables):
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith("LATCHKEY_") and k not in ("PORT", "BIND", "MAKEFLAGS")
    }
    environment.update(variables)
    started = time.monotonic()
    result = subprocess.run(["make", *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=900)
    return result, time.monotonic() - started


def check_port_in_use():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        for arguments, variables in [
            ((f"PORT={port}",), {}),
            ((), {"PORT": str(port)}),
            ((), {"PORT": str(port), "BIND": "0.0.0.0"}),
        ]:
            result, seconds = make("run", *arguments, **variables)
            expect(
                result.returncode != 0
                and f"Port {port} is in use" in result.stderr
                and "PORT=" in result.stderr
                and seconds < 5
                and "swift" not in result.stdout,
                "a port in use is said first",
                (result.returncode, seconds, result.stdout, result.stderr),
            )
    for port in ("0", "65536", "http", "", "80 80", "-1"):
        result, seconds = make("run", f"PORT={port}")
        if port == "":
            continue  # the same as none
        expect(
            result.returncode != 0 and "not a port from 1 to 65535" in result.stderr and seconds < 5,
            f"PORT={port!r}",
            (result.returncode, result.stderr),
        )


def issuer(port, home, host="localhost"):
    """`iss` of a token from the service at `port` of `host`, after a sign-in."""
    email = f"ann{port}@example.com"
    post(f"http://{host}:{port}/auth/verification/send-code", {"email": email})
    code = maildir.code(home, email)
    token = post(f"http://{host}:{port}/auth/verification/verify-code", {"email": email, "code": code})["data"]["access_token"]
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iss"]


def running():
    """The command that README.md and docs/getting-started.md show."""
    (short,), (long,) = blocks("README.md", "making.py"), blocks("docs/getting-started.md", "making.py")
    expect(short == long == "make run\n", "one command serves", (short, long))
    return shlex.split(short)


def check_base_url():
    command = running()
    for settings, variables, expected in [
        (None, {}, "http://localhost:{port}"),
        ("# base_url = x\ncode_length = 8\n", {}, "http://localhost:{port}"),
        ("  base_url=https://id.example.com\n", {}, "https://id.example.com"),
        ("\ufeffbase_url = https://id.example.com\r\n", {}, "https://id.example.com"),
        (None, {"LATCHKEY_BASE_URL": "https://other.example"}, "https://other.example"),
        (None, {"BIND": "0.0.0.0"}, "http://localhost:{port}"),
        (None, {"BIND": "127.0.0.2"}, "http://127.0.0.2:{port}"),
        (None, {"PORT": "0{port}"}, "http://localhost:{port}"),
    ]:
        for fastcgi in ({}, {"LATCHKEY_FASTCGI": "1"}):
            home = tempfile.mkdtemp(prefix="latchkey-making-")
            port = short_free_port() if variables.get("PORT") else free_port()
            if settings:
                with open(f"{home}/latchkey.conf", "w") as file:
                    file.write(settings)
            environment = {
                k: v for k, v in os.environ.items() if not k.startswith("LATCHKEY_") and k not in ("PORT", "BIND", "MAKEFLAGS")
            }
            others = {"PORT": "{port}", **variables, **fastcgi}
            host = "127.0.0.2" if variables.get("BIND") == "127.0.0.2" else "localhost"
            server = subprocess.Popen(
                [*command, f"LATCHKEY_HOME={home}"],
                cwd=PROJECT,
                env={**environment, **{name: value.format(port=port) for name, value in others.items()}},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                wait_for_port(port, 600, host)
                seen = issuer(port, home, host)
                expect(seen == expected.format(port=port), f"iss with {settings!r}, {variables}, {fastcgi}", seen)
            finally:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait()
                time.sleep(0.3)
                shutil.rmtree(home, ignore_errors=True)


def check_placing():
    """While executables are replaced, each start gets a whole one, and an open one does not change."""
    home, stop, wrong, starts = tempfile.mkdtemp(prefix="latchkey-making-"), threading.Event(), [], [0]
    path = f"{PROJECT}/cgi-bin/health"
    size = os.path.getsize(path)

    def serve():
        while not stop.is_set():
            try:
                status = os.stat(path)
                answer = subprocess.run(
                    [path],
                    env={"LATCHKEY_HOME": home, "REQUEST_METHOD": "GET", "REQUEST_URI": "/health"},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                )
                starts[0] += 1
                if not answer.stdout.startswith(b"Status: 200") or status.st_mode & 0o777 != 0o755 or status.st_size != size:
                    wrong.append((answer.returncode, answer.stdout[:100], oct(status.st_mode), status.st_size))
            except OSError as error:
                wrong.append(error)

    before = os.stat(path).st_ino
    threads = [threading.Thread(target=serve) for _ in range(2)]
    with open(path, "rb") as held:
        for thread in threads:
            thread.start()
        result, _ = make("build")
        stop.set()
        for thread in threads:
            thread.join()
        expect(result.returncode == 0, "make build", result.stderr[-2000:])
        expect(os.stat(path).st_ino != before, "an executable was put into its place")
        expect(os.fstat(held.fileno()).st_size == size, "an open executable is as it was")
    expect(not wrong and starts[0] > 10, f"{starts[0]} starts meanwhile", wrong[:3])
    shutil.rmtree(home, ignore_errors=True)


def check_results():
    """Where the measuring programs write, without measuring."""

    def measuring(program, update):
        """The output of a program that imports a module of Benchmarks."""
        return subprocess.run(
            [sys.executable, "-c", program],
            cwd=PROJECT,
            env={
                **os.environ,
                "UPDATE": update,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": f"{PROJECT}/Benchmarks:{PROJECT}/Tests/Support",
            },
            capture_output=True,
            text=True,
        )

    for update, expected in [("", f"{PROJECT}/.build-bench"), ("1", f"{PROJECT}/Benchmarks")]:
        seen = measuring("import compare; print(compare.RESULTS)", update)
        expect(seen.stdout.strip() == expected, f"UPDATE={update!r}: where results go", (seen.stdout, seen.stderr))
    shown = f"{PROJECT}/Benchmarks/ACCOUNT.md"
    with open(shown) as file:
        before = file.read()
    measuring("import account; account.account = lambda folder: print('measured'); account.main()", "0").check_returncode()
    with open(shown) as file, open(f"{PROJECT}/.build-bench/ACCOUNT.md") as written:
        expect((file.read(), written.read()) == (before, "measured\n"), "make bench-account leaves the account that is shown")
    ignored = subprocess.run(["git", "check-ignore", "-q", ".build-bench/results.md"], cwd=PROJECT).returncode
    expect(ignored == 0, "git ignores .build-bench")


def main():
    check_port_in_use()
    check_results()
    check_placing()
    check_base_url()
    finish()


if __name__ == "__main__":
    main()
