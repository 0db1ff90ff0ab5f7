"""The table of routes in Routes.swift."""

import re

from latchkey_tests.project import PROJECT


class Route:
    """A line of Routes.swift."""

    def __init__(self, name, methods, path, rest):
        self.name = name
        self.methods = [method.upper() for method in re.findall(r"\.([a-z]+)", methods)]
        self.path = [None if part == "nil" else part.strip('"') for part in path.split(", ")]
        self.hashes_code = "hashesCode: true" in rest
        self.id_count = self.path.count(None)

    def targets(self):
        """One of its paths, and its own path, with ids that do not exist."""
        ids = "00000000-0000-4000-8000-000000000000"
        return ["/" + "/".join(part or ids for part in self.path), f"/cgi-bin/{self.name}" + f"/{ids}" * self.id_count]


def routes():
    text = open(f"{PROJECT}/Sources/API/Routes.swift").read()
    return [Route(*found) for found in re.findall(r'= Route\(\s*"([a-z-]+)",((?: \.[a-z]+,)+) at: \[([^\]]*)\]([^)]*)\)', text)]
