"""Checks that hold with and without the cache."""

import socket
import threading
import uuid

from auth_request.gateway import latchkey_fields, refused
from latchkey_tests.checks import expect


def check(nginx, home, owner, relay, backend):
    """Checks that hold with and without the cache."""
    id, key, expires_at = owner.key(["reports:read", "files:*"], days=3)

    # A valid key: the answer's fields, and the unchanged request.
    answer = nginx.get(key)
    fields = [
        ("x-latchkey-expires-at", expires_at),
        ("x-latchkey-key-id", id),
        ("x-latchkey-owner-id", owner.id),
        ("x-latchkey-project-id", owner.project),
        ("x-latchkey-scopes", "reports:read files:*"),
    ]
    expect(answer.status == 200 and latchkey_fields(answer) == fields, "a good key: 200 with its fields", answer.text)
    expect(answer.json["path"] == "/reports/a?b=c" and answer.json["method"] == "GET", "the request is unchanged")
    expect(key not in answer.text, "the backend does not see the key")
    expect(not [name for name in answer.fields if name.startswith("x-latchkey")], "the client is not told the fields")
    _, everything, _ = owner.key()
    answer = nginx.get(everything)
    expect(
        ("x-latchkey-scopes", "*") in latchkey_fields(answer) and len(latchkey_fields(answer)) == 4,
        "a key of all scopes without an end: * and no expiry",
        answer.text,
    )

    # Forged fields.
    forged = [(name, "forged") for name, _ in fields]
    answer = nginx.get(key, headers=forged + forged)
    expect(latchkey_fields(answer) == fields, "forged fields are replaced", answer.text)
    answer = nginx.get(everything, headers=[("X-LATCHKEY-EXPIRES-AT", "2099-01-01T00:00:00Z")])
    expect("2099" not in answer.text, "a forged field that the answer lacks is removed", answer.text)
    answer = nginx.get(key, headers=[(name.replace("-", "_"), "forged") for name, _ in fields])
    expect("forged" not in answer.text, "with underscores too", answer.text)
    answer = nginx.get(key, headers=[("Connection", "close, X-Latchkey-Key-Id, X-Latchkey-Scopes")])
    expect(
        latchkey_fields(answer) == fields and ["Connection", "close"] in answer.json["headers"],
        "Connection takes none away",
        answer.text,
    )

    # Refusals, none of which reaches the backend.
    count = backend.count
    refused(nginx.get(), 401, "not_authenticated", "no key")
    answer = nginx.get("garbage")
    refused(answer, 401, "invalid_api_key", "a garbage key")
    expect(answer.fields.get("www-authenticate") == 'Bearer error="invalid_token"', "with its challenge", answer.fields)
    refused(nginx.get(key[:-1] + ("B" if key[-1] == "A" else "A")), 401, "invalid_api_key", "a changed key")
    refused(nginx.get("x" * 4000), 401, "invalid_api_key", "a long key")
    refused(nginx.get(headers=forged), 401, "not_authenticated", "fields without a key")
    answer = nginx.get(headers=[("Authorization", f"Bearer {key}")])
    refused(answer, 401, "not_authenticated", "a key as Bearer token")
    refused(nginx.get(headers=[("X_Api_Key", key)]), 401, "not_authenticated", "a key under another name")
    refused(nginx.get(path=f"/reports/?x-api-key={key}&scope=a"), 401, "not_authenticated", "a key in the URL")
    dead, secret, _ = owner.key()
    owner.deactivate(dead)
    refused(nginx.get(secret), 401, "api_key_deactivated", "a deactivated key")
    old, secret, _ = owner.key(days=1)
    home.sql("UPDATE api_keys SET expires_at = unixepoch() * 1000 - 1 WHERE id = ?", [uuid.UUID(old).bytes])
    refused(nginx.get(secret), 401, "api_key_expired", "an expired key")

    # Scopes.
    for scopes in [[], ["reports:write"], ["reports"], ["reports:read:all"], ["report*:read"]]:
        try:
            _, secret, _ = owner.key(scopes)
        except AssertionError:
            continue  # no scope
        refused(nginx.get(secret), 403, "insufficient_scope", f"scopes {scopes}")
    answer = nginx.get(secret, path="/reports/?scope=")
    refused(answer, 403, "insufficient_scope", "a scope in the client's URL does not count")
    answer = nginx.get(secret, method="HEAD")
    expect(answer.status == 403 and answer.text == "", "HEAD is refused without a body", answer.text)
    expect(backend.count == count, "no refused request reached the backend")
    for scopes in [["reports:*"], ["*"], ["rep*"], ["a", "reports:read"]]:
        expect(nginx.get(owner.key(scopes)[1]).status == 200, f"scopes {scopes}")
    _, reader, _ = owner.key(["reports:read"])
    for path, status in [("/any/", 200), ("/reports/", 200), ("/files/", 403), ("/reports/", 200), ("/files/", 403)]:
        answer = nginx.get(reader, path=path)
        expect(answer.status == status, f"one key, locations with scopes of their own: {path}", answer.text)
    refused(nginx.get(path="/any/"), 401, "not_authenticated", "where any key will do, no key")

    # Two keys: the first is checked, or both are refused; the second never passes behind the first.
    answer = nginx.get(headers=[("x-api-key", "garbage"), ("x-api-key", key)])
    expect(answer.status in (400, 401), "two keys, the first bad", answer.text)
    answer = nginx.get(f"{key}, {key}")
    expect(answer.status == 400 and answer.code == "ambiguous_credentials", "two keys in one field", answer.text)

    # Only the backend receives bodies.
    relay.questions.clear()
    body = b"secret " * 14000
    fresh = owner.key(["reports:read"])[1]
    private = [("Cookie", "c=secret"), ("Authorization", "Bearer secret"), ("X-Forwarded-For", "198.51.100.9")]
    answer = nginx.get(fresh, method="POST", body=body, headers=private)
    expect(
        answer.status == 200 and answer.json["body"].encode() == body and answer.json["method"] == "POST",
        "POST with a body reaches the backend whole",
    )
    expect(len(relay.questions) == 1, "one question for it", relay.questions)
    lines = relay.questions[0].decode().split("\r\n")
    expect(lines[0].startswith("GET /auth/api-keys/verify?scope=reports:read HTTP/1."), "the question is a GET", lines)
    expect(
        sorted(line.partition(":")[0].lower() for line in lines[1:] if line)
        == ["connection", "host", "x-api-key", "x-forwarded-for"]
        and "X-Forwarded-For: 127.0.0.1" in lines,
        "the question has the key and the address, no body and nothing private",
        lines,
    )
    relay.questions.clear()
    answer = nginx.get("garbage", method="POST", body=body, headers=private)
    refused(answer, 401, "invalid_api_key", "POST with a bad key")
    expect(
        len(relay.questions) == 2
        and not [question for question in relay.questions if b"secret" in question or question[:4] != b"GET "],
        "nothing of its body is in a question",
        relay.questions,
    )

    # A refusal does not wait for an announced body.
    with socket.create_connection(("127.0.0.1", nginx.port), 10) as connection:
        connection.settimeout(3)
        connection.sendall(
            b"POST /reports/ HTTP/1.1\r\nHost: a\r\nX-Api-Key: garbage\r\nExpect: 100-continue\r\nContent-Length: 500000\r\n\r\n"
        )
        try:
            first = connection.recv(65536)
        except TimeoutError:
            first = b"silence"
    expect(first.startswith(b"HTTP/1.1 401 "), "a refusal does not wait for the body", first[:100])

    # The backend's own answers are unchanged.
    answer = nginx.get(everything, path="/reports/401")
    expect(answer.status == 401 and answer.json["path"] == "/reports/401", "the backend's own 401 passes", answer.text)

    # Clients can neither reach the internal location nor bypass it.
    for path in ["/_latchkey", "/_latchkey?scope=a", "/reports/../_latchkey", "/%5flatchkey"]:
        answer = nginx.get(everything, path=path)
        expect(answer.status == 404, f"{path}: 404", answer.status)
    count = backend.count
    for path in ["//reports/", "/./reports/a", "/x/../reports/a", "/%72eports/a", "/reports/..;/a"]:
        answer = nginx.get("garbage", path=path)
        expect(answer.status == 401, f"{path} with a bad key: 401", answer.status)
    expect(backend.count == count, "none of them reached the backend")

    # Concurrent requests.
    statuses = []
    keys = [everything, "garbage"] * 20
    threads = [threading.Thread(target=lambda key=key: statuses.append((key, nginx.get(key).status))) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted((key, 200 if key == everything else 401) for key in keys)
    expect(sorted(statuses) == expected, "forty at once", statuses)

    log = nginx.log()
    expect(key not in log and everything not in log, "nginx's log has no key")
    usual = ("is buffered to a temporary file", "auth request unexpected status: 400")
    log = [line for line in log.splitlines() if not any(text in line for text in usual)]
    expect(not log, "nginx's log has no complaint", log)
