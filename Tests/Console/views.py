"""Every view and dialog, in every language, scheme and width, checked by accessibility.py."""

import time

from selenium.webdriver.common.keys import Keys

import accessibility
from browser import LANGUAGES, wait
from latchkey_tests.accessibility import rewind, tabbed, unnamed
from people import STAMP, ask, chosen, grant

EVE = f"eve-{STAMP}@example.com"
CHARLES = f"charles-{STAMP}@example.com"


class Eve:
    """A user with data in every view."""

    tab = project = None


def views(browser):
    """Opens every view of the signed-in user, by name."""
    for name in ("keys", "project", "projects", "account", "sessions", "requests"):
        browser.view(name, Eve.project)
        yield name


# Dialogs by the view in which they open, their button's word, and their subject.
DIALOGS = [
    ("keys", "keys.create", None),
    ("keys", "edit", "Continuous integration"),
    ("keys", "key.rotate", "Continuous integration"),
    ("keys", "key.deactivate", "Continuous integration"),
    ("project", "invite", None),
    ("project", "member.withdraw", "grace@example.com"),
    ("project", "leave", None),
    ("project", "project.delete", None),
    ("projects", "projects.create", None),
    ("projects", "invitation.accept", "Difference Engine"),
    ("account", "address.change", None),
    ("account", "delete", None),
    ("sessions", "sessions.end", None),
]


def dialogs(browser):
    last = None
    for view, key, item in DIALOGS:
        if view != last:
            browser.view(view, Eve.project)
            last = view
        browser.press(key, item, scope="main ")
        browser.one("dialog")
        yield f"{view}: {key}"
        browser.press("cancel")
        browser.closed()


def language(browser, code):
    browser.choose("#language", code)
    browser.language = code
    wait(
        lambda: (
            browser.js("return document.documentElement.lang") == code
            and browser.t("skip") in browser.js("return document.querySelector('.skip').textContent")
        ),
        code,
    )
    browser.ready()


def sound(browser, where):
    faults = [f"{where}: {fault}" for fault in accessibility.audit(browser)]
    faults += [f"{where}: no name for a {role}" for role in unnamed(browser.driver)]
    return faults


def prepare(browser, eve=EVE, charles=CHARLES, odd=True):
    """Signs Eve in, with keys, members, an invitation and other sessions; `odd`: with names that are hard to lay out."""
    browser.collect()
    Eve.tab = browser.tab("eve")
    browser.language = "en"
    ada = grant(browser, charles)
    bearer = {"Authorization": f"Bearer {ada['access_token']}"}
    _, made = ask(browser, "POST", "/projects", bearer, {"name": "Difference Engine"})
    ask(browser, "POST", f"/projects/{made['id']}/members", bearer, {"email": eve, "role": "admin"})
    grant(browser, eve)
    time.sleep(4)
    browser.sign_in(eve)
    Eve.project = chosen(browser)
    browser.js(
        """
const { call } = await import("/api.js");
const project = arguments[0];
const make = (body) => call("POST", "/auth/api-keys/", { project, body });
await call("PATCH", `/projects/${project}`, { body: { name: "Analytical Engine", description: "Mill and store." } });
await call("PATCH", "/auth/users/me", { body: { full_name: "Ada Lovelace" } });
await call("POST", `/projects/${project}/members`, { body: { email: "grace@example.com", role: "admin" } });
for (let i = 0; i < 6; i += 1) await make({ name: `Batch ${i + 1}`, expires_in_days: 365 });
if (arguments[1]) await make({ name: "W".repeat(80), scopes: Array.from({ length: 12 }, (_, i) => `${"long".repeat(12)}:${i}`) });
const { id } = await make({ name: "Old key" });
await call("DELETE", `/auth/api-keys/${id}`, { project });
await make({ name: "Metrics reader", expires_in_days: 90, scopes: ["metrics:read"] });
await make({ name: "Website", scopes: ["forms:submit", "files:read"] });
const { full_key: key } = await make({ name: "Continuous integration", expires_in_days: 30 });
await fetch("/auth/api-keys/verify", { headers: { "x-api-key": key } });
""",
        Eve.project,
        odd,
    )
    browser.reload()


def every_view_is_sound_in_both_schemes(browser):
    prepare(browser)
    faults = []
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        for name in views(browser):
            faults += sound(browser, f"{scheme} {name}")
        for name in dialogs(browser):
            faults += sound(browser, f"{scheme} {name}")
    browser.scheme("light")
    assert not faults, "\n".join(sorted(set(faults)))


def nothing_overflows_at_360_pixels_in_any_language(browser):
    faults = []
    browser.size(360, 740)
    for code in LANGUAGES:
        browser.view("account")
        browser.click("#menu")
        language(browser, code)
        for name in views(browser):
            faults += [f"{code} {name}: {text}" for text in accessibility.overflowing(browser)]
            browser.click("#menu")
            faults += [f"{code} {name} menu: {text}" for text in accessibility.overflowing(browser)]
        for name in dialogs(browser):
            faults += [f"{code} {name}: {text}" for text in accessibility.overflowing(browser)]
        faults += sound(browser, code)
        browser.view("account")
        browser.click("#menu")
    language(browser, "en")
    browser.size(1280, 900)
    assert not faults, "\n".join(sorted(set(faults)))


