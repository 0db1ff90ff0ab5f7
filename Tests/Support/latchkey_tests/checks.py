"""Counts of checks, and how a test ends: with exit code 1 if any check failed."""

import sys


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def expect(self, holds, what, seen=None):
        """Counts `what`; if it does not hold, prints it with what was `seen` instead. Returns whether it holds."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}" + ("" if seen is None else f": {seen}"), flush=True)
        return holds

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


class Report(Checks):
    """For a test that prints figures, and no counts."""

    def figure(self, name, value):
        print(f"figure {name}: {value}", flush=True)

    def finish(self):
        sys.exit(1 if self.failed else 0)


class Results(Checks):
    """For a test that has parts."""

    def check(self, name, found):
        """One check; `found` is the fault: nothing, a sentence, or a list of them."""
        found = [found] if isinstance(found, str) else list(found or [])
        if found:
            self.failed += 1
            print(f"FAILED {name}", *(f"    {line}" for line in found[:8]), sep="\n", flush=True)
        else:
            self.passed += 1

    def part(self, name, seconds):
        print(f"== {name}: {self.passed} passed, {self.failed} failed so far, {seconds:.0f} s", flush=True)


def seconds():
    """The test's time limit, from its first argument; 0: run everything."""
    return float(sys.argv[1]) if len(sys.argv) > 1 else 0.0


# The counts of the running test.
checks = Checks()
expect, finish = checks.expect, checks.finish
