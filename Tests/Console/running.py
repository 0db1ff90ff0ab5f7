"""The service behind the console.

`BASE_URL` and `LATCHKEY_HOME` in the environment name a running service for the tests; its settings must
be those of `SETTINGS`. Without them the tests start the project's own lighttpd on a temporary state folder.
"""

import os
import re

from latchkey_tests import maildir
from latchkey_tests.home import Home
from latchkey_tests.service import Service
from latchkey_tests.waiting import until

# Short-lived tokens show their renewal; a short wait for the next code shows its countdown.
SETTINGS = """\
access_ttl = 30s
resend_after = 4s
limit_send_per_ip = off
limit_verify_per_ip = off
limit_refresh_per_ip = off
limit_send_per_email = off
limit_failures_per_email = off
limit_send_total = off
"""


class Running:
    """The console's address, and its mail folder."""

    def __init__(self):
        self.url = os.environ.get("BASE_URL", "").rstrip("/")
        self.lighttpd = None
        if self.url:
            self.path = os.environ["LATCHKEY_HOME"]
            return
        self.home = Home(SETTINGS)
        self.lighttpd = Service(self.home)
        self.path = self.home.path
        self.url = f"http://localhost:{self.lighttpd.port}"

    def stop(self):
        if self.lighttpd:
            self.lighttpd.stop()
            self.home.remove()

    def mails(self, address):
        """The mails to `address`, oldest first."""
        return [mail for mail in maildir.mails(self.path) if address in mail.to]

    def code(self, address, known=()):
        """The code in the last mail to `address` whose path is not in `known`; waits for it."""

        def last():
            for mail in reversed(self.mails(address)):
                # The subject is in any language, so the code need not come first.
                code = re.search(r"(?<!\d)\d{6,8}(?!\d)", mail.subject)
                if code and mail.path not in known:
                    return code.group(0)
            return None

        found = until(last, 10)
        assert found, f"waited in vain for a code for {address}"
        return found
