"""Whether a server's answers match Tests/Parity, and the answers without a server."""

import re

from latchkey_tests.checks import expect
from latchkey_tests.servers.alone import Alone

OWN_FOLDER = ["Apache, the host's cgi-bin", "Apache, the host's cgi-bin, suEXEC"]
NOT_ASKED = "The host's own page: Apache finds no executable there, and asks none."
SLASH = "Apache refuses a / that is written %2F before it reads .htaccess; the vhost sample says AllowEncodedSlashes."
WITHOUT_VHOST = [
    "Apache, .htaccess",
    "Apache, .htaccess without Options",
    "Apache, suEXEC, latchkey.home",
    "Apache, suEXEC, ../var",
    "Apache, .htaccess, mod_fcgid",
    "Apache, suEXEC, mod_fcgid",
]
MOD_FCGID = ["Apache, mod_fcgid", "Apache, .htaccess, mod_fcgid", "Apache, suEXEC, mod_fcgid"]
NGINX = ["nginx and fcgiwrap", "nginx, FastCGI"]
# servers, a request's file, the status there, and why that is correct. `Apache` means every server whose name begins with it.
DIFFERENCES = [
    (
        ["lighttpd", "lighttpd, FastCGI"],
        "update-user-411",
        422,
        "lighttpd takes a PATCH without a length for one without a body.",
    ),
    (WITHOUT_VHOST, "list-api-keys-percent-slash", 404, SLASH),
    (WITHOUT_VHOST, "current-user-404-percent-slash", 404, SLASH),
    (WITHOUT_VHOST, "delete-api-key-404-percent-slash", 404, SLASH),
    (
        WITHOUT_VHOST,
        "current-user-405-trace",
        200,
        "Apache answers TRACE before it reads .htaccess, with what the client itself sent; the vhost sample turns it off.",
    ),
    (["lighttpd", "lighttpd, FastCGI"], "get-project-422-line", 400, "lighttpd refuses line ends in paths itself."),
    (["lighttpd", "lighttpd, FastCGI"], "send-code-404-line", 400, "lighttpd refuses line ends in paths itself."),
    (MOD_FCGID, "send-code-411", 422, "mod_fcgid counts what came: a body without a length is an empty one."),
    (MOD_FCGID, "update-user-411", 422, "mod_fcgid counts what came: a body without a length is an empty one."),
    (OWN_FOLDER, "not-found-cgi-bin-slash", 403, "The host's own page: Apache does not list the folder."),
    (OWN_FOLDER, "not-found-own-path-up", 403, NOT_ASKED),
    (OWN_FOLDER, "not-found-own-path-other", 404, NOT_ASKED),
    (OWN_FOLDER, "not-found-own-path-nested", 404, NOT_ASKED),
    (OWN_FOLDER, "not-found-own-path-htaccess", 500, "The host's own page: Apache would run the file, and it is not a program."),
    (OWN_FOLDER, "not-found-own-path-home", 500, "The host's own page: Apache would run the file, and it is not a program."),
    (NGINX, "current-user-400-twice", 400, "nginx refuses a second Authorization itself."),
    (NGINX, "send-code-400", 400, "nginx refuses a second Authorization itself."),
    (
        NGINX,
        "list-api-keys-400-underscore",
        200,
        "nginx drops fields with an underscore in their name, so that nothing is ambiguous.",
    ),
    (
        ["Apache"],
        "list-api-keys-400-underscore",
        200,
        "Apache drops fields with an underscore in their name, so that nothing is ambiguous.",
    ),
]


def listed(server, case):
    """The entry of DIFFERENCES, if there is one."""
    for names, name, status, _ in DIFFERENCES:
        if name == case.name and any(server.name == n or (n == "Apache" and server.name.startswith(n)) for n in names):
            return status
    return None


def check_corpus(server, cases, norm):
    """Sends all requests; `norm` has the answers without a server, or is filled with them."""
    agree, differ = 0, 0
    if not server.serves_routes:
        cases = [case for case in cases if re.match("/+cgi-bin/", case.target)]
    for case in cases:
        answer = server.ask(case)
        faults = case.faults(answer, server.keeps_length)
        key = (case.name, server.serves_routes)
        if isinstance(server, Alone):
            norm[key] = answer.essence()
        elif not faults and answer.essence() != norm[key]:
            faults.append(f"{answer.essence()} instead of {norm[key]}")
        status = listed(server, case)
        if status is None:
            agree += expect(not faults, f"{server.name}: {case.name}", "; ".join(faults))
        else:
            differ += 1
            expect(faults, f"{server.name}: {case.name} differs no more, and is listed")
            expect(answer.status == status, f"{server.name}: {case.name}, which differs, is {status}", answer.status)
    more = f", {differ} differ as listed" if differ else ""
    print(f"{server.name}: {agree} of {len(cases)} agree{more}", flush=True)
