"""Pictures of the console and of /docs, for docs/screenshots."""

import os

import views
from browser import wait
from latchkey_tests.project import PROJECT

FOLDER = os.path.join(PROJECT, "docs", "screenshots")
MOST_BYTES = 150_000
# The service runs on any free port; readers know it at this address.
KNOWN = """
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) walker.currentNode.data = walker.currentNode.data.replaceAll(location.origin, "http://localhost:8000");
"""


def write(browser):
    os.makedirs(FOLDER, exist_ok=True)
    browser.open()
    shoot(browser, "sign-in")
    documentation(browser)
    first_visit(browser)
    views.prepare(browser, "ada@example.com", "charles@example.com", odd=False)
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        for name in ("keys", "project", "account", "requests"):
            browser.view(name, views.Eve.project)
            shoot(browser, f"{name}-{scheme}")
    browser.scheme("light")
    browser.view("keys", views.Eve.project)
    browser.press("keys.create")
    shoot(browser, "create-key")
    browser.press("cancel")
    browser.size(360, 740)
    browser.view("keys", views.Eve.project)
    shoot(browser, "keys-phone")
    browser.click("#menu")
    shoot(browser, "menu-phone")


def documentation(browser):
    def show(name, path="", action=""):
        browser.driver.get("about:blank")
        browser.driver.get(f"{browser.home}/docs{path}")
        wait(lambda: browser.js("return document.getElementById('reference-body')?.hasAttribute('aria-busy') === false"), "/docs")
        browser.js(action)
        shoot(browser, name)

    show("docs-light")
    browser.scheme("dark")
    show("docs-operation-dark", "#createApiKey", "document.activeElement.blur()")
    browser.scheme("light")
    browser.size(360, 740)
    show("docs-phone")
    browser.size(1280, 900)


def first_visit(browser):
    first = browser.driver.current_window_handle
    browser.tab("first")
    browser.sign_in("grace@example.com")
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.reload()
        shoot(browser, f"first-visit-{scheme}")
    browser.scheme("light")
    browser.size(360, 740)
    browser.reload()
    shoot(browser, "first-visit-phone")
    browser.size(1280, 900)
    browser.close(first)


def shoot(browser, name):
    browser.js(KNOWN)
    wait(lambda: browser.js("return [...document.images].every((image) => image.complete)"), "images")
    path = os.path.join(FOLDER, f"{name}.png")
    browser.driver.save_screenshot(path)
    # A palette of 256 colours is enough for flat areas and text.
    from PIL import Image

    Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    size = os.path.getsize(path)
    assert size < MOST_BYTES, f"{name}: {size}"
    print(f"{os.path.relpath(path, PROJECT)}: {size} bytes")
