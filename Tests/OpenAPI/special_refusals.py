"""Refusals of single operations."""

import time

from document import OPERATIONS
from drafts import NOBODY
from world import SETTINGS, TIGHT


def special(judge, drafts):
    """(operation's id, status, code, what, how) for refusals of single operations."""
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

    # Created while no limits apply.
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
        # As text: `sql` turns text that looks like an id into one.
        world.sql(f"INSERT OR REPLACE INTO limit_counts VALUES ('rotate-user', '{ada.id}', ?, ?, 600, 0)", slot, slot + 320000)
        try:
            return judge.send(draft)
        finally:
            world.sql("DELETE FROM limit_counts WHERE name = 'rotate-user'")

    def bounded(setting, id, **changes):
        """Where the bound is one, and one exists."""
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
            yield operation.id, 404, "invitation_not_found", "for another user's", lambda o=operation: by_other(o, eve)
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
    yield "deleteSession", 404, "session_not_found", "for another user's", lambda: by_other(by_id["deleteSession"], eve)
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
