"""The account and its sessions."""

import time

from selenium.webdriver.common.by import By

from browser import wait
from people import ADA, NEW, Story, grant, use


def a_name_is_saved_and_taken_back(browser):
    use(browser, "ada")
    browser.view("account")
    assert "free" not in browser.one("main").text, "nothing books usage: billing is not shown"
    browser.type("full_name", "Ada Lovelace")
    browser.submit()
    browser.see(browser.t("done"), "#status")
    browser.reload()
    assert browser.field("full_name").get_attribute("value") == "Ada Lovelace"
    browser.view("project", Story.project)
    browser.item("Ada Lovelace")
    browser.view("account")
    browser.type("full_name", "")
    browser.submit()
    browser.see(browser.t("done"), "#status")
    browser.reload()
    assert browser.field("full_name").get_attribute("value") == ""


def notices_and_language_are_kept(browser):
    form = browser.one("section[aria-labelledby=section-preferences]")
    form.find_element(By.NAME, "key_expiry").click()
    browser.choose("main [name=locale]", "fr")
    form.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    browser.language = "fr"
    browser.see(browser.t("nav.account"), "h1")
    assert browser.js("return document.documentElement.lang") == "fr"
    browser.reload()
    assert browser.js("return document.documentElement.lang") == "fr"
    assert not browser.field("key_expiry").is_selected() and browser.field("sign_in").is_selected()
    browser.choose("#language", "ja")
    browser.language = "ja"
    browser.see(browser.t("nav.account"), "h1")
    focused = browser.js("return document.activeElement.id")
    wait(lambda: browser.js("return document.querySelector('main [name=locale]').value") == "ja", "the saved language")
    browser.choose("#language", "en")
    browser.language = "en"
    browser.see(browser.t("nav.account"), "h1")
    assert focused == "language", focused
    # Without a choice, the browser's language.
    browser.choose("#language", "es")
    browser.language = "es"
    browser.see(browser.t("nav.account"), "h1")
    browser.choose("main [name=locale]", "")
    browser.all("section[aria-labelledby=section-preferences] [type=submit]")[0].click()
    browser.language = "en"
    browser.see(browser.t("nav.account"), "h1")


def the_address_is_changed_by_codes_to_both_addresses(browser):
    known = [mail.path for mail in browser.service.mails(ADA)]
    browser.press("address.change")
    browser.type("new_email", "new")
    browser.submit()
    browser.see(browser.t("fault.email"), "dialog .fault")
    browser.type("new_email", NEW)
    browser.submit()
    browser.see(browser.t("address.codes"), "dialog")
    browser.see(browser.t("code.mailed", email=NEW), "dialog label")
    browser.see(browser.t("code.mailed", email=ADA), "dialog label")
    code, current = browser.service.code(NEW), browser.service.code(ADA, known)
    browser.type("code", code)
    browser.type("current_code", "000000" if current != "000000" else "111111")
    browser.submit()
    browser.see(browser.t("error.invalid_code"), "dialog .alert")
    browser.type("current_code", f" {current[:3]}-{current[3:]}")
    browser.submit()
    browser.closed()
    browser.see(NEW, ".who")


def other_sessions_are_shown_and_ended(browser):
    grant(browser, NEW)
    use(browser, "bob")
    browser.sign_out()
    time.sleep(4)
    browser.sign_in(NEW)
    use(browser, "ada")
    browser.view("sessions")
    assert len(browser.all("section[aria-labelledby=section-current] .rows > li")) == 1
    assert "Chrome · Linux" in browser.one("section[aria-labelledby=section-current]").text
    others = "section[aria-labelledby=section-others] .rows > li"
    assert len(browser.all(others)) == 2
    browser.press("session.end", "Chrome · Linux")
    browser.submit()
    browser.closed()
    wait(lambda: len(browser.all(others)) == 1, "one session less")
    use(browser, "bob")
    browser.js("location.hash = '#/account'")
    browser.see(browser.t("error.invalid_refresh_token"), ".note")
    use(browser, "ada")
    browser.press("sessions.end")
    browser.submit()
    browser.closed()
    browser.see(browser.t("others.empty"), ".empty")


TESTS = [
    a_name_is_saved_and_taken_back,
    notices_and_language_are_kept,
    the_address_is_changed_by_codes_to_both_addresses,
    other_sessions_are_shown_and_ended,
]
