"""What holds when things happen at once, in several tabs, or not at all: the last request wins, a button is busy while
it works, what was typed stays, one browser has one session, and the page claims nothing that was not done.

Where an answer has to come late, fail or be rare, the page's own `fetch` is given it (`Browser.stub`)."""

import time

from selenium.webdriver.common.by import By

import story
from browser import Browser, wait

MIA, IDA = f"mia-{story.STAMP}@example.com", f"ida-{story.STAMP}@example.com"


class Tabs:
    first = second = project = None


def visitor(browser, host):
    """A new tab of a browser that nobody has signed in with."""
    handle = browser.tab(host)
    browser.open()
    return handle


def texts(browser, css):
    return [node.text for node in browser.all(css)]


def drain(browser):
    """Forgets what the browser logged of failures that a test made on purpose."""
    browser.driver.get_log("browser")


# Visitors


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
    # The wait for the next code goes on as well.
    wait(lambda: any("second" in text for text in texts(browser, "main .link")), "a countdown")
    browser.press("signin.back")
    browser.reload()
    browser.see(browser.t("signin"), "h1")
    browser.type("email", MIA)
    browser.press("signin.have")
    browser.type("code", code)
    browser.submit()
    browser.see(browser.t("nav.keys"), "h1")
    Tabs.project = story.chosen(browser)
    assert browser.js("return sessionStorage.length") == 0
    browser.reload()
    browser.see(browser.t("nav.keys"), "h1")


def a_code_without_attempts_leads_to_a_new_one(browser):
    """After five wrong codes even the right one is refused, and only a new one helps."""
    browser.tab("ida")
    browser.open()
    browser.type("email", IDA)
    browser.submit()
    browser.see(browser.t("signin.sent", email=IDA), ".card")
    known = [path for path, _ in browser.service.mails(IDA)]
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
    # The same dialog takes the codes of a change of address.
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
    # The record of requests holds neither.
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
        assert story.chosen(browser) == second
    browser.unstub()


# Several things at once


def the_last_choice_of_language_wins(browser):
    browser.view("account")
    browser.stub("""
if (url.endsWith('languages/de.json')) await pause(700);
if (init.method === 'PATCH' && init.body.includes('"es"')) await pause(700);
""")
    browser.choose("#language", "de")
    browser.choose("#language", "fr")
    browser.language = "fr"
    browser.see(browser.t("nav.account"), "h1")
    time.sleep(1)
    assert browser.js("return document.documentElement.lang") == "fr"
    assert browser.t("nav.account") in texts(browser, "h1")
    # At the service as well, though the earlier answer comes late.
    browser.choose("#language", "es")
    wait(lambda: browser.asked("PATCH") == 2, "the first request")
    browser.choose("#language", "ja")
    browser.language = "ja"
    browser.see(browser.t("nav.account"), "h1")
    wait(lambda: browser.asked("PATCH") == 3, "the second request")
    browser.unstub()
    browser.reload()
    assert browser.js("return document.documentElement.lang") == "ja"
    browser.choose("#language", "en")
    browser.language = "en"
    browser.see(browser.t("nav.account"), "h1")
    browser.ready()


def a_language_that_cannot_be_fetched_leaves_the_page_as_it_was(browser):
    for failure in ("throw new TypeError('no network')", "return new Response('<h1>no</h1>', { status: 502 })"):
        browser.stub(f"if (url.endsWith('languages/zh.json')) {failure}")
        browser.choose("#language", "zh")
        browser.see(browser.t("error.offline"), "#status")
        wait(lambda: browser.one("#language").get_attribute("value") == "en", "the language that is shown")
        assert browser.js("return document.documentElement.lang") == "en"
        browser.js("document.getElementById('status').replaceChildren()")
    browser.unstub()
    browser.choose("#language", "zh")
    browser.language = "zh"
    browser.see(browser.t("nav.account"), "h1")
    browser.choose("#language", "en")
    browser.language = "en"
    browser.see(browser.t("nav.account"), "h1")
    browser.ready()
    # Without its language the page comes in English, and without any words it says so.
    browser.choose("#language", "fr")
    browser.language = "fr"
    browser.see(browser.t("nav.account"), "h1")
    browser.ready()
    browser.cdp("Network.enable")
    browser.cdp("Network.setBlockedURLs", urls=["*languages/fr.json"])
    browser.reload()
    browser.language = "en"
    browser.see(browser.t("nav.account"), "h1")
    browser.cdp("Network.setBlockedURLs", urls=["*languages/*"])
    browser.collect()
    browser.driver.refresh()
    browser.see("The console could not be loaded", ".alert")
    browser.cdp("Network.setBlockedURLs", urls=[])
    browser.all("button")[0].click()
    browser.language = "fr"
    browser.see(browser.t("nav.account"), "h1")
    browser.choose("#language", "en")
    browser.language = "en"
    browser.see(browser.t("nav.account"), "h1")
    drain(browser)


