"""Real answers: the success of every operation, and every failure that the document has for it, each provoked
through lighttpd and judged by the document."""

import json
import re
import threading
import time

from document import DOCUMENT, OPERATIONS, resolved
from world import CLIENT_TOKEN, METRICS_TOKEN, SETTINGS, TIGHT, Refused, World, service

NOBODY = "00000000-0000-4000-8000-000000000000"


class Draft:
    """A request that would succeed, to be sent as it is or spoilt."""

    def __init__(self, operation, headers=(), path=None, body=None, query=""):
        self.operation, self.headers, self.path = operation, dict(headers), dict(path or {})
        self.body, self.query = body, query

    def but(self, **changes):
        """A copy with other parts."""
        copy = Draft(self.operation, self.headers, self.path, self.body, self.query)
        for name, value in changes.items():
            setattr(copy, name, value)
        return copy

    @property
    def url(self):
        path = re.sub(r"\{(\w+)\}", lambda m: self.path[m.group(1)], self.operation.path)
        return path + (f"?{self.query}" if self.query else "")


class Drafts:
    """Makes a request for every operation that would succeed."""

    def __init__(self, world):
        self.world = world
        self.ada, self.grace, self.eve = (world.sign_in(f"{n}@example.com") for n in ("ada", "grace", "eve"))
        world.join(self.grace, self.ada.project)

    def shared(self, owner=None):
        """A project that `owner` made."""
        return self.world.do("POST", "/projects", (owner or self.ada).bearer, {"name": "Shared"})["id"]

    def invited(self):
        """Somebody, and the id of an invitation to them."""
        person = self.world.sign_in()
        self.world.do("POST", f"/projects/{self.shared()}/members", self.ada.bearer, {"email": person.email})
        items = self.world.do("GET", "/projects/invitations", person.bearer)["items"]
        return person, items[0]["id"]

    def draft(self, operation):
        make = Draft
        world, ada = self.world, self.ada
        key = lambda: world.key(ada)["id"]  # noqa: E731
        match operation.id:
            case "sendCode":
                return make(operation, body={"email": world.fresh()})
            case "verifyCode":
                email = world.fresh()
                return make(operation, body={"email": email, "code": world.code(email)})
            case "refreshToken":
                person = world.sign_in()
                return make(operation, body={"refresh_token": person.refresh, "user_uuid": person.id})
            case "revokeToken":
                return make(operation, body={"refresh_token": world.sign_in().refresh})
            case "currentUser" | "preferences" | "listSessions" | "listProjects" | "listInvitations":
                return make(operation, ada.bearer)
            case "revokeOtherSessions":
                return make(operation, world.sign_in().bearer)
            case "listApiKeys":
                return make(operation, ada.on_project, query="page=1&limit=5")
            case "createApiKey":
                return make(operation, ada.on_project, body={"name": "test", "expires_in_days": None, "scopes": None})
            case "deleteApiKey":
                return make(operation, ada.on_project, {"key_id": key()})
            case "updateApiKey":
                return make(operation, ada.on_project, {"key_id": key()}, {"name": "other", "scopes": ["a:b"]})
            case "rotateApiKey":
                return make(operation, ada.on_project, {"key_id": key()}, {"overlap_days": 7})
            case "verifyApiKey" | "verifyApiKeyByPost":
                shown = world.key(ada, scopes=["a:*"], expires_in_days=1)["full_key"]
                return make(operation, {"x-api-key": shown}, query="scope=a:b")
            case "updateUser":
                body = {"full_name": "Ada Lovelace", "locale": "de", "notices": {"sign_in": False, "key_expiry": True}}
                return make(operation, ada.bearer, body=body)
            case "deleteUser":
                person = world.sign_in()
                return make(operation, {**person.bearer, "x-verification-code": world.deletion_code(person)})
            case "sendDeletionCode":
                return make(operation, world.sign_in().bearer)
            case "changeEmail":
                return make(operation, ada.bearer, body={"email": world.fresh()})
            case "confirmEmail":
                person, email = world.sign_in(), world.fresh()
                code, current = world.address_codes(person, email)
                return make(operation, person.bearer, body={"email": email, "code": code, "current_code": current})
            case "deleteSession":
                person = world.sign_in()
                sessions = world.do("GET", "/auth/sessions", person.bearer)["items"]
                return make(operation, person.bearer, {"session_id": sessions[0]["id"]})
            case "createProject":
                return make(operation, ada.bearer, body={"name": "Engine", "description": "Cards and mills"})
            case "getProject":
                return make(operation, ada.bearer, {"project_id": ada.project})
            case "updateProject":
                return make(operation, ada.bearer, {"project_id": self.shared()}, {"description": None})
            case "deleteProject":
                return make(operation, ada.bearer, {"project_id": self.shared()})
            case "addMember":
                return make(operation, ada.bearer, {"project_id": self.shared()}, {"email": world.fresh(), "role": "admin"})
            case "updateMember":
                return make(operation, ada.bearer, {"project_id": ada.project, "user_id": self.grace.id}, {"role": "member"})
            case "removeMember":
                person, project = world.sign_in(), self.shared()
                world.join(person, project)
                return make(operation, ada.bearer, {"project_id": project, "user_id": person.id})
            case "acceptInvitation" | "declineInvitation":
                person, invitation = self.invited()
                return make(operation, person.bearer, {"invitation_id": invitation})
            case "jwks" | "health":
                return make(operation)
            case "metrics":
                return make(operation, {"Authorization": f"Bearer {METRICS_TOKEN}"})
        raise LookupError(f"no request is known for {operation.id}")


