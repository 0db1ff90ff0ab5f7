"""What people do on the console, in the order in which they would. Ada owns a project, Bob joins it."""

import json
import subprocess
import time
import urllib.error
import urllib.request

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import wait

STAMP = str(int(time.time()))
ADA, BOB, NEW = f"ada-{STAMP}@example.com", f"bob-{STAMP}@example.com", f"lovelace-{STAMP}@example.com"


class Story:
    """What later tests need from earlier ones."""

    tabs = {}
    project = key = None


def ask(browser, method, path, headers=(), fields=None):
    """Status and `data` of a request that the page does not make."""
    body = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(browser.service.url + path, method=method, data=body, headers=dict(headers))
    if body:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]


def grant(browser, address):
    """A session of `address` that is not the page's."""
    known = [path for path, _ in browser.service.mails(address)]

    def sent():
        return ask(browser, "POST", "/auth/verification/send-code", fields={"email": address})[0] == 202

    wait(sent, "a code", 20)
    code = browser.service.code(address, known)
    status, data = ask(browser, "POST", "/auth/verification/verify-code", fields={"email": address, "code": code})
    assert status == 200, data
    return data


def verify(browser, key):
    return ask(browser, "GET", "/auth/api-keys/verify", {"x-api-key": key})


def chosen(browser):
    return browser.js("return document.querySelector('#choice').value")


def use(browser, who):
    browser.switch(Story.tabs[who])


def refreshes(browser):
    """How many refreshes the page made since it was loaded."""
    return browser.js("return performance.getEntriesByType('resource').filter((e) => e.name.includes('refresh-token')).length")


# Signing in


def an_address_that_is_none_is_marked_and_focused(browser):
    browser.open()
    Story.tabs["ada"] = browser.driver.current_window_handle
    assert browser.js("return document.documentElement.lang") == "en"
    browser.submit()
    browser.see(browser.t("fault.email"), ".fault")
    field = browser.field("email")
    assert field.get_attribute("aria-invalid") == "true" and field.get_attribute("autocomplete") == "email"
    assert browser.driver.switch_to.active_element == field
    browser.type("email", "nobody")
    browser.submit()
    browser.see(browser.t("fault.email"), ".fault")


def a_code_goes_out_and_the_next_one_waits(browser):
    browser.type("email", ADA)
    browser.field("email").send_keys(Keys.ENTER)
    browser.see(browser.t("signin.code"), "h1")
    browser.see(ADA)
    again = wait(lambda: next(n for n in browser.all("main .link") if "seconds" in n.text), "a countdown")
    assert again.get_attribute("aria-disabled") == "true"
    again.click()
    field = browser.field("code")
    assert field.get_attribute("autocomplete") == "one-time-code" and field.get_attribute("inputmode") == "numeric"
    assert browser.driver.switch_to.active_element != browser.driver.find_element(By.TAG_NAME, "body")
    first = browser.service.code(ADA)
    browser.press("code.again")
    browser.see(browser.t("code.sent"), ".note")
    assert wait(
        lambda: [c for c in [browser.service.code(ADA)] if c != first or len(browser.service.mails(ADA)) == 2], "a second code"
    )


def asking_too_often_says_how_long_to_wait(browser):
    browser.press("signin.back")
    assert browser.field("email").get_attribute("value") == ADA
    browser.submit()
    browser.see("Try again in", ".alert")
    browser.press("signin.have")
    browser.see(browser.t("signin.code"), "h1")


def a_wrong_code_is_refused(browser):
    browser.type("code", "000000" if browser.service.code(ADA) != "000000" else "111111")
    browser.submit()
    browser.see(browser.t("error.invalid_code"), ".alert")
    assert browser.driver.switch_to.active_element == browser.field("code")
    assert browser.one(".alert").get_attribute("role") == "alert"


def the_right_code_with_spaces_is_pasted_and_signs_in(browser):
    code = browser.service.code(ADA)
    browser.js("return navigator.clipboard.writeText(arguments[0])", f" {code[:3]} {code[3:]} ")
    browser.field("code").send_keys(Keys.CONTROL, "a")
    browser.field("code").send_keys(Keys.CONTROL, "v")
    browser.field("code").send_keys(Keys.ENTER)
    browser.see(browser.t("nav.keys"), "h1")
    assert browser.driver.title == "API keys · Latchkey"
    assert browser.driver.switch_to.active_element.tag_name == "h1"
    Story.project = chosen(browser)


