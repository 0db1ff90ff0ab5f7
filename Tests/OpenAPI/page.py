"""The reference page at /docs, in headless Chromium: it shows the whole document, under the strict policy and
without errors, on a phone and a desktop, in light and dark, by keyboard."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from document import DOCUMENT, OPENAPI, OPERATIONS
from latchkey_tests.project import PROJECT
from world import World

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LARGEST = 40_000

# Elements that stick out of the page, except those that scroll within their own block.
WIDE = """
    const width = document.documentElement.clientWidth;
    const out = [...document.querySelectorAll("body *")].filter((e) =>
        !e.closest("pre") && e.getClientRects().length && e.getBoundingClientRect().right > width + 1
        && !e.classList.contains("skip"));
    return [document.documentElement.scrollWidth - width, out.slice(0, 3).map((e) => e.outerHTML.slice(0, 90))];
"""
# The lowest contrast (WCAG 2.2, 1.4.3) of any text with the page or block behind it.
CONTRAST = """
    const light = (c) => { const v = c.match(/[\\d.]+/g).slice(0, 3).map((x) => x / 255)
        .map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
        return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
    let least = 21;
    for (const e of document.querySelectorAll("main *, header *, nav *")) {
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


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {
            "source": """
        window.violations = [];
        document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective));
    """
        },
    )
    return driver


def fetched(url):
    """(status, header fields, body)"""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def size(driver, width, height, phone):
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
    )


def opened(driver, url):
    """Opens the page, and waits until it is complete."""
    driver.get("about:blank")
    driver.get(url)
    WebDriverWait(driver, 20).until(
        lambda d: d.execute_script("const m = document.getElementById('content'); return m && !m.hasAttribute('aria-busy')")
    )


