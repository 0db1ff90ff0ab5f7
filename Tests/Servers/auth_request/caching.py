"""How long an answer stays valid."""

import os
import re
import time

from auth_request.gateway import latchkey_fields, refused
from latchkey_tests.checks import expect

KEPT = 5  # seconds, as in the sample


def check_dead_at_once(nginx, owner, relay):
    """Without the cache every request asks, and a deactivated key stops working at once."""
    id, key, _ = owner.key()
    relay.questions.clear()
    expect([nginx.get(key).status for _ in range(3)] == [200] * 3, "a good key, three times")
    expect(len(relay.questions) == 3, "every request asks", len(relay.questions))
    owner.deactivate(id)
    refused(nginx.get(key), 401, "api_key_deactivated", "deactivated: dead at once")


def check_cache(nginx, owner, relay):
    """With the cache a good answer lives for five seconds, for its own key and scope only."""
    id, key, _ = owner.key(["reports:read"])
    relay.questions.clear()
    start = time.monotonic()
    answers = [nginx.get(key) for _ in range(5)]
    expect(
        all(answer.status == 200 and ("x-latchkey-key-id", id) in latchkey_fields(answer) for answer in answers),
        "a good key, five times, each with its fields",
    )
    expect(len(relay.questions) == 1, "it is asked for once", len(relay.questions))
    owner.deactivate(id)
    answer = nginx.get(key)
    if time.monotonic() - start < KEPT - 1:
        expect(answer.status == 200, "deactivated: it lives on", answer.text)
    other = owner.key()[1]
    expect(nginx.get(other).status == 200, "another key")
    expect(len(relay.questions) == 2, "is asked for", len(relay.questions))
    refused(nginx.get(other[:-1] + ("B" if other[-1] == "A" else "A")), 401, "invalid_api_key", "a key like it")
    refused(nginx.get(), 401, "not_authenticated", "no key")
    relay.down()
    if time.monotonic() - start < KEPT - 1:
        expect(nginx.get(key).status == 200, "the verifier is down: good answers last for their time")
    time.sleep(max(0, start + KEPT + 1.5 - time.monotonic()))
    for what, secret in [("dead", key), ("good", other)]:
        answer = nginx.get(secret)
        expect(answer.status == 503, f"… and no longer, for a {what} key", (answer.status, answer.text))
    relay.up()
    refused(nginx.get(key), 401, "api_key_deactivated", "after five seconds it is dead")
    relay.questions.clear()
    for _ in range(2):
        refused(nginx.get(key), 401, "api_key_deactivated", "a refusal")
    expect(len(relay.questions) == 4, "refusals are not kept", len(relay.questions))

    expect(nginx.get(other).status == 200, "a good key once more")
    files = [os.path.join(folder, name) for folder, _, names in os.walk(f"{nginx.folder}/cache") for name in names]
    content = b"".join(open(path, "rb").read() for path in files)
    expect(files and other.encode() not in content and key.encode() not in content, "no key is in the cache's files")
    expect(re.search(rb"KEY: [0-9a-f]{64} \?scope=reports:read\n", content), "hashes and scopes are", content[:400])
