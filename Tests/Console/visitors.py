"""What visitors see, and what returning users find."""

from browser import wait
from people import chosen
from tabs import IDA, MIA, Tabs, texts, visitor


def a_code_that_nobody_asked_for_is_not_said_to_be_on_its_way(browser):
    browser.collect()
    Tabs.first = visitor(browser, "mia")
    browser.stub("")
    for text in ("", "nonsense", "two words@example.com"):
        browser.type("email", text)
        browser.press("signin.have")
        browser.see(browser.t("fault.email"), ".fault")
        assert browser.driver.switch_to.active_element == browser.field("email")
        assert browser.t("signin") in texts(browser, "h1")
    browser.type("email", MIA)
    browser.press("signin.have")
    browser.see(browser.t("code.have", email=MIA), ".card")
    assert browser.t("signin.sent", email=MIA) not in browser.one(".card").text
    assert browser.asked("send-code") == 0
    browser.reload()
    browser.see(browser.t("code.have", email=MIA), ".card")
    browser.press("signin.back")


def the_page_for_the_code_survives_a_reload(browser):
    browser.type("email", MIA)
    browser.submit()
    browser.see(browser.t("signin.sent", email=MIA), ".card")
    code = browser.service.code(MIA)
    for _ in range(2):
        browser.reload()
        browser.see(browser.t("signin.code"), "h1")
        browser.see(browser.t("signin.sent", email=MIA), ".card")
    assert len(browser.service.mails(MIA)) == 1
    # The wait for the next code also continues.
    wait(lambda: any("second" in text for text in texts(browser, "main .link")), "a countdown")
    browser.press("signin.back")
    browser.reload()
    browser.see(browser.t("signin"), "h1")
    browser.type("email", MIA)
    browser.press("signin.have")
    browser.type("code", code)
    browser.submit()
    browser.see(browser.t("nav.keys"), "h1")
    Tabs.project = chosen(browser)
    assert browser.js("return sessionStorage.length") == 0
    browser.reload()
    browser.see(browser.t("nav.keys"), "h1")


def a_code_without_attempts_leads_to_a_new_one(browser):
    """After five wrong codes even the right one is refused, and only a new one works."""
    browser.tab("ida")
    browser.open()
    browser.type("email", IDA)
    browser.submit()
    browser.see(browser.t("signin.sent", email=IDA), ".card")
    known = [mail.path for mail in browser.service.mails(IDA)]
    code = browser.service.code(IDA)
    browser.stub("")
    for count in range(5):
        browser.type("code", "000000" if code != "000000" else "111111")
        browser.submit()
        wait(lambda: browser.asked("verify-code") == count + 1, "the guess")
        browser.see(browser.t("error.invalid_code"), ".alert")
        wait(lambda: not browser.one("main [type=submit]").get_attribute("aria-disabled"), "its end")
    browser.type("code", code)
    browser.submit()
    browser.see(browser.t("error.code_exhausted"), ".alert")
    browser.unstub()
    again = browser.driver.switch_to.active_element
    assert "primary" in again.get_attribute("class") and again.get_attribute("type") == "button", again.get_attribute("outerHTML")
    wait(lambda: again.text == browser.t("code.again"), "the end of the wait")
    again.click()
    browser.see(browser.t("code.sent"), ".note")
    assert not browser.all(".alert")
    assert browser.driver.switch_to.active_element == browser.field("code")
    assert browser.field("code").get_attribute("value") == ""
    browser.type("code", browser.service.code(IDA, known))
    browser.submit()
    browser.see(browser.t("nav.keys"), "h1")
    # The same dialog asks for the codes of a change of address.
    browser.view("account")
    browser.stub("""
if (url.endsWith('/me/email')) return granted({ expires_in: 600, resend_after: 0 }, 202);
if (url.endsWith('/confirm')) return refused(400, 'code_exhausted');
""")
    browser.press("address.change")
    browser.type("new_email", f"new-{IDA}")
    browser.submit()
    browser.type("code", "123456")
    browser.type("current_code", "123456")
    browser.submit()
    browser.see(browser.t("error.code_exhausted"), "dialog .alert")
    assert browser.driver.switch_to.active_element.text == browser.t("code.again")
    browser.press("code.again")
    browser.see(browser.t("code.sent"), "dialog .note")
    assert [browser.field(name).get_attribute("value") for name in ("code", "current_code")] == ["", ""]
    browser.press("cancel")
    browser.closed()
    browser.unstub()


