"""Every header field that a rule reads, Tests/Hostile/headers.json, sent a second time under a name that the gateway
interface maps to the same variable (`X_Forwarded_For`, `X.Forwarded.For`), before and after the genuine field, through
lighttpd, Apache and nginx. Each time the answer is 400, or everything is as without the second field.

The peer is a trusted proxy, and each request's log line is compared too. Arguments, if any, are the names of servers
to run. Prints one line for each server and `N passed, N failed`, and exits with 1 if any check failed.
"""

import json
import re
import sys
import time

from latchkey_tests.checks import expect, finish
from latchkey_tests.project import PROJECT
from latchkey_tests.servers.apache import Shared, Vhost, VhostFastCGI
from latchkey_tests.servers.fixture import Fixture
from latchkey_tests.servers.lighttpd import Lighttpd, LighttpdFastCGI
from latchkey_tests.servers.nginx import Nginx, NginxFastCGI

BODY = b'{"refresh_token": "none"}'
# A request's other fields. The table sets the credentials where it names them.
BEARER = ("Authorization", "Bearer {access}")
REQUESTS = {
    "Authorization": ("GET", "/auth/users/me", [], b""),
    "X-Authorization": ("GET", "/auth/users/me", [], b""),
    "X-API-Key": ("GET", "/auth/api-keys/", [("X-Project-Id", "{project}")], b""),
    "X-Project-Id": ("GET", "/auth/api-keys/", [BEARER], b""),
    "X-Verification-Code": ("DELETE", "/auth/users/me", [BEARER], b""),
    "Sec-Fetch-Site": ("POST", "/auth/verification/revoke-token", [("Content-Length", str(len(BODY)))], BODY),
    "Content-Type": ("POST", "/auth/verification/revoke-token", [("Content-Length", str(len(BODY)))], BODY),
    "Content-Length": ("POST", "/auth/verification/revoke-token", [("Content-Type", "application/json")], BODY),
    "Transfer-Encoding": (
        "POST",
        "/auth/verification/revoke-token",
        [("Content-Type", "application/json")],
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    ),
}
ORDINARY = "GET", "/auth/users/me", [BEARER], b""


class Proxied:
    """The fixture for every server, with its peer as a trusted proxy."""

    def __init__(self, fixture):
        self.fixture = fixture

    def copy(self, path):
        self.fixture.copy(path, "trusted_proxies = 127.0.0.1 ::1\n")


def spellings(field):
    """Names of other header fields that map to the same variable."""
    parts = field.split("-")
    return [
        "_".join(parts),
        "_".join(parts).upper(),
        *([".".join(parts), f"{parts[0]}_{'-'.join(parts[1:])}"] if len(parts) > 1 else []),
    ]


def client(server):
    """The address that the server logged for its last request; None if it logged none."""
    time.sleep(0.05)
    found = re.findall(r"ip=(\S+) endpoint=\S+ status=", server.log())
    return found[-1] if found else None


def check(server, fixture, rows):
    refused = same = 0
    values = {**fixture.variables, "length": str(len(BODY))}
    for row in rows:
        field = row["field"]
        method, target, others, body = REQUESTS.get(field, ORDINARY)
        others = [(name, value.format(**values)) for name, value in others]
        genuine = field, row["value"].format(**values)
        alone = server.exchange(method, target, [*others, genuine], body)
        expect(
            alone.status != 400 or field == "X-Verification-Code",
            f"{server.name}: {field} alone",
            (alone.status, alone.body[:200]),
        )
        for spelling in spellings(field):
            if spelling == field:
                continue
            second = spelling, row["other"].format(**values)
            for fields in ([genuine, second], [second, genuine]):
                answer = server.exchange(method, target, [*others, *fields], body)
                # nginx itself refuses a second field whose name differs only in case.
                codes = [row["code"], *(["bad_request"] if spelling.lower() == field.lower() and "nginx" in server.name else [])]
                if answer.status == 400 and any(f'"{code}"'.encode() in answer.body for code in codes):
                    refused += 1
                    continue
                same += 1
                expect(
                    answer.essence() == alone.essence(),
                    f"{server.name}: {field} beside {spelling} is as without it",
                    (answer.status, answer.body[:200], alone.status, alone.body[:200]),
                )
    # The logged client of a refused request, and of one whose second field did not arrive.
    for spelling in spellings("X-Forwarded-For"):
        fields = [("X-Forwarded-For", "198.51.100.1"), (spelling, "203.0.113.5")]
        answer = server.exchange("GET", "/auth/users/me", fields)
        seen = client(server)
        expected = ("127.0.0.1", "::1") if answer.status == 400 else ("198.51.100.1",)
        expect(seen in expected, f"{server.name}: whom {spelling} is laid to", (answer.status, seen))
    print(f"{server.name}: {refused} refused, {same} as without the second field", flush=True)


def main():
    rows = json.load(open(f"{PROJECT}/Tests/Hostile/headers.json"))
    wanted = sys.argv[1:]
    fixture = Fixture()
    try:
        for kind in [Lighttpd, LighttpdFastCGI, Shared, Vhost, VhostFastCGI, Nginx, NginxFastCGI]:
            if wanted and kind.name not in wanted:
                continue
            server = kind(Proxied(fixture))
            try:
                check(server, fixture, rows)
            finally:
                server.stop()
    finally:
        fixture.home.remove()
    finish()


if __name__ == "__main__":
    main()
