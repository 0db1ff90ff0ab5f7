"""Pictures of the console, for docs/screenshots."""

import os

import views
from browser import wait
from latchkey_tests.project import PROJECT

FOLDER = os.path.join(PROJECT, "docs", "screenshots")
MOST_BYTES = 150_000


def write(browser):
    os.makedirs(FOLDER, exist_ok=True)
    browser.open()
    shoot(browser, "sign-in")
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


def shoot(browser, name):
    wait(lambda: browser.js("return [...document.images].every((image) => image.complete)"), "images")
    path = os.path.join(FOLDER, f"{name}.png")
    browser.driver.save_screenshot(path)
    # A palette of 256 colours is enough for flat areas and text.
    from PIL import Image

    Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    size = os.path.getsize(path)
    assert size < MOST_BYTES, f"{name}: {size}"
    print(f"{os.path.relpath(path, PROJECT)}: {size} bytes")
