"""Uses openapi-generator's Python client: `client.py <base URL> <e-mail address> <another address>`, the
code on standard input. Prints its results, one `name: value` a line."""

import json
import sys

import latchkey


def show(name, value):
    print(f"{name}: {value}", flush=True)


def refused(failure, action):
    try:
        action()
    except latchkey.ApiException as error:
        return failure.from_json(error.body)
    raise SystemExit("it was not refused")


base, email, other = sys.argv[1:]
configuration = latchkey.Configuration(host=base)
client = latchkey.ApiClient(configuration)
sign_in, users = latchkey.AuthenticationApi(client), latchkey.UsersApi(client)
keys, projects = latchkey.APIKeysApi(client), latchkey.ProjectsApi(client)

show("sent", sign_in.send_code(latchkey.SendCode(email=email)).data.expires_in)
wrong = refused(latchkey.CodeRefusedFailure, lambda: sign_in.verify_code(latchkey.VerifyCode(email=email, code="0 0 0-0 0 0 0")))
show("wrong code", wrong.error.code)
grant = sign_in.verify_code(latchkey.VerifyCode(email=email, code=input())).data
show("token", grant.token_type)

configuration.access_token = grant.access_token
me = users.current_user().data
show("me", f"{me.email} {json.dumps(me.full_name)}")
project = me.projects[0].id
invalid = refused(latchkey.ValidationFailure, lambda: keys.list_api_keys("nonsense"))
show("fault", f"{invalid.error.code} [{' '.join(invalid.detail[0].loc)}]")
users.update_user(latchkey.UpdateUser(full_name="Ada"))
show("name", users.current_user().data.full_name)

made = keys.create_api_key(str(project), latchkey.CreateApiKey(name="test", scopes=["api-keys:read"])).data
show("key", made.full_key[:3])
key = keys.list_api_keys(str(project)).data.items[0]
show(
    "listed",
    f"{str(key.id == made.id).lower()} {json.dumps(key.full_key)} [{' '.join(key.scopes)}] {str(key.expires_at is None).lower()}",
)
show("deleted", str(keys.delete_api_key(key.id, str(project)).data.is_active).lower())

projects.add_member(project, latchkey.AddMember(email=other, role=latchkey.Role.ADMIN))
for member in projects.get_project(project).data.members:
    show("member", f"{member.role} {str(member.user_id is not None).lower()} {str(member.invitation_id is not None).lower()}")