def tokens_are_kept_where_they_may_be(browser):
    kept = browser.js("return Object.fromEntries(Object.entries(localStorage))")
    assert set(kept) == {"latchkey"} and set(json.loads(kept["latchkey"])) == {"refresh_token", "user_uuid"}, kept
    assert browser.js("return sessionStorage.length === 0 && document.cookie === ''")


# Keys


def a_key_form_says_what_is_wrong(browser):
    browser.press("keys.create")
    browser.type("expires_in_days", "4000")
    browser.submit()
    browser.see(browser.t("fault.missing"), "dialog .fault")
    browser.see(browser.t("fault.number", min=1, max=3650), "dialog .fault")
    browser.type("name", "Deployment")
    browser.type("expires_in_days", "soon")
    browser.submit()
    browser.see(browser.t("fault.number", min=1, max=3650), "dialog .fault")
    assert browser.driver.switch_to.active_element == browser.field("expires_in_days")


def a_key_is_made_shown_once_and_copied(browser):
    browser.type("expires_in_days", "30")
    browser.field("all").click()
    browser.type("scopes", "api-keys:read, files:*")
    browser.submit()
    key = browser.one("#secret").get_attribute("value")
    assert key.startswith("sk_")
    browser.press("copy")
    wait(lambda: browser.button("copied"), "Copied")
    assert browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])") == key
    browser.one("#secret").send_keys(Keys.ESCAPE)
    assert browser.all("#secret"), "Escape closed the only sight of the key"
    browser.press("key.kept")
    browser.closed()
    assert key not in browser.driver.page_source
    row = browser.item("Deployment").text
    assert "api-keys:read files:*" in row and "Never" in row and "Active" in row, row
    status, data = verify(browser, key)
    assert status == 200 and data["scopes"] == ["api-keys:read", "files:*"], data
    Story.key = key


def a_key_shows_when_it_was_used(browser):
    status, _ = ask(browser, "GET", "/auth/api-keys/", {"x-api-key": Story.key, "x-project-id": Story.project})
    assert status == 200
    browser.view("keys", Story.project)
    assert "Last used\nnow" in browser.item("Deployment").text, browser.item("Deployment").text


def a_key_is_renamed_and_keeps_its_scopes(browser):
    browser.press("edit", "Deployment")
    browser.type("name", "Deploy")
    browser.submit()
    browser.closed()
    browser.see(browser.t("done"), "#status")
    assert "api-keys:read files:*" in browser.item("Deploy").text
    assert browser.focused().startswith("Edit: Deploy sk_")
    browser.press("edit", "Deploy")
    browser.type("scopes", "")
    browser.submit()
    browser.closed()
    wait(lambda: "None" in browser.item("Deploy").text, "a key without scopes")
    browser.press("edit", "Deploy")
    browser.field("all").click()
    browser.submit()
    browser.closed()
    wait(lambda: "All scopes" in browser.item("Deploy").text, "a key with all scopes")


def a_key_is_rotated_and_both_work_for_the_overlap(browser):
    browser.press("key.rotate", "Deploy")
    browser.type("overlap_days", "31")
    browser.submit()
    browser.see(browser.t("fault.number", min=0, max=30), "dialog .fault")
    browser.type("overlap_days", "2")
    browser.submit()
    key = browser.one("#secret").get_attribute("value")
    browser.press("key.kept")
    browser.closed()
    assert verify(browser, key)[0] == 200 and verify(browser, Story.key)[0] == 200
    assert len(browser.all(".rows > li")) == 2


def a_key_is_deactivated_after_a_question(browser):
    first = browser.button("key.deactivate", "Deploy").get_attribute("id")
    browser.press("key.deactivate", "Deploy")
    browser.press("cancel")
    browser.closed()
    assert browser.js("return document.activeElement.id") == first
    for _ in range(2):
        browser.press("key.deactivate", "Deploy")
        browser.submit()
        browser.closed()
        browser.see(browser.t("done"), "#status")
    wait(lambda: all("Deactivated" in row.text for row in browser.all(".rows > li")), "deactivated keys")
    assert verify(browser, Story.key)[1]["code"] == "api_key_deactivated"
    assert not browser.all(".rows .actions")