def the_tab_key_reaches_everything_in_order_and_shows_where_it_is(browser):
    faults = []
    for name in views(browser):
        # A renewal of the tokens would redraw the record meanwhile.
        browser.reload()
        faults += [f"{name}: {fault}" for fault in tabbed(browser.driver)]
    browser.size(360, 740)
    browser.view("sessions")
    faults += [f"phone: {fault}" for fault in tabbed(browser.driver)]
    browser.size(1280, 900)
    assert not faults, "\n".join(faults)


def the_skip_link_leads_to_the_heading(browser):
    browser.view("sessions")
    rewind(browser.driver)
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    skip = browser.driver.switch_to.active_element
    assert "skip" in skip.get_attribute("class")
    skip.send_keys(Keys.ENTER)
    assert browser.driver.switch_to.active_element.tag_name == "h1"
    assert "#/sessions" in browser.driver.current_url


def dialogs_keep_the_focus_and_give_it_back(browser):
    for view, key, item in DIALOGS:
        browser.view(view, Eve.project)
        opener = browser.button(key, item, scope="main ")
        opener.click()
        browser.one("dialog")
        inside = "return document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        assert browser.js("return document.activeElement.closest('dialog') !== null"), f"{key}: the focus is not in it"
        for _ in range(8):
            browser.driver.switch_to.active_element.send_keys(Keys.TAB)
            assert browser.js(inside), f"{key}: Tab left it"
        browser.one("dialog").send_keys(Keys.ESCAPE)
        browser.closed()
        wait(lambda: browser.driver.switch_to.active_element == opener, f"{key}: the focus to come back")


def the_page_zooms_to_twice_its_text(browser):
    """WCAG 1.4.4 and 1.4.10: 1280 pixels at 400 % are 320."""
    browser.size(320, 640)
    faults = []
    for name in views(browser):
        faults += [f"{name}: {text}" for text in accessibility.overflowing(browser)]
    browser.size(1280, 900)
    assert not faults, "\n".join(faults)


def visitors_find_it_sound_too(browser):
    browser.view("sessions")
    browser.sign_out()
    faults = []
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.js("sessionStorage.clear()")
        browser.open("/?" + scheme)
        browser.ready()
        faults += sound(browser, f"{scheme} sign-in") + tabbed(browser.driver)
        browser.type("email", EVE)
        browser.press("signin.have")
        browser.see(browser.t("signin.code"), "h1")
        faults += sound(browser, f"{scheme} code") + tabbed(browser.driver)
        browser.view("requests")
        faults += sound(browser, f"{scheme} requests")
        browser.js("location.hash = '#/'")
    browser.scheme("light")
    browser.size(360, 740)
    for code in LANGUAGES:
        browser.js("sessionStorage.clear()")
        browser.open("/?" + code)
        language(browser, code)
        faults += [f"{code} sign-in: {text}" for text in accessibility.overflowing(browser)]
        browser.type("email", EVE)
        browser.press("signin.have")
        browser.see(browser.t("signin.code"), "h1")
        faults += [f"{code} code: {text}" for text in accessibility.overflowing(browser)]
    language(browser, "en")
    browser.size(1280, 900)
    assert not faults, "\n".join(sorted(set(faults)))


def the_browser_s_language_is_the_first_guess(browser):
    for tags, expected in (("de-CH,de", "de"), ("pt-BR,ja", "ja"), ("xx", "en"), ("zh-TW", "zh")):
        browser.collect()
        browser.js("sessionStorage.clear()")
        browser.cdp("Emulation.setUserAgentOverride", userAgent=browser.js("return navigator.userAgent"), acceptLanguage=tags)
        browser.open("/?" + expected)
        assert browser.js("return document.documentElement.lang") == expected, tags
    browser.cdp("Emulation.setUserAgentOverride", userAgent=browser.js("return navigator.userAgent"), acceptLanguage="en-US")
    browser.open()


def nothing_was_blocked_nothing_failed_and_nothing_went_elsewhere(browser):
    for handle in browser.driver.window_handles:
        browser.driver.switch_to.window(handle)
        browser.collect()
    assert not browser.complaints, "\n".join(browser.complaints)
    here = tuple(home + "/" for home in browser.homes.values())
    elsewhere = {url for _, url in browser.urls if not url.startswith((*here, "data:", "about:", "chrome:", "devtools:"))}
    assert not elsewhere, elsewhere
    assert len(browser.urls) > 200


TESTS = [
    every_view_is_sound_in_both_schemes,
    nothing_overflows_at_360_pixels_in_any_language,
    the_tab_key_reaches_everything_in_order_and_shows_where_it_is,
    the_skip_link_leads_to_the_heading,
    dialogs_keep_the_focus_and_give_it_back,
    the_page_zooms_to_twice_its_text,
    visitors_find_it_sound_too,
    the_browser_s_language_is_the_first_guess,
]
