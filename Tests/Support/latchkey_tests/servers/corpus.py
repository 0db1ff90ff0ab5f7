"""The requests of Tests/Parity, and their expected answers."""

import glob
import json
import os
import re

from latchkey_tests.project import PROJECT

CORPUS = f"{PROJECT}/Tests/Parity"


class Case:
    """One file of Tests/Parity; README.md there describes the format."""

    def __init__(self, path, variables):
        self.name = os.path.basename(path).removesuffix(".txt")
        with open(path, encoding="utf-8") as file:
            text = "".join(line for line in file if not line.startswith("#"))

        def value(match):
            if match.group(1) not in variables:
                raise KeyError(f"{self.name}: no variable {match.group()}")
            return variables[match.group(1)]

        text = re.sub(r"\{([a-z][a-z0-9_]*)\}", value, text)
        request, status, answer = re.split(r"^--- (\d{3})$", text, maxsplit=1, flags=re.M)
        head, _, body = request.lstrip().partition("\n\n")
        line, *fields = head.split("\n")
        self.method, self.target = line.split(" ")
        self.fields = [tuple(field.split(": ", 1)) for field in fields if field]
        self.body = body.strip("\n").encode()
        self.status = int(status)
        fields, _, body = answer.partition("\n\n")
        self.expected = dict(field.split(": ", 1) for field in fields.split("\n") if field)
        self.expected_body = body.strip("\n")

    def fields_to_send(self):
        """The request's header fields, with those that every client adds, and its body as sent."""
        fields, body = list(self.fields), self.body
        names = {name.lower(): value for name, value in fields}
        if names.get("transfer-encoding") == "chunked":
            half = len(body) // 2
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part)
            body += b"0\r\n\r\n"
        elif names.get("content-length") == "-":
            fields = [field for field in fields if field[0].lower() != "content-length"]
        elif body or self.method in ("POST", "PUT", "PATCH"):
            fields.append(("Content-Length", str(len(body))))
        return fields, body

    def faults(self, answer, has_length=True):
        """How `answer` differs from the file. Without `has_length` it may lack Content-Length."""
        found = []
        if answer.status != self.status:
            found.append(f"{answer.status} instead of {self.status}")
        expected = {
            "Content-Type": "application/json; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": "<uuid>",
        }
        if self.status == 204:
            expected.update({"Content-Type": "-", "Content-Length": "-"})
        elif self.method != "HEAD" and (has_length or "content-length" in answer.fields):
            expected["Content-Length"] = str(len(answer.body))
        for name, pattern in {**expected, **self.expected}.items():
            seen = answer.fields.get(name.lower(), [])
            if seen != [] if pattern == "-" else len(seen) != 1 or not matches(pattern, seen[0]):
                found.append(f"{name}: {seen} instead of {pattern}")
        if self.expected_body.startswith("{"):
            try:
                found += differing(json.loads(self.expected_body), json.loads(answer.body), "body")
            except ValueError:
                found.append(f"no JSON: {answer.body[:200]}")
        elif not matches(self.expected_body, answer.body.decode("utf-8", "replace")):
            found.append(f"body: {answer.body[:200]} instead of {self.expected_body}")
        return found


PLACEHOLDERS = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "token": r"[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{86})?",
    "key": r"sk_[A-Za-z0-9_-]{40,}",
    "prefix": r"sk_[A-Za-z0-9_-]{4,12}",
    "number": r"\d+",
    "any": r"(?s:.*)",
}


def matches(pattern, text):
    parts = re.split(r"<(uuid|time|token|key|prefix|number|any)>", pattern)
    expression = "".join(PLACEHOLDERS[p] if n % 2 else re.escape(p) for n, p in enumerate(parts))
    return re.fullmatch(expression, text) is not None


def differing(expected, seen, place):
    """Where JSON differs from the expected value, including the order of members."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        if list(expected) != list(seen):
            return [f"{place}: {list(seen)} instead of {list(expected)}"]
        return [fault for name in expected for fault in differing(expected[name], seen[name], f"{place}.{name}")]
    if isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        return [f for n, pair in enumerate(zip(expected, seen)) for f in differing(*pair, f"{place}[{n}]")]
    if expected == "<any>":
        return []
    if isinstance(expected, str) and (isinstance(seen, str) or (expected == "<number>" and type(seen) is int)):
        return [] if matches(expected, str(seen)) else [f"{place}: {seen!r} instead of {expected!r}"]
    return [] if (type(expected), expected) == (type(seen), seen) else [f"{place}: {seen!r} instead of {expected!r}"]


def cases_of(variables):
    """All requests, ordered by name, with `variables` in their braces."""
    variables = {**variables, "spaces_65536": " " * 65536, "a_256": "a" * 256}
    return sorted((Case(path, variables) for path in glob.glob(f"{CORPUS}/*.txt")), key=lambda case: case.name)