def a_long_list_has_pages(browser):
    browser.js(
        """
const { call } = await import("/api.js");
for (let i = 0; i < 11; i += 1) await call("POST", "/auth/api-keys/", { project: arguments[0], body: { name: `Key ${i}` } });
""",
        Story.project,
    )
    browser.view("keys", Story.project)
    assert len(browser.all(".rows > li")) == 10
    browser.see("Page 1 of 2", ".pages")
    assert browser.button("previous").get_attribute("aria-disabled") == "true"
    browser.press("next")
    browser.see("Page 2 of 2", ".pages")
    assert len(browser.all(".rows > li")) == 3 and browser.focused() == "Next"
    browser.press("previous")
    browser.see("Page 1 of 2", ".pages")


# Projects


def a_project_is_made_and_renamed(browser):
    browser.view("projects")
    browser.press("projects.create")
    browser.submit()
    browser.see(browser.t("fault.missing"), "dialog .fault")
    browser.type("name", "Analytical Engine")
    browser.type("description", "Punched cards & <b>brass</b>")
    browser.submit()
    browser.see(browser.t("keys.empty"), ".empty")
    browser.see("Analytical Engine", ".over")
    Story.project = chosen(browser)
    browser.view("project", Story.project)
    assert browser.field("description").get_attribute("value") == "Punched cards & <b>brass</b>"
    browser.type("name", "Engine")
    browser.submit()
    browser.see("Engine", ".over")
    wait(
        lambda: "Engine" in [option.text for option in browser.one("#choice").find_elements(By.TAG_NAME, "option")],
        "the new name",
    )
    browser.view("projects")
    assert "Owner" in browser.item("Engine").text and "<b>brass</b>" in browser.item("Engine").text


def members_are_invited_and_an_invitation_is_withdrawn(browser):
    browser.view("project", Story.project)
    browser.press("invite")
    browser.type("email", "bob")
    browser.submit()
    browser.see(browser.t("fault.email"), "dialog .fault")
    browser.type("email", ADA)
    browser.submit()
    browser.see(browser.t("error.already_member"), "dialog .alert")
    browser.type("email", BOB)
    browser.submit()
    browser.closed()
    assert "Invited" in browser.item(BOB).text
    browser.press("member.withdraw", BOB)
    browser.submit()
    browser.closed()
    browser.gone(BOB)
    browser.press("invite")
    browser.type("email", BOB)
    browser.submit()
    browser.closed()
    browser.item(BOB)


def a_second_person_accepts_an_invitation(browser):
    browser.collect()
    Story.tabs["bob"] = browser.tab("bob")
    browser.sign_in(BOB)
    assert browser.one(".count").text == "1"
    browser.view("projects")
    assert ADA in browser.item("Engine").text
    browser.press("invitation.accept", "Engine")
    browser.submit()
    browser.closed()
    wait(lambda: not browser.all(".count"), "the count to go")
    assert "Member" in browser.item("Engine").text
    browser.view("project", Story.project)
    assert not browser.all("main [name=name]") and not browser.all("#invite"), "a member may not manage"


def a_role_is_changed(browser):
    use(browser, "ada")
    browser.view("project", Story.project)
    browser.press("member.change", BOB)
    browser.choose("dialog [name=role]", "admin")
    browser.submit()
    browser.closed()
    wait(lambda: "Admin" in browser.item(BOB).text, "an admin")
    use(browser, "bob")
    browser.view("project", Story.project)
    assert browser.all("#invite") and browser.all("main [name=name]")
    assert not browser.item(ADA).find_elements(By.CSS_SELECTOR, ".actions"), "an admin may not touch an owner"
    browser.press("invite")
    assert "Owner" not in browser.one("dialog [name=role]").text
    browser.press("cancel")


def the_last_owner_cannot_leave(browser):
    use(browser, "ada")
    browser.view("project", Story.project)
    browser.press("leave", scope="main ")
    browser.submit()
    browser.see(browser.t("error.last_owner"), "dialog .alert")
    browser.press("cancel")
    browser.closed()


def a_member_is_removed_and_sees_the_project_no_more(browser):
    browser.press("member.remove", BOB)
    browser.submit()
    browser.closed()
    browser.gone(BOB)
    use(browser, "bob")
    browser.view("keys", Story.project)
    browser.see(browser.t("error.project_not_found"), ".alert")