class Judge:
    """Sends requests, and holds their answers against the document."""

    def __init__(self, world, results):
        self.world, self.results = world, results
        self.seen = set()

    def send(self, draft, method=None, **changes):
        draft = draft.but(**changes)
        return self.world.request(method or draft.operation.method, draft.url, draft.headers, draft.body)

    def expect(self, operation, status, code, what, answer, also=()):
        """One test: `answer` has this status and code, and is as documented."""
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
        """`make` gives the answer; what it raises is a failure of this test alone."""
        try:
            answer = make()
        except (Refused, AssertionError, OSError, KeyError, IndexError) as error:
            answer = error
        return self.expect(operation, status, code, what, answer)


def spoilt(operation):
    """(what, body, location, type) for every field of the operation's body, in turn of a wrong kind."""
    schema = resolved(operation.body["content"]["application/json"]["schema"])
    if schema.get("required"):
        name = schema["required"][0]
        yield "without a field", {}, ["body", name], "missing"
    for name, field in schema["properties"].items():
        field = {**resolved(field), **field}
        if "anyOf" in field:
            field = {**field, **resolved(field["anyOf"][0])}
        kind = field.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        value, word = {
            "string": (7, "literal_error" if "enum" in field else "string_type"),
            "integer": ("7", "int_type"),
            "array": ("a", "list_type"),
            "object": ([], "dict_type"),
            "boolean": ("yes", "bool_type"),
        }[kind]
        yield f"with {name} of a wrong kind", {name: value}, ["body", name], word
        for inner, part in field.get("properties", {}).items():
            assert part["type"] == "boolean", "another kind needs another word"
            yield f"with {name}.{inner} of a wrong kind", {name: {inner: "yes"}}, ["body", name, inner], "bool_type"
        if "enum" in field:
            yield f"with {name} out of the list", {name: "else"}, ["body", name], "literal_error"
        if field.get("format") == "email":
            yield f"with {name} without an @", {name: "ada"}, ["body", name], "value_error"
        if field.get("minLength"):
            yield f"with an empty {name}", {name: ""}, ["body", name], "string_too_short"
        if field.get("maxLength") and "enum" not in field and field.get("format") != "email":
            yield f"with a long {name}", {name: "a" * (field["maxLength"] + 1)}, ["body", name], "string_too_long"
        if "\\u0000" in field.get("pattern", ""):
            yield f"with a control character in {name}", {name: "a\u009bb"}, ["body", name], "value_error"
        if kind == "integer":
            yield f"with a small {name}", {name: field["minimum"] - 1}, ["body", name], "greater_than_equal"
            yield f"with a large {name}", {name: field["maximum"] + 1}, ["body", name], "less_than_equal"
            yield f"with a huge {name}", {name: 2**64}, ["body", name], "int_parsing_size"
            yield f"with a broken {name}", {name: 1.5}, ["body", name], "int_from_float"
        if kind == "array":
            yield f"with many {name}", {name: ["a"] * 65}, ["body", name], "too_long"
            yield f"with odd {name}", {name: ["a", "b c"]}, ["body", name, 1], "string_pattern_mismatch"


