"""A machine for one test: this one, seen from namespaces in which /etc, /srv, /var and /run can be changed, every port is free,
and no other process is seen. It needs root."""

import fcntl
import os
import socket
import struct
import subprocess
import sys

from latchkey_tests.project import write

FOLDER = os.path.dirname(os.path.realpath(__file__))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def available():
    """Whether this user may make such a machine."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "-n", "-p", "-f", "true"], capture_output=True).returncode == 0


def inside(program, *arguments):
    """Runs `program`, a Python file, on a new machine; returns its exit code. Whatever it starts ends with it."""
    command = ["unshare", "-m", "-n", "-p", "-f", "--mount-proc", "--kill-child", sys.executable, program, *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL).returncode


class Machine:
    """The machine, from inside: a user's shell in an empty folder, where `sudo` and `systemctl` do what they would do."""

    def __init__(self, scratch, names):
        """`scratch` is an empty folder of the outside; `names` are host names that lead here."""
        self.scratch = scratch
        self.folder = f"{scratch}/folder"
        self.mount("tmpfs", "tmpfs", scratch)
        for path in ("etc", "srv", "var"):
            upper, work = f"{scratch}/{path}", f"{scratch}/{path}.work"
            os.mkdir(upper)
            os.mkdir(work)
            self.mount("overlay", "overlay", f"/{path}", f"lowerdir=/{path},upperdir={upper},workdir={work}")
        self.mount("tmpfs", "tmpfs", "/run")
        os.mkdir("/run/lock")
        os.mkdir(self.folder)
        with open("/etc/hosts", "a") as file:
            file.write("".join(f"127.0.0.1 {name}\n" for name in names))
        self.start_loopback()
        self.make_commands()

    @staticmethod
    def mount(kind, source, target, options="mode=0755"):
        subprocess.run(["mount", "-t", kind, "-o", options, source, target], check=True)

    @staticmethod
    def start_loopback():
        """Sets the flag IFF_UP of `lo` (netdevice(7))."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            request = struct.pack("16sh22x", b"lo", 0)
            flags = struct.unpack("16sh22x", fcntl.ioctl(control, 0x8913, request))[1]
            fcntl.ioctl(control, 0x8914, struct.pack("16sh22x", b"lo", flags | 1))

    def make_commands(self):
        """Commands that a test machine lacks, or may not run."""
        self.commands = f"{self.scratch}/commands"
        os.mkdir(self.commands)
        for name in ("apt-get", "sudo", "systemctl"):
            path = f"{self.commands}/{name}"
            write(path, f'#!/bin/sh\nexec {sys.executable} {FOLDER}/{name.replace("-", "_")}.py "$@"\n')
            os.chmod(path, 0o755)

    def run(self, commands, timeout=120):
        """A block of commands in a shell; its exit code, and both outputs."""
        done = subprocess.run(
            ["sh", "-ec", commands],
            cwd=self.folder,
            env={"PATH": f"{self.commands}:{PATH}", "HOME": self.folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
        return done.returncode, done.stdout
