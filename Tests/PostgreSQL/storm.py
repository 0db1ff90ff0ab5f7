"""Ten thousand mixed requests, sixteen at a time, over FastCGI, while PostgreSQL ends a random connection every 200 ms.

1. Nothing acknowledged is lost, and nothing happens twice: the tables agree with the answers, and with each other.
2. The only 5xx are 503, after which nothing has changed, and 500 for a COMMIT whose outcome is unknown, both only for
connections that were cut.
"""

import collections
import contextlib
import time

import books
from killer import Killer
from latchkey_tests.checks import Report, seconds
from latchkey_tests.cluster import Cluster, PostgreSQLHome
from latchkey_tests.deliverers import deliver, settle
from latchkey_tests.maildir import Mailbox
from latchkey_tests.service import Service
from load import SETTINGS, Load

CLIENTS, REQUESTS, SECONDS = 16, 10_000, 150


def main():
    report = Report()
    with contextlib.ExitStack() as end:
        cluster = Cluster()
        end.callback(cluster.remove)
        cluster.create("storm")
        home = PostgreSQLHome(cluster.connection("storm"), SETTINGS)
        end.callback(home.remove)
        service = Service(home, {"LATCHKEY_FASTCGI": "1", "LATCHKEY_FASTCGI_PROCESSES": "8"})
        end.callback(service.stop)
        report.expect(service.request("GET /health").status == 200, "the service is not there")
        begin = time.monotonic()
        load = Load([service], Mailbox(home.path), report, CLIENTS, REQUESTS)
        killer = Killer(cluster.connection("storm"))
        load.start()
        while any(client.is_alive() for client in load.clients):
            time.sleep(0.1)
            load.stopped = time.monotonic() - begin > (seconds() or SECONDS)
        took, ended = time.monotonic() - begin, killer.stop()
        settle(home)
        books.check(load, home)
        report.figure("requests", f"{load.count} in {took:.0f} s")
        report.figure("connections ended", f"{sum(ended.values())}: {dict(ended)}")
        report.figure("accounts, sessions", f"{len(load.accounts())}, {sum(len(a.sessions) for a in load.accounts())}")
        report.figure("answers 503, 500", f"{load.answered(503)}, {load.answered(500)}")
        books.reasons(load, [service])
        told = collections.defaultdict(list)
        for (name, status), count in sorted(load.seen.items()):
            told[name].append(f"{count} × {status}")
        for name, statuses in told.items():
            report.figure(name, ", ".join(statuses))
        report.expect(load.count >= REQUESTS or seconds(), f"only {load.count} requests in {SECONDS} s")
        cut = sum(ended.values())
        report.expect(load.answered(503) + load.answered(500) <= cut, f"more 5xx than the {cut} cut connections")
        check_mail(home, report)
    report.finish()


def check_mail(home, report):
    # Announcements that collect several events wait, too.
    left = home.sql("SELECT count(*) FROM mail_items WHERE attempts > 0")[0][0]
    home.sql("UPDATE mail_items SET due_at = 0")
    report.expect(deliver(home).exit == 0, "the last deliverer fails")
    report.expect(home.sql("SELECT count(*) FROM mail_items") == [["0"]], "the outbox does not empty")
    sent = collections.Counter(message for _, _, message in home.mails())
    twice = sum(count > 1 for count in sent.values())
    report.figure("mails, left by cut deliverers, sent twice", f"{len(sent)}, {left}, {twice}")
    report.expect(twice == 0, f"{twice} mails were sent twice")


main()