def judge(results, base):
    """All of the tests, on the server at `base`. Returns the curl commands, by operation."""
    check = results.check
    names = ("docs.html", "docs.js", "docs.css")
    total = sum(os.path.getsize(os.path.join(PROJECT, "public", name)) for name in names)
    check("the page is small", [] if total < LARGEST else f"{total} bytes")
    for path, kind in (
        ("/docs", "text/html"),
        ("/docs.js", "text/javascript"),
        ("/docs.css", "text/css"),
        ("/openapi.json", "application/json"),
    ):
        status, headers, body = fetched(base + path)
        found = [] if status == 200 else [f"status {status}"]
        if status == 200:
            media = headers.get_content_type().replace("application/javascript", "text/javascript")
            found += [] if media == kind else [f"it is {media}"]
            found += [] if headers["Content-Security-Policy"] == POLICY else [f"policy: {headers['Content-Security-Policy']}"]
        check(f"{path} is served, under the policy", found)
        if path == "/openapi.json":
            with open(OPENAPI, "rb") as file:
                check("what is served is the document", [] if body == file.read() else "it is another")
        if path == "/docs" and status != 200:
            check("the page can be tested", "it is not served")
            return {}

    driver = browser()
    try:
        script = driver.execute_script
        size(driver, 1280, 900, False)
        opened(driver, base + "/docs")
        sections = {e.get_attribute("data-operation"): e for e in driver.find_elements(By.CSS_SELECTOR, "[data-operation]")}
        for operation in OPERATIONS:
            section, found = sections.get(operation.id), []
            if section is None:
                found.append("it is not there")
            else:
                text = script("return arguments[0].textContent", section)
                wanted = [operation.path, operation.method, "curl -sS", operation.item["summary"]]
                found += [f"no {word}" for word in wanted if word not in text]
                found += [f"no parameter {p['name']}" for p in operation.parameters if p["name"] not in text]
                shown = script(
                    """
                    return [...arguments[0].querySelectorAll("details.answer > summary")].map((s) => s.textContent)""",
                    section,
                )
                found += [f"no answer {s}" for s in operation.responses if not any(t.startswith(str(s)) for t in shown)]
                found += [f"no {code}" for _, code in operation.failures() if code not in text]
            check(f"the page has {operation.id}", found)
        text = script("return document.getElementById('content').textContent")
        check(
            "it has every schema",
            [
                n
                for n in DOCUMENT["components"]["schemas"]
                if not script("return !!document.getElementById(arguments[0])", f"schema-{n}")
            ],
        )
        check("it has every way to authenticate", [n for n in DOCUMENT["components"]["securitySchemes"] if n not in text])
        check(
            "links within it lead somewhere",
            script("""
            return [...document.querySelectorAll("a[href^='#']")].map((a) => a.getAttribute("href"))
                .filter((h) => !document.getElementById(h.slice(1)))"""),
        )
        check(
            "the contents have every operation",
            [o.id for o in OPERATIONS if not script("return !!document.querySelector(`nav a[href='#${arguments[0]}']`)", o.id)],
        )
        check(
            "ids are unique",
            script("""
            const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
            return ids.filter((id, i) => ids.indexOf(id) !== i)"""),
        )
        check(
            "its headings are in order",
            script("""
            let last = 1;
            return [...document.querySelectorAll("main h1, main h2, main h3, main h4")].filter((h) => {
                const jump = h.tagName[1] > last + 1; last = +h.tagName[1]; return jump; }).map((h) => h.textContent)"""),
        )

        # By keyboard: past the contents, and into an answer.
        script("document.activeElement.blur(); window.scrollTo(0, 0)")
        driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
        check(
            "the first stop is the way past the contents",
            []
            if script("return document.activeElement.className") == "skip"
            else script("return document.activeElement.outerHTML"),
        )
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        check("it leads to the content", [] if script("return document.activeElement.id") == "content" else "elsewhere")
        summary = driver.find_element(By.CSS_SELECTOR, "details.answer > summary")
        script("arguments[0].focus()", summary)
        summary.send_keys(Keys.ENTER)
        is_open = script("return arguments[0].parentElement.open", summary)
        check("an answer opens by keyboard", [] if is_open else "it stays closed")
        check(
            "what scrolls can be reached",
            script("""
            return [...document.querySelectorAll("pre")].filter((p) => p.tabIndex < 0).map((p) => p.textContent)"""),
        )
        check(
            "buttons have names",
            script("""
            return [...document.querySelectorAll("button")]
                .filter((b) => !(b.getAttribute("aria-label") || b.textContent)).map((b) => b.outerHTML)"""),
        )

        opened(driver, base + "/docs#" + OPERATIONS[-1].id)
        top = script("return document.getElementById(arguments[0]).getBoundingClientRect().top", OPERATIONS[-1].id)
        check("an address with # opens at its place", [] if -10 <= top <= 900 else f"it is at {top}")

        for scheme in ("light", "dark"):
            driver.execute_cdp_cmd(
                "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            )
            for width, phone in ((360, True), (768, False), (1280, False)):
                size(driver, width, 800, phone)
                opened(driver, base + "/docs")
                script("for (const d of document.querySelectorAll('details')) d.open = true")
                over, elements = script(WIDE)
                check(f"nothing sticks out at {width} pixels, {scheme}", elements or ([] if over <= 0 else f"{over} pixels"))
            ground = script("return getComputedStyle(document.body).backgroundColor")
            check(f"it is {scheme}", [] if (sum(json.loads("[" + ground[4:-1] + "]")) > 380) == (scheme == "light") else ground)
            least = script(CONTRAST)
            check(f"its text can be read, {scheme}", [] if least >= 4.5 else f"contrast {least:.2f}")

        commands = script("""
            return Object.fromEntries([...document.querySelectorAll("[data-operation]")].map((s) => [s.dataset.operation,
                [...s.querySelectorAll("pre")].map((p) => p.textContent).find((t) => t.startsWith("curl "))]))""")

        check("the policy was never violated", script("return window.violations"))
        check("the console has no errors", [entry["message"] for entry in driver.get_log("browser")])
        return commands
    finally:
        driver.quit()


def try_commands(results, world, commands):
    """The page's curl commands, unchanged."""
    person = world.sign_in()
    for id, status in (("sendCode", 202), ("currentUser", 200), ("createApiKey", 404), ("health", 200), ("metrics", 200)):
        # No project has the example's id.
        outcome = subprocess.run(
            ["sh", "-c", commands[id] + " -o /dev/null -w '%{http_code}'"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "ACCESS_TOKEN": person.access},
            timeout=60,
        )
        results.check(f"curl for {id} works as printed", [] if outcome.stdout == str(status) else outcome.stdout)


def run(results):
    world = World()
    try:
        commands = judge(results, world.base)
        if commands:
            try_commands(results, world, commands)
    finally:
        world.close()
