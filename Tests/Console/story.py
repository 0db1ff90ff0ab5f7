"""What people do on the console, in a natural order. Ada owns a project, Bob joins it."""

import account
import keys
import projects
import renewal
import request_page
import signing_in

SIGNED_IN = signing_in.TESTS + keys.TESTS + projects.TESTS + account.TESTS + request_page.TESTS + renewal.TESTS
SIGNING_OUT = signing_in.SIGNING_OUT