def a_button_is_busy_while_it_works(browser):
    # Pages
    browser.js(
        """
const { call } = await import("/api.js");
for (let i = 0; i < 11; i += 1) await call("POST", "/auth/api-keys/", { project: arguments[0], body: { name: `Key ${i}` } });
""",
        story.chosen(browser),
    )
    browser.view("keys", story.chosen(browser))
    browser.stub("if (url.includes('page=2')) await pause(400)")
    browser.js("document.getElementById('next').click(); document.getElementById('next').click()")
    browser.see("Page 2 of 2", ".pages")
    assert browser.asked("api-keys") == 1
    browser.unstub()
    # A form
    browser.view("projects")
    browser.stub("if (init.method === 'POST') await pause(400)")
    browser.press("projects.create")
    browser.type("name", "Once")
    browser.js("const send = document.querySelector('dialog [type=submit]'); send.click(); send.click()")
    browser.see(browser.t("keys.empty"), ".empty")
    assert browser.asked("POST /projects") == 1
    browser.unstub()
    # A view that is tried again
    browser.stub("if (url.includes('/auth/sessions')) { await pause(300); return refused(503, 'temporarily_unavailable') }")
    browser.view("sessions")
    browser.see(browser.t("error.temporarily_unavailable"), ".alert")
    before = browser.asked("sessions")
    browser.js("const b = [...document.querySelectorAll('main button')].at(-1); b.click(); b.click()")
    time.sleep(0.8)
    assert browser.asked("sessions") == before + 1
    browser.unstub()
    # Signing out
    browser.view("account")
    browser.stub("if (url.includes('revoke-token')) await pause(400)")
    browser.js("const b = document.getElementById('signout'); b.click(); b.click()")
    browser.see(browser.t("signedout"), ".note")
    assert browser.asked("revoke-token") == 1
    # A new code
    browser.unstub()
    browser.type("email", IDA)
    browser.press("signin.have")
    browser.stub("""
window.count = (window.count ?? 0);
if (url.includes('send-code')) { await pause(400); window.count += 1; return window.count === 1
  ? granted({ expires_in: 600, resend_after: 60 }, 202) : refused(429, 'rate_limited', { 'Retry-After': '60' }) }
""")
    browser.js(
        "const b = [...document.querySelectorAll('main .link')].find((n) => n.textContent === arguments[0]); b.click(); b.click()",
        browser.t("code.again"),
    )
    browser.see(browser.t("code.sent"), ".note")
    time.sleep(0.6)
    assert browser.asked("send-code") == 1 and not browser.all(".alert")
    browser.unstub()
    browser.press("signin.back")


