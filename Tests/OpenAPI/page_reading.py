"""How /docs is read: addresses that open what they name, the search, tabs, the keyboard, and what is left without scripts."""

from selenium.webdriver.common.keys import Keys

from document import OPERATIONS, resolved
from latchkey_tests.accessibility import rewind, tabbed, unnamed
from page_browser import Page

OPTIONS = """
    return [...document.querySelectorAll("#results [role=option]")].map((o) => o.textContent.replaceAll(/\\s+/g, " ").trim())
"""
TYPED = """
    const s = document.getElementById("search"); s.focus(); s.value = arguments[0]; s.dispatchEvent(new Event("input"));
"""
PLACE = """
    const e = document.getElementById(arguments[0]);
    return [!e.matches("details") || e.open, e.getBoundingClientRect().top]
"""


def addresses(results, page):
    check = results.check

    def arrived(what, id):
        is_open, top = page.js(PLACE, id)
        check(f"{what} {id} opens it at its place", [] if is_open and -10 <= top <= 850 else f"open: {is_open}, at {top}")

    for id in (OPERATIONS[0].id, OPERATIONS[-1].id, "schema-Grant", "error-rate_limited", "security-apiKey", "verify-a-token"):
        page.open(f"/docs#{id}")
        arrived("the address #", id)
    page.open()
    page.js("location.hash = 'createApiKey'")
    page.wait("document.getElementById('createApiKey').open")
    arrived("a change of the address to #", "createApiKey")
    check("the contents say where one is", [] if page.find("nav a[aria-current]").text == "Create a key" else "elsewhere")
    # Closed, and asked for again by the same link.
    page.js("document.getElementById('createApiKey').open = false; scrollTo(0, 0)")
    page.js("document.querySelector('nav a[href=\"#createApiKey\"]').click()")
    arrived("the same link again to #", "createApiKey")
    page.js("document.querySelector('#listSessions > summary').click()")
    hash = page.js("return location.hash")
    check("the address names what the reader opens", [] if hash == "#listSessions" else hash)


def found(page, query):
    page.js(TYPED, query)
    return page.js(OPTIONS)


def search(results, page):
    check = results.check
    page.open()
    for operation in OPERATIONS:
        first = found(page, f"{operation.method.lower()} {operation.path}")[:1]
        wanted = f"{operation.method} {operation.path} "
        check(f"the search finds {operation.id} by method and path", [] if first and first[0].startswith(wanted) else first)
        first = found(page, operation.item["summary"])[:1]
        check(f"the search finds {operation.id} by its summary", [] if first and first[0].startswith(wanted) else first)
        names = [p["name"] for p in operation.parameters]
        if operation.body:
            names += resolved(operation.body["content"]["application/json"]["schema"]).get("properties", {})
        missing = [name for name in names if not any(text.startswith(wanted) for text in found(page, f"{name} {operation.path}"))]
        check(f"the search finds {operation.id} by its fields", missing)
    for query, wanted in (
        ("overlap_days", "POST /auth/api-keys/{key_id}/rotate"),
        ("X-Latchkey-Scopes", "GET /auth/api-keys/verify"),
        ("rate_limited", "rate_limited"),
        ("shared host", "Put it on a shared host"),
        ("cors_origins", "Sign in from a page"),
        ("Grant", "Grant"),
        ("clientToken", "clientToken"),
    ):
        options = found(page, query)
        check(f"the search finds {wanted} by {query}", [] if any(text.startswith(wanted) for text in options) else options)
    options = found(page, "delete")
    deletes = sum(operation.method == "DELETE" for operation in OPERATIONS)
    check("a method finds its operations", [] if sum(t.startswith("DELETE ") for t in options) == deletes else options)
    options = found(page, "no such thing anywhere")
    status = page.js("return document.getElementById('status').textContent")
    check("what is not there is said not to be", [] if options == [status] == ["Nothing found."] else [*options, status])


