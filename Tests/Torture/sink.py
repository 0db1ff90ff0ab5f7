"""An SMTP server on loopback that keeps the mail it receives (RFC 5321: HELO, EHLO, MAIL, RCPT, DATA, RSET, NOOP, QUIT).

`answers` sets its answers in place of acceptance: {"RCPT": "451 4.2.0 later"}; the keys are commands, and `end`
for the answer to the whole message. Every connection is a thread, and ends with the server.
"""

import re
import socketserver
import threading


class Received:
    """One mail: envelope sender, envelope recipients, and the bytes between DATA and the dot."""

    def __init__(self, sender, recipients, data):
        self.sender, self.recipients, self.data = sender, recipients, data


class Session(socketserver.StreamRequestHandler):
    timeout = 30

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        sink = self.server.sink
        sender, recipients = None, []
        self.say("220 sink.example ESMTP")
        while True:
            line = self.rfile.readline(4096)
            if not line:
                return
            words = line.decode("latin-1").strip()
            verb = words[:4].upper()
            with sink.lock:
                sink.commands.append(words)
            if verb in sink.answers:
                self.say(sink.answers[verb])
            elif verb == "EHLO":
                self.say("250-sink.example")
                self.say("250-8BITMIME")
                self.say("250 SIZE 10485760")
            elif verb in ("HELO", "NOOP", "RSET"):
                self.say("250 ok")
            elif verb in ("MAIL", "RCPT"):
                address = re.search(r"<([^>]*)>", words)
                if not address:
                    self.say("501 5.5.4 no address")
                elif verb == "MAIL":
                    sender, recipients = address.group(1), []
                    self.say("250 ok")
                else:
                    recipients.append(address.group(1))
                    self.say("250 ok")
            elif verb == "DATA":
                if not recipients:
                    self.say("503 5.5.1 no recipient")
                    continue
                self.say("354 go on")
                data = self.message()
                if data is None:
                    return
                if "end" in sink.answers:
                    self.say(sink.answers["end"])
                    continue
                with sink.lock:
                    sink.mails.append(Received(sender, recipients, data))
                self.say("250 ok: kept")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("500 5.5.1 what?")

    def message(self):
        """The lines up to the lone dot, without their first dots (RFC 5321 §4.5.2); None if the transfer was cut off."""
        lines = []
        while True:
            line = self.rfile.readline()
            if not line.endswith(b"\r\n"):
                return None
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Sink:
    def __init__(self):
        self.answers, self.commands, self.mails, self.lock = {}, [], [], threading.Lock()
        self.server = Server(("127.0.0.1", 0), Session)
        self.server.sink = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
