"""A valid request for every operation."""

import re

from world import METRICS_TOKEN

NOBODY = "00000000-0000-4000-8000-000000000000"


class Draft:
    """A valid request, to be sent unchanged or spoilt."""

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
    """Makes a valid request for every operation."""

    def __init__(self, world):
        self.world = world
        self.ada, self.grace, self.eve = (world.sign_in(f"{n}@example.com") for n in ("ada", "grace", "eve"))
        world.join(self.grace, self.ada.project)

    def shared(self, owner=None):
        """A project that `owner` created."""
        return self.world.do("POST", "/projects", (owner or self.ada).bearer, {"name": "Shared"})["id"]

    def invited(self):
        """A user, and the id of an invitation to them."""
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


class Pairs(dict):
    """Header fields that may occur more than once."""

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
