"""The people on the console, and what they do outside it."""

import json
import time
import urllib.error
import urllib.request

from browser import wait

STAMP = str(int(time.time()))
ADA, BOB, NEW = f"ada-{STAMP}@example.com", f"bob-{STAMP}@example.com", f"lovelace-{STAMP}@example.com"


class Story:
    """Values that later tests need from earlier ones."""

    tabs = {}
    project = key = None


def ask(browser, method, path, headers=(), fields=None):
    """Status and `data` of a request that the page does not send."""
    body = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(browser.service.url + path, method=method, data=body, headers=dict(headers))
    if body:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]


def grant(browser, address):
    """A session of `address` outside the page."""
    known = [mail.path for mail in browser.service.mails(address)]

    def sent():
        return ask(browser, "POST", "/auth/verification/send-code", fields={"email": address})[0] == 202

    wait(sent, "a code", 20)
    code = browser.service.code(address, known)
    status, data = ask(browser, "POST", "/auth/verification/verify-code", fields={"email": address, "code": code})
    assert status == 200, data
    return data


def verify(browser, key):
    return ask(browser, "GET", "/auth/api-keys/verify", {"x-api-key": key})


def chosen(browser):
    return browser.js("return document.querySelector('#choice').value")


def use(browser, who):
    browser.switch(Story.tabs[who])


def refreshes(browser):
    """How many refreshes the page sent since it was loaded."""
    return browser.js("return performance.getEntriesByType('resource').filter((e) => e.name.includes('refresh-token')).length")
