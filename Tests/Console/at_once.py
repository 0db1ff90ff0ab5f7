"""Concurrent actions: the last request wins, and a button is busy while it works."""

import time

from selenium.webdriver.common.by import By

from browser import wait
from people import chosen, refreshes
from tabs import IDA, MIA, Tabs, drain, texts


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
    # The service has it too, though the earlier answer arrives late.
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
    # Without its language file the page is in English, and without any words it says so.
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
        chosen(browser),
    )
    browser.view("keys", chosen(browser))
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
    # A view that is retried
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
        "const b = [...document.querySelectorAll('main .link')].find((n) => n.textContent === arguments[0]); b.click(); "
        "b.click()",
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
    # The answer to the last request stays, though an earlier one arrives later.
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
    # Without the description there is no list, and the page asks for it again.
    browser.reload()


def a_copy_that_the_browser_refuses_is_said_and_selected(browser):
    browser.view("requests")
    browser.js("navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))")
    button = wait(lambda: browser.all(".rows .actions button")[0], "a line to copy")
    button.click()
    browser.see(browser.t("copy.failed"), "#status")
    assert browser.js("return getSelection().toString()").startswith("curl -X")
    browser.js(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }); "
        "getSelection().removeAllRanges()"
    )
    browser.all(".rows .actions button")[0].click()
    wait(lambda: browser.js("return getSelection().toString()").startswith("curl -X"), "the line to be selected")
    browser.reload()


def a_long_life_of_tokens_is_no_short_timer(browser):
    """The page caps delays beyond 2^31 ms, which otherwise end at once; delays near 0 must not become a storm."""
    browser.view("sessions")
    for life in (2592000, 2147484, 10**9, 1, 0):
        browser.reload()
        before = refreshes(browser)
        browser.js(
            """
const { adopt, own } = await import("/api.js");
const kept = JSON.parse(localStorage.latchkey);
adopt({ access_token: "not.a.token", expires_in: arguments[0], ...kept });
""",
            life,
        )
        time.sleep(1.5)
        assert refreshes(browser) == before, life
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


TESTS = [
    the_last_choice_of_language_wins,
    a_language_that_cannot_be_fetched_leaves_the_page_as_it_was,
    a_button_is_busy_while_it_works,
    answers_that_are_no_json_are_shown_as_they_are,
    a_copy_that_the_browser_refuses_is_said_and_selected,
    a_long_life_of_tokens_is_no_short_timer,
]
