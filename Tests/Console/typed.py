"""Typed text stays."""

from browser import wait
from tabs import MIA, Tabs


def what_was_typed_stays_in_another_language(browser):
    def switched(check):
        for code in ("de", "ja", "en"):
            browser.choose("#language", code)
            browser.language = code
            wait(lambda: browser.js("return document.documentElement.lang") == code, code)
            wait(lambda: browser.js("return document.querySelector('.skip').textContent") == browser.t("skip"), code)
            browser.ready()
            check()

    def holds(**values):
        for name, value in values.items():
            field = browser.field(name)
            found = field.is_selected() if isinstance(value, bool) else field.get_attribute("value")
            assert found == value, f"{browser.language} {name}: {found!r}"

    browser.view("account")
    browser.type("full_name", "Mia Half-Typed")
    browser.field("sign_in").click()
    switched(lambda: holds(full_name="Mia Half-Typed", sign_in=False))
    # Saving another form of the view keeps this one.
    browser.click("section[aria-labelledby=section-preferences] [type=submit]")
    browser.see(browser.t("done"), "#status")
    holds(full_name="Mia Half-Typed", sign_in=False)
    browser.click("section[aria-labelledby=section-profile] [type=submit]")
    wait(
        lambda: browser.js("return document.querySelector('main [name=full_name]').defaultValue") == "Mia Half-Typed",
        "it to be saved",
    )
    # Sent text no longer counts as typed: the service's value is shown.
    browser.js("const { call } = await import('/api.js'); await call('PATCH', '/auth/users/me', { body: { full_name: 'Mia' } })")
    switched(lambda: holds(full_name="Mia"))
    browser.view("project", Tabs.project)
    browser.type("name", "Half")
    browser.type("description", "Two\nlines")
    switched(lambda: holds(name="Half", description="Two\nlines"))
    browser.view("requests")
    browser.type("path", "/half/typed")
    browser.type("body", '{"half')
    switched(lambda: holds(path="/half/typed", body='{"half'))
    # Elsewhere it does not.
    browser.view("project", Tabs.project)
    assert browser.field("name").get_attribute("value") == "Default"
    browser.view("sessions")
    browser.sign_out()
    browser.type("email", "half@exam")
    switched(lambda: holds(email="half@exam"))
    browser.type("email", MIA)
    browser.press("signin.have")
    browser.type("code", "123")
    switched(lambda: holds(code="123"))
    browser.press("signin.back")


TESTS = [what_was_typed_stays_in_another_language]
