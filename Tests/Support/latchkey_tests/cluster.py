"""Throwaway PostgreSQL clusters of Debian's packages, each in a temporary folder, with a socket there and no network port."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress

from latchkey_tests.home import NO_LIMITS, Home
from latchkey_tests.project import AS_ROOT
from latchkey_tests.waiting import until

# PostgreSQL refuses to run as root.
AS_POSTGRES = {"user": "postgres", "group": "postgres", "extra_groups": []} if AS_ROOT else {}
UNSYNCED = ("fsync=off", "full_page_writes=off")


def tools():
    folders = glob.glob("/usr/lib/postgresql/*/bin")
    assert folders, "PostgreSQL is not installed"
    return max(folders, key=lambda folder: int(folder.split("/")[-2].split(".")[0]))


def query(connection, sql):
    """The rows of `sql`, as lists of text, over the libpq connection string `connection`."""
    done = subprocess.run(
        [f"{tools()}/psql", "-XAtq", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-d", connection, "-c", sql],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return [line.split("\x1f") for line in done.stdout.splitlines()]


class Cluster:
    """A running server. `settings`: lines of postgresql.conf. `standby_of`: the cluster that it copies and then follows.

    The folder and the server belong to the user postgres if a test runs as root. The superuser is latchkey."""

    def __init__(self, settings=(), syncs=False, standby_of=None):
        self.path = tempfile.mkdtemp(prefix="latchkey-cluster-")
        os.chmod(self.path, 0o755)
        if AS_ROOT:
            user = pwd.getpwnam("postgres")
            os.chown(self.path, user.pw_uid, user.pw_gid)
        self.data, self.process, self.port = f"{self.path}/data", None, 5432
        self.settings = [*settings, *(() if syncs else UNSYNCED)]
        try:
            if standby_of:
                source = f"host={standby_of.path} user=latchkey application_name=standby"
                self.tool("pg_basebackup", "-D", self.data, "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync")
            else:
                options = ["-A", "trust", "-U", "latchkey", "-E", "UTF8", "--locale=C", "--no-sync"]
                self.tool("initdb", "-D", self.data, *options)
            self.start()
        except BaseException:
            self.remove()
            raise

    def tool(self, name, *arguments):
        done = subprocess.run(
            [f"{tools()}/{name}", *arguments], cwd=self.path, capture_output=True, text=True, timeout=60, **AS_POSTGRES
        )
        assert done.returncode == 0, f"{name}: {done.stderr}"

    def start_on(self, port):
        """Starts it on another port than PostgreSQL's usual one; the socket's name changes, too."""
        self.port = port
        self.start()

    def start(self):
        common = ["listen_addresses=", f"unix_socket_directories={self.path}", "max_connections=200", "shared_buffers=64MB"]
        # All shared memory goes with the process, or with the folder.
        common += ["dynamic_shared_memory_type=mmap"]
        options = [argument for setting in [*common, *self.settings] for argument in ("-c", setting)]
        with open(f"{self.path}/log", "ab") as log:
            self.process = subprocess.Popen(
                [f"{tools()}/postgres", "-D", self.data, *options],
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **AS_POSTGRES,
            )
        assert until(self.answers, 20, 0.05), f"PostgreSQL does not answer: {self.log()}"

    def answers(self):
        command = [f"{tools()}/pg_isready", "-q", "-h", self.path, "-p", str(self.port)]
        return subprocess.run(command, timeout=10).returncode == 0

    def log(self):
        with open(f"{self.path}/log", encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def connection(self, database="postgres", rest=""):
        """A libpq connection string."""
        return f"host={self.path} port={self.port} user=latchkey dbname={database} {rest}".rstrip()

    def sql(self, text, database="postgres"):
        return query(self.connection(database), text)

    def create(self, database):
        self.sql(f'CREATE DATABASE "{database}"')

    def promote(self):
        """Makes a standby the primary; returns when it takes changes."""
        assert self.sql("SELECT pg_promote(true, 20)") == [["t"]], "the standby is not promoted"

    def processes(self):
        """The server's process and its children."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            return [self.process.pid, *map(int, file.read().split())]

    def kill(self):
        """Ends all its processes at once, by SIGKILL."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)
        self.remove_segment()

    def remove_segment(self):
        """The small System V segment by which PostgreSQL locks a data folder outlives a killed server."""
        with suppress(OSError, IndexError):
            with open(f"{self.data}/postmaster.pid") as file:
                segment = file.read().splitlines()[6].split()[1]
            # Its processes may still be ending.
            until(lambda: subprocess.run(["ipcrm", "-m", segment], capture_output=True).returncode == 0, 2, 0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(15)

    def remove(self):
        """Stops the server, and removes its folder."""
        self.stop()
        shutil.rmtree(self.path, ignore_errors=True)


class PostgreSQLHome(Home):
    """A state folder whose data is in the database at `connection`. `checked`: how a test itself connects to it."""

    def __init__(self, connection, settings=NO_LIMITS, checked=None):
        self.connection = checked or connection
        super().__init__(f"{settings}database = {connection}\n")

    def sql(self, text, values=()):
        assert not values, "write the values into the text"
        return query(self.connection, text)

    def database(self):
        raise NotImplementedError("use sql")

    def with_secret_of(self, other):
        """Gives this machine the secret of another, as an operator does."""
        shutil.copyfile(f"{other.path}/secret.key", f"{self.path}/secret.key")
        os.chmod(f"{self.path}/secret.key", 0o600)
        return self
