"""The page at /docs, in headless Chromium: it shows the whole document, under the strict policy and without errors, on a
phone and a desktop, in light and dark, by keyboard; its search finds everything; its samples and tasks work as printed."""

import glob
import json
import os

import page_reading
import page_samples
import page_tasks
from document import DOCUMENT, OPENAPI, OPERATIONS
from latchkey_tests.project import PROJECT
from page_browser import CONTRAST, WIDE, Page, fetched
from world import World

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FILES = sorted(glob.glob(os.path.join(PROJECT, "public", "docs*")))
LARGEST = 64_000
# Pixels at a width of 1280, with everything that can be closed as it is at first.
TALLEST = 12_000


def files(results, base):
    """What is served. Returns whether the page can be tested."""
    check = results.check
    total = sum(os.path.getsize(path) for path in FILES)
    check("the page is small", [] if total < LARGEST else f"{total} bytes")
    kinds = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
    served = [("/docs", f"{PROJECT}/public/docs.html"), ("/openapi.json", OPENAPI)]
    served += [(f"/{os.path.basename(path)}", path) for path in FILES]
    for url, path in served:
        status, headers, body = fetched(base + url)
        found = [] if status == 200 else [f"status {status}"]
        if status == 200:
            kind = kinds[os.path.splitext(path)[1]]
            found += [] if headers.get_content_type() == kind else [f"it is {headers.get_content_type()}"]
            found += [] if headers["Content-Security-Policy"] == POLICY else [f"policy: {headers['Content-Security-Policy']}"]
            with open(path, "rb") as file:
                found += [] if body == file.read() else ["it is another file"]
        check(f"{url} is served, under the policy", found)
        if found and url == "/docs":
            return False
    for path in FILES:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        bad = ("innerHTML", "outerHTML", "insertAdjacent", "eval(", ".style", "style=", "onclick=")
        found = [word for word in bad if word in text]
        if path.endswith(".js"):
            # The policy allows no script of another origin, and nothing here wants one.
            found += [word for word in ("https://", "//cdn") if word in text]
            found += [] if text.count("\n") <= 400 else ["more than 400 lines"]
        check(f"{os.path.basename(path)} makes no markup from text, and needs no third party", found)
    return True


def contents(results, page):
    """The reference has everything that the document has."""
    check, js = results.check, page.js
    for operation in OPERATIONS:
        text = js("return document.querySelector(`[data-operation=${arguments[0]}]`)?.textContent", operation.id)
        found = [] if text else ["it is not there"]
        if text:
            wanted = [operation.path, operation.method, operation.item["summary"], "curl -sS", "await fetch(", "urlopen("]
            found += [f"no {word}" for word in wanted if word not in text]
            found += [f"no parameter {p['name']}" for p in operation.parameters if p["name"] not in text]
            shown = js(
                "return [...document.querySelectorAll(`#${arguments[0]} .answer > summary`)].map((s) => s.textContent)",
                operation.id,
            )
            found += [f"no answer {s}" for s in operation.responses if not any(t.startswith(str(s)) for t in shown)]
            found += [f"no {code}" for _, code in operation.failures() if code not in text]
        check(f"the page has {operation.id}", found)
    ids = set(js("return [...document.querySelectorAll('[id]')].map((e) => e.id)"))
    check("it has every schema", [n for n in DOCUMENT["components"]["schemas"] if f"schema-{n}" not in ids])
    check(
        "it has every way to authenticate", [n for n in DOCUMENT["components"]["securitySchemes"] if f"security-{n}" not in ids]
    )
    codes = {code for operation in OPERATIONS for _, code in operation.failures()}
    check("it has every error code", [code for code in codes if f"error-{code}" not in ids])
    check(
        "links within it lead somewhere",
        js("""
            return [...document.querySelectorAll("a[href^='#']")].map((a) => a.getAttribute("href"))
                .filter((h) => !document.getElementById(h.slice(1)))"""),
    )
    check(
        "the contents have every task and every operation",
        js("""
            return [...document.querySelectorAll(".task, .operation")].map((e) => e.id)
                .filter((id) => !document.querySelector(`nav a[href='#${id}']`))"""),
    )
    check(
        "ids are unique",
        js("""
            const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
            return ids.filter((id, i) => ids.indexOf(id) !== i)"""),
    )
    check(
        "its headings are in order",
        js("""
            let last = 1;
            return [...document.querySelectorAll("main :is(h1, h2, h3, h4, h5, h6)")].filter((h) => {
                const jump = h.tagName[1] > last + 1; last = +h.tagName[1]; return jump; }).map((h) => h.textContent)"""),
    )
    first = js("return [...document.querySelectorAll('main h2')].map((h) => h.textContent)")
    check("it begins with the tasks", [] if len(first) == 6 and first[-1] == "Reference" else first)
    height = js("return document.documentElement.scrollHeight")
    check("it can be read in one go", [] if height < TALLEST else f"{height} pixels")
    opened = js("return [...document.querySelectorAll('main details[open]')].map((d) => d.id)")
    check("one task is open, and nothing else", [] if opened == ["sign-in-with-curl"] else opened)
    links = js("return [...document.querySelectorAll('header a, footer a')].map((a) => new URL(a.href).pathname)")
    check("it links to the console, and to itself", [path for path in ("/", "/docs", "/openapi.json") if path not in links])


def looks(results, page):
    """In light and dark, from 360 pixels on."""
    check = results.check
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        for width, phone in ((360, True), (768, False), (1280, False)):
            page.size(width, 800, phone)
            page.open()
            for what, action in (
                ("", ""),
                (
                    ", search",
                    "const s = document.getElementById('search'); s.focus(); s.value = 'e'; s.dispatchEvent(new Event('input'))",
                ),
                (", all open", "for (const d of document.querySelectorAll('details')) d.open = true"),
                (", all open in Python", "document.querySelector('.operation [role=tab]:last-child').click()"),
            ):
                page.js(action)
                over, elements = page.js(WIDE)
                check(
                    f"nothing sticks out at {width} pixels, {scheme}{what}", elements or ([] if over <= 0 else f"{over} pixels")
                )
        ground = page.js("return getComputedStyle(document.body).backgroundColor")
        check(f"it is {scheme}", [] if (sum(json.loads("[" + ground[4:-1] + "]")) > 380) == (scheme == "light") else ground)
        least = page.js(CONTRAST)
        check(f"its text can be read, {scheme}", [] if least >= 4.5 else f"contrast {least:.2f}")
        check(f"the policy was never violated, and the log has no errors, {scheme}", page.complaints())
        page.js("localStorage.clear()")
    page.scheme("light")
    page.size(1280, 900)


def run(results):
    world = World()
    try:
        world.configure(f"base_url = {world.base}\n")
        if not files(results, world.base):
            results.check("the page can be tested", "it is not served")
            return
        page = Page(world.base)
        try:
            page.open()
            contents(results, page)
            page_reading.run(results, page)
            looks(results, page)
            page.open()
            page_tasks.run(results, page, world)
            # The samples change the language of Ada's mail.
            page.open()
            page_samples.run(results, page, world)
        finally:
            page.quit()
        page_reading.without_storage(results, world.base)
    finally:
        world.close()