def search_by_keyboard(results, page):
    check = results.check
    page.open()
    rewind(page.driver)
    page.press("/")
    check("/ goes to the search", [] if page.focused() == "search" else page.focused())
    value = page.js("return document.getElementById('search').value")
    check("/ is not typed there", [value] if value else [])
    page.press(*"api-keys")
    state = """
        const s = document.getElementById("search");
        return [s.getAttribute("aria-expanded"), s.getAttribute("aria-activedescendant")];
    """
    check("results are there, none chosen", [] if page.js(state) == ["true", None] else page.js(state))
    said = page.js("return document.getElementById('status').textContent")
    count = len(page.js(OPTIONS))
    check("a screen reader hears how many", [] if said == f"{count} results" else said)
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP)
    chosen = page.js("return [...document.querySelectorAll('#results [aria-selected=true]')].map((o) => o.id)")
    check("the arrows choose", [] if chosen == ["result-1"] == page.js(state)[1:] else [*chosen, *map(str, page.js(state))])
    page.press(Keys.ARROW_UP, Keys.ARROW_UP)
    check("they go round", [] if page.js(state)[1] == f"result-{count - 1}" else page.js(state)[1])
    page.press(Keys.ARROW_DOWN)
    text = page.js("return document.getElementById('result-0').textContent")
    page.press(Keys.ENTER)
    page.wait("location.hash !== ''")
    there = page.js("const d = document.getElementById(location.hash.slice(1)); return [d.open, d.textContent]")
    check("Enter opens what is chosen", [] if there[0] and text.split(" ")[1] in there[1] else text)
    check("the focus goes with it", [] if page.js("return document.activeElement.tagName") == "SUMMARY" else page.focused())
    check("the results are gone", [] if page.js("return document.getElementById('results').hidden") else "they stay")
    page.press("/")
    page.press(*"rotate")
    page.press(Keys.ENTER)
    page.wait("location.hash === '#rotateApiKey'")
    check("without a choice, Enter opens the first", [] if page.js(PLACE, "rotateApiKey")[0] else "closed")
    page.press("/", *"jwks", Keys.ESCAPE)
    closed = page.js("return [document.getElementById('results').hidden, document.getElementById('search').value]")
    page.press(Keys.ESCAPE)
    emptied = page.js("return document.getElementById('search').value")
    check(
        "Escape closes the results, then empties the field",
        [] if [*closed, emptied] == [True, "jwks", ""] else [str(closed), emptied],
    )
    page.press(*"a/b")
    check("/ in the field is a slash", [] if page.js("return document.getElementById('search').value") == "a/b" else "it is not")
    # By pointer.
    page.js(TYPED, "preferences")
    page.find("#result-0").click()
    page.wait("location.hash === '#preferences'")


TABS = """
    const list = document.querySelector(arguments[0] + " [role=tablist]");
    return [...list.children].map((t) => {
        const panel = document.getElementById(t.getAttribute("aria-controls"));
        return [t.textContent, t.getAttribute("aria-selected"), t.tabIndex, panel.getAttribute("role"),
            panel.getAttribute("aria-labelledby") === t.id, panel.hidden];
    });
"""


def tabs(results, page):
    check = results.check

    def shows(name, where):
        wanted = [
            [n, "true" if n == name else "false", 0 if n == name else -1, "tabpanel", True, n != name]
            for n in ("curl", "JavaScript", "Python")
        ]
        seen = page.js(TABS, where)
        return [] if seen == wanted else [str(row) for row in seen]

    page.open("/docs#createApiKey")
    check("curl is shown first", shows("curl", "#createApiKey"))
    page.js("document.querySelector('#createApiKey [role=tab][aria-selected=true]').focus()")
    page.press(Keys.ARROW_RIGHT)
    check("the arrow shows the next language, everywhere", shows("JavaScript", "#createApiKey") + shows("JavaScript", "#jwks"))
    page.press(Keys.END)
    check("End shows the last", shows("Python", "#createApiKey"))
    page.press(Keys.ARROW_RIGHT)
    check("after the last comes the first", shows("curl", "#createApiKey"))
    page.press(Keys.ARROW_LEFT)
    focused = page.js("return document.activeElement.textContent")
    check("the focus is on what is shown", [] if focused == "Python" else focused)
    # Others above it changed too, yet the reader's tabs stay where they are.
    page.js("for (const d of document.querySelectorAll('.operation')) d.open = true")
    last = OPERATIONS[-1].id
    page.js(f"document.querySelector('#{last} [role=tablist]').scrollIntoView()")
    top = f"return document.querySelector('#{last} [role=tablist]').getBoundingClientRect().top"
    before = page.js(top)
    page.js(f"document.querySelector('#{last} [role=tab]').click()")
    moved = abs(page.js(top) - before)
    check("a choice moves nothing under the reader", [] if moved <= 2 else f"{moved} pixels")
    page.js(f"document.querySelectorAll('#{last} [role=tab]')[1].click()")
    page.open()
    check("the choice is remembered", shows("JavaScript", "#sendCode") + shows("JavaScript", "#verify-a-token"))
    page.js("document.getElementById('sendCode').open = true; document.querySelector('#sendCode .copy').click()")
    page.wait("document.querySelector('#sendCode .copy').textContent === 'Copied'")
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    shown = page.js("return document.querySelector('#sendCode [role=tabpanel]:not([hidden]) code').textContent")
    check("a sample is copied as it is shown", [] if copied == shown else copied)
    page.js("navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))")
    page.js("document.querySelector('#sendCode .copy').click()")
    page.wait("getSelection().toString() !== ''")
    selected = page.js("return getSelection().toString()")
    check("what the browser does not copy is selected", [] if selected.strip() == shown.strip() else selected)
    page.js("localStorage.clear()")