def answers_that_are_no_json_are_shown_as_they_are(browser):
    browser.switch(Tabs.first)
    browser.view("requests")
    for method, path, status in (
        ("HEAD", "/health", "200"),
        ("OPTIONS", "/health", "204"),
        ("GET", "/metrics", "4"),
        ("GET", "/style.css", "200"),
        ("HEAD", "/auth/users/me", "200"),
    ):
        browser.choose("main [name=method]", method)
        browser.type("path", path)
        browser.submit()
        wait(
            lambda: any(
                f"{method} {path}" in (node.get_attribute("aria-label") or "")
                for node in browser.all(".rows > li:first-child button")
            ),
            f"{method} {path} in the record",
        )
        browser.see(status, "h3")
        assert "JSON" not in browser.one("main").text, (method, path)
        assert not browser.all("main .alert"), (method, path)
    # The answer to the last request stays, though an earlier one comes later.
    browser.stub("if (url.endsWith('/slow')) { await pause(700); return granted({ which: 'the slow one' }) }")
    browser.choose("main [name=method]", "GET")
    browser.type("path", "/slow")
    browser.submit()
    browser.choose("#operation", browser.one("#operation").find_elements(By.TAG_NAME, "option")[1].get_attribute("value"))
    browser.choose("main [name=method]", "GET")
    browser.type("path", "/health")
    browser.submit()
    browser.see('"ok"', "pre")
    time.sleep(0.9)
    assert "the slow one" not in browser.one("main").text
    browser.unstub()
    # Without the description there is no list, and it is asked for again.
    browser.reload()


def a_copy_that_the_browser_refuses_is_said_and_selected(browser):
    browser.view("requests")
    browser.js("navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))")
    button = wait(lambda: browser.all(".rows .actions button")[0], "a line to copy")
    button.click()
    browser.see(browser.t("copy.failed"), "#status")
    assert browser.js("return getSelection().toString()").startswith("curl -X")
    browser.js(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }); getSelection().removeAllRanges()"
    )
    browser.all(".rows .actions button")[0].click()
    wait(lambda: browser.js("return getSelection().toString()").startswith("curl -X"), "the line to be selected")
    browser.reload()


def a_long_life_of_tokens_is_no_short_timer(browser):
    """Delays beyond 2^31 ms end at once unless they are capped; those near 0 must not become a storm."""
    browser.view("sessions")
    for life in (2592000, 2147484, 10**9, 1, 0):
        browser.reload()
        before = story.refreshes(browser)
        browser.js(
            """
const { adopt, own } = await import("/api.js");
const kept = JSON.parse(localStorage.latchkey);
adopt({ access_token: "not.a.token", expires_in: arguments[0], ...kept });
""",
            life,
        )
        time.sleep(1.5)
        assert story.refreshes(browser) == before, life
    browser.reload()
    browser.view("account")
    browser.stub("if (url.endsWith('/me/email')) return granted({ expires_in: 1e9, resend_after: 2592000 }, 202)")
    browser.press("address.change")
    browser.type("new_email", f"x-{MIA}")
    browser.submit()
    browser.see("30 days", "dialog .link")
    browser.press("cancel")
    browser.closed()
    browser.unstub()


# What was typed


def what_was_typed_stays_in_another_language(browser):
    def switched(check):
        for code in ("de", "ja", "en"):
            browser.choose("#language", code)
            browser.language = code
            wait(lambda: browser.js("return document.documentElement.lang") == code, code)
            wait(lambda: browser.js("return document.querySelector('.skip').textContent") == browser.t("skip"), code)
            browser.ready()
            check()

    def holds(**values):
        for name, value in values.items():
            field = browser.field(name)
            found = field.is_selected() if isinstance(value, bool) else field.get_attribute("value")
            assert found == value, f"{browser.language} {name}: {found!r}"

    browser.view("account")
    browser.type("full_name", "Mia Half-Typed")
    browser.field("sign_in").click()
    switched(lambda: holds(full_name="Mia Half-Typed", sign_in=False))
    # Another form of the view is saved; this one stays.
    browser.click("section[aria-labelledby=section-preferences] [type=submit]")
    browser.see(browser.t("done"), "#status")
    holds(full_name="Mia Half-Typed", sign_in=False)
    browser.click("section[aria-labelledby=section-profile] [type=submit]")
    wait(
        lambda: browser.js("return document.querySelector('main [name=full_name]').defaultValue") == "Mia Half-Typed",
        "it to be saved",
    )
    # What was sent is not typed any more: the service's word counts.
    browser.js("const { call } = await import('/api.js'); await call('PATCH', '/auth/users/me', { body: { full_name: 'Mia' } })")
    switched(lambda: holds(full_name="Mia"))
    browser.view("project", Tabs.project)
    browser.type("name", "Half")
    browser.type("description", "Two\nlines")
    switched(lambda: holds(name="Half", description="Two\nlines"))
    browser.view("requests")
    browser.type("path", "/half/typed")
    browser.type("body", '{"half')
    switched(lambda: holds(path="/half/typed", body='{"half'))
    # Somewhere else it is not.
    browser.view("project", Tabs.project)
    assert browser.field("name").get_attribute("value") == "Default"
    browser.view("sessions")
    browser.press("signout", scope=".who ")
    browser.see(browser.t("signedout"), ".note")
    browser.type("email", "half@exam")
    switched(lambda: holds(email="half@exam"))
    browser.type("email", MIA)
    browser.press("signin.have")
    browser.type("code", "123")
    switched(lambda: holds(code="123"))
    browser.press("signin.back")


