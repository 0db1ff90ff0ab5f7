"""`systemctl` on a machine without systemd: starts and stops what units of /etc/systemd/system and of some Debian packages
describe, as far as Latchkey's documents and samples use it."""

import glob
import grp
import os
import pwd
import re
import shlex
import signal
import socket
import subprocess
import sys
import time

UNITS = ["/etc/systemd/system", "/lib/systemd/system"]
STARTED = "/run/started"
# Units that need more than a command: what starts and stops them.
DAEMONS = {"apache2": (["apache2ctl", "start"], ["apache2ctl", "stop"]), "nginx": (["nginx"], ["nginx", "-s", "stop"])}


def unit(name):
    """The settings in the file of the unit `name`, as a list of (key, value); of a template, with %i replaced."""
    base, _, instance = name.partition("@")
    file = f"{base}@.{instance.rpartition('.')[2]}" if instance else name
    path = next((f"{folder}/{file}" for folder in UNITS if os.path.exists(f"{folder}/{file}")), None)
    if path is None:
        sys.exit(f"Unit {name} not found.")
    with open(path, encoding="utf-8") as text:
        found = re.findall(r"^(\w+)=(.*)$", text.read(), re.M)
    return [(key, value.replace("%i", instance.rpartition(".")[0])) for key, value in found]


def remember(name, process):
    os.makedirs(STARTED, exist_ok=True)
    with open(f"{STARTED}/{name}", "a") as file:
        file.write(f"{process.pid}\n")


def start_service(name, listener=None):
    """Starts a service; of a one-shot service, waits for its end."""
    settings = unit(name)
    values = dict(settings)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    for key, value in settings:
        if key == "Environment":
            environment.update(word.split("=", 1) for word in shlex.split(value))
    options = {"user": values["User"], "group": pwd.getpwnam(values["User"]).pw_gid} if "User" in values else {}
    with open(f"/var/log/{name}.log", "ab") as log:
        process = subprocess.Popen(
            shlex.split(re.sub(r"\$\{(\w+)\}", lambda name: environment.get(name[1], ""), values["ExecStart"])),
            cwd=values.get("WorkingDirectory", "/"),
            env=environment,
            stdin=listener or subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **options,
        )
    if values.get("Type") == "oneshot":
        return process.wait(60) == 0 or sys.exit(f"{name} failed.")
    time.sleep(0.5)
    if process.poll() is not None:
        with open(f"/var/log/{name}.log", encoding="utf-8", errors="replace") as log:
            sys.exit(f"{name} ended: {log.read()}")
    return remember(name, process)


def start_socket(name):
    """Listens as a socket unit says, and starts the service with the socket."""
    values = dict(unit(name))
    path = values["ListenStream"]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        owner = pwd.getpwnam(values.get("SocketUser", "root")).pw_uid
        os.chown(path, owner, grp.getgrnam(values.get("SocketGroup", "root")).gr_gid)
        os.chmod(path, int(values.get("SocketMode", "0666"), 8))
        listener.listen(128)
        start_service(name.removesuffix(".socket") + ".service", listener)


def start(name):
    if name in DAEMONS:
        subprocess.run(DAEMONS[name][0], check=True)
    elif name.endswith(".socket"):
        start_socket(name)
    elif name.endswith(".timer"):
        assert dict(unit(name)).get("WantedBy") == "timers.target"
        start_service(name.removesuffix(".timer") + ".service")
    else:
        start_service(f"{name.removesuffix('.service')}.service")


def stop(name):
    if name in DAEMONS:
        if glob.glob(f"/run/{name}*/*.pid") + glob.glob(f"/run/{name}.pid"):
            subprocess.run(DAEMONS[name][1], check=True)
            time.sleep(1)
        return
    path = f"{STARTED}/{name.removesuffix('.service')}.service"
    if os.path.exists(path):
        for line in open(path).read().split():
            os.kill(int(line), signal.SIGTERM)
        os.remove(path)
        time.sleep(1)


def main():
    words = [word for word in sys.argv[1:] if word != "--now"]
    command, names = words[0], words[1:]
    if command == "disable" or command == "daemon-reload":
        return
    assert command in ("enable", "restart"), command
    for name in names:
        if command == "restart":
            stop(name)
        start(name)


main()
