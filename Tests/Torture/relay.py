"""Mail through a real program: msmtp, with an SMTP server on loopback behind it.

Shown: the mail arrives byte for byte as in the maildir, for the right sender and recipient; a server
that says "later" or is down gets it again; one that says "never" is not tried again; if a relay's name
cannot be looked up at the moment, the mail is not given up.
"""

import email
import email.policy
import os
import re
import shutil

from latchkey_tests.checks import Report
from latchkey_tests.guide import blocks
from mail_command import Outbox
from sink import Sink

report = Report()
SUBJECT = "Subject: {code} – Grüße, your code for {service}\n\n"
TEXTS = {
    "txt": "{code}\n.\n..\n.dot\nFrom here\n\ttab and space \nGrüße, 世界, \U0001f511\n" + "long " * 300 + "\n",
    "html": "<p>{code}</p>\n<pre>\n.\n</pre>\n",
}


class Relayed(Outbox):
    """An outbox whose command is msmtp, configured by `.msmtprc` in the state folder."""

    def __init__(self, port):
        super().__init__(settings="mail_from = Grüße <codes@sender.example>\n")
        path = f"{self.home.path}/latchkey.conf"
        text = open(path).read().replace(f"sendmail {self.command}", f"sendmail {shutil.which('msmtp')}")
        self.home.configure(text)
        self.relay("127.0.0.1", port)

    def relay(self, host, port):
        """Configures msmtp as docs/configuration.md does, for a server that needs neither TLS nor a password."""
        path = f"{self.home.path}/.msmtprc"
        (text,) = blocks("docs/configuration.md", "relay.py")
        here = {"host": host, "port": port, "tls": "off", "auth": "off"}
        for name, value in here.items():
            text, count = re.subn(rf"(?m)^{name} .*$", f"{name} {value}", text)
            assert count == 1, name
        text = re.sub(r"(?m)^(user|passwordeval) .*\n", "", text)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)


def arrives(sink):
    box = Relayed(sink.port)
    os.mkdir(f"{box.home.path}/templates")
    for ending, text in TEXTS.items():
        with open(f"{box.home.path}/templates/code.{ending}", "w", encoding="utf-8") as file:
            file.write(SUBJECT + text if ending == "txt" else text)
    box.promise()
    report.expect(box.attempt() is None, "msmtp did not accept the mail")
    report.expect(len(sink.mails) == 1, f"{len(sink.mails)} mails arrived")
    mail = sink.mails[0]
    report.expect(mail.sender == "codes@sender.example", f"envelope sender {mail.sender}")
    report.expect(mail.recipients == ["ada0@example.com"], f"envelope recipients {mail.recipients}")
    report.expect(max(map(len, mail.data.split(b"\r\n"))) <= 78, "a line is longer than 78 bytes")
    report.expect(all(byte < 128 for byte in mail.data), "not all is ASCII")
    parsed = email.message_from_bytes(mail.data, policy=email.policy.default)
    defects = list(parsed.defects) + [d for part in parsed.walk() for d in part.defects]
    defects += [d for value in parsed.values() for d in value.defects]
    report.expect(not defects, f"defects: {defects}")
    code = re.match(r"(\d{6}) – Grüße, your code for Grüße$", parsed["Subject"])
    report.expect(code is not None, f"subject {parsed['Subject']!r}")
    report.expect(str(parsed["From"].addresses[0]) == "Grüße <codes@sender.example>", f"From {parsed['From']}")
    for part, ending in zip(parsed.iter_parts(), ("txt", "html")):
        wanted = TEXTS[ending].replace("{code}", code[1] if code else "?")
        found = part.get_content().replace("\r\n", "\n")
        report.expect(found in (wanted, wanted + "\n"), f"the {ending} arrived as {found!r:.300}")
    for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"):
        report.expect(len(parsed.get_all(name, [])) == 1, f"{name}: {parsed.get_all(name)}")
    report.expect("Bcc" not in parsed, "a Bcc")

    # The same code again, into the maildir: the mail differs only in date, id and boundary.
    box.home.configure(open(f"{box.home.path}/latchkey.conf").read().replace("\nmail = ", "\n# mail = "))
    box.promised = 0
    box.promise().deliverer().wait(30)
    folder = f"{box.home.path}/mail/new"
    filed = open(f"{folder}/{os.listdir(folder)[0]}", "rb").read()
    same = [
        re.sub(rb"(?m)^Date: .*$|[0-9a-f]{8}-[0-9a-f-]{27}", b"", text) for text in (filed, mail.data.replace(b"\r\n", b"\n"))
    ]
    report.expect(same[0] == same[1], "the mail differs from the maildir's")
    report.figure("bytes of a mail as it arrived", len(mail.data))
    box.remove()


def answers(sink):
    """The server's answer to a command, and the fate of the mail."""
    cases = [
        (command, answer, True)
        for command in ("MAIL", "RCPT", "DATA", "end")
        for answer in ("451 4.3.0 later", "421 4.3.2 later")
    ]
    cases += [
        (command, answer, False) for command in ("MAIL", "RCPT", "DATA") for answer in ("550 5.1.1 never", "554 5.7.1 never")
    ]
    for command, answer, again in cases:
        before = len(sink.mails)
        box = Relayed(sink.port).promise()
        sink.answers = {command: answer}
        row = box.attempt()
        report.expect(row is not None and (row[1] is not None) == again, f"{answer} to {command}: {row}")
        sink.answers = {}
        if again:
            report.expect(box.attempt() is None, f"{answer} to {command}: not sent later")
        else:
            report.expect(box.deliverer().wait(30) == 0, "a deliverer stays for what was refused for good")
        report.expect(len(sink.mails) - before == again, f"{answer} to {command}: {len(sink.mails) - before} sent")
        box.remove()
    report.figure("answers of an SMTP server tried", len(cases))


def away(sink):
    dead = Sink()
    dead.stop()
    for name, host, port in (
        ("a relay that is down", "127.0.0.1", dead.port),
        ("a relay whose name is unknown just now", "relay.invalid", sink.port),
    ):
        box = Relayed(sink.port).promise()
        box.relay(host, port)
        row = box.attempt(40)
        report.expect(row is not None and row[1] is not None, f"{name}: given up: {row and row[2]}")
        before = len(sink.mails)
        box.relay("127.0.0.1", sink.port)
        report.expect(box.attempt() is None and len(sink.mails) == before + 1, f"{name}: not sent once it was back")
        box.remove()
    box = Relayed(sink.port).promise()
    os.unlink(f"{box.home.path}/.msmtprc")
    row = box.attempt()
    report.expect(row is not None and row[1] is not None, f"msmtp without a configuration: {row and row[2]}")
    box.remove()


def main():
    if not shutil.which("msmtp"):
        print("left out: msmtp is not installed")
        report.finish()
    sink = Sink()
    arrives(sink)
    answers(sink)
    away(sink)
    sink.stop()
    report.finish()


main()