def invalid(judge, draft):
    """Every fault that the document leaves room for."""
    operation = draft.operation
    cases = []
    for parameter in operation.parameters:
        name, where = parameter["name"], parameter["in"]
        if where == "path":
            cases.append((f"with {name} no UUID", {"path": {**draft.path, name: "verify-not"}}, ["path", name], "uuid_parsing"))
        elif where == "header":
            rest = {k: v for k, v in draft.headers.items() if k.lower() != name}
            cases.append((f"without {name}", {"headers": rest}, ["header", name], "missing"))
            if "pattern" in resolved(parameter["schema"]) and name == "x-project-id":
                cases.append((f"with {name} no UUID", {"headers": {**rest, name: "x"}}, ["header", name], "uuid_parsing"))
        elif name in ("page", "limit"):
            for value, word in (("0", "greater_than_equal"), ("x", "int_parsing"), ("9" * 30, "int_parsing_size")):
                cases.append((f"with {name}={value[:3]}", {"query": f"{name}={value}"}, ["query", name], word))
        elif name == "scope":
            for value, word in (("", "string_too_short"), ("a" * 129, "string_too_long"), ("a%20b", "string_pattern_mismatch")):
                cases.append((f"with {name}={value[:3]}", {"query": f"{name}={value}"}, ["query", name], word))
    if operation.body:
        cases.append(("without a body", {"body": b""}, ["body"], "missing"))
        cases.append(("with half a body", {"body": b'{"a'}, ["body", 1], "json_invalid"))
        cases.append(("with a list as body", {"body": b"[]"}, ["body"], "model_attributes_type"))
        cases += [(what, {"body": body}, loc, word) for what, body, loc, word in spoilt(operation)]
    for what, changes, location, word in cases:
        answer = judge.send(draft, **changes)
        also = []
        try:
            listed = json.loads(answer.body)["detail"]
            if not any(f["loc"][: len(location)] == location and f["type"] == word for f in listed):
                also.append(f"no {word} at {location}, but {listed}")
        except (ValueError, KeyError):
            also.append("no detail")
        judge.expect(operation, 422, "validation_error", what, answer, also)


def common(judge, draft):
    """What every operation of its kind refuses."""
    operation, world = draft.operation, judge.world
    answered = {code for _, code in operation.failures()}

    def one(status, code, what, **changes):
        if code in answered:
            judge.expect(operation, status, code, what, judge.send(draft, **changes))

    twice = [*draft.headers.items(), ("Authorization", "Bearer a"), ("Authorization", "Bearer b")]
    one(400, "ambiguous_credentials", "for a header sent twice", headers=Pairs(twice))
    spelled = [*draft.headers.items(), ("X-Forwarded-For", "198.51.100.1"), ("X_Forwarded_For", "203.0.113.5")]
    one(400, "ambiguous_headers", "for a field of another name that is the same by CGI", headers=Pairs(spelled))
    one(405, "method_not_allowed", "for PUT", operation=WithMethod(operation, "PUT"))
    if draft.path:
        last = list(draft.path)[-1]
        one(404, "not_found", "for an id with a slash", path={**draft.path, last: "a%2Fb"})
    if operation.body:
        plain = {**draft.headers, "Content-Type": "text/plain"}
        one(415, "unsupported_media_type", "for text", headers=plain)
        one(413, "body_too_large", "for 64 KiB and a byte", body=b" " * 65537)
        variables = {"CONTENT_LENGTH": "", "PATH_INFO": path_info(draft)}
        judge.attempt(
            operation,
            411,
            "length_required",
            "for no length",
            lambda: world.home.run(operation.executable, operation.method, variables),
        )
    if "validation_error" in answered:
        invalid(judge, draft)

    # Credentials.
    security = operation.item["security"]
    bare = {k: v for k, v in draft.headers.items() if k.lower() not in ("authorization", "x-api-key")}
    wrong = {**bare, "Authorization": "Bearer nonsense"}
    if {"clientToken": []} in security:
        world.configure(f"client_tokens = {CLIENT_TOKEN}\n")
        try:
            one(401, "not_authenticated", "for no client token", headers=bare)
            one(401, "invalid_token", "for another client token", headers=wrong)
        finally:
            world.configure()
    elif {"metricsToken": []} in security:
        one(401, "not_authenticated", "from elsewhere", headers={"X-Forwarded-For": "192.0.2.7"})
        one(401, "invalid_token", "for another token", headers=wrong)
    else:
        one(401, "not_authenticated", "for nobody", headers=bare)
        one(401, "invalid_token", "for nonsense", headers=wrong)
    one(401, "invalid_api_key", "for another key", headers={**bare, "x-api-key": "sk_" + "A" * 43})

    # The machine.
    world.configure("no_such_setting = 1\n")
    try:
        one(500, "internal_error", "for settings that are none")
    finally:
        world.configure()


