"""A host that allows only GET and POST."""

import json
import re

from hosting.doctor import doctor
from latchkey_tests.checks import checks, expect
from latchkey_tests.servers.apache import FcgidOptions, Shared, SharedFastCGI


class FewMethods(Shared):
    modules = [*Shared.modules, "access_compat"]

    def host(self):
        return (
            super()
            .host()
            .replace("</Directory>", "<LimitExcept GET POST>\nOrder allow,deny\nDeny from all\n</LimitExcept>\n</Directory>")
        )


class FewMethodsFastCGI(FcgidOptions, FewMethods):
    modules = ["mpm_event", "fcgid", "access_compat"]
    htaccess = SharedFastCGI.htaccess


def check_methods(fixture):
    before = checks.passed
    v = fixture.variables
    for kind in (FewMethods, FewMethodsFastCGI):
        server = kind(fixture)
        what = f"GET and POST alone, {'FastCGI' if server.is_fastcgi else 'CGI'}"

        def call(method, target, body=None):
            content = b"" if body is None else json.dumps(body).encode()
            return server.exchange(
                method,
                target,
                [
                    ("Authorization", f"Bearer {v['access']}"),
                    ("X-Project-Id", v["project"]),
                    ("Content-Type", "application/json"),
                    ("Content-Length", str(len(content))),
                ],
                content,
            )

        try:
            for method, target in [
                ("PATCH", "/auth/users/me"),
                ("DELETE", f"/auth/api-keys/{v['key_to_delete_id']}"),
                ("OPTIONS", "/auth/users/me"),
                ("DELETE", f"/cgi-bin/delete-api-key/{v['key_to_delete_id']}"),
            ]:
                answer = call(method, target, {})
                expect(
                    answer.status == 403 and b'"forbidden"' in answer.body,
                    f"{what}: {method} {target} is refused, as JSON",
                    (answer.status, answer.body[:150]),
                )
            for target, body, wanted in [
                ("update-user", {"full_name": "Ada"}, b'"full_name":"Ada"'),
                (f"update-api-key/{v['key_to_change_id']}", {"name": "by POST"}, b'"name":"by POST"'),
                (f"delete-api-key/{v['key_to_delete_id']}", None, b'"is_active":false'),
                (f"update-project/{v['project']}", {"description": "by POST"}, b'"description":"by POST"'),
                (f"remove-member/{v['project']}/{v['member']}", None, b'"success":true'),
            ]:
                answer = call("POST", f"/cgi-bin/{target}", body)
                expect(
                    answer.status == 200 and wanted in answer.body,
                    f"{what}: POST /cgi-bin/{target}",
                    (answer.status, answer.body[:200]),
                )
            items = json.loads(call("GET", "/auth/sessions").body)["data"]["items"]
            answer = call("POST", f"/cgi-bin/delete-session/{items[0]['id']}")
            expect(answer.status == 200, f"{what}: a session is ended", (answer.status, answer.body[:200]))
            for target, status in [
                ("delete-user", 422),
                ("delete-project/" + v["nobody"], 404),
                ("decline-invitation/" + v["nobody"], 404),
            ]:
                answer = server.exchange(
                    "POST", f"/cgi-bin/{target}", [("Authorization", f"Bearer {v['outsider_access']}"), ("Content-Length", "0")]
                )
                expect(
                    answer.status == status and b'"error":{"code"' in answer.body,
                    f"{what}: POST /cgi-bin/{target} arrives",
                    (answer.status, answer.body[:200]),
                )
            found = doctor(server)
            for method, executable in [("DELETE", "delete-api-key"), ("PATCH", "update-api-key")]:
                expect(
                    re.search(
                        rf"fault {method}: 403 forbidden .*? Until then, clients can send POST to an executable's own "
                        rf"path instead, such as /cgi-bin/{executable}/<key_id>\.",
                        found,
                    ),
                    f"{what}: doctor says what to do without {method}",
                    found,
                )
        finally:
            server.stop()
    print(f"methods: {checks.passed - before} held", flush=True)
