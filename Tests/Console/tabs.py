"""Tabs of a browser without a session."""

from people import STAMP

MIA, IDA = f"mia-{STAMP}@example.com", f"ida-{STAMP}@example.com"


class Tabs:
    first = second = project = None


def visitor(browser, host):
    """A new tab of a browser without a session."""
    handle = browser.tab(host)
    browser.open()
    return handle


def texts(browser, css):
    return [node.text for node in browser.all(css)]


def drain(browser):
    """Drops the browser's log of failures that a test caused on purpose."""
    browser.driver.get_log("browser")
