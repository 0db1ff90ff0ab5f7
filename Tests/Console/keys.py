"""API keys."""

from selenium.webdriver.common.keys import Keys

from browser import wait
from people import Story, ask, verify


def a_key_form_says_what_is_wrong(browser):
    browser.press("keys.create")
    browser.type("expires_in_days", "4000")
    browser.submit()
    browser.see(browser.t("fault.missing"), "dialog .fault")
    browser.see(browser.t("fault.number", min=1, max=3650), "dialog .fault")
    browser.type("name", "Deployment")
    browser.type("expires_in_days", "soon")
    browser.submit()
    browser.see(browser.t("fault.number", min=1, max=3650), "dialog .fault")
    assert browser.driver.switch_to.active_element == browser.field("expires_in_days")


def a_key_is_made_shown_once_and_copied(browser):
    browser.type("expires_in_days", "30")
    browser.field("all").click()
    browser.type("scopes", "api-keys:read, files:*")
    browser.submit()
    key = browser.one("#secret").get_attribute("value")
    assert key.startswith("sk_")
    browser.press("copy")
    wait(lambda: browser.button("copied"), "Copied")
    assert browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])") == key
    browser.one("#secret").send_keys(Keys.ESCAPE)
    assert browser.all("#secret"), "Escape closed the only sight of the key"
    browser.press("key.kept")
    browser.closed()
    assert key not in browser.driver.page_source
    row = browser.item("Deployment").text
    assert "api-keys:read files:*" in row and "Never" in row and "Active" in row, row
    status, data = verify(browser, key)
    assert status == 200 and data["scopes"] == ["api-keys:read", "files:*"], data
    Story.key = key


def a_key_shows_when_it_was_used(browser):
    status, _ = ask(browser, "GET", "/auth/api-keys/", {"x-api-key": Story.key, "x-project-id": Story.project})
    assert status == 200
    browser.view("keys", Story.project)
    assert "Last used\nnow" in browser.item("Deployment").text, browser.item("Deployment").text


def a_key_is_renamed_and_keeps_its_scopes(browser):
    browser.press("edit", "Deployment")
    browser.type("name", "Deploy")
    browser.submit()
    browser.closed()
    browser.see(browser.t("done"), "#status")
    assert "api-keys:read files:*" in browser.item("Deploy").text
    assert browser.focused().startswith("Edit: Deploy sk_")
    browser.press("edit", "Deploy")
    browser.type("scopes", "")
    browser.submit()
    browser.closed()
    wait(lambda: "None" in browser.item("Deploy").text, "a key without scopes")
    browser.press("edit", "Deploy")
    browser.field("all").click()
    browser.submit()
    browser.closed()
    wait(lambda: "All scopes" in browser.item("Deploy").text, "a key with all scopes")


def a_key_is_rotated_and_both_work_for_the_overlap(browser):
    browser.press("key.rotate", "Deploy")
    browser.type("overlap_days", "31")
    browser.submit()
    browser.see(browser.t("fault.number", min=0, max=30), "dialog .fault")
    browser.type("overlap_days", "2")
    browser.submit()
    key = browser.one("#secret").get_attribute("value")
    browser.press("key.kept")
    browser.closed()
    assert verify(browser, key)[0] == 200 and verify(browser, Story.key)[0] == 200
    assert len(browser.all(".rows > li")) == 2


def a_key_is_deactivated_after_a_question(browser):
    first = browser.button("key.deactivate", "Deploy").get_attribute("id")
    browser.press("key.deactivate", "Deploy")
    browser.press("cancel")
    browser.closed()
    assert browser.js("return document.activeElement.id") == first
    for _ in range(2):
        browser.press("key.deactivate", "Deploy")
        browser.submit()
        browser.closed()
        browser.see(browser.t("done"), "#status")
    wait(lambda: all("Deactivated" in row.text for row in browser.all(".rows > li")), "deactivated keys")
    assert verify(browser, Story.key)[1]["code"] == "api_key_deactivated"
    assert not browser.all(".rows .actions")


def a_long_list_has_pages(browser):
    browser.js(
        """
const { call } = await import("/api.js");
for (let i = 0; i < 11; i += 1) await call("POST", "/auth/api-keys/", { project: arguments[0], body: { name: `Key ${i}` } });
""",
        Story.project,
    )
    browser.view("keys", Story.project)
    assert len(browser.all(".rows > li")) == 10
    browser.see("Page 1 of 2", ".pages")
    assert browser.button("previous").get_attribute("aria-disabled") == "true"
    browser.press("next")
    browser.see("Page 2 of 2", ".pages")
    assert len(browser.all(".rows > li")) == 3 and browser.focused() == "Next"
    browser.press("previous")
    browser.see("Page 1 of 2", ".pages")


TESTS = [
    a_key_form_says_what_is_wrong,
    a_key_is_made_shown_once_and_copied,
    a_key_shows_when_it_was_used,
    a_key_is_renamed_and_keeps_its_scopes,
    a_key_is_rotated_and_both_work_for_the_overlap,
    a_key_is_deactivated_after_a_question,
    a_long_list_has_pages,
]
