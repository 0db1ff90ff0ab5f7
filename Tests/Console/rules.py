"""What holds when things happen at once, in several tabs, or not at all: the last request wins, a button is busy while
it works, what was typed stays, one browser has one session, and the page claims nothing that was not done.

Where an answer has to come late, fail or be rare, the page's own `fetch` is given it (`Browser.stub`)."""

import at_once
import owned
import shared_session
import typed
import visitors

TESTS = visitors.TESTS + at_once.TESTS + typed.TESTS + shared_session.TESTS + owned.TESTS
# After all others, whose browser would be idle meanwhile.
IN_OTHER_BROWSERS = shared_session.IN_OTHER_BROWSERS