def an_invitation_is_declined_and_a_member_leaves(browser):
    use(browser, "ada")
    for _ in range(2):
        browser.press("invite")
        browser.type("email", BOB)
        browser.submit()
        browser.closed()
        browser.item(BOB)
        use(browser, "bob")
        browser.view("projects")
        if not _:
            browser.press("invitation.decline", "Engine")
            browser.submit()
            browser.closed()
            browser.gone("Engine")
            use(browser, "ada")
            browser.view("project", Story.project)
            assert not any(BOB in row.text for row in browser.all(".rows > li"))
    browser.press("invitation.accept", "Engine")
    browser.submit()
    browser.closed()
    browser.item("Engine")
    browser.view("project", Story.project)
    browser.press("leave")
    browser.submit()
    browser.closed()
    browser.see(browser.t("projects.text"))
    browser.gone("Engine")


# Account


def a_name_is_saved_and_taken_back(browser):
    use(browser, "ada")
    browser.view("account")
    assert "free" not in browser.one("main").text, "nothing books usage: billing is not shown"
    browser.type("full_name", "Ada Lovelace")
    browser.submit()
    browser.see(browser.t("done"), "#status")
    browser.reload()
    assert browser.field("full_name").get_attribute("value") == "Ada Lovelace"
    browser.view("project", Story.project)
    browser.item("Ada Lovelace")
    browser.view("account")
    browser.type("full_name", "")
    browser.submit()
    browser.see(browser.t("done"), "#status")
    browser.reload()
    assert browser.field("full_name").get_attribute("value") == ""


def notices_and_language_are_kept(browser):
    form = browser.one("section[aria-labelledby=section-preferences]")
    form.find_element(By.NAME, "key_expiry").click()
    browser.choose("main [name=locale]", "fr")
    form.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    browser.language = "fr"
    browser.see(browser.t("nav.account"), "h1")
    assert browser.js("return document.documentElement.lang") == "fr"
    browser.reload()
    assert browser.js("return document.documentElement.lang") == "fr"
    assert not browser.field("key_expiry").is_selected() and browser.field("sign_in").is_selected()
    browser.choose("#language", "ja")
    browser.language = "ja"
    browser.see(browser.t("nav.account"), "h1")
    focused = browser.js("return document.activeElement.id")
    wait(lambda: browser.js("return document.querySelector('main [name=locale]').value") == "ja", "the saved language")
    browser.choose("#language", "en")
    browser.language = "en"
    browser.see(browser.t("nav.account"), "h1")
    assert focused == "language", focused
    # Without a choice, the browser's.
    browser.choose("#language", "es")
    browser.language = "es"
    browser.see(browser.t("nav.account"), "h1")
    browser.choose("main [name=locale]", "")
    browser.all("section[aria-labelledby=section-preferences] [type=submit]")[0].click()
    browser.language = "en"
    browser.see(browser.t("nav.account"), "h1")


def the_address_is_changed_by_codes_to_both_addresses(browser):
    known = [path for path, _ in browser.service.mails(ADA)]
    browser.press("address.change")
    browser.type("new_email", "new")
    browser.submit()
    browser.see(browser.t("fault.email"), "dialog .fault")
    browser.type("new_email", NEW)
    browser.submit()
    browser.see(browser.t("address.codes"), "dialog")
    browser.see(browser.t("code.mailed", email=NEW), "dialog label")
    browser.see(browser.t("code.mailed", email=ADA), "dialog label")
    code, current = browser.service.code(NEW), browser.service.code(ADA, known)
    browser.type("code", code)
    browser.type("current_code", "000000" if current != "000000" else "111111")
    browser.submit()
    browser.see(browser.t("error.invalid_code"), "dialog .alert")
    browser.type("current_code", f" {current[:3]}-{current[3:]}")
    browser.submit()
    browser.closed()
    browser.see(NEW, ".who")


# Sessions


def other_sessions_are_shown_and_ended(browser):
    grant(browser, NEW)
    use(browser, "bob")
    browser.press("signout")
    browser.see(browser.t("signedout"), ".note")
    time.sleep(4)
    browser.sign_in(NEW)
    use(browser, "ada")
    browser.view("sessions")
    assert len(browser.all("section[aria-labelledby=section-current] .rows > li")) == 1
    assert "Chrome · Linux" in browser.one("section[aria-labelledby=section-current]").text
    others = "section[aria-labelledby=section-others] .rows > li"
    assert len(browser.all(others)) == 2
    browser.press("session.end", "Chrome · Linux")
    browser.submit()
    browser.closed()
    wait(lambda: len(browser.all(others)) == 1, "one session less")
    use(browser, "bob")
    browser.js("location.hash = '#/account'")
    browser.see(browser.t("error.invalid_refresh_token"), ".note")
    use(browser, "ada")
    browser.press("sessions.end")
    browser.submit()
    browser.closed()
    browser.see(browser.t("others.empty"), ".empty")


