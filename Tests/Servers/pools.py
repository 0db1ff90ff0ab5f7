"""Servers by FastCGI: pools of persistent processes, which slow clients do not block."""

import glob
import http.client
import os
import re
import socket
import time

from latchkey_tests.checks import expect
from latchkey_tests.servers.routes import routes


def pools(server):
    """The latchkey-fcgi processes that serve `server`, by id, once all are idle: the pool of each, and its running time."""
    before = None
    while True:
        now = running(server)
        if now == before:
            return now
        before = now
        time.sleep(0.002)


def running(server):
    listening = {}
    for line in open("/proc/net/unix"):
        fields = line.split()
        if len(fields) == 8:
            listening[f"socket:[{fields[6]}]"] = fields[7]
    found = {}
    for path in glob.glob("/proc/[0-9]*"):
        try:
            name = os.path.basename(os.readlink(f"{path}/exe"))
            if not name.startswith("latchkey-fcgi") or not any(
                os.fsencode(place) in open(f"{path}/environ", "rb").read() + os.fsencode(os.readlink(f"{path}/exe"))
                for place in (server.home, server.folder)
            ):
                continue
            socket_path = listening.get(os.readlink(f"{path}/fd/0"), "")
            nanoseconds = int(open(f"{path}/schedstat").read().split()[0])
            is_codes = name.endswith("-codes") or os.path.basename(socket_path).startswith("codes.")
            found[int(os.path.basename(path))] = ("codes" if is_codes else "api", nanoseconds)
        except OSError:
            pass  # it has ended
    return found


def busy(before, after):
    """The pools that have answered a request in between."""
    return {pool for process, (pool, time) in after.items() if time > before.get(process, (pool, 0))[1]}


def check_pools(server):
    """Each route's pool answers it, at both of its paths; processes stay; and their log lines are in the server's log."""
    if not server.is_fastcgi:
        return
    for target in ("/auth/users/me", "/auth/verification/verify-code"):
        server.exchange("POST", target, [("Content-Length", "0")])  # mod_fcgid starts processes on demand
    first = pools(server)
    expect({pool for pool, _ in first.values()} == {"codes", "api"}, f"{server.name}: two pools", first)
    wrong = []
    for route in routes():
        wanted = {"codes" if route.hashes_code else "api"}
        for target in route.targets():
            for method in [*route.methods, *(["HEAD"] if "GET" in route.methods else [])]:
                before = pools(server)
                server.exchange(method, target, [("Content-Length", "0")])
                if busy(before, pools(server)) != wanted:
                    wrong.append((method, target, busy(before, pools(server))))
    for method, target in [
        ("GET", "/auth/verification/verify-code"),
        ("PUT", "/auth/users/me"),
        ("GET", "/x"),
        ("GET", "/cgi-bin/x"),
    ]:
        before = pools(server)
        server.exchange(method, target)
        if busy(before, pools(server)) != {"api"}:
            wrong.append((method, target, busy(before, pools(server))))
    expect(not wrong, f"{server.name}: each route has its pool", wrong[:10])

    before = pools(server)
    seen = {server.exchange("GET", "/auth/users/me").status for _ in range(40)}
    after = pools(server)
    expect(seen == {401} and set(before) <= set(after), f"{server.name}: processes stay", (seen, before, after))
    time.sleep(0.5)
    expect(
        re.search("ip=127.0.0.1 endpoint=current-user status=401 outcome=not_authenticated", server.log()),
        f"{server.name}: log lines are in the server's log",
        server.log()[-500:],
    )
    count = {pool: sum(1 for each, _ in after.values() if each == pool) for pool in ("codes", "api")}
    print(f"{server.name}: {count['api']} processes of api, {count['codes']} of codes", flush=True)


def check_slow(server):
    """Slow bodies block no process: thirty of them, to either pool, and all other requests are answered at once."""
    if not server.is_fastcgi:
        return
    slow, body = [], b'{"email": "slow@example.com", "code": "123456"}'
    for number in range(30):
        target = ("/auth/verification/verify-code", "/auth/verification/refresh-token")[number % 2]
        connection = socket.create_connection(("127.0.0.1", server.port), 60)
        head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body[:number])
        slow.append((connection, number))
    time.sleep(0.3)
    longest = 0
    for method, target, status in [
        ("GET", "/auth/users/me", 401),
        ("POST", "/auth/verification/verify-code", 422),
        ("GET", "/health", 200),
    ] * 5:
        start = time.monotonic()
        answer = server.exchange(
            method,
            target,
            [("Content-Length", "2"), ("Content-Type", "application/json")] if method == "POST" else [],
            b"{}" if method == "POST" else b"",
        )
        longest = max(longest, time.monotonic() - start)
        expect(answer.status == status, f"{server.name}: {method} {target} beside slow bodies", answer.status)
    expect(longest < 1, f"{server.name}: slow bodies hold no process", longest)
    statuses = set()
    for connection, number in slow:
        connection.sendall(body[number:])
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        statuses.add(answer.status)
        connection.close()
    expect(statuses <= {400, 422}, f"{server.name}: slow bodies are answered once they are whole", statuses)
    print(f"{server.name}: 30 slow bodies, others wait {longest * 1000:.0f} ms at most", flush=True)
