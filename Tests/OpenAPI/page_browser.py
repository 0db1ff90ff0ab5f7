"""Headless Chromium on the page at /docs, and what it measures there."""

import shutil
import urllib.error
import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

# Elements that stick out of the page.
WIDE = """
    const width = document.documentElement.clientWidth;
    const out = [...document.querySelectorAll("body *")].filter((e) =>
        e.getClientRects().length && e.getBoundingClientRect().right > width + 1 && !e.classList.contains("skip"));
    return [document.documentElement.scrollWidth - width, out.slice(0, 3).map((e) => e.outerHTML.slice(0, 90))];
"""
# The lowest contrast (WCAG 2.2, 1.4.3) of any text with the page or block behind it.
CONTRAST = """
    const light = (c) => { const v = c.match(/[\\d.]+/g).slice(0, 3).map((x) => x / 255)
        .map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
        return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
    let least = 21;
    for (const e of document.querySelectorAll("main *, header *, nav *, footer *")) {
        if (!e.getClientRects().length || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
        let behind = e;
        while (behind && /rgba\\(0, 0, 0, 0\\)|transparent/.test(getComputedStyle(behind).backgroundColor))
            behind = behind.parentElement;
        const ground = behind ? getComputedStyle(behind).backgroundColor : "rgb(255, 255, 255)";
        const [a, b] = [light(getComputedStyle(e).color), light(ground)];
        least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
    }
    return least;
"""


class Page:
    """A Chromium. `blocks_storage`: its pages may store nothing."""

    def __init__(self, base, blocks_storage=False):
        self.base = base
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"):
            options.add_argument(argument)
        if blocks_storage:
            options.add_experimental_option("prefs", {"profile.default_content_setting_values.cookies": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.cdp(
            "Page.addScriptToEvaluateOnNewDocument",
            source="""
            window.violations = [];
            document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective));
            """,
        )
        self.cdp("Browser.grantPermissions", origin=base, permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        self.size(1280, 900)
        self.scheme("light")

    def cdp(self, command, **values):
        return self.driver.execute_cdp_cmd(command, values)

    def js(self, text, *values):
        return self.driver.execute_script(text, *values)

    def size(self, width, height, phone=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def scheme(self, name):
        features = [{"name": "prefers-color-scheme", "value": name}, {"name": "prefers-reduced-motion", "value": "reduce"}]
        self.cdp("Emulation.setEmulatedMedia", features=features)

    def wait(self, condition):
        """The value of the JavaScript expression `condition` once it is true."""
        return WebDriverWait(self.driver, 20, 0.05).until(lambda _: self.js(f"return {condition}"))

    def open(self, path="/docs"):
        """Opens the page, and waits until it is complete."""
        self.driver.get("about:blank")
        self.driver.get(self.base + path)
        self.wait("document.getElementById('reference-body')?.hasAttribute('aria-busy') === false")

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def press(self, *keys):
        """Presses keys one after the other, where the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def focused(self):
        return self.js("const e = document.activeElement; return e.id || e.outerHTML.slice(0, 100)")

    def complaints(self):
        """Violations of the policy on this page, and errors in the browser's log."""
        return self.js("return window.violations") + [
            e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"
        ]

    def quit(self):
        self.driver.quit()


def fetched(url):
    """(status, header fields, body)"""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