# One session for a browser


def a_tab_signs_in_for_all(browser):
    Tabs.second = browser.tab("mia")
    browser.open()
    browser.see(browser.t("signin"), "h1")
    time.sleep(4)
    known = [path for path, _ in browser.service.mails(MIA)]
    browser.type("email", MIA)
    browser.submit()
    browser.see(browser.t("signin.code"), "h1")
    browser.type("code", browser.service.code(MIA, known))
    browser.submit()
    browser.see(browser.t("nav.keys"), "h1")
    browser.switch(Tabs.first)
    browser.see(MIA, ".who")
    third = browser.tab("mia")
    browser.open()
    browser.see(MIA, ".who")
    browser.close(Tabs.first)
    assert third not in browser.driver.window_handles


def one_tab_renews_for_all(browser):
    browser.switch(Tabs.first)
    browser.reload()
    browser.view("sessions")
    before = story.refreshes(browser)
    browser.switch(Tabs.second)
    browser.reload()
    assert story.refreshes(browser) == 1
    kept = browser.js("return localStorage.latchkey")
    browser.switch(Tabs.first)
    # The first has the tokens that the second got, and needs no renewal.
    assert browser.js("return localStorage.latchkey") == kept
    browser.view("account")
    browser.see(MIA, "main")
    assert story.refreshes(browser) == before


def tabs_renew_one_at_a_time(browser):
    browser.switch(Tabs.first)
    browser.js("navigator.locks.request('latchkey', () => new Promise((done) => { window.release = done; }))")
    wait(lambda: browser.js("return Boolean(window.release)"), "the lock")
    browser.switch(Tabs.second)
    browser.driver.refresh()
    time.sleep(1)
    assert story.refreshes(browser) == 0 and not browser.all(".who")
    browser.switch(Tabs.first)
    browser.js("window.release()")
    browser.switch(Tabs.second)
    browser.see(MIA, ".who")
    # Both at once: one asks, and the other takes what it got.
    browser.js("""
window.go = async () => {
  const { adopt, call } = await import("/api.js");
  return (await call("GET", "/auth/users/me")).email;
};
""")
    for handle in (Tabs.first, Tabs.second):
        browser.switch(handle)
        browser.view("sessions")
    spent = browser.js("return localStorage.latchkey")
    browser.js("""
const { adopt } = await import("/api.js");
const kept = JSON.parse(localStorage.latchkey);
adopt({ access_token: "not.a.token", expires_in: 900, ...kept });
""")
    counts = {}
    for handle in (Tabs.first, Tabs.second):
        browser.switch(handle)
        counts[handle] = story.refreshes(browser)
        browser.js(
            "setTimeout(() => { location.hash = '#/account' }, Math.max(0, arguments[0] - Date.now()))",
            int(time.time() * 1000) + 700,
        )
    made = 0
    for handle in (Tabs.first, Tabs.second):
        browser.switch(handle)
        browser.see(browser.t("nav.account"), "h1")
        browser.see(MIA, "main")
        made += story.refreshes(browser) - counts[handle]
    assert made == 1, made
    assert browser.js("return localStorage.latchkey") != spent