def both_codes_of_a_change_of_address_are_sent(browser):
    browser.stub("""
if (url.endsWith('/me/email')) return granted({ expires_in: 600, resend_after: 0 }, 202);
if (url.endsWith('/confirm')) { window.confirmed = JSON.parse(init.body); return granted({}); }
""")
    browser.press("address.change")
    browser.see(browser.t("address.change.text"), "dialog")
    browser.type("new_email", f"new-{IDA}")
    browser.submit()
    browser.see(browser.t("address.codes"), "dialog")
    labels = [label.text for label in browser.all("dialog label")]
    assert labels == [browser.t("code.mailed", email=f"new-{IDA}"), browser.t("code.mailed", email=IDA)], labels
    browser.type("code", "123 456")
    browser.type("current_code", "６５４-３２１")
    browser.submit()
    browser.closed()
    confirmed = browser.js("return window.confirmed")
    assert confirmed == {"email": f"new-{IDA}", "code": "123456", "current_code": "654321"}, confirmed
    browser.unstub()
    # The record of requests contains neither.
    browser.view("requests")
    line = wait(lambda: next((text for text in texts(browser, ".line") if "/confirm" in text), None), "its line")
    assert line.count("$CODE") == 2 and "123456" not in line and "654321" not in line, line
    browser.view("account")


def a_deletion_without_a_new_code_does_not_claim_one(browser):
    for answer, key in (
        ("granted({ expires_in: 600, resend_after: 60 }, 202)", "code.text"),
        ("refused(429, 'rate_limited', { 'Retry-After': '30' })", "code.have"),
    ):
        browser.stub(f"if (url.endsWith('/deletion-code')) return {answer}")
        browser.press("delete", scope="main ")
        browser.submit()
        browser.see(browser.t(key, email=IDA), "dialog")
        wait(lambda: any("second" in text for text in texts(browser, "dialog .link")), "a countdown")
        browser.press("cancel")
        browser.closed()
        browser.unstub()


def limits_are_told_plainly(browser):
    browser.view("projects")
    for refusal, text in (
        ("refused(409, 'too_many_projects')", browser.t("error.too_many")),
        ("refused(409, 'too_many_of_something_new')", browser.t("error.too_many")),
        ("refused(429, 'rate_limited', { 'Retry-After': '30' })", browser.t("error.rate_limited", time="30 seconds")),
        (
            "refused(429, 'rate_limited', { 'Retry-After': 'Mon, 30 Nov 2026 12:00:00 GMT' })",
            browser.t("error.rate_limited", time="60 seconds"),
        ),
        ("new Response('<h1>Bad Gateway</h1>', { status: 502 })", browser.t("error.internal_error", id="–")),
        ("new Response('{\"succ', { status: 200 })", browser.t("error.internal_error", id="–")),
    ):
        browser.stub(f"if (init.method === 'POST') return {refusal}")
        browser.press("projects.create")
        browser.type("name", "One too many")
        browser.submit()
        browser.see(text, "dialog .alert")
        browser.press("cancel")
        browser.closed()
        browser.unstub()


def a_project_beyond_the_first_hundred_is_shown_by_its_name(browser):
    second = browser.js("""
const { call } = await import("/api.js");
return (await call("POST", "/projects", { body: { name: "The hundred and first" } })).id;
""")
    browser.reload()
    browser.stub("""
if (!url.endsWith('/auth/users/me')) return;
const { data } = await (await fetch(url, init)).json();
data.projects = data.projects.slice(0, 1);
return granted(data);
""")
    for view in ("sessions", "account", "keys", "project"):
        browser.view(view, second)
    for view in ("keys", "project"):
        browser.view(view, second)
        assert browser.one(".over").text == "The hundred and first"
        assert chosen(browser) == second
    browser.unstub()


TESTS = [
    a_code_that_nobody_asked_for_is_not_said_to_be_on_its_way,
    the_page_for_the_code_survives_a_reload,
    a_code_without_attempts_leads_to_a_new_one,
    both_codes_of_a_change_of_address_are_sent,
    a_deletion_without_a_new_code_does_not_claim_one,
    limits_are_told_plainly,
    a_project_beyond_the_first_hundred_is_shown_by_its_name,
]
