"""Tabs of a browser that nobody has signed in with."""

from people import STAMP

MIA, IDA = f"mia-{STAMP}@example.com", f"ida-{STAMP}@example.com"


class Tabs:
    first = second = project = None


def visitor(browser, host):
    """A new tab of a browser that nobody has signed in with."""
    handle = browser.tab(host)
    browser.open()
    return handle


def texts(browser, css):
    return [node.text for node in browser.all(css)]


def drain(browser):
    """Forgets what the browser logged of failures that a test made on purpose."""
    browser.driver.get_log("browser")
