"""What owners see: keys with the same name, and a deleted project."""

import time

from selenium.webdriver.common.by import By

from browser import wait
from people import chosen
from tabs import MIA, Tabs


def keys_with_one_name_are_told_apart(browser):
    browser.switch(Tabs.first)
    time.sleep(4)
    browser.sign_in(MIA)
    browser.press("keys.create")
    browser.type("name", "Twin")
    browser.submit()
    first = browser.one("#secret").get_attribute("value")[:11]
    assert f"{first}…" in browser.one("dialog").text
    browser.press("key.kept")
    browser.closed()
    for key in ("edit", "key.rotate", "key.deactivate"):
        browser.press(key, f"Twin {first}…")
        assert browser.one("dialog p").text == f"Twin {first}…", browser.one("dialog").text
        browser.press("cancel")
        browser.closed()
    browser.press("key.rotate", f"Twin {first}…")
    browser.submit()
    second = browser.one("#secret").get_attribute("value")[:11]
    assert f"{second}…" in browser.one("dialog").text and first != second
    browser.press("key.kept")
    browser.closed()

    def row(prefix):
        return next(
            (row.text for row in browser.all(".rows > li") if f"{prefix}…" in row.find_element(By.CSS_SELECTOR, ".title").text),
            "",
        )

    wait(lambda: browser.t("replaced_by") in row(first) and f"Twin {second}…" in row(first), "the successor of the old key")
    assert browser.t("replaced_by") not in row(second), row(second)
    browser.button("key.deactivate", f"Twin {first}…")
    browser.button("key.deactivate", f"Twin {second}…")


def an_owner_deletes_a_project(browser):
    browser.view("projects")
    browser.press("projects.create")
    browser.type("name", "Ephemeral")
    browser.submit()
    browser.see(browser.t("keys.empty"), ".empty")
    project = chosen(browser)
    browser.view("project", project)
    browser.press("project.delete", scope="main ")
    browser.see(browser.t("project.delete.text", name="Ephemeral"), "dialog")
    browser.press("cancel")
    browser.closed()
    browser.press("project.delete", scope="main ")
    browser.submit()
    browser.closed()
    browser.see(browser.t("projects.text"))
    browser.gone("Ephemeral")
    assert "Ephemeral" not in browser.one("#choice").text
    browser.view("project", project)
    browser.see(browser.t("error.project_not_found"), ".alert")
    browser.view("sessions")
    browser.sign_out()


TESTS = [keys_with_one_name_are_told_apart, an_owner_deletes_a_project]
