"""Rules for concurrent actions, several tabs and failures: the last request wins, a button is busy while it
works, typed text stays, one browser has one session, and the page reports only what was done.

Where an answer must be late, failed or rare, the test replaces the page's own `fetch` (`Browser.stub`)."""

import at_once
import owned
import shared_session
import typed
import visitors

TESTS = visitors.TESTS + at_once.TESTS + typed.TESTS + shared_session.TESTS + owned.TESTS
# After all others, whose browser would be idle meanwhile.
IN_OTHER_BROWSERS = shared_session.IN_OTHER_BROWSERS
