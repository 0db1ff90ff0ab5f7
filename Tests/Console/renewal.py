"""Renewal of tokens."""

from browser import wait
from people import NEW, refreshes


def a_reload_stays_signed_in_and_where_it_was(browser):
    browser.view("sessions")
    browser.reload()
    browser.see(browser.t("nav.sessions"), "h1")
    assert refreshes(browser) == 1


def tokens_are_renewed_before_they_expire(browser):
    before = refreshes(browser)
    wait(lambda: refreshes(browser) > before, "a renewal of its own accord", 25)
    assert browser.js("return document.querySelector('h1').textContent") == browser.t("nav.sessions")


def a_refused_token_is_renewed_once_for_all_who_wait(browser):
    before = refreshes(browser)
    result = browser.driver.execute_async_script("""
const done = arguments[0];
(async () => {
  const { adopt, call } = await import("/api.js");
  const kept = JSON.parse(localStorage.latchkey);
  adopt({ access_token: "not.a.token", expires_in: 900, ...kept });
  const all = await Promise.all([1, 2, 3, 4].map(() => call("GET", "/auth/users/me")));
  return all.map(({ email }) => email);
})().then(done, (error) => done(String(error)));
""")
    assert result == [NEW] * 4, result
    assert refreshes(browser) == before + 1


def a_service_out_of_reach_is_told_and_tried_again(browser):
    browser.view("sessions")
    browser.collect()
    browser.cdp("Network.enable")
    browser.cdp("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    browser.js("location.hash = '#/account'")
    browser.see(browser.t("error.offline"), ".alert")
    browser.cdp("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    browser.press("retry")
    browser.see(NEW, "main")
    # The browser's own message about the broken connection.
    browser.driver.get_log("browser")


TESTS = [
    a_reload_stays_signed_in_and_where_it_was,
    tokens_are_renewed_before_they_expire,
    a_refused_token_is_renewed_once_for_all_who_wait,
    a_service_out_of_reach_is_told_and_tried_again,
]
