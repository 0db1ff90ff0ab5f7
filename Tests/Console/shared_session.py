"""One session for a browser, in all of its tabs, with or without storage."""

import time

from browser import Browser, wait
from people import refreshes
from tabs import IDA, MIA, Tabs


def a_tab_signs_in_for_all(browser):
    Tabs.second = browser.tab("mia")
    browser.open()
    browser.see(browser.t("signin"), "h1")
    time.sleep(4)
    known = [mail.path for mail in browser.service.mails(MIA)]
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
    before = refreshes(browser)
    browser.switch(Tabs.second)
    browser.reload()
    assert refreshes(browser) == 1
    kept = browser.js("return localStorage.latchkey")
    browser.switch(Tabs.first)
    # The first tab has the tokens that the second got, and needs no renewal.
    assert browser.js("return localStorage.latchkey") == kept
    browser.view("account")
    browser.see(MIA, "main")
    assert refreshes(browser) == before


def tabs_renew_one_at_a_time(browser):
    browser.switch(Tabs.first)
    browser.js("navigator.locks.request('latchkey', () => new Promise((done) => { window.release = done; }))")
    wait(lambda: browser.js("return Boolean(window.release)"), "the lock")
    browser.switch(Tabs.second)
    browser.driver.refresh()
    time.sleep(1)
    assert refreshes(browser) == 0 and not browser.all(".who")
    browser.switch(Tabs.first)
    browser.js("window.release()")
    browser.switch(Tabs.second)
    browser.see(MIA, ".who")
    # Both at once: one asks, and the other uses its result.
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
        counts[handle] = refreshes(browser)
        browser.js(
            "setTimeout(() => { location.hash = '#/account' }, Math.max(0, arguments[0] - Date.now()))",
            int(time.time() * 1000) + 700,
        )
    made = 0
    for handle in (Tabs.first, Tabs.second):
        browser.switch(handle)
        browser.see(browser.t("nav.account"), "h1")
        browser.see(MIA, "main")
        made += refreshes(browser) - counts[handle]
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
    browser.sign_out()
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
    browser.sign_out()
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
            "localStorage.latchkey = arguments[0]; for (const name of ['language', 'code']) sessionStorage[`latchkey.${name}`] "
            "= arguments[0]",
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
        before = refreshes(own)
        wait(lambda: refreshes(own) > before, "a renewal", 25)
        own.view("sessions")
        own.see(own.t("nav.sessions"), "h1")
        own.reload()
        own.see(own.t("signin"), "h1")
        own.see(own.t("storage.blocked"), ".note")
        own.collect()
        assert not own.complaints, own.complaints
    finally:
        own.quit()


# Browsers and their extensions also fail in other ways: a storage area is null, is full, or loses its data.
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
            before = refreshes(own)
            wait(lambda: refreshes(own) > before, f"a renewal where {script}", 25)
            own.view("sessions")
            own.see(own.t("nav.sessions"), "h1")
            own.see(own.t("storage.blocked"), ".note")
            own.collect()
            assert not own.complaints, own.complaints
        finally:
            own.quit()


TESTS = [
    a_tab_signs_in_for_all,
    one_tab_renews_for_all,
    tabs_renew_one_at_a_time,
    tabs_share_a_session_without_locks_and_channels,
    a_tab_signs_out_of_all,
    what_storage_holds_is_not_believed,
    a_browser_that_blocks_storage_works_in_memory_and_says_so,
]

# Each in its own browsers, for minutes.
IN_OTHER_BROWSERS = [storage_that_fails_in_any_way_is_as_good_as_none]
