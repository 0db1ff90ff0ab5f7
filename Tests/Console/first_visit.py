"""The first steps of a new account: a project, a key, a request."""

import json
import subprocess
import time

from selenium.webdriver.common.keys import Keys

import accessibility
from browser import LANGUAGES, wait
from latchkey_tests.accessibility import rewind, tabbed, unnamed
from people import STAMP, chosen
from tabs import texts
from views import language

NORA, OTTO = f"nora-{STAMP}@example.com", f"otto-{STAMP}@example.com"


class First:
    tab = key = None


def done(browser):
    """For each step, whether it is marked as done."""
    steps = browser.all(".steps > li")
    marked = [browser.t("first.done") in step.find_element("css selector", "h3").text for step in steps]
    assert marked == ["done" in (step.get_attribute("class") or "") for step in steps], marked
    return marked


def run(line, **variables):
    """The answer to a line of curl."""
    answer = subprocess.run(
        ["bash", "-c", line.replace("curl ", "curl -sS ", 1)],
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        timeout=20,
    )
    return json.loads(answer.stdout)


def clipboard(browser):
    return browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")


def make_project(browser, button, name):
    browser.press(button)
    browser.type("name", name)
    browser.submit()
    browser.see(name, ".steps")


def make_key(browser, name):
    """Creates a key from its step; returns the line of curl that the dialog shows with it."""
    browser.press("first.key.make")
    browser.type("name", name)
    browser.submit()
    line = browser.one("dialog .line").text
    browser.press("key.kept")
    browser.closed()
    return line


def a_new_account_sees_what_to_do_next(browser):
    browser.collect()
    First.tab = browser.tab("nora")
    browser.sign_in(NORA)
    browser.see(browser.t("nav.keys"), "h1")
    assert browser.one("section[aria-labelledby=section-first] h2").text == browser.t("first")
    # An account comes with a project.
    assert done(browser) == [True, False, False]
    assert "Default" in browser.one(".steps > li").text
    line = browser.one(".steps .line").text
    assert line == f"curl -X GET '{browser.home}/auth/api-keys/verify' -H \"x-api-key: $API_KEY\"", line
    browser.one(".steps .secret button").click()
    wait(lambda: clipboard(browser) == line, "the line to be copied")
    assert not browser.all("[id='first.check']"), "without a key there is nothing to look for"


def a_key_is_made_from_its_step_by_keyboard(browser):
    browser.reload()
    rewind(browser.driver)
    button = browser.button("first.key.make")
    for _ in range(40):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        if browser.driver.switch_to.active_element == button:
            break
    button.send_keys(Keys.ENTER)
    browser.see(browser.t("keys.create"), "dialog h2")
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    browser.closed()
    wait(lambda: browser.driver.switch_to.active_element == button, "the focus to come back")
    button.send_keys(Keys.ENTER)
    browser.type("name", "First")
    browser.field("name").send_keys(Keys.ENTER)
    First.key = browser.one("#secret").get_attribute("value")
    line = browser.one("dialog .line").text
    assert line.endswith(f"-H 'x-api-key: {First.key}'"), line
    assert not accessibility.audit(browser), accessibility.audit(browser)
    browser.all("dialog .secret button")[1].click()
    wait(lambda: clipboard(browser) == line, "the line to be copied")
    browser.press("key.kept")
    browser.closed()
    assert First.key not in browser.driver.page_source
    assert done(browser) == [True, True, False]


def the_first_request_is_seen(browser):
    browser.press("first.check")
    browser.see(browser.t("first.waiting"), "#status")
    assert done(browser) == [True, True, False]
    assert browser.focused() == browser.t("first.check")
    answer = run(browser.one(".steps .line").text, API_KEY=First.key)
    assert answer["success"] and answer["data"]["project_id"] == chosen(browser), answer
    browser.press("first.check")
    browser.see(browser.t("first.ready"), "#status")
    assert done(browser) == [True, True, True]
    assert browser.one(".steps a").get_attribute("href") == f"{browser.home}/docs"
    browser.reload()
    assert not browser.all(".steps"), "what is done stays in the way"


def a_project_without_keys_has_the_steps_too(browser):
    browser.view("projects")
    make_project(browser, "projects.create", "Second")
    assert done(browser) == [True, False, False]


def coming_back_from_the_shell_is_enough(browser):
    line = make_key(browser, "Second")
    # The page is not drawn again before the request has arrived: a user who comes back may be pressing a button.
    browser.stub("")
    browser.js("window.before = document.querySelector('.steps'); dispatchEvent(new Event('focus'))")
    wait(lambda: browser.asked("api-keys") == 1, "a look")
    time.sleep(0.5)
    assert browser.js("return window.before.isConnected")
    browser.unstub()
    assert run(line)["success"]
    browser.js("dispatchEvent(new Event('focus'))")
    wait(lambda: done(browser) == [True, True, True], "the last step")
    browser.view("sessions")
    browser.stub("")
    browser.js("dispatchEvent(new Event('focus'))")
    assert browser.asked("") == 0
    browser.unstub()


def the_steps_can_be_hidden(browser):
    browser.view("projects")
    make_project(browser, "projects.create", "Third")
    third = chosen(browser)
    browser.press("first.hide")
    wait(lambda: not browser.all(".steps"), "the steps to go")
    assert browser.driver.switch_to.active_element.tag_name == "h1"
    browser.see(browser.t("keys.empty"), ".empty")
    browser.reload()
    assert not browser.all(".steps")
    kept = browser.js("return Object.keys(localStorage).sort()")
    assert kept == ["latchkey", "latchkey.steps"], kept
    browser.sign_out()
    browser.sign_in(OTTO)
    browser.view("keys", chosen(browser))
    assert not browser.all(".steps"), "hidden for one, and shown for the next in the same browser"
    browser.js("localStorage.removeItem('latchkey.steps')")
    browser.reload()
    assert done(browser) == [True, False, False]
    assert third not in browser.driver.page_source


def without_a_project_one_comes_first(browser):
    browser.js(
        """
const { call } = await import("/api.js");
await call("DELETE", `/projects/${arguments[0]}`);
""",
        chosen(browser),
    )
    browser.view("projects")
    browser.see(browser.t("nav.projects"), "h1")
    assert done(browser) == [False, False, False]
    assert not browser.all("[id='first.key.make']")
    make_project(browser, "first.project.make", "Mine")
    assert done(browser) == [True, False, False]


def the_steps_are_sound_in_every_language_scheme_and_width(browser):
    faults = []
    make_key(browser, "Mine")
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        faults += [f"{scheme}: {fault}" for fault in accessibility.audit(browser) + unnamed(browser.driver)]
    browser.scheme("light")
    faults += tabbed(browser.driver)
    project = chosen(browser)
    browser.size(360, 740)
    for code in (*LANGUAGES[1:], "en"):
        browser.click("#menu")
        language(browser, code)
        browser.view("keys", project)
        assert browser.t("first.check") in texts(browser, ".steps button"), code
        faults += [f"{code}: {text}" for text in accessibility.overflowing(browser)]
    browser.size(1280, 900)
    assert not faults, "\n".join(sorted(set(map(str, faults))))
    browser.view("sessions")
    browser.sign_out()


TESTS = [
    a_new_account_sees_what_to_do_next,
    a_key_is_made_from_its_step_by_keyboard,
    the_first_request_is_seen,
    a_project_without_keys_has_the_steps_too,
    coming_back_from_the_shell_is_enough,
    the_steps_can_be_hidden,
    without_a_project_one_comes_first,
    the_steps_are_sound_in_every_language_scheme_and_width,
]