def keyboard(results, page):
    check = results.check
    page.open()
    rewind(page.driver)
    page.press(Keys.TAB)
    first = page.js("return document.activeElement.className")
    check("the first stop is the way past the contents", [] if first == "skip" else page.focused())
    page.press(Keys.ENTER)
    page.wait("location.hash === '#content'")
    check("it leads to the content", [] if page.focused() == "content" else page.focused())
    page.open()
    check("the Tab key reaches everything in order, with a ring", tabbed(page.driver))
    for css, what in (
        ("#sendCode > summary", "an operation"),
        ("#sendCode .answer > summary", "an answer"),
        ("#verify-a-token > summary", "a task"),
    ):
        summary = page.find(css)
        page.js("arguments[0].focus()", summary)
        summary.send_keys(Keys.ENTER)
        check(
            f"{what} opens by keyboard", [] if page.js("return arguments[0].parentElement.open", summary) else "it stays closed"
        )
    check("every control has a name", unnamed(page.driver))
    check(
        "nothing scrolls by itself",
        page.js("""
            for (const d of document.querySelectorAll("details")) d.open = true;
            return [...document.querySelectorAll("pre")]
                .filter((p) => p.scrollWidth > p.clientWidth + 1 || p.scrollHeight > p.clientHeight + 1)
                .map((p) => p.textContent.slice(0, 60))"""),
    )
    page.size(360, 740, True)
    page.open()
    check("so does the Tab key on a phone", tabbed(page.driver))
    page.js("document.querySelector('#contents > summary').click()")
    page.js("document.querySelector('nav a[href=\"#jwks\"]').click()")
    page.wait("document.getElementById('jwks').open")
    state = page.js("return document.getElementById('contents').open")
    check("on a phone the contents close behind the reader", [] if not state else "they stay open")
    page.size(1280, 900)


def less(results, page):
    """Without scripts, and without openapi.json."""
    check = results.check
    page.cdp("Emulation.setScriptExecutionDisabled", value=True)
    page.driver.get("about:blank")
    page.driver.get(page.base + "/docs")
    page.cdp("Emulation.setScriptExecutionDisabled", value=False)
    text = page.find("main").text
    wanted = ["Sign in with curl", "Put it on a shared host", "curl -sS $api/auth/verification/send-code", "scripts are off"]
    check("without scripts the tasks are there", [word for word in wanted if word not in text])
    page.cdp("Network.enable")
    page.cdp("Network.setBlockedURLs", urls=["*openapi.json"])
    page.open()
    text = page.find("main").text
    check("without openapi.json it says so", [] if "could not be loaded" in text else text[-200:])
    options = found(page, "shared host")
    check("and the tasks can be found", [] if options[:1] == ["Put it on a shared host Task"] else options)
    page.cdp("Network.setBlockedURLs", urls=[])
    page.driver.get_log("browser")


def run(results, page):
    addresses(results, page)
    search(results, page)
    search_by_keyboard(results, page)
    tabs(results, page)
    keyboard(results, page)
    results.check("the policy was never violated, and the log has no errors", page.complaints())
    less(results, page)


def without_storage(results, base):
    """The choice of a language where the browser stores nothing."""
    page = Page(base, blocks_storage=True)
    try:
        page.open("/docs#sendCode")
        page.js("document.querySelectorAll('#sendCode [role=tab]')[2].click()")
        shown = page.js("return document.querySelector('#jwks [role=tab][aria-selected=true]').textContent")
        results.check("without storage a choice of language holds too", [] if shown == "Python" else shown)
        results.check("without storage nothing fails", page.complaints())
    finally:
        page.quit()
