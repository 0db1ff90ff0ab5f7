"""One set of requests, Tests/Parity, against every way to run Latchkey: with only environment and standard input,
lighttpd, Apache with only .htaccess, Apache with the vhost of samples/, suEXEC, and nginx with fcgiwrap; by FastCGI, in
persistent processes: lighttpd, Apache with mod_fcgid (vhost, .htaccess, suEXEC), nginx; and the cgi-bin of a host, with
only the executables copied into it.

Every server is a process of its own on a free loopback port, with a folder of its own and a copy of the same state.
A request agrees if its answer matches its file *and* equals, header by header, the answer without any server. Where a
server differs, DIFFERENCES of agreement.py says how and why; an unlisted difference fails, and so does a listed one
that no longer exists.

Apache's suexec needs root; without root it is skipped and says so. Arguments, if any, are the names of servers to run.
Prints one line for each server and `N passed, N failed`, and exits with 1 if any check failed.
"""

import sys

from agreement import DIFFERENCES, check_corpus
from console_files import check_files, check_without_console
from latchkey_tests.checks import expect, finish
from latchkey_tests.project import AS_ROOT
from latchkey_tests.servers.alone import Alone, AloneOwnPaths
from latchkey_tests.servers.apache import (
    OwnFolder,
    OwnFolderSuEXEC,
    Shared,
    SharedFastCGI,
    SharedWithoutOptions,
    SuEXEC,
    SuEXECBeside,
    SuEXECFastCGI,
    Vhost,
    VhostFastCGI,
)
from latchkey_tests.servers.corpus import cases_of
from latchkey_tests.servers.fixture import Fixture
from latchkey_tests.servers.lighttpd import Lighttpd, LighttpdFastCGI
from latchkey_tests.servers.nginx import Nginx, NginxFastCGI
from pools import check_pools, check_slow
from server_state import check_state, check_unread, check_variants


def main():
    wanted = sys.argv[1:]
    kinds = [
        Alone,
        AloneOwnPaths,
        Lighttpd,
        Shared,
        SharedWithoutOptions,
        Vhost,
        SuEXEC,
        SuEXECBeside,
        Nginx,
        LighttpdFastCGI,
        VhostFastCGI,
        SharedFastCGI,
        SuEXECFastCGI,
        NginxFastCGI,
        OwnFolder,
        OwnFolderSuEXEC,
    ]
    if not AS_ROOT:
        print("suEXEC: left out, it needs root", flush=True)
        kinds = [kind for kind in kinds if not issubclass(kind, SuEXEC)]
    fixture = Fixture()
    try:
        check_variants()
        cases = cases_of(fixture.variables)
        names = {case.name for case in cases}
        for _, name, _, _ in DIFFERENCES:
            expect(name in names, f"DIFFERENCES: {name} is a request")
        norm = {}
        for kind in kinds:
            if wanted and not issubclass(kind, Alone) and kind.name not in wanted:
                continue
            server = kind(fixture)
            try:
                check_corpus(server, cases, norm)
                if server.serves_routes:
                    check_unread(server)
                if server.serves_files:
                    check_files(server)
                check_pools(server)
                check_slow(server)
                check_state(server)
            finally:
                server.stop()
        if not wanted:
            check_without_console(fixture)
    finally:
        fixture.home.remove()
    finish()


if __name__ == "__main__":
    main()
