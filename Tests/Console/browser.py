"""A real Chromium that uses the console."""

import json
import os
import re
import time

from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    JavascriptException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from latchkey_tests.project import PUBLIC

LANGUAGES = ("en", "de", "fr", "es", "ja", "zh")

# Runs before the page's own scripts.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective + " " + e.blockedURI));
"""
# WebDriver's error for an element that the page is redrawing.
NOT_YET = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    JavascriptException,
    NoSuchElementException,
    StaleElementReferenceException,
)


def wait(condition, what, seconds=10):
    """The value of `condition` once it is true."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
            if value:
                return value
        except NOT_YET:
            pass
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.03)


class Browser:
    """One Chromium. All tabs of a host share one session; `tab(person)` opens a host of the person's own."""

    def __init__(self, service, blocks_storage=False, script=""):
        """`script` runs in every page before the page's own scripts."""
        self.service, self.script = service, script
        self.home = service.url
        self.words = {code: json.load(open(f"{PUBLIC}/languages/{code}.json")) for code in LANGUAGES}
        options = webdriver.ChromeOptions()
        for argument in (
            "headless=new",
            "no-sandbox",
            "disable-dev-shm-usage",
            "disable-gpu",
            "lang=en-US",
            "window-size=1280,900",
            "force-color-profile=srgb",
            "hide-scrollbars",
        ):
            options.add_argument(f"--{argument}")
        prefs = {"intl.accept_languages": "en-US,en"}
        if blocks_storage:
            prefs["profile.default_content_setting_values.cookies"] = 2
        options.add_experimental_option("prefs", prefs)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        binary = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        options.binary_location = binary
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(30)
        self.complaints, self.urls = [], []
        self.prepared, self.homes = set(), {}
        self.language = "en"
        self.homes[self.driver.current_window_handle] = self.home
        self.prepare()

    def prepare(self):
        """Prepares a tab before it loads the page."""
        handle = self.driver.current_window_handle
        if handle not in self.prepared:
            self.prepared.add(handle)
            self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH + self.script)
            self.cdp("Browser.grantPermissions", origin=self.home, permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        self.size(1280, 900)
        self.scheme("light")

    def cdp(self, command, **values):
        return self.driver.execute_cdp_cmd(command, values)

    def size(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        self.cdp(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": name}, {"name": "prefers-reduced-motion", "value": "reduce"}],
        )

    def js(self, text, *values):
        return self.driver.execute_script(text, *values)

    def collect(self):
        """Moves the browser's log entries to `complaints` and `urls`."""
        for entry in self.driver.get_log("browser"):
            # The page handles a refusal as an answer.
            if entry["level"] == "SEVERE" and "the server responded with a status of" not in entry["message"]:
                self.complaints.append(entry["message"])
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.urls.append((message["params"]["request"]["method"], message["params"]["request"]["url"]))
        for violation in self.js("return window.violations ?? []"):
            self.complaints.append(f"CSP: {violation}")
            self.js("window.violations.length = 0")

    def t(self, key, **values):
        return re.sub(r"\{(\w+)\}", lambda match: str(values[match.group(1)]), self.words[self.language][key])

    # Finding and using elements of the page

    def all(self, css):
        found = []
        for node in self.driver.find_elements(By.CSS_SELECTOR, css):
            try:
                if node.is_displayed():
                    found.append(node)
            except StaleElementReferenceException:
                pass
        return found

    def one(self, css):
        return wait(lambda: (self.all(css) or [None])[0], css)

    def button(self, key, item=None, scope="", **values):
        """The button or link with the word `key`, in the list's item `item`."""
        text = self.t(key, **values)
        name = f"{text}: {item}" if item else text

        def found():
            inside = "dialog " if self.all("dialog") else scope
            for node in self.all(f"{inside}button, {inside}a"):
                own = node.get_attribute("aria-label") or node.text
                # A key's name is followed by its prefix.
                if own == name or (item and own.startswith(f"{name} sk_")):
                    return node

        return wait(found, f"button {name!r}")

    def press(self, key, item=None, **values):
        wait(lambda: self.button(key, item, **values).click() is None, f"to press {key}")

    def click(self, css, index=0):
        wait(lambda: self.all(css)[index:] and self.all(css)[index].click() is None, f"to click {css}")

    def submit(self):
        """Presses the button that sends the form, in the dialog if there is one."""
        self.click("dialog [type=submit]" if self.all("dialog") else "main [type=submit]")

    def field(self, name):
        return self.one(f"dialog [name={name}]" if self.all("dialog") else f"main [name={name}]")

    def type(self, name, text):
        def typed():
            field = self.field(name)
            field.send_keys(Keys.CONTROL, "a")
            field.send_keys(text if text else Keys.DELETE)
            return True

        wait(typed, f"to type into {name}")

    def choose(self, css, value):
        self.js(
            "arguments[0].focus(); arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: "
            "true}))",
            self.one(css),
            value,
        )

    def see(self, text, css="body", seconds=10):
        """Waits until the page shows `text`."""
        wait(lambda: any(text in node.text for node in self.all(css)), f"the text {text!r}", seconds)

    def gone(self, text, css="main"):
        wait(lambda: not any(text in node.text for node in self.all(css)), f"the text {text!r} to go")

    def closed(self):
        wait(lambda: not self.all("dialog"), "the dialog to close")

    def item(self, name):
        """The list's row for `name`."""
        return wait(
            lambda: next(
                (
                    row
                    for row in self.all(".rows > li")
                    if row.find_element(By.CSS_SELECTOR, ".title").text.split("\n")[0].startswith(name)
                ),
                None,
            ),
            f"the row of {name!r}",
        )

    def ready(self):
        wait(
            lambda: self.js("return document.querySelector('#main h1') && !document.querySelector('#main[aria-busy]')"), "a view"
        )

    def view(self, name, id=None):
        """Opens a view by its address."""
        address = {"keys": f"#/projects/{id}/keys", "project": f"#/projects/{id}"}.get(name, f"#/{name}")
        self.js(
            "document.querySelector('#main')?.setAttribute('aria-busy', 'true'); "
            "if (location.hash === arguments[0]) dispatchEvent(new Event('hashchange')); else location.hash = arguments[0]",
            address,
        )
        self.ready()

    def open(self, path="/"):
        self.collect()
        self.driver.get(self.home + path)
        self.ready()

    def reload(self):
        self.collect()
        self.driver.refresh()
        self.ready()

    def focused(self):
        """A description of the focused element."""
        return self.js("const e = document.activeElement; return e.getAttribute('aria-label') || e.name || e.textContent")

    def sign_in(self, address):
        """Signs `address` in on the page, with the code from the mail that this sends."""
        known = [mail.path for mail in self.service.mails(address)]
        self.open()
        self.type("email", address)
        self.submit()
        self.see(self.t("signin.code"), "h1")
        self.type("code", self.service.code(address, known))
        self.submit()
        wait(lambda: self.all(".who") or self.all("#menu"), "the console")
        self.ready()

    def sign_out(self):
        self.press("signout", scope=".who ")
        self.see(self.t("signedout"), ".note")

    def tab(self, person=None):
        """A new tab: of this host, or at `<person>.localhost`, which the page sees as another browser."""
        self.driver.switch_to.new_window("tab")
        if person:
            self.home = self.service.url.replace("//localhost", f"//{person}.localhost")
        self.prepare()
        self.homes[self.driver.current_window_handle] = self.home
        return self.driver.current_window_handle

    def switch(self, handle):
        self.collect()
        self.driver.switch_to.window(handle)
        self.home = self.homes[handle]

    def close(self, back):
        """Closes this tab and goes to the tab `back`."""
        self.collect()
        self.driver.close()
        self.driver.switch_to.window(back)
        self.home = self.homes[back]

    def stub(self, text):
        """Runs `answer(url, init, fetch)` of the script `text` before every request of this page, until it is reloaded.
        Returns its result, or the service's own answer if it returns nothing."""
        self.js(
            """
window.realFetch ??= window.fetch;
const answer = new (async () => {}).constructor("url", "init", "fetch", arguments[0]);
window.asked = [];
window.fetch = async (url, init = {}) => {
  window.asked.push(`${init.method ?? "GET"} ${new URL(url).pathname}`);
  return (await answer(String(url), init, window.realFetch)) ?? window.realFetch(url, init);
};
window.refused = (status, code, headers = {}) => new Response(
  JSON.stringify({ success: false, data: null, error: { code, message: code } }),
  { status, headers: { "Content-Type": "application/json", ...headers } });
window.granted = (data, status = 200) => new Response(JSON.stringify({ success: true, data, error: null }),
  { status, headers: { "Content-Type": "application/json" } });
window.pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
""",
            text,
        )

    def unstub(self):
        self.js("if (window.realFetch) window.fetch = window.realFetch")

    def asked(self, part):
        """How often the page requested a path that contains `part` since `stub`."""
        return len([line for line in self.js("return window.asked") if part in line])

    def quit(self):
        self.driver.quit()
