"""Real answers: the success of every operation, and every failure in the document, each caused through
lighttpd and checked against the document."""

import re
import threading

from common_refusals import common
from document import DOCUMENT, OPERATIONS
from drafts import NOBODY, Drafts, WithMethod
from judge import Judge
from latchkey_tests.home import Home
from special_refusals import special
from world import Refused, World


def successes(judge, drafts):
    """Variants of success, by operation's id: (what, draft)."""
    world, ada = judge.world, drafts.ada
    by_id = {o.id: o for o in OPERATIONS}

    def variant(id, what, **changes):
        return id, what, lambda: judge.send(drafts.draft(by_id[id]), **changes)

    key = world.key(ada, scopes=["api-keys:read"])["full_key"]
    yield variant("listApiKeys", "with a key", headers={"x-api-key": key, "x-project-id": ada.project})
    yield variant("listApiKeys", "with a body", body={})
    yield variant("listApiKeys", "past the end", query="page=9223372036854775807&limit=9223372036854775807")
    yield variant(
        "createApiKey",
        "with all fields",
        body={"name": "\u00e4" * 255, "expires_in_days": 3650, "scopes": ["a:*"] * 64, "unknown": 1},
    )
    yield variant("createApiKey", "without scopes", body={"name": "a", "scopes": []})
    yield variant("updateApiKey", "with nothing", body={})
    yield variant("rotateApiKey", "at once", body={})
    yield variant("verifyApiKey", "without a scope", query="")
    yield variant("verifyApiKey", "that never expires", headers={"x-api-key": world.key(ada)["full_key"]}, query="")
    yield variant("revokeToken", "of no token", body={"refresh_token": "nonsense"})
    yield variant("metrics", "on this machine", headers={})
    yield variant("verifyApiKeyByPost", "with a body", body=b"nonsense")
    yield variant("updateUser", "with nothing", body={})
    yield variant("updateUser", "back to nothing", body={"full_name": None, "locale": None})
    yield variant("createProject", "without a description", body={"name": "a"})
    yield variant("updateProject", "with nothing", body={})


def held(judge, ready):
    """503 of every operation at once, while another process locks the database."""
    world = judge.world
    connection = world.home.database()
    connection.execute("BEGIN EXCLUSIVE")
    answers = {}

    def ask(draft):
        try:
            answers[draft.operation.id] = judge.send(draft)
        except OSError as error:
            answers[draft.operation.id] = error

    threads = [threading.Thread(target=ask, args=(draft,)) for draft in ready if draft.operation.id != "jwks"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.close()
    for draft in ready:
        operation = draft.operation
        if operation.id == "jwks":
            # It reads no database; without space for its first key it must wait too.
            full = Home("")
            answers["jwks"] = full.run("jwks", "GET", prefix=("prlimit", "--fsize=0"))
            full.remove()
        judge.expect(operation, 503, "temporarily_unavailable", "while it cannot work", answers[operation.id])


def run(results):
    world = World()
    try:
        judge = Judge(world, results)
        drafts = Drafts(world)
        ready = []

        # `Allow` of every path, and only of those.
        for path, item in DOCUMENT["paths"].items():
            methods = {m.upper() for m in item} | {"OPTIONS"} | ({"HEAD"} if "get" in item else set())
            for url in {re.sub(r"\{\w+\}", NOBODY, path), re.sub(r"\{\w+\}", NOBODY, path).rstrip("/")}:
                answer = world.request("OPTIONS", url)
                allowed = set(answer.headers.get("allow", "").split(", "))
                results.check(
                    f"OPTIONS {url}",
                    []
                    if (answer.status, allowed) == (204, methods)
                    else f"{answer.status}, {sorted(allowed)} instead of {sorted(methods)}",
                )
                # Every other method is refused.
                for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - methods:
                    answer = world.request(method, url, drafts.ada.on_project)
                    allowed = set(answer.headers.get("allow", "").split(", "))
                    results.check(
                        f"{method} {url} is refused",
                        []
                        if (answer.status, allowed) == (405, methods)
                        else f"{answer.status} {answer.code}, Allow {sorted(allowed)} instead of {sorted(methods)}",
                    )

        for operation in OPERATIONS:
            try:
                draft = drafts.draft(operation)
                ready.append(draft)
                common(judge, draft)
                answer = judge.send(draft)
                judge.expect(operation, operation.success, None, "", answer)
                if operation.method == "GET":
                    head = judge.send(draft, operation=WithMethod(operation, "HEAD"))
                    results.check(
                        f"{operation.id}: HEAD",
                        []
                        if head.raw.startswith(f"HTTP/1.1 {operation.success} ".encode()) and head.raw.endswith(b"\r\n\r\n")
                        else f"{head.status}",
                    )
            except Refused as error:
                results.check(f"{operation.id}: a request for it", str(error))
        for id, what, make in successes(judge, drafts):
            operation = next(o for o in OPERATIONS if o.id == id)
            judge.attempt(operation, operation.success, None, what, make)
        for id, status, code, what, make in special(judge, drafts):
            operation = next(o for o in OPERATIONS if o.id == id)
            judge.attempt(operation, status, code, what, make)
        held(judge, ready)

        for operation in OPERATIONS:
            results.check(
                f"{operation.id}: every documented failure was seen",
                [f"{status} {code}" for status, code in operation.failures() if (operation.id, status, code) not in judge.seen],
            )
    finally:
        world.close()
