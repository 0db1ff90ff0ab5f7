"""Clients that openapi-generator makes from the document, in Python, Go and Swift: generated, built, and used with the
service. The PyPI package contains its jar, which needs java. Go is built without third-party modules."""

import filecmp
import glob
import os
import shutil
import subprocess
import tempfile
import time

from document import OPENAPI
from latchkey_tests import maildir
from latchkey_tests.project import PROJECT
from latchkey_tests.waiting import until
from world import World

# Where the Python client finds the packages of its requirements.txt.
PACKAGES = os.path.join(PROJECT, ".build-openapi-client")
CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
# The expected output of each client.
EXPECTED = """\
sent: 600
wrong code: invalid_code
token: bearer
me: {email} null
fault: validation_error [header x-project-id]
name: Ada
key: sk_
listed: true null [api-keys:read] true
deleted: false
member: owner true false
member: invited false true
"""


def execute(arguments, folder, **environment):
    """A failed command's output; empty if it succeeds."""
    outcome = subprocess.run(
        arguments, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return [] if outcome.returncode == 0 else [line[:300] for line in outcome.stdout.splitlines()[-8:]] or ["it failed"]


def generated(language, folder, *properties):
    import openapi_generator_cli

    (jar,) = glob.glob(os.path.join(os.path.dirname(openapi_generator_cli.__file__), "*.jar"))
    return execute(
        [
            "java",
            "-Xmx512m",
            "-jar",
            jar,
            "generate",
            "-g",
            language,
            "-i",
            OPENAPI,
            "-o",
            folder,
            "--additional-properties",
            ",".join(properties),
            "--global-property",
            "modelDocs=false,apiDocs=false,modelTests=false,apiTests=false",
        ],
        None,
    )


def python(folder):
    shutil.copy(f"{CLIENTS}/client.py", f"{folder}/client.py")
    interpreter, installed = f"{PACKAGES}/bin/python", f"{PACKAGES}/requirements.txt"
    if not os.path.exists(installed) or not filecmp.cmp(installed, f"{folder}/requirements.txt", shallow=False):
        shutil.rmtree(PACKAGES, ignore_errors=True)
        found = execute(["/usr/bin/python3", "-m", "venv", PACKAGES], folder, PYTHONDONTWRITEBYTECODE="")
        found = found or execute(
            [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"], folder
        )
        if found:
            return None, found
        shutil.copy(f"{folder}/requirements.txt", installed)
    # Every module is loaded, even if unused.
    return [interpreter, "client.py"], execute([interpreter, "-c", "import latchkey.models, latchkey.api"], folder)


def go(folder):
    os.mkdir(f"{folder}/client")
    shutil.copy(f"{CLIENTS}/client.go", f"{folder}/client/main.go")
    return ["./latchkey-client"], execute(
        ["go", "build", "-mod=mod", "-o", "latchkey-client", "./client"],
        folder,
        GOPROXY="off",
        GOFLAGS="",
        GOTOOLCHAIN="local",
        GOCACHE=f"{folder}/cache",
    )


def swift(folder):
    sources = sorted(glob.glob(f"{folder}/Sources/**/*.swift", recursive=True))
    return ["./latchkey-client"], execute(
        ["swiftc", "-swift-version", "6", "-module-name", "Client", "-o", "latchkey-client", *sources, f"{CLIENTS}/main.swift"],
        folder,
    )


LANGUAGES = [
    ("python", python, ("packageName=latchkey",)),
    ("go", go, ("packageName=latchkey",)),
    ("swift6", swift, ("projectName=Latchkey",)),
]


def use(world, command, folder, email):
    """The output of a client that signs in as `email`, from its first line to its last."""

    def codes():
        return maildir.codes(world.home.path, email)

    before = len(codes())
    process = subprocess.Popen(
        [*command, world.base, email, f"friend-of-{email}"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until(lambda: len(codes()) > before or process.poll() is not None, 30, 0.05)
    code = (codes() or [""])[-1]
    try:
        return process.communicate(f"{code}\n", timeout=60)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return f"it did not end: {process.communicate()[0]}"


def run(results):
    check = results.check
    world = World()
    try:
        for language, build, properties in LANGUAGES:
            start = time.monotonic()
            folder = tempfile.mkdtemp(prefix=f"latchkey-{language}-")
            try:
                found = generated(language, folder, *properties)
                check(f"openapi-generator makes a client for {language}", found)
                if found:
                    continue
                command, found = build(folder)
                check(f"the client for {language} builds", found)
                if found:
                    continue
                email = f"{language}@example.com"
                seen, expected = use(world, command, folder, email), EXPECTED.format(email=email)
                check(f"the client for {language} can be used", [] if seen == expected else seen.splitlines()[-12:])
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            print(f"    {language}: {time.monotonic() - start:.0f} s", flush=True)
    finally:
        world.close()