def tabs_share_a_session_without_locks_and_channels(browser):
    """Without TLS there are no locks; a browser may lack the channel."""
    browser.switch(Tabs.second)
    script = browser.cdp(
        "Page.addScriptToEvaluateOnNewDocument",
        source="""
Object.defineProperty(navigator, "locks", { value: undefined });
window.BroadcastChannel = undefined;
""",
    )["identifier"]
    browser.reload()
    assert browser.js("return navigator.locks === undefined && window.BroadcastChannel === undefined")
    browser.see(MIA, ".who")
    browser.switch(Tabs.first)
    browser.view("sessions")
    browser.reload()
    browser.see(browser.t("nav.sessions"), "h1")
    browser.switch(Tabs.second)
    browser.view("account")
    browser.see(MIA, "main")
    browser.press("signout", scope=".who ")
    browser.see(browser.t("signedout"), ".note")
    browser.switch(Tabs.first)
    browser.see(browser.t("signedout"), ".note")
    browser.switch(Tabs.second)
    browser.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    time.sleep(4)
    browser.sign_in(MIA)


def a_tab_signs_out_of_all(browser):
    browser.switch(Tabs.first)
    browser.see(MIA, ".who")
    browser.view("keys", Tabs.project)
    browser.press("keys.create")
    browser.type("name", "Half")
    browser.switch(Tabs.second)
    browser.press("signout", scope=".who ")
    browser.see(browser.t("signedout"), ".note")
    browser.switch(Tabs.first)
    browser.see(browser.t("signedout"), ".note")
    assert not browser.all("dialog") and MIA not in browser.one("body").text
    assert browser.js("return localStorage.length") == 0
    browser.view("requests")
    browser.see(browser.t("signin"), "main a")
    browser.reload()
    browser.view("account")
    browser.see(browser.t("signin"), "h1")


def what_storage_holds_is_not_believed(browser):
    for text in ("nonsense", "{}", "[]", "7", '{"refresh_token": 7}', '{"refresh_token": "x", "user_uuid": "y"}'):
        browser.js(
            "localStorage.latchkey = arguments[0]; for (const name of ['language', 'code']) sessionStorage[`latchkey.${name}`] = arguments[0]",
            text,
        )
        browser.reload()
        browser.see(browser.t("signin"), "h1")
        assert browser.all("main [name=email]")
    browser.js("localStorage.clear(); sessionStorage.clear()")
    browser.switch(Tabs.second)
    browser.close(Tabs.first)


def a_browser_that_blocks_storage_works_in_memory_and_says_so(browser):
    own = Browser(browser.service, blocks_storage=True)
    try:
        own.open()
        blocked = own.driver.execute_script("try { return localStorage.length } catch (error) { return error.name }")
        assert blocked == "SecurityError", blocked
        own.see(own.t("storage.blocked"), ".note")
        time.sleep(4)
        own.sign_in(IDA)
        own.see(own.t("storage.blocked"), ".note")
        own.view("account")
        own.see(IDA, "main")
        own.choose("#language", "de")
        own.language = "de"
        own.see(own.t("storage.blocked"), ".note")
        own.choose("#language", "en")
        own.language = "en"
        own.see(own.t("nav.account"), "h1")
        # Its tokens are renewed from memory.
        before = story.refreshes(own)
        wait(lambda: story.refreshes(own) > before, "a renewal", 25)
        own.view("sessions")
        own.see(own.t("nav.sessions"), "h1")
        own.reload()
        own.see(own.t("signin"), "h1")
        own.see(own.t("storage.blocked"), ".note")
        own.collect()
        assert not own.complaints, own.complaints
    finally:
        own.quit()


# Browsers and their extensions fail in other ways, too: an area is null, is full, or forgets what it took.
NO_STORAGE = [
    "for (const area of ['localStorage', 'sessionStorage']) Object.defineProperty(window, area, { value: null });",
    "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };",
    "Storage.prototype.setItem = () => {};",
]


def storage_that_fails_in_any_way_is_as_good_as_none(browser):
    for script in NO_STORAGE:
        own = Browser(browser.service, script=script + "delete Navigator.prototype.locks; delete window.BroadcastChannel;")
        try:
            own.open()
            wait(lambda: own.all(".note"), f"a note where {script}")
            own.see(own.t("storage.blocked"), ".note")
            time.sleep(4)
            own.sign_in(IDA)
            before = story.refreshes(own)
            wait(lambda: story.refreshes(own) > before, f"a renewal where {script}", 25)
            own.view("sessions")
            own.see(own.t("nav.sessions"), "h1")
            own.see(own.t("storage.blocked"), ".note")
            own.collect()
            assert not own.complaints, own.complaints
        finally:
            own.quit()


