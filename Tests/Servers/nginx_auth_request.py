"""samples/nginx/auth_request.conf unchanged except for its ports: nginx in front of a backend that echoes, asking
the project's own lighttpd. A relay between nginx and lighttpd keeps every question, and can be down. The lines of the
guarded location in docs/verify-tokens.md are the sample's.

Prints `N passed, N failed`, and exits with 1 if any check failed.
"""

from auth_request.answers import check
from auth_request.backend import Backend
from auth_request.caching import check_cache, check_dead_at_once
from auth_request.failures import SETTINGS, check_failures
from auth_request.gateway import AROUND, SAMPLE, Gateway
from auth_request.owner import Owner
from auth_request.relay import Relay
from latchkey_tests.checks import expect, finish
from latchkey_tests.guide import blocks
from latchkey_tests.home import Home
from latchkey_tests.service import Service


def check_guide():
    """The guide's location has lines of the sample, in the sample's order."""
    (block,) = blocks("docs/verify-tokens.md", "nginx_auth_request.py")
    lines = iter(SAMPLE.split("\n"))
    missing = [line for line in block.rstrip("\n").split("\n") if line not in lines]
    expect(not missing, "the guide's lines are the sample's", missing)


def main():
    check_guide()
    home = Home(SETTINGS)
    server = Service(home)
    running = [server]
    try:
        owner = Owner(server)
        backend, relay = Backend(), Relay(server.port)
        for cached, around in ((False, ""), (True, ""), (False, AROUND), (True, AROUND)):
            nginx = Gateway(relay.port, backend.port, cached, around)
            running.append(nginx)
            check(nginx, home, owner, relay, backend)
            check_failures(nginx, home, owner, relay, backend)
            if cached:
                check_cache(nginx, owner, relay)
            else:
                check_dead_at_once(nginx, owner, relay)
            running.pop().stop()
    finally:
        for each in reversed(running):
            each.stop()
        home.remove()
    finish()


if __name__ == "__main__":
    main()
