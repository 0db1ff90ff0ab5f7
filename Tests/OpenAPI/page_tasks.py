"""The tasks of /docs, followed as they are printed, with the service's address in place of http://localhost:8000 and what
comes by mail in place of 123456. The commands for a shared host are those of packaging/INSTALL, which install.py follows."""

import contextlib
import functools
import html.parser
import http.server
import re
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

from latchkey_tests.ports import free_port, wait_for_port
from latchkey_tests.project import PROJECT
from page_samples import executed, program

ADDRESS = "http://localhost:8000"


class Blocks(html.parser.HTMLParser):
    """The blocks of docs.html: (task, language, test, text)."""

    def __init__(self):
        super().__init__()
        self.found, self.task, self.block = [], None, None
        with open(f"{PROJECT}/public/docs.html", encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "details" and values.get("class") == "task":
            self.task = values["id"]
        elif tag == "pre":
            self.block = [self.task, values["data-language"], values["data-test"], ""]

    def handle_data(self, data):
        if self.block:
            self.block[3] += data

    def handle_endtag(self, tag):
        if tag == "pre":
            self.found.append(tuple(self.block))
            self.block = None


def of(task, base, language=None):
    """The texts of a task's blocks, with the address of the service under test."""
    return [text.replace(ADDRESS, base) for name, kind, _, text in Blocks().found if name == task and language in (None, kind)]


def shown_as_they_are(results, page):
    shown = page.js("return [...document.querySelectorAll('.task pre code')].map((c) => c.textContent)")
    wanted = [text.replace(ADDRESS, page.base) for _, _, _, text in Blocks().found]
    results.check("the page shows the tasks' blocks, with its own address", [] if shown == wanted else "they differ")


def sign_in_with_curl(results, world):
    ask, exchange, *rest = of("sign-in-with-curl", world.base)
    email = "ada@example.com"
    printed = []
    code = world.code(email, lambda: printed.append(executed(["bash", "-c", ask])))
    results.check("sign in with curl: a code is asked for", [] if '"success":true' in printed[0] else printed)
    results.check("sign in with curl: the code has a place", [] if exchange.count("123456") == 1 else exchange)
    set_up = "\n".join(ask.splitlines()[:2])
    values = ("ACCESS_TOKEN", "REFRESH_TOKEN", "USER_UUID", "PROJECT_ID")
    show = "\n".join(f'echo "{name}=${name}"' for name in values)
    refreshed, ended = len(rest) - 2, len(rest) - 1
    script = [set_up, exchange.replace("123456", code), *rest[:refreshed], show, rest[refreshed], show, rest[ended]]
    seen = executed(["bash", "-c", "\n".join(script)])
    found = re.findall(r"^(\w+)=(\S+)$", seen, re.M)
    complete = [name for name, _ in found] == list(values) * 2
    results.check("sign in with curl: every variable is set", [] if complete else seen.splitlines())
    results.check("sign in with curl: the account is shown", [] if f'"email":"{email}"' in seen else seen.splitlines())
    if not complete:
        return
    first, second = dict(found[:4]), dict(found[4:8])
    results.check("sign in with curl: tokens are renewed", [] if first["REFRESH_TOKEN"] != second["REFRESH_TOKEN"] else seen)
    fields = {"refresh_token": second["REFRESH_TOKEN"], "user_uuid": second["USER_UUID"]}
    status = world.request("POST", "/auth/verification/refresh-token", body=fields).status
    results.check("sign in with curl: the session has ended", [] if status == 401 else str(status))


@contextlib.contextmanager
def served(folder):
    """The address at which `folder` is served, another origin than the service's."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def sign_in_from_a_page(results, page, world):
    (text,) = of("sign-in-from-a-page", world.base)
    email = "page@example.com"
    with tempfile.TemporaryDirectory() as folder, served(folder) as origin:
        with open(f"{folder}/sign-in.html", "w", encoding="utf-8") as file:
            file.write(text)
        world.configure(f"base_url = {world.base}\ncors_origins = {origin}\n")
        page.driver.get(f"{origin}/sign-in.html")

        def send():
            page.find("[name=email]").send_keys(email)
            page.find("#ask button").click()
            page.wait("!document.getElementById('enter').hidden")

        code = world.code(email, send)
        message = "document.getElementById('message').textContent"
        page.find("[name=code]").send_keys("000000" if code != "000000" else "111111")
        page.find("#enter button").click()
        page.wait(f"{message}.includes('code')")
        page.find("[name=code]").clear()
        page.find("[name=code]").send_keys(code)
        page.find("#enter button").click()
        for what in ("a page signs in", "a page stays signed in when it is loaded again"):
            page.wait(f"{message}.startsWith('You are')")
            seen = page.js(f"return {message}")
            results.check(what, [] if seen == f"You are signed in as {email}." else seen)
            page.driver.refresh()
        page.driver.get_log("browser")
    world.configure(f"base_url = {world.base}\n")


def verify_a_token(results, world):
    person = world.sign_in("token@example.com")
    other = person.access[:-4] + ("AAAA" if not person.access.endswith("AAAA") else "BBBB")
    (ask,) = of("verify-a-token", world.base, "curl")
    for token, wanted in ((person.access, '"email":"token@example.com"'), (other, '"invalid_token"')):
        seen = executed(["sh", "-c", ask], {"ACCESS_TOKEN": token})
        results.check(f"a token is verified by curl: {wanted}", [] if wanted in seen else seen)
    with tempfile.TemporaryDirectory() as folder:
        for language in ("javascript", "python"):
            (text,) = of("verify-a-token", world.base, language)
            seen = executed(program(language, text, folder), {"ACCESS_TOKEN": person.access})
            results.check(f"a token is verified in {language}", [] if seen == "token@example.com" else seen)
            seen = executed(program(language, text, folder), {"ACCESS_TOKEN": other})
            results.check(
                f"another token is refused in {language}", [] if "token@example.com" not in seen and "rror" in seen else seen
            )
            # Keys of this service, but another issuer is expected.
            issuer = re.sub(r'issuer = ".*"', 'issuer = "https://auth.example.com"', text)
            elsewhere = re.sub(r"(\$?\{issuer\})(/\.well-known)", rf"{world.base}\2", issuer)
            seen = executed(program(language, elsewhere, folder), {"ACCESS_TOKEN": person.access})
            results.check(f"another issuer is refused in {language}", [] if "ssuer" in seen and "rror" in seen else seen)

    # samples/verify/verify.mjs is tested with forged tokens: what decides must be the same here.
    def judging(text):
        lines = (re.sub(r"\s*//.*", "", line).strip() for line in text.splitlines())
        return re.search(r"function claims.*?return payload;", "\n".join(line for line in lines if line), re.S)[0]

    with open(f"{PROJECT}/samples/verify/verify.mjs", encoding="utf-8") as file:
        sample = judging(file.read())
    (text,) = of("verify-a-token", world.base, "javascript")
    results.check("the verifier in JavaScript is that of samples/verify", [] if judging(text) == sample else "they differ")


def answer(port, key=None):
    """(status, text) of the protected API at `port`."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"x-api-key": key} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@contextlib.contextmanager
def running(language, text, folder):
    """The port at which the program `text` listens, in place of 8080."""
    port = free_port()
    command = program(language, text.replace("8080", str(port)), folder)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert wait_for_port(port), f"the API in {language} does not listen"
        yield port
    finally:
        process.kill()
        process.wait()


def protect_an_api(results, world):
    person = world.sign_in("keys@example.com")
    make, call = of("protect-an-api", world.base, "sh")
    printed = executed(["sh", "-c", make], {"ACCESS_TOKEN": person.access, "PROJECT_ID": person.project})
    found = re.search(r'"full_key":"(sk_[\w-]+)"', printed)
    results.check("a key is made", [] if found else printed)
    if not found:
        return
    key, other = found[1], world.key(person, scopes=["else:read"])["full_key"]
    (ask,) = of("protect-an-api", world.base, "curl")
    for shown, wanted in (
        (key, f'"project_id":"{person.project}"'),
        (other, '"insufficient_scope"'),
        ("sk_no", '"invalid_api_key"'),
    ):
        seen = executed(["sh", "-c", ask], {"API_KEY": shown})
        results.check(f"curl asks about a key: {wanted}", [] if wanted in seen else seen)
    with tempfile.TemporaryDirectory() as folder:
        for language in ("javascript", "python"):
            (text,) = of("protect-an-api", world.base, language)
            with running(language, text, folder) as port:
                seen = executed(["sh", "-c", call.replace("8080", str(port))], {"API_KEY": key})
                wanted = f"The report of project {person.project}"
                results.check(f"an API in {language} answers a good key", [] if seen == wanted else seen)
                for shown, status in ((other, 403), ("sk_no", 401), (None, 401), (key, 200)):
                    given, said = answer(port, shown)
                    results.check(f"an API in {language}: {status}", [] if given == status and said else f"{given} {said}")
            # Latchkey is down: nobody gets in, and nobody is told that their key is bad.
            (text,) = of("protect-an-api", f"http://127.0.0.1:{free_port()}", language)
            with running(language, text, folder) as port:
                given, said = answer(port, key)
                results.check(f"an API in {language}, without Latchkey: 503", [] if given == 503 else f"{given} {said}")


def shared_host(results):
    with open(f"{PROJECT}/packaging/INSTALL", encoding="utf-8") as file:
        install = file.read()
    lines = [line for _, _, test, text in Blocks().found if test == "install" for line in text.strip().splitlines()]
    missing = [line for line in lines if line not in install]
    results.check("the commands for a shared host are those of INSTALL", missing if len(lines) >= 6 else "there are none")


def run(results, page, world):
    shown_as_they_are(results, page)
    shared_host(results)
    sign_in_with_curl(results, world)
    sign_in_from_a_page(results, page, world)
    verify_a_token(results, world)
    protect_an_api(results, world)
