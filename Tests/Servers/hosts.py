"""What hosts place around Latchkey's folder, with a real Apache:

1. A .htaccess in the folder above, each of HOSTILE alone and nearly all together: every route, its own path and the console's
files get the same answers as without it.
2. What a host forbids (AllowOverride, Options): .htaccess needs as little as possible, and where it needs more, log,
docs/deploy.md and `latchkey doctor` say what to do, and that works.
3. Latchkey's folder within a site: refusals name it, whatever the path and the method.
4. A host that allows only GET and POST: POST at the executables' own paths replaces PATCH and DELETE, and
`latchkey doctor` says so.

Prints one line for each part and `N passed, N failed`, and exits with 1 if any check failed.
"""

import sys

from hosting.above import check_above
from hosting.allowed import check_allowed
from hosting.methods import check_methods
from hosting.mounted import check_mounted
from hosting.probes import Probes
from latchkey_tests.checks import finish
from latchkey_tests.servers.fixture import Fixture


def main():
    fixture = Fixture()
    try:
        probes = Probes(fixture)
        parts = {
            "above": lambda: check_above(fixture, probes),
            "allowed": lambda: check_allowed(fixture, probes),
            "mounted": lambda: check_mounted(fixture),
            "methods": lambda: check_methods(fixture),
        }
        for name, part in parts.items():
            if not sys.argv[1:] or name in sys.argv[1:]:
                part()
    finally:
        fixture.home.remove()
    finish()


if __name__ == "__main__":
    main()
