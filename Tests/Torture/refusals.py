"""A hundred thousand refused requests (in a sample as many as fit), from one IPv6 /48, from 1,000 /64s of ten sites, and
from 1,000 /48s: half of them ask for a mail too early, half guess for an address that has reached its limit of failures.

Shown: each slot bounds what they write, from any clients; each has its line in the log.
"""

import os
import tempfile
import time

from latchkey_tests.checks import Report, seconds
from latchkey_tests.fastcgi import FastCGIProcess, packed
from latchkey_tests.home import Home

SLOT = 18_750  # milliseconds: a sixteenth of five minutes
MOST = 250  # rows in a slot
COUNT = int(os.environ.get("REFUSALS", "100000"))
KNOWN = "ada@example.com"
SOURCES = {
    "one /48": lambda i: f"2001:db8:7:{i % 65536:x}::1",
    "1,000 /64s": lambda i: f"2001:db8:{8 + i % 10:x}:{i // 10 % 100:x}::1",
    "1,000 /48s": lambda i: f"2001:db8:{256 + i % 1000:x}::1",
}


class Refusing(FastCGIProcess):
    """Counts the logged refusals, in a file or from the connection."""

    def __init__(self, home):
        self.home, self.log, self.lines = home, tempfile.TemporaryFile(), 0
        super().__init__(home, self.log)

    def status(self, path, body, address):
        """The status of a POST."""
        values = self.home.environment("POST", body, {"REMOTE_ADDR": address, "REQUEST_URI": path})
        del values["LATCHKEY_HOME"]
        output = self.ask(packed(values, body))
        self.lines += self.errors.count(b"outcome=rate_limited")
        self.errors = b""
        return int(output.split(b"Status: ")[1][:3])

    def stop(self):
        super().stop()
        self.log.seek(0)
        self.lines += self.log.read().count(b"outcome=rate_limited")


def rows(home):
    """The most rows written for refusals in one slot, and the total."""
    written = {}
    for (slot,) in home.sql(f"SELECT at / {SLOT} FROM audit_events WHERE event = 'limit-hit'"):
        written[slot] = written.get(slot, 0) + 1
    for (slot,) in home.sql(f"SELECT began_at / {SLOT} FROM limit_counts WHERE refused > 0"):
        written[slot] = written.get(slot, 0) + 1
    return max(written.values(), default=0), sum(written.values())


def main():
    report, limit = Report(), seconds()
    for what, source in SOURCES.items():
        home = Home(
            "resend_after = 1h\nlimit_failures_per_email = 1/24h\nlimit_send_per_ip = off\n"
            "limit_verify_per_ip = off\nlimit_send_total = off\n"
        )
        try:
            assert home.post("send-code", {"email": KNOWN}).status == 202
            wrong = f"{(int(home.code(KNOWN)) + 1) % 10**6:06}"
            assert home.post("verify-code", {"email": KNOWN, "code": wrong}).status == 400
            send = b'{"email":"%s"}' % KNOWN.encode()
            guess = b'{"email":"%s","code":"%s"}' % (KNOWN.encode(), wrong.encode())
            service, begin, asked, others = Refusing(home), time.monotonic(), 0, 0
            while asked < COUNT and not (limit and time.monotonic() - begin > limit / len(SOURCES)):
                path, body = (("send-code", send), ("verify-code", guess))[asked % 2]
                others += service.status(f"/auth/verification/{path}", body, source(asked // 2)) != 429
                asked += 1
            took = time.monotonic() - begin
            service.stop()
            most, total = rows(home)
            report.expect(others == 0, f"{what}: {others} of {asked} were not refused")
            report.expect(service.lines == asked, f"{what}: {service.lines} lines in the log for {asked} refusals")
            report.expect(most <= MOST, f"{what}: {most} rows in a slot")
            report.figure(f"rows for {asked} refused requests from {what}, at most in a slot of 19 s", most)
            report.figure(f"rows for {asked} refused requests from {what}, in {took:.0f} s", total)
        finally:
            home.remove()
    report.finish()


if __name__ == "__main__":
    main()
