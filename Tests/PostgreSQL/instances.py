"""Two machines with one database: what the secret decides, and that no request depends on which machine answers it.

1. Machines with the same secret.key serve each other's accounts, sessions and keys, and publish the same signing keys.
2. Of many first requests on an empty database, one creates the tables, the secret and the signing key.
3. A machine with another secret.key, or without one, answers 503, names the file in its log, and changes nothing.
"""

import contextlib
import os

from latchkey_tests.answers import Answer
from latchkey_tests.checks import expect, finish
from latchkey_tests.cluster import Cluster, PostgreSQLHome
from latchkey_tests.deliverers import settle
from latchkey_tests.home import bearer


def tokens(grant):
    return {name: grant[name] for name in ("refresh_token", "user_uuid")}


def two_machines(first, second):
    """Each step is taken on the other machine than the one before it."""
    grant = first.sign_in("ada@example.com")
    expect(second.get("current-user", bearer(grant)).data["email"] == "ada@example.com", "an access token works on both")
    fresh = second.post("refresh-token", tokens(grant))
    expect(fresh.status == 200, "a session is refreshed on the other machine", fresh.raw)
    again = first.post("refresh-token", tokens(grant))
    same = again.status == 200 and again.data["refresh_token"] == fresh.data["refresh_token"]
    expect(same, "the grace period holds across machines", again.raw)
    key = first.post("create-api-key", {"name": "k"}, bearer({**fresh.data, "project": grant["project"]}, True))
    shown = {"HTTP_X_API_KEY": key.data["full_key"], "HTTP_X_PROJECT_ID": grant["project"]}
    expect(second.get("verify-api-key", shown).status == 200, "a key works on the other machine")

    expect(first.post("send-code", {"email": "bob@example.com"}).status == 202, "a code is requested on one machine")
    code = first.code("bob@example.com")
    entered = second.post("verify-code", {"email": "bob@example.com", "code": code})
    expect(entered.status == 200, "and entered on the other", entered.raw)
    used = first.post("verify-code", {"email": "bob@example.com", "code": code})
    expect(used.status == 400, "it works once", used.raw)

    expect(second.post("revoke-token", tokens(fresh.data)).status == 200, "a session ends on one machine")
    expect(first.get("current-user", bearer(fresh.data)).status == 401, "and its access token on the other")
    expect(first.post("refresh-token", tokens(fresh.data)).status == 401, "and its refresh token")

    published = [home.get("jwks").body for home in (first, second)]
    expect(b'"kid"' in published[0] and published[0] == published[1], "both publish the same signing keys", published)


def first_requests(cluster, end):
    """Many first requests at once, on an empty database: of one machine, and of several."""
    for machines, database in ((1, "three"), (8, "four")):
        cluster.create(database)
        homes = [PostgreSQLHome(cluster.connection(database)) for _ in range(machines)]
        for home in homes:
            end.callback(home.remove)
        running = [home.start("jwks", "GET") for home in homes * (8 // machines)]
        outputs = [process.communicate(timeout=60) for process in running]
        answers = [Answer(output) for output, _ in outputs]
        good = [answer for answer in answers if answer.status == 200]
        others = [(answer.status, log) for answer, (_, log) in zip(answers, outputs) if answer.status != 200]
        secrets = sum(os.path.exists(f"{home.path}/secret.key") for home in homes)
        expect(secrets == 1, f"{machines} machines make one secret", secrets)
        if machines == 1:
            expect(len(good) == 8 and len({answer.body for answer in good}) == 1, "all get one signing key", others)
        else:
            right = len(good) == 1 and all(status == 503 and b"secret.key" in log for status, log in others)
            expect(right, "the machine with the secret works, the others answer 503", others)


def refused(home, database, what):
    """Requests of every kind get 503, and the log names the file."""
    before = database.sql(COUNTS)
    answers = [
        home.get("health"),
        home.get("jwks"),
        home.post("send-code", {"email": "eve@example.com"}),
        home.post("verify-code", {"email": "eve@example.com", "code": "123456"}),
        home.get("current-user", {"HTTP_AUTHORIZATION": "Bearer x"}),
    ]
    for answer, name in zip(answers, ["health", "jwks", "send-code", "verify-code"]):
        expect(answer.status == 503 and answer.is_envelope(), f"{what}: {name} answers 503", answer.raw)
        expect("secret.key" in answer.log, f"{what}: {name}'s log names secret.key", answer.log)
    expect(database.sql(COUNTS) == before, f"{what}: nothing changed")


COUNTS = """SELECT (SELECT count(*) FROM challenges), (SELECT count(*) FROM sessions), (SELECT count(*) FROM audit_events),
    (SELECT count(*) FROM token_keys), (SELECT encode(secret_fingerprint, 'hex') FROM store_state)"""


def main():
    with contextlib.ExitStack() as end:
        cluster = Cluster()
        end.callback(cluster.remove)
        cluster.create("one")
        homes = [PostgreSQLHome(cluster.connection("one")) for _ in range(5)]
        for home in homes:
            end.callback(home.remove)
        first, second, other, without, late = homes
        expect(first.get("health").status == 200, "the first machine creates the tables and the secret")
        second.with_secret_of(first)
        two_machines(first, second)
        settle(first)
        settle(second)

        with open(f"{other.path}/secret.key", "wb") as file:
            file.write(os.urandom(32))
        os.chmod(f"{other.path}/secret.key", 0o600)
        refused(other, first, "another secret")
        refused(without, first, "no secret")
        expect(not os.path.exists(f"{without.path}/secret.key"), "no secret is created for a database that has one")
        expect(without.with_secret_of(first).get("health").status == 200, "with the secret the same machine works")

        late.with_secret_of(first)
        cluster.create("two")
        late.configure(f"database = {cluster.connection('two')}\n")
        lost = late.get("health")
        expect(lost.status == 503, "a machine that has a secret does not take an empty database for its own", lost.raw)
        first_requests(cluster, end)
    finish()


main()
