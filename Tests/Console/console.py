"""Runs the tests in order, or with `--screenshots` writes docs/screenshots."""

import os
import sys
import time
import traceback

import files
import first_visit
import hostile
import rules
import screenshots
import story
import views
from browser import Browser
from running import Running


def main():
    service = Running()
    browser = Browser(service)
    try:
        if "--screenshots" in sys.argv:
            screenshots.write(browser)
            return 0
        return run(browser)
    finally:
        browser.quit()
        service.stop()


def run(browser):
    passed = failed = 0
    wanted = os.environ.get("ONLY", "")
    last = [views.nothing_was_blocked_nothing_failed_and_nothing_went_elsewhere]
    for test in (
        files.TESTS
        + story.SIGNED_IN
        + story.SIGNING_OUT
        + rules.TESTS
        + views.TESTS
        + first_visit.TESTS
        + hostile.TESTS
        + last
        + rules.IN_OTHER_BROWSERS
    ):
        if wanted not in f"{test.__module__}.{test.__name__}":
            continue
        start = time.monotonic()
        browser.language = "en"
        try:
            test(browser)
            passed += 1
            print(f"ok      {test.__name__.replace('_', ' ')} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED  {test.__name__.replace('_', ' ')}", flush=True)
            text = (str(error) or repr(error)).partition("Stacktrace:")[0].strip()
            print("    " + text.replace("\n", "\n    "), flush=True)
            if not isinstance(error, AssertionError) or not str(error):
                print("    " + "    ".join(traceback.format_tb(error.__traceback__)[1:3]), flush=True)
            shown = os.environ.get("FAILURES")
            if shown:
                browser.driver.save_screenshot(os.path.join(shown, f"{test.__name__}.png"))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
