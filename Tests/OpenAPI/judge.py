"""Compares answers with the document."""

from world import Refused


class Judge:
    """Sends requests, and compares their answers with the document."""

    def __init__(self, world, results):
        self.world, self.results = world, results
        self.seen = set()

    def send(self, draft, method=None, **changes):
        draft = draft.but(**changes)
        return self.world.request(method or draft.operation.method, draft.url, draft.headers, draft.body)

    def expect(self, operation, status, code, what, answer, also=()):
        """One test: `answer` has this status and code, and matches the document."""
        found = []
        if isinstance(answer, Exception):
            found.append(f"{type(answer).__name__}: {answer}")
        else:
            if (answer.status, answer.code) != (status, code):
                found.append(f"{answer.status} {answer.code}: {answer.body[:300].decode('latin-1')}")
            found += operation.judge(answer.status, answer.headers, answer.body)
            found += also
            if not found:
                self.seen.add((operation.id, status, code))
        self.results.check(f"{operation.id}: {status} {code or ''} {what}".rstrip(), found)
        return not found

    def attempt(self, operation, status, code, what, make):
        """`make` returns the answer; an exception fails only this test."""
        try:
            answer = make()
        except (Refused, AssertionError, OSError, KeyError, IndexError) as error:
            answer = error
        return self.expect(operation, status, code, what, answer)