# Requests


def every_request_is_a_line_of_curl_that_works_and_holds_no_token(browser):
    browser.view("requests")
    lines = wait(lambda: [node.text for node in browser.all(".line")], "the record")
    assert len(lines) > 5 and all(line.startswith("curl -X ") for line in lines), lines
    kept = json.loads(browser.js("return localStorage.latchkey"))
    assert kept["refresh_token"] not in browser.driver.page_source and "eyJ" not in browser.one("main").text
    line = next(line for line in lines if line.startswith("curl -X GET") and "/auth/sessions" in line)
    assert '-H "Authorization: Bearer $TOKEN"' in line, line
    token = grant(browser, NEW)["access_token"]
    answer = subprocess.run(
        ["bash", "-c", line.replace("curl ", "curl -sS ", 1)],
        env={"PATH": "/usr/bin:/bin", "TOKEN": token},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert json.loads(answer.stdout)["success"], (line, answer)


def any_request_is_edited_and_sent(browser):
    browser.submit()
    browser.see('"success": true', "pre")
    browser.see("content-type: application/json", "pre")
    browser.type("path", "/auth/api-keys/?limit=1")
    browser.type("headers", f"Authorization: Bearer $TOKEN\nx-project-id: {chosen(browser)}")
    browser.submit()
    browser.see('"pagination"', "pre")
    browser.type("path", "/nothing/here")
    browser.submit()
    browser.see("404", "h3")
    browser.see("not_found", "pre")
    browser.choose("main [name=method]", "POST")
    browser.type("path", "/auth/verification/send-code")
    browser.type("headers", "Content-Type: application/json")
    browser.type("body", '{"email": 1}')
    browser.submit()
    browser.see("422", "h3")
    browser.see("validation_error", "pre")
    browser.type("path", "/https://example.com/")
    browser.submit()
    browser.see("404", "h3")

    def recorded(part):
        return wait(lambda: next((row for row in browser.all(".rows > li") if part in row.text), None), f"a record of {part}")

    wait(lambda: f"curl -X POST '{browser.service.url}/https://example.com/'" in recorded("example.com").text, "its line")
    wait(lambda: "-d '{\"email\": 1}'" in recorded("verification/send-code").text, "its line")
    wait(
        lambda: (
            recorded("verification/send-code' -H 'Content-Type: application/json' -d")
            .find_element(By.CSS_SELECTOR, ".actions button:last-child")
            .click()
            is None
        ),
        "to edit it",
    )
    assert browser.field("path").get_attribute("value") == "/auth/verification/send-code"
    assert browser.driver.switch_to.active_element == browser.field("path")


def an_operation_is_chosen(browser):
    options = wait(lambda: browser.one("#operation").find_elements(By.TAG_NAME, "option")[1:], "operations")
    index = next(o.get_attribute("value") for o in options if o.text.rstrip("/") == "POST /auth/api-keys")
    browser.choose("#operation", index)
    headers = browser.field("headers").get_attribute("value")
    assert "Authorization: Bearer $TOKEN" in headers and f"x-project-id: {chosen(browser)}" in headers, headers
    assert "name" in json.loads(browser.field("body").get_attribute("value"))
    browser.submit()
    browser.see("201", "h3")
    browser.see("full_key", "pre")


def the_tokens_can_be_renewed_by_hand(browser):
    user = json.loads(browser.js("return localStorage.latchkey"))["user_uuid"]
    browser.choose("main [name=method]", "POST")
    browser.type("path", "/auth/verification/refresh-token")
    browser.type("headers", "Content-Type: application/json")
    browser.type("body", json.dumps({"refresh_token": "$REFRESH_TOKEN", "user_uuid": user}))
    before = browser.js("return localStorage.latchkey")
    browser.submit()
    wait(lambda: browser.js("return localStorage.latchkey") != before, "the next tokens")
    browser.see('"\'"$REFRESH_TOKEN"\'"', ".line")
    browser.view("account")
    browser.see(NEW)


# Renewal


def a_reload_stays_signed_in_and_where_it_was(browser):
    browser.view("sessions")
    browser.reload()
    browser.see(browser.t("nav.sessions"), "h1")
    assert refreshes(browser) == 1


def tokens_are_renewed_before_they_expire(browser):
    before = refreshes(browser)
    wait(lambda: refreshes(browser) > before, "a renewal of its own accord", 25)
    assert browser.js("return document.querySelector('h1').textContent") == browser.t("nav.sessions")


def a_refused_token_is_renewed_once_for_all_who_wait(browser):
    before = refreshes(browser)
    result = browser.driver.execute_async_script("""
const done = arguments[0];
(async () => {
  const { adopt, call } = await import("/api.js");
  const kept = JSON.parse(localStorage.latchkey);
  adopt({ access_token: "not.a.token", expires_in: 900, ...kept });
  const all = await Promise.all([1, 2, 3, 4].map(() => call("GET", "/auth/users/me")));
  return all.map(({ email }) => email);
})().then(done, (error) => done(String(error)));
""")
    assert result == [NEW] * 4, result
    assert refreshes(browser) == before + 1


def a_service_out_of_reach_is_told_and_tried_again(browser):
    browser.view("sessions")
    browser.collect()
    browser.cdp("Network.enable")
    browser.cdp("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    browser.js("location.hash = '#/account'")
    browser.see(browser.t("error.offline"), ".alert")
    browser.cdp("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    browser.press("retry")
    browser.see(NEW, "main")
    # What the browser itself says of the cut.
    browser.driver.get_log("browser")


# The end


def signing_out_leaves_nothing(browser):
    use(browser, "ada")
    kept = json.loads(browser.js("return localStorage.latchkey"))
    browser.press("signout")
    browser.see(browser.t("signedout"), ".note")
    assert browser.js("return localStorage.latchkey") is None
    browser.js("location.hash = '#/account'")
    browser.see(browser.t("signin"), "h1")
    assert NEW not in browser.one("body").text
    assert ask(browser, "POST", "/auth/verification/refresh-token", fields=kept)[0] == 401


def an_account_is_deleted_with_a_fresh_code(browser):
    browser.sign_in(NEW)
    browser.view("account")
    known = [path for path, _ in browser.service.mails(NEW)]
    time.sleep(4)
    browser.press("delete")
    browser.submit()
    browser.see(browser.t("code"), "dialog")
    code = browser.service.code(NEW, known)
    browser.type("code", "000000" if code != "000000" else "111111")
    browser.submit()
    browser.see(browser.t("error.invalid_code"), "dialog .alert")
    browser.type("code", code)
    browser.submit()
    browser.see(browser.t("gone"), ".note")
    assert browser.js("return localStorage.latchkey") is None


SIGNED_IN = [
    an_address_that_is_none_is_marked_and_focused,
    a_code_goes_out_and_the_next_one_waits,
    asking_too_often_says_how_long_to_wait,
    a_wrong_code_is_refused,
    the_right_code_with_spaces_is_pasted_and_signs_in,
    tokens_are_kept_where_they_may_be,
    a_key_form_says_what_is_wrong,
    a_key_is_made_shown_once_and_copied,
    a_key_shows_when_it_was_used,
    a_key_is_renamed_and_keeps_its_scopes,
    a_key_is_rotated_and_both_work_for_the_overlap,
    a_key_is_deactivated_after_a_question,
    a_long_list_has_pages,
    a_project_is_made_and_renamed,
    members_are_invited_and_an_invitation_is_withdrawn,
    a_second_person_accepts_an_invitation,
    a_role_is_changed,
    the_last_owner_cannot_leave,
    a_member_is_removed_and_sees_the_project_no_more,
    an_invitation_is_declined_and_a_member_leaves,
    a_name_is_saved_and_taken_back,
    notices_and_language_are_kept,
    the_address_is_changed_by_codes_to_both_addresses,
    other_sessions_are_shown_and_ended,
    every_request_is_a_line_of_curl_that_works_and_holds_no_token,
    any_request_is_edited_and_sent,
    an_operation_is_chosen,
    the_tokens_can_be_renewed_by_hand,
    a_reload_stays_signed_in_and_where_it_was,
    tokens_are_renewed_before_they_expire,
    a_refused_token_is_renewed_once_for_all_who_wait,
    a_service_out_of_reach_is_told_and_tried_again,
]
SIGNING_OUT = [signing_out_leaves_nothing, an_account_is_deleted_with_a_fresh_code]
