"""What must hold after a fault: `first` is the first answer, `made` says whether its change was made."""

import collections
import time

from latchkey_tests.deliverers import deliver, settle
from latchkey_tests.home import bearer
from templates import NEW, OLD, OTHER, refresh, sign_in


def at(known, path, person="ada"):
    return {**bearer(getattr(known, person)), "PATH_INFO": path}


def project(home, known, which="second"):
    """What a project's owner sees of it."""
    id = known.second if which == "second" else known.ada["project"]
    return home.get("get-project", at(known, f"/{id}")).data


def works(home, grant):
    """Whether both tokens of a grant work."""
    return (home.get("current-user", bearer(grant)).status, refresh(home, grant).status) == (200, 200)


def by_key(known, number=0):
    return {"HTTP_X_API_KEY": known.keys[number]["full_key"], "HTTP_X_PROJECT_ID": known.ada["project"]}


def listed(home, known):
    answer = home.get("list-api-keys", {**bearer(known.ada, True), "QUERY_STRING": "limit=100"})
    return {item["id"]: item for item in answer.data["items"]}


def signs_in(home, email):
    answer = sign_in(home, email)
    return answer.status == 200 and works(home, answer.data)


def after_send(home, known, ask, first, made):
    if ask().status != 202:
        return False
    end = time.monotonic() + 10
    while time.monotonic() < end:  # each promised mail, and a code that works
        settle(home)
        if sum(to == NEW for to, _, _ in home.mails()) >= 1 + made:
            break
    answer = home.post("verify-code", {"email": NEW, "code": home.code(NEW)})
    return answer.status == 200 and works(home, answer.data)


def after_verify(home, known, ask, first, made):
    if first.status == 200 and not works(home, first.data):
        return False
    again = ask()
    if again.status != (400 if made else 200) or (not made and not works(home, again.data)):
        return False
    users = home.sql("SELECT count(*) FROM users JOIN members ON user_id = id WHERE email = ?", [NEW])
    return users == [(1,)] and signs_in(home, NEW)


def after_wrong(home, known, ask, first, made):
    answer = home.post("verify-code", {"email": NEW, "code": known.code}) if ask().status == 400 else None
    return answer is not None and answer.status == 200 and works(home, answer.data)


def after_refresh(home, known, ask, first, made):
    again = ask()
    same = first.status != 200 or first.data["refresh_token"] == again.data["refresh_token"]
    return again.status == 200 and same and works(home, again.data)


def after_revoke(home, known, ask, first, made):
    lives = home.get("current-user", bearer(known.spare)).status
    return (lives, ask().status, home.get("current-user", bearer(known.spare)).status) == (401 if made else 200, 200, 401)


def after_create(home, known, ask, first, made):
    again, keys = ask(), listed(home, known)
    told = [a.data for a in (first, again) if a.status == 201]
    used = [home.get("list-api-keys", {**by_key(known), "HTTP_X_API_KEY": d["full_key"]}).status for d in told]
    return again.status == 201 and set(used) == {200} and all(d["id"] in keys for d in told) and len(keys) == 3 + made


def after_delete(home, known, ask, first, made):
    again, item = ask(), listed(home, known)[known.keys[1]["id"]]
    same = first.status != 200 or first.data == again.data
    return again.status == 200 and same and not item["is_active"]


def after_update(home, known, ask, first, made):
    name = listed(home, known)[known.keys[1]["id"]]["name"]
    return name == ("c" if made else "b") and ask().status == 200


def after_rotate(home, known, ask, first, made):
    again, keys = ask(), listed(home, known)
    told = [a.data["full_key"] for a in (first, again) if a.status == 201] + [known.keys[1]["full_key"]]
    used = [home.get("verify-api-key", {"HTTP_X_API_KEY": key}).status for key in told]
    return again.status == 201 and set(used) == {200} and len(keys) == 3 + made


def after_end(home, known, ask, first, made):
    """The other session has ended, and the requesting one has not."""
    lives = home.get("current-user", bearer(known.spare)).status
    again = ask().status
    return (
        lives == (401 if made else 200)
        and again in (200, 404)
        and [home.get("current-user", bearer(grant)).status for grant in (known.spare, known.ada)] == [401, 200]
    )


def after_name(home, known, ask, first, made):
    name = home.get("current-user", bearer(known.ada)).data["full_name"]
    return name == ("Zoe" if made else None) and ask().status == 200


def after_leaving(home, known, ask, first, made):
    """The account is deleted with all its data, or intact."""

    def lives():
        key = home.get("verify-api-key", {"HTTP_X_API_KEY": known.keys[0]["full_key"]}).status
        rows = home.sql("SELECT (SELECT count(*) FROM users WHERE email = ?), (SELECT count(*) FROM projects)", [OLD])
        return home.get("current-user", bearer(known.ada)).status, key, *rows[0]

    whole, gone = (200, 200, 1, 3), (401, 401, 0, 1)
    return lives() == (gone if made else whole) and ask().status == (401 if made else 200) and lives() == gone


def after_moving(home, known, ask, first, made):
    def address():
        return home.get("current-user", bearer(known.ada)).data["email"]

    return address() == (OTHER if made else OLD) and ask().status == (400 if made else 200) and address() == OTHER


def after_project(home, known, ask, first, made):
    total = home.get("list-projects", bearer(known.ada)).data["pagination"]["total"]
    return total == 2 + made and ask().status == 201


def after_renaming(home, known, ask, first, made):
    return project(home, known)["name"] == ("third" if made else "second") and ask().status == 200


def after_deleting(home, known, ask, first, made):
    """The project is deleted with its invitation, or intact."""

    def lives():
        return home.sql("SELECT (SELECT count(*) FROM projects WHERE name = 'second'), (SELECT count(*) FROM invitations)")[0]

    whole, gone = (1, 1), (0, 0)
    return lives() == (gone if made else whole) and ask().status == (404 if made else 200) and lives() == gone


def after_inviting(home, known, ask, first, made):
    there = len(project(home, known)["members"])
    return there == 2 + made and ask().status == 201 and len(project(home, known)["members"]) == 3


def after_role(home, known, ask, first, made):
    roles = [member["role"] for member in project(home, known, "first")["members"]]
    return roles == ["owner", "admin" if made else "member"] and ask().status == 200


def after_removing(home, known, ask, first, made):
    there = len(project(home, known, "first")["members"])
    return there == 2 - made and ask().status == (404 if made else 200)


def after_joining(home, known, ask, first, made):
    roles = [member["role"] for member in project(home, known)["members"]]
    return roles == ["owner", "member" if made else "invited"] and ask().status == (404 if made else 200)


def after_declining(home, known, ask, first, made):
    return len(project(home, known)["members"]) == 2 - made and ask().status == (404 if made else 200)


def after_use(home, known, ask, first, made):
    return ask().status == 200 and listed(home, known)[known.keys[0]["id"]]["last_used_at"] is not None


def after_list(home, known, ask, first, made):
    again = ask()
    return again.status == 200 and again.data["items"][-1]["last_used_at"] is not None


def after_delivery(home, known, ask, first, made):
    home.sql("UPDATE mail_items SET due_at = 0, last_error = NULL")
    again = deliver(home)
    ids = collections.Counter(message for _, _, message in home.mails())
    return again.exit == 0 and len(ids) == 2 and max(ids.values()) <= 2 and home.sql("SELECT count(*) FROM mail_items") == [(0,)]
