"""Refusals that all operations of a kind share."""

import json

from document import resolved
from drafts import Pairs, WithMethod, path_info
from world import CLIENT_TOKEN


def spoilt(operation):
    """(what, body, location, type) for every field of the operation's body, each in turn with a wrong type."""
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
    """Every fault that the document permits."""
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
    """Refusals that all operations of a kind share."""
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

    # Faults of the machine.
    world.configure("no_such_setting = 1\n")
    try:
        one(500, "internal_error", "for settings that are none")
    finally:
        world.configure()
