"""Hostile texts from Tests/Hostile as names: the page shows them as text, and none becomes part of the page."""

import json

from latchkey_tests.project import PROJECT
from people import STAMP, chosen

# The page without its text: elements, their attributes, and the values of active attributes.
SHAPE = """
const acts = (name) => ["href", "src", "srcdoc", "action", "style"].includes(name) || name.startsWith("on");
return [...document.querySelectorAll("*")].map((element) => [element.localName, ...[...element.attributes]
  .map(({ name, value }) => (acts(name) ? `${name}=${value}` : name)).sort()].join(" "));
"""
NAME = """
const { call } = await import("/api.js");
const [project, text] = arguments;
try {
  await call("PATCH", `/projects/${project}`, { body: { name: text, description: text } });
  await call("PATCH", "/auth/users/me", { body: { full_name: text } });
  return "taken";
} catch (error) { return error.code; }
"""
VIEWS = "account", "project"


def shapes(browser, project):
    browser.reload()
    found = {}
    for name in VIEWS:
        browser.view(name, project)
        found[name] = browser.js(SHAPE)
    return found


def names_are_text_and_nothing_else(browser):
    browser.collect()
    browser.tab()
    browser.sign_in(f"hostile-{STAMP}@example.com")
    project = chosen(browser)
    with open(f"{PROJECT}/Tests/Hostile/texts.json", encoding="utf-8") as file:
        texts = [hostile["text"] for hostile in json.load(file)]
    assert browser.js(NAME, project, "x") == "taken"
    plain, taken, faults = shapes(browser, project), 0, []
    for text in texts:
        answer = browser.js(NAME, project, text)
        if answer != "taken":
            assert answer == "validation_error", (text, answer)
            continue
        taken += 1
        seen = shapes(browser, project)
        for name in VIEWS:
            if seen[name] != plain[name]:
                faults.append(f"{name}, {text!r}: {set(seen[name]) ^ set(plain[name]) or 'more or fewer elements'}")
        if text.strip() and text.isascii() and text not in browser.js("return document.body.textContent"):
            faults.append(f"{text!r} is not shown as it is")
    assert taken >= 40, taken
    assert not faults, "\n".join(faults[:10])


TESTS = [names_are_text_and_nothing_else]