# Projects and keys


def keys_with_one_name_are_told_apart(browser):
    browser.switch(Tabs.first)
    time.sleep(4)
    browser.sign_in(MIA)
    browser.press("keys.create")
    browser.type("name", "Twin")
    browser.submit()
    first = browser.one("#secret").get_attribute("value")[:11]
    assert f"{first}…" in browser.one("dialog").text
    browser.press("key.kept")
    browser.closed()
    for key in ("edit", "key.rotate", "key.deactivate"):
        browser.press(key, f"Twin {first}…")
        assert browser.one("dialog p").text == f"Twin {first}…", browser.one("dialog").text
        browser.press("cancel")
        browser.closed()
    browser.press("key.rotate", f"Twin {first}…")
    browser.submit()
    second = browser.one("#secret").get_attribute("value")[:11]
    assert f"{second}…" in browser.one("dialog").text and first != second
    browser.press("key.kept")
    browser.closed()

    def row(prefix):
        return next(
            (row.text for row in browser.all(".rows > li") if f"{prefix}…" in row.find_element(By.CSS_SELECTOR, ".title").text),
            "",
        )

    wait(lambda: browser.t("replaced_by") in row(first) and f"Twin {second}…" in row(first), "the successor of the old key")
    assert browser.t("replaced_by") not in row(second), row(second)
    browser.button("key.deactivate", f"Twin {first}…")
    browser.button("key.deactivate", f"Twin {second}…")


def an_owner_deletes_a_project(browser):
    browser.view("projects")
    browser.press("projects.create")
    browser.type("name", "Ephemeral")
    browser.submit()
    browser.see(browser.t("keys.empty"), ".empty")
    project = story.chosen(browser)
    browser.view("project", project)
    browser.press("project.delete", scope="main ")
    browser.see(browser.t("project.delete.text", name="Ephemeral"), "dialog")
    browser.press("cancel")
    browser.closed()
    browser.press("project.delete", scope="main ")
    browser.submit()
    browser.closed()
    browser.see(browser.t("projects.text"))
    browser.gone("Ephemeral")
    assert "Ephemeral" not in browser.one("#choice").text
    browser.view("project", project)
    browser.see(browser.t("error.project_not_found"), ".alert")
    browser.view("sessions")
    browser.press("signout", scope=".who ")
    browser.see(browser.t("signedout"), ".note")


TESTS = [
    a_code_that_nobody_asked_for_is_not_said_to_be_on_its_way,
    the_page_for_the_code_survives_a_reload,
    a_code_without_attempts_leads_to_a_new_one,
    both_codes_of_a_change_of_address_are_sent,
    a_deletion_without_a_new_code_does_not_claim_one,
    limits_are_told_plainly,
    a_project_beyond_the_first_hundred_is_shown_by_its_name,
    the_last_choice_of_language_wins,
    a_language_that_cannot_be_fetched_leaves_the_page_as_it_was,
    a_button_is_busy_while_it_works,
    answers_that_are_no_json_are_shown_as_they_are,
    a_copy_that_the_browser_refuses_is_said_and_selected,
    a_long_life_of_tokens_is_no_short_timer,
    what_was_typed_stays_in_another_language,
    a_tab_signs_in_for_all,
    one_tab_renews_for_all,
    tabs_renew_one_at_a_time,
    tabs_share_a_session_without_locks_and_channels,
    a_tab_signs_out_of_all,
    what_storage_holds_is_not_believed,
    a_browser_that_blocks_storage_works_in_memory_and_says_so,
    keys_with_one_name_are_told_apart,
    an_owner_deletes_a_project,
]

# Each in browsers of its own, for minutes: after all others, whose browser would be idle meanwhile.
IN_OTHER_BROWSERS = [storage_that_fails_in_any_way_is_as_good_as_none]
