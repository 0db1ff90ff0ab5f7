"""A request of each kind, its starting state, and what must hold after a fault in it."""

from latchkey_tests.deliverers import deliver
from latchkey_tests.home import bearer
from outcomes import (
    after_create,
    after_declining,
    after_delete,
    after_deleting,
    after_delivery,
    after_end,
    after_inviting,
    after_joining,
    after_leaving,
    after_list,
    after_moving,
    after_name,
    after_project,
    after_refresh,
    after_removing,
    after_renaming,
    after_revoke,
    after_role,
    after_rotate,
    after_send,
    after_update,
    after_use,
    after_verify,
    after_wrong,
    at,
    by_key,
    signs_in,
)
from templates import NEW, OTHER


def guess(name):
    """The only change of a counted guess: one code's row, or two codes' rows."""
    return {"challenges": (2, 2) if name == "confirm-email" else (1, 1)}


# These only record a key's use, which a good answer may omit.
NOTING = ("verify-api-key", "list-api-keys, by key")
GUESSING = ("verify-code, right", "verify-code, wrong", "confirm-email", "delete-user")


def posting(name, fields, variables=lambda known: {}):
    return lambda home, known, prefix: home.post(name, fields(known), variables(known), prefix)


def running(name, method, variables, body=b""):
    return lambda home, known, prefix: home.run(name, method, variables(known), body, prefix)


send = posting("send-code", lambda known: {"email": NEW})
refreshing = posting("refresh-token", lambda known: {k: known.spare[k] for k in ("refresh_token", "user_uuid")})
CASES = {  # name: (starting state, request, what must hold afterwards)
    "first request": ("empty", send, after_send),
    "send-code, new": (
        "plain",
        posting("send-code", lambda known: {"email": "x" + NEW}),
        lambda home, known, ask, *_: ask().status == 202 and signs_in(home, "x" + NEW),
    ),
    "send-code, again": ("plain", send, after_send),
    "verify-code, right": ("plain", posting("verify-code", lambda known: {"email": NEW, "code": known.code}), after_verify),
    "verify-code, wrong": (
        "plain",
        posting("verify-code", lambda known: {"email": NEW, "code": f"{(int(known.code) + 1) % 10**6:06}"}),
        after_wrong,
    ),
    "refresh-token": ("plain", refreshing, after_refresh),
    "refresh-token, long log": ("long_log", refreshing, after_refresh),
    "refresh-token, journal = delete": ("rollback", refreshing, after_refresh),
    "revoke-token": (
        "plain",
        posting("revoke-token", lambda known: {"refresh_token": known.spare["refresh_token"]}),
        after_revoke,
    ),
    "create-api-key": (
        "plain",
        posting("create-api-key", lambda known: {"name": "c"}, lambda known: bearer(known.ada, True)),
        after_create,
    ),
    "delete-api-key": (
        "plain",
        lambda home, known, prefix: home.run(
            "delete-api-key", "DELETE", {**bearer(known.ada, True), "PATH_INFO": f"/{known.keys[1]['id']}"}, prefix=prefix
        ),
        after_delete,
    ),
    "update-api-key": (
        "plain",
        lambda home, known, prefix: home.run(
            "update-api-key",
            "PATCH",
            {**bearer(known.ada, True), "PATH_INFO": f"/{known.keys[1]['id']}"},
            b'{"name":"c"}',
            prefix,
        ),
        after_update,
    ),
    "rotate-api-key": (
        "plain",
        posting(
            "rotate-api-key",
            lambda known: {"overlap_days": 1},
            lambda known: {**bearer(known.ada, True), "PATH_INFO": f"/{known.keys[1]['id']}/rotate"},
        ),
        after_rotate,
    ),
    "verify-api-key": (
        "plain",
        lambda home, known, prefix: home.get("verify-api-key", {"HTTP_X_API_KEY": known.keys[0]["full_key"]}, prefix=prefix),
        after_use,
    ),
    "delete-session": (
        "plain",
        lambda home, known, prefix: home.run(
            "delete-session", "DELETE", {**bearer(known.ada), "PATH_INFO": f"/{known.spare['session']}"}, prefix=prefix
        ),
        after_end,
    ),
    "revoke-other-sessions": (
        "plain",
        posting("revoke-other-sessions", lambda known: {}, lambda known: bearer(known.ada)),
        after_end,
    ),
    "update-user": (
        "plain",
        running("update-user", "PATCH", lambda known: bearer(known.ada), b'{"full_name":"Zoe"}'),
        after_name,
    ),
    "delete-user": (
        "plain",
        running("delete-user", "DELETE", lambda known: {**bearer(known.ada), "HTTP_X_VERIFICATION_CODE": known.leave}),
        after_leaving,
    ),
    "send-deletion-code": (
        "plain",
        running("send-deletion-code", "POST", lambda known: bearer(known.ada)),
        lambda home, known, ask, *_: ask().status == 202,
    ),
    "change-email": (
        "plain",
        posting("change-email", lambda known: {"email": "x" + OTHER}, lambda known: bearer(known.ada)),
        lambda home, known, ask, *_: ask().status == 202,
    ),
    "confirm-email": (
        "plain",
        posting(
            "confirm-email",
            lambda known: {"email": OTHER, "code": known.change, "current_code": known.agree},
            lambda known: bearer(known.ada),
        ),
        after_moving,
    ),
    "create-project": (
        "plain",
        posting("create-project", lambda known: {"name": "third"}, lambda known: bearer(known.ada)),
        after_project,
    ),
    "update-project": (
        "plain",
        running("update-project", "PATCH", lambda known: at(known, f"/{known.second}"), b'{"name":"third"}'),
        after_renaming,
    ),
    "delete-project": ("plain", running("delete-project", "DELETE", lambda known: at(known, f"/{known.second}")), after_deleting),
    "add-member": (
        "plain",
        posting("add-member", lambda known: {"email": NEW}, lambda known: at(known, f"/{known.second}/members")),
        after_inviting,
    ),
    "update-member": (
        "plain",
        running(
            "update-member",
            "PATCH",
            lambda known: at(known, f"/{known.ada['project']}/members/{known.bob['user_uuid']}"),
            b'{"role":"admin"}',
        ),
        after_role,
    ),
    "remove-member": (
        "plain",
        running("remove-member", "DELETE", lambda known: at(known, f"/{known.ada['project']}/members/{known.bob['user_uuid']}")),
        after_removing,
    ),
    "accept-invitation": (
        "plain",
        running("accept-invitation", "POST", lambda known: at(known, f"/{known.invited}/accept", "bob")),
        after_joining,
    ),
    "decline-invitation": (
        "plain",
        running("decline-invitation", "DELETE", lambda known: at(known, f"/{known.invited}", "bob")),
        after_declining,
    ),
    "list-api-keys, by key": (
        "plain",
        lambda home, known, prefix: home.get("list-api-keys", by_key(known), prefix=prefix),
        after_list,
    ),
    "deliver-mail": ("outbox", lambda home, known, prefix: deliver(home, prefix), after_delivery),
}
