"""The answer of an executable or a server."""

import json
import re


class Answer:
    """The answer of a handler or a server. `status` is 0 if the answer was not whole."""

    def __init__(self, raw):
        self.raw = raw
        self.status, self.headers, self.body, self.data, self.code = 0, {}, b"", None, None
        head, found, body = raw.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        match = re.match(r"(?:Status:|HTTP/1\.[01]) (\d{3})", lines[0])
        if not match:
            return
        self.headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
        length = self.headers.get("content-length")
        if length is not None and int(length) != len(body):
            return
        self.status, self.body = int(match.group(1)), body
        try:
            envelope = json.loads(body)
            self.data = envelope["data"]
            self.code = envelope["error"] and envelope["error"]["code"]
        except (ValueError, KeyError, TypeError):
            pass

    def is_envelope(self):
        """Whether the answer is whole, and comes from Latchkey."""
        try:
            return self.status > 0 and list(json.loads(self.body))[:3] == ["success", "data", "error"]
        except ValueError:
            return False
