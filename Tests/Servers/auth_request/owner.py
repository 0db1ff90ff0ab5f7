"""A user who creates keys."""


class Owner:
    """A signed-in user who creates keys."""

    def __init__(self, server):
        self.server = server
        grant = server.home.sign_in("ada@example.com")
        self.id, self.project = grant["user_uuid"], grant["project"]
        self.headers = [f"Authorization: Bearer {grant['access_token']}", f"x-project-id: {self.project}"]

    def key(self, scopes=None, days=None):
        fields = {"name": "test", "expires_in_days": days, "scopes": scopes}
        answer = self.server.request("POST /auth/api-keys/", self.headers, fields)
        assert answer.status == 201, answer.raw
        return answer.data["id"], answer.data["full_key"], answer.data["expires_at"]

    def deactivate(self, id):
        assert self.server.request(f"DELETE /auth/api-keys/{id}", self.headers).status == 200
