"""Signing in and out."""

import json
import time

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import wait
from people import ADA, NEW, Story, ask, chosen, use


def an_address_that_is_none_is_marked_and_focused(browser):
    browser.open()
    Story.tabs["ada"] = browser.driver.current_window_handle
    assert browser.js("return document.documentElement.lang") == "en"
    browser.submit()
    browser.see(browser.t("fault.email"), ".fault")
    field = browser.field("email")
    assert field.get_attribute("aria-invalid") == "true" and field.get_attribute("autocomplete") == "email"
    assert browser.driver.switch_to.active_element == field
    browser.type("email", "nobody")
    browser.submit()
    browser.see(browser.t("fault.email"), ".fault")


def a_code_goes_out_and_the_next_one_waits(browser):
    browser.type("email", ADA)
    browser.field("email").send_keys(Keys.ENTER)
    browser.see(browser.t("signin.code"), "h1")
    browser.see(ADA)
    again = wait(lambda: next(n for n in browser.all("main .link") if "seconds" in n.text), "a countdown")
    assert again.get_attribute("aria-disabled") == "true"
    again.click()
    field = browser.field("code")
    assert field.get_attribute("autocomplete") == "one-time-code" and field.get_attribute("inputmode") == "numeric"
    assert browser.driver.switch_to.active_element != browser.driver.find_element(By.TAG_NAME, "body")
    first = browser.service.code(ADA)
    browser.press("code.again")
    browser.see(browser.t("code.sent"), ".note")
    assert wait(
        lambda: [c for c in [browser.service.code(ADA)] if c != first or len(browser.service.mails(ADA)) == 2], "a second code"
    )


def asking_too_often_says_how_long_to_wait(browser):
    browser.press("signin.back")
    assert browser.field("email").get_attribute("value") == ADA
    browser.submit()
    browser.see("Try again in", ".alert")
    browser.press("signin.have")
    browser.see(browser.t("signin.code"), "h1")


def a_wrong_code_is_refused(browser):
    browser.type("code", "000000" if browser.service.code(ADA) != "000000" else "111111")
    browser.submit()
    browser.see(browser.t("error.invalid_code"), ".alert")
    assert browser.driver.switch_to.active_element == browser.field("code")
    assert browser.one(".alert").get_attribute("role") == "alert"


def the_right_code_with_spaces_is_pasted_and_signs_in(browser):
    code = browser.service.code(ADA)
    browser.js("return navigator.clipboard.writeText(arguments[0])", f" {code[:3]} {code[3:]} ")
    browser.field("code").send_keys(Keys.CONTROL, "a")
    browser.field("code").send_keys(Keys.CONTROL, "v")
    browser.field("code").send_keys(Keys.ENTER)
    browser.see(browser.t("nav.keys"), "h1")
    assert browser.driver.title == "API keys · Latchkey"
    assert browser.driver.switch_to.active_element.tag_name == "h1"
    Story.project = chosen(browser)


def tokens_are_kept_where_they_may_be(browser):
    kept = browser.js("return Object.fromEntries(Object.entries(localStorage))")
    assert set(kept) == {"latchkey"} and set(json.loads(kept["latchkey"])) == {"refresh_token", "user_uuid"}, kept
    assert browser.js("return sessionStorage.length === 0 && document.cookie === ''")


def signing_out_leaves_nothing(browser):
    use(browser, "ada")
    kept = json.loads(browser.js("return localStorage.latchkey"))
    browser.sign_out()
    assert browser.js("return localStorage.latchkey") is None
    browser.js("location.hash = '#/account'")
    browser.see(browser.t("signin"), "h1")
    assert NEW not in browser.one("body").text
    assert ask(browser, "POST", "/auth/verification/refresh-token", fields=kept)[0] == 401


def an_account_is_deleted_with_a_fresh_code(browser):
    browser.sign_in(NEW)
    browser.view("account")
    known = [mail.path for mail in browser.service.mails(NEW)]
    time.sleep(4)
    browser.press("delete")
    browser.submit()
    browser.see(browser.t("code"), "dialog")
    code = browser.service.code(NEW, known)
    browser.type("code", "000000" if code != "000000" else "111111")
    browser.submit()
    browser.see(browser.t("error.invalid_code"), "dialog .alert")
    browser.type("code", code)
    browser.submit()
    browser.see(browser.t("gone"), ".note")
    assert browser.js("return localStorage.latchkey") is None


TESTS = [
    an_address_that_is_none_is_marked_and_focused,
    a_code_goes_out_and_the_next_one_waits,
    asking_too_often_says_how_long_to_wait,
    a_wrong_code_is_refused,
    the_right_code_with_spaces_is_pasted_and_signs_in,
    tokens_are_kept_where_they_may_be,
]

SIGNING_OUT = [signing_out_leaves_nothing, an_account_is_deleted_with_a_fresh_code]
