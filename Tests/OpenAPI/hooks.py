"""What schemathesis cannot invent: genuine codes, tokens, keys, members and invitations. Half of the valid
requests get them, the other half keep the invented values. Requests that end a session or an account use people of
their own."""

import contextlib
import os
import random
import re
import urllib.parse

import schemathesis

import world as worlds
from document import DOCUMENT

WORLD = worlds.World.attached(os.environ["LATCHKEY_FUZZ_HOME"], int(os.environ["LATCHKEY_FUZZ_PORT"]))
ADA = WORLD.sign_in(os.environ["LATCHKEY_FUZZ_EMAIL"])
CHANCE = random.Random(1)
# lighttpd refuses such URLs with its own page, before they reach an endpoint.
REFUSED_BY_THE_SERVER = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# lighttpd also refuses invented values of these: they frame the request or belong to the connection (RFC 9110 §7.6.1,
# §10.1.1, RFC 9112 §6). One of its answers is 501 for an unknown transfer coding.
OF_THE_CONNECTION = {
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


def reaches_an_endpoint(value):
    """Whether lighttpd accepts every text within `value`, a part of a URL."""
    if isinstance(value, dict):
        return all(reaches_an_endpoint(k) and reaches_an_endpoint(v) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(reaches_an_endpoint, value))
    text = urllib.parse.unquote(str(value), errors="surrogateescape")
    return not REFUSED_BY_THE_SERVER.search(text)


@schemathesis.hook
def filter_case(context, case):
    return (
        reaches_an_endpoint(case.path_parameters or {})
        and reaches_an_endpoint(case.query or {})
        and not OF_THE_CONNECTION & {name.lower() for name in case.headers or {}}
    )


def plain(value):
    """`value` with 27.0 as 27: JSON Schema accepts both as an integer, the service only digits."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


@schemathesis.hook
def map_body(context, body):
    return plain(body)


def shared_project():
    return WORLD.do("POST", "/projects", ADA.bearer, {"name": "Shared"})["id"]


def member_of(project):
    person = WORLD.sign_in()
    WORLD.join(person, project)
    return person


def mailed_change(person):
    email = WORLD.fresh()
    code, current = WORLD.address_codes(person, email)
    return {"email": email, "code": code, "current_code": current}


def invitation():
    person = WORLD.sign_in()
    WORLD.do("POST", f"/projects/{shared_project()}/members", ADA.bearer, {"email": person.email})
    return person, WORLD.do("GET", "/projects/invitations", person.bearer)["items"][0]["id"]


def genuine(case):
    """Replaces invented values with genuine ones."""
    by, path, body = None, case.path_parameters, case.body
    match case.operation.definition.raw["operationId"]:
        case "verifyCode":
            email = WORLD.fresh()
            case.body = {**body, "email": email, "code": WORLD.code(email)}
        case "refreshToken":
            person = WORLD.sign_in()
            case.body = {**body, "refresh_token": person.refresh, "user_uuid": person.id}
        case "revokeToken":
            case.body = {**body, "refresh_token": WORLD.sign_in().refresh}
        case "deleteApiKey" | "updateApiKey" | "rotateApiKey":
            path["key_id"] = WORLD.key(ADA)["id"]
        case "deleteSession":
            by = WORLD.sign_in()
            path["session_id"] = WORLD.do("GET", "/auth/sessions", by.bearer)["items"][0]["id"]
        case "deleteUser":
            by = WORLD.sign_in()
            case.headers["x-verification-code"] = WORLD.deletion_code(by)
        case "confirmEmail":
            by = WORLD.sign_in()
            case.body = {**body, **mailed_change(by)}
        case "getProject" | "updateProject" | "deleteProject" | "addMember":
            path["project_id"] = shared_project()
        case "updateMember" | "removeMember":
            path["project_id"] = shared_project()
            path["user_id"] = member_of(path["project_id"]).id
        case "acceptInvitation" | "declineInvitation":
            by, path["invitation_id"] = invitation()
    if "x-project-id" in case.headers:
        case.headers["x-project-id"] = ADA.project
    return by


@schemathesis.hook
def before_call(context, case, kwargs):
    id = case.operation.definition.raw["operationId"]
    stands = case.headers.get("Authorization") == f"Bearer {os.environ['LATCHKEY_BEARER']}"
    by = None
    is_linked = case.meta is None or case.meta.phase.name.value == "stateful"
    if not is_linked and case.meta.generation.mode.is_positive and CHANCE.random() < 0.5:
        with contextlib.suppress(worlds.Refused):
            by = genuine(case)
    if id in ("revokeOtherSessions", "deleteSession") and by is None:
        by = WORLD.sign_in()
    # Keeps the key that other requests use.
    if (case.path_parameters or {}).get("key_id") == os.environ["LATCHKEY_KEY_ID"]:
        case.path_parameters["key_id"] = WORLD.key(ADA)["id"]
    # An invitation has no user, and schemathesis would write that into the path of its next request.
    if (case.path_parameters or {}).get("user_id", "") in (None, "None"):
        case.path_parameters["user_id"] = ADA.id
    # The project that they belong to is kept too.
    if id in ("deleteProject", "updateMember", "removeMember") and case.path_parameters["project_id"] == ADA.project:
        case.path_parameters["project_id"] = shared_project()
    if by is not None and stands:
        case.headers["Authorization"] = by.bearer["Authorization"]


@schemathesis.check
def is_there(ctx, response, case):
    """A documented operation never answers that its path or method does not exist."""
    method = response.request.method.lower()
    if method not in DOCUMENT["paths"][case.operation.path] or response.status_code not in (404, 405):
        return
    path = urllib.parse.unquote(urllib.parse.urlsplit(response.request.url).path)
    is_its_own = path.count("/") == case.operation.path.count("/") and not {"", ".", ".."} & set(path[1:].rstrip("/").split("/"))
    if is_its_own and response.json()["error"]["code"] in ("not_found", "method_not_allowed"):
        raise AssertionError(f"{method} answers {response.status_code}, as if it were not there")