class Pairs(dict):
    """Header fields that may have the same name."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs

    def items(self):
        return self.pairs


class WithMethod:
    """An operation's path with another method."""

    def __init__(self, operation, method):
        self.path, self.method = operation.path, method


def path_info(draft):
    path = draft.operation.path
    return re.sub(r"\{(\w+)\}", lambda m: draft.path[m.group(1)], path[path.index("/{") :]) if "{" in path else ""


def special(judge, drafts):
    """(operation's id, status, code, what, how) of what only some operations refuse."""
    world, ada, grace, eve = judge.world, drafts.ada, drafts.grace, drafts.eve
    by_id = {o.id: o for o in OPERATIONS}

    def send(id, **changes):
        return judge.send(drafts.draft(by_id[id]), **changes)

    def until_limited(id):
        world.home.configure(TIGHT)
        try:
            for _ in range(3):
                answer = judge.send(ready[id])
                if answer.status == 429:
                    break
            return answer
        finally:
            world.configure()

    def by_other(operation, person):
        draft = drafts.draft(operation)
        return judge.send(draft, headers={**draft.headers, **person.bearer})

    # Made while nothing is limited.
    ready = {}

    def limited(id):
        ready[id] = drafts.draft(by_id[id])
        return until_limited(id)

    def exhausted(id):
        draft = drafts.draft(by_id[id])
        for _ in range(6):
            answer = judge.send(draft, body={**draft.body, "code": "000000"})
        return answer

    def inactive(person, make):
        world.active(person, False)
        try:
            return make()
        finally:
            world.active(person, True)

    def by_key(id, secret, **more):
        draft = drafts.draft(by_id[id])
        headers = {"x-api-key": secret, **({"x-project-id": ada.project} if "x-project-id" in draft.headers else {})}
        return judge.send(draft, headers=headers, **more)

    def dead(how, id):
        key = world.key(ada, scopes=["a:*"], expires_in_days=1)
        how(key["id"])
        return by_key(id, key["full_key"])

    def expire(key):
        world.sql("UPDATE api_keys SET expires_at = 1700000000000 WHERE id = ?", key)

    def deactivate(key):
        world.do("DELETE", f"/auth/api-keys/{key}", ada.on_project)

    def owner_inactive(id):
        secret = world.key(eve)["full_key"]
        return inactive(eve, lambda: by_key(id, secret))

    def rotate_dead():
        draft = drafts.draft(by_id["rotateApiKey"])
        deactivate(draft.path["key_id"])
        return judge.send(draft)

    def rotated_too_often():
        draft = drafts.draft(by_id["rotateApiKey"])
        now = int(time.time() * 1000)
        slot = now - now % 18750
        # As text: `sql` makes ids of what looks like one.
        world.sql(f"INSERT OR REPLACE INTO limit_counts VALUES ('rotate-user', '{ada.id}', ?, ?, 600, 0)", slot, slot + 320000)
        try:
            return judge.send(draft)
        finally:
            world.sql("DELETE FROM limit_counts WHERE name = 'rotate-user'")

    def bounded(setting, id, **changes):
        """With room for one, and one there."""
        draft = drafts.draft(by_id[id]).but(**changes)
        world.configure(f"{setting} = 1\n")
        try:
            return judge.send(draft)
        finally:
            world.configure()

    def second_invitation():
        draft = drafts.draft(by_id["addMember"])
        judge.send(draft)
        world.configure("max_invitations_per_project = 1\n")
        try:
            return judge.send(draft, body={"email": world.fresh(), "role": "member"})
        finally:
            world.configure()

    yield "createProject", 409, "too_many_projects", "over the bound", lambda: bounded("max_projects_per_user", "createProject")
    yield (
        "createApiKey",
        409,
        "too_many_api_keys",
        "over the project's bound",
        lambda: bounded("max_keys_per_project", "createApiKey"),
    )
    yield (
        "createApiKey",
        409,
        "too_many_own_api_keys",
        "over the member's bound",
        lambda: bounded("max_keys_per_member", "createApiKey"),
    )
    yield (
        "acceptInvitation",
        409,
        "too_many_projects",
        "over the bound",
        lambda: bounded("max_projects_per_user", "acceptInvitation"),
    )
    yield (
        "acceptInvitation",
        409,
        "too_many_members",
        "over the bound",
        lambda: bounded("max_members_per_project", "acceptInvitation"),
    )
    yield "addMember", 409, "too_many_members", "over the bound", lambda: bounded("max_members_per_project", "addMember")
    yield "addMember", 409, "too_many_invitations", "over the bound", second_invitation
    yield "rotateApiKey", 429, "rate_limited", "over its own limit", rotated_too_often
    for id in (
        "sendCode",
        "verifyCode",
        "refreshToken",
        "changeEmail",
        "confirmEmail",
        "deleteUser",
        "sendDeletionCode",
        "addMember",
        "createProject",
        "updateProject",
        "createApiKey",
        "updateApiKey",
        "updateMember",
        "acceptInvitation",
        "updateUser",
    ):
        yield id, 429, "rate_limited", "over a limit", lambda id=id: limited(id)
    yield "sendCode", 429, "rate_limited", "too soon again", lambda: too_soon(world)
    for id in ("verifyCode", "confirmEmail"):
        for code in ("000000", "no code", ""):
            yield (
                id,
                400,
                "invalid_code",
                f"for {code!r}",
                lambda id=id, code=code: send(id, body={"email": world.fresh(), "code": code, "current_code": code}),
            )
        yield id, 400, "code_exhausted", "after five guesses", lambda id=id: exhausted(id)

    def deletion_exhausted():
        draft = drafts.draft(by_id["deleteUser"])
        for _ in range(6):
            answer = judge.send(draft, headers={**draft.headers, "x-verification-code": "000000"})
        return answer

    yield "deleteUser", 400, "code_exhausted", "after five guesses", deletion_exhausted
    yield (
        "deleteUser",
        400,
        "invalid_code",
        "for a wrong one",
        lambda: send("deleteUser", headers={**world.sign_in().bearer, "x-verification-code": "000000"}),
    )
    for token in ("A" * 86, ""):
        yield (
            "refreshToken",
            401,
            "invalid_refresh_token",
            f"for {token[:3]!r}",
            lambda token=token: send("refreshToken", body={"refresh_token": token, "user_uuid": ada.id}),
        )
    yield (
        "verifyCode",
        403,
        "account_inactive",
        "for a right code",
        lambda: inactive(
            eve, lambda: judge.send(drafts.draft(by_id["verifyCode"]), body={"email": eve.email, "code": world.code(eve.email)})
        ),
    )
    yield (
        "refreshToken",
        403,
        "account_inactive",
        "for a good token",
        lambda: inactive(eve, lambda: send("refreshToken", body={"refresh_token": eve.refresh, "user_uuid": eve.id})),
    )
    for operation in OPERATIONS:
        if {"bearer": []} in operation.item["security"]:

            def by_inactive(operation=operation):
                draft = drafts.draft(operation)
                return inactive(eve, lambda: judge.send(draft, headers={**draft.headers, **eve.bearer}))

            yield operation.id, 403, "account_inactive", "for a genuine token", by_inactive
        names = operation.parameter_names("header") + operation.parameter_names("path")
        if "x-project-id" in names:
            yield (
                operation.id,
                404,
                "project_not_found",
                "for an outsider",
                lambda o=operation: judge.send(drafts.draft(o), headers=eve.on_project | {"x-project-id": ada.project}),
            )
        if "key_id" in names:
            yield (
                operation.id,
                404,
                "api_key_not_found",
                "for a key that is not",
                lambda o=operation: judge.send(drafts.draft(o), path={"key_id": NOBODY}),
            )
            yield (
                operation.id,
                404,
                "api_key_not_found",
                "for a member, and another's key",
                lambda o=operation: judge.send(drafts.draft(o), headers=grace.on_project | {"x-project-id": ada.project}),
            )
        if "project_id" in names:
            yield operation.id, 404, "project_not_found", "for an outsider", lambda o=operation: by_other(o, eve)
        if "user_id" in names:

            def nobody(operation=operation):
                draft = drafts.draft(operation)
                return judge.send(draft, path={**draft.path, "user_id": NOBODY})

            yield operation.id, 404, "member_not_found", "for nobody", nobody
        if "invitation_id" in names:
            yield (
                operation.id,
                404,
                "invitation_not_found",
                "for none",
                lambda o=operation: judge.send(drafts.draft(o), path={"invitation_id": NOBODY}),
            )
            yield operation.id, 404, "invitation_not_found", "for somebody else's", lambda o=operation: by_other(o, eve)
        if "insufficient_role" in {code for _, code in operation.failures()}:

            def by_member(operation=operation):
                draft, member = drafts.draft(operation), world.sign_in()
                world.join(member, draft.path["project_id"])
                return judge.send(draft, headers=member.bearer)

            yield operation.id, 403, "insufficient_role", "for a member", by_member

    yield (
        "deleteSession",
        404,
        "session_not_found",
        "for one that is not",
        lambda: judge.send(drafts.draft(by_id["deleteSession"]), path={"session_id": NOBODY}),
    )
    yield "deleteSession", 404, "session_not_found", "for somebody else's", lambda: by_other(by_id["deleteSession"], eve)
    yield "rotateApiKey", 404, "api_key_not_found", "for one that is not active", rotate_dead

    yield (
        "addMember",
        409,
        "already_member",
        "for a member's address",
        lambda: judge.send(drafts.draft(by_id["addMember"]), path={"project_id": ada.project}, body={"email": grace.email}),
    )
    for id in ("updateMember", "removeMember"):

        def only_owner(id=id):
            draft, project = drafts.draft(by_id[id]), drafts.shared()
            return judge.send(draft, path={"project_id": project, "user_id": ada.id})

        yield id, 409, "last_owner", "for the only owner", only_owner

    for id in ("verifyApiKey", "verifyApiKeyByPost"):
        yield id, 401, "api_key_expired", "", lambda id=id: dead(expire, id)
        yield id, 401, "api_key_deactivated", "", lambda id=id: dead(deactivate, id)
        yield id, 401, "api_key_owner_inactive", "", lambda id=id: owner_inactive(id)
        yield id, 403, "insufficient_scope", "", lambda id=id: send(id, query="scope=b:a")

    yield (
        "listApiKeys",
        403,
        "insufficient_scope",
        "for a key without it",
        lambda: by_key("listApiKeys", world.key(ada, scopes=["a:b"])["full_key"]),
    )
    yield "listApiKeys", 401, "invalid_api_key", "for a dead key", lambda: dead(deactivate, "listApiKeys")
    yield (
        "listApiKeys",
        400,
        "ambiguous_credentials",
        "for a key and a token",
        lambda: send("listApiKeys", headers={**ada.on_project, "x-api-key": world.key(ada)["full_key"]}),
    )


def too_soon(world):
    email = world.fresh()
    world.home.configure(SETTINGS.replace("resend_after = 0s", "resend_after = 60s"))
    try:
        world.request("POST", "/auth/verification/send-code", body={"email": email})
        return world.request("POST", "/auth/verification/send-code", body={"email": email})
    finally:
        world.configure()


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
    """503 of every operation at once, while another process holds the database."""
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
            # It asks no database; where there is no room for its first key it has to wait as well.
            full = service.Home("")
            answers["jwks"] = full.run("jwks", "GET", prefix=("prlimit", "--fsize=0"))
            full.remove()
        judge.expect(operation, 503, "temporarily_unavailable", "while it cannot work", answers[operation.id])


def run(results):
    world = World()
    try:
        judge = Judge(world, results)
        drafts = Drafts(world)
        ready = []

        # `Allow` of every path, and of no others.
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
                # What is not allowed is refused, by every other method.
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
