"""The mails delivered into a state folder's maildir."""

import collections
import email.header
import os
import re
import threading
from dataclasses import dataclass

from latchkey_tests.waiting import until


@dataclass(frozen=True)
class Mail:
    path: str
    to: str
    subject: str
    # "" if the subject has none.
    code: str
    message_id: str


def mails(home):
    """The mails of the state folder `home`, oldest first."""
    folder = f"{home}/mail/new"
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [read(path) for path in sorted((f"{folder}/{name}" for name in names), key=os.path.getmtime)]


def read(path):
    with open(path, encoding="utf-8") as file:
        head = file.read(8192).replace("\r\n", "\n").partition("\n\n")[0]

    def field(pattern):
        found = re.search(pattern, head, re.M)
        return found[1] if found else ""

    subject = re.sub(r"\n(?=[ \t])", "", field(r"^Subject: (.*(?:\n[ \t].*)*)$"))
    if "=?" in subject:
        subject = str(email.header.make_header(email.header.decode_header(subject)))
    return Mail(path, field(r"^To: (.*)$"), subject, field(r"^Subject: (\d+)"), field(r"^Message-ID: (.*)$"))


def codes(home, address):
    """The codes mailed to `address`, oldest first."""
    return [mail.code for mail in mails(home) if mail.to == address and mail.code]


def code(home, address, after=0, timeout=10):
    """The last code mailed to `address`; waits until there are more than `after`."""
    found = until(lambda: codes(home, address)[after:], timeout)
    assert found, f"no mail to {address}"
    return found[-1]


def code_of(home, address, ask, timeout=10):
    """The code in the next mail to `address`, which `ask` triggers."""
    before = len(codes(home, address))
    ask()
    return code(home, address, before, timeout)


class Mailbox:
    """The codes in the mails of some state folders, by recipient; each mail is read once. For several threads."""

    def __init__(self, *homes):
        self.folders, self.known, self.lock = [f"{home}/mail/new" for home in homes], set(), threading.Lock()
        self.found = collections.defaultdict(list)

    def codes(self, address):
        """The codes mailed to `address`, oldest first."""
        with self.lock:
            paths = [f"{folder}/{name}" for folder in self.folders if os.path.isdir(folder) for name in os.listdir(folder)]
            for path in sorted((path for path in paths if path not in self.known), key=os.path.getmtime):
                self.known.add(path)
                mail = read(path)
                # Others announce changes.
                if mail.code:
                    self.found[mail.to].append(mail.code)
            return list(self.found[address])
