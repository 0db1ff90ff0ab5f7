"""Ten thousand mixed requests, sixteen at a time, over FastCGI, while PostgreSQL ends a random connection every 200 ms.

1. Nothing acknowledged is lost, and nothing happens twice: the tables agree with the answers, and with each other.
2. The only 5xx are 503, after which nothing has changed, and 500 for a COMMIT whose outcome is unknown, both only for
connections that were cut.
"""

import collections
import subprocess
import time

import books
from latchkey_tests.checks import Report, seconds
from latchkey_tests.cluster import Cluster, PostgreSQLHome, tools
from latchkey_tests.deliverers import settle
from latchkey_tests.maildir import Mailbox
from latchkey_tests.service import Service
from load import SETTINGS, Load

CLIENTS, REQUESTS, SECONDS = 16, 10_000, 150
# One that is at work, if there is one, half of the time.
KILL = """SELECT pg_terminate_backend(pid), state FROM (SELECT pid, state FROM pg_stat_activity
WHERE application_name = 'latchkey' ORDER BY random() + CASE state WHEN 'idle' THEN 0.5 ELSE 0 END LIMIT 1) AS chosen"""


def main():
    report, cluster = Report(), Cluster()
    cluster.create("storm")
    home = PostgreSQLHome(cluster.connection("storm"), SETTINGS)
    service = Service(home, {"LATCHKEY_FASTCGI": "1", "LATCHKEY_FASTCGI_PROCESSES": "8"})
    try:
        report.expect(service.request("GET /health").status == 200, "the service is not there")
        killer = subprocess.Popen(
            [f"{tools()}/psql", "-XAtq", "-d", cluster.connection("storm", "application_name=killer")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        begin = time.monotonic()
        load = Load([service], Mailbox(home.path), report, CLIENTS, REQUESTS)
        killer.stdin.write(f"{KILL} \\watch 0.2\n")
        killer.stdin.flush()
        load.start()
        while any(client.is_alive() for client in load.clients):
            time.sleep(0.1)
            load.stopped = time.monotonic() - begin > (seconds() or SECONDS)
        took = time.monotonic() - begin
        killer.terminate()
        states = collections.Counter(line.split("|")[1] for line in killer.communicate()[0].splitlines() if "|" in line)
        settle(home)
        books.check(load, home)
        report.figure("requests", load.count)
        report.figure("seconds", round(took))
        report.figure("connections ended", f"{sum(states.values())}: {dict(states)}")
        report.figure("accounts, sessions", f"{len(load.accounts())}, {sum(len(a.sessions) for a in load.accounts())}")
        report.figure("answers 503, 500", f"{load.answered(503)}, {load.answered(500)}")
        books.reasons(load, [service])
        told = collections.defaultdict(list)
        for (name, status), count in sorted(load.seen.items()):
            told[name].append(f"{count} × {status}")
        for name, statuses in told.items():
            report.figure(name, ", ".join(statuses))
        report.expect(load.count >= REQUESTS or seconds(), f"only {load.count} requests in {SECONDS} s")
        cut = sum(states.values())
        report.expect(load.answered(503) + load.answered(500) <= cut, f"more 5xx than the {cut} cut connections")
    finally:
        service.stop()
        settle(home)
        home.remove()
        cluster.remove()
    report.finish()


main()
