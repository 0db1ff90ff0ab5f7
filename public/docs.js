// The page at /docs. Its tasks are in docs.html. This script builds the reference from openapi.json, and opens what an
// address names.

import { enhance, make } from "./docs-elements.js";
import { reference } from "./docs-reference.js";
import { searchField } from "./docs-search.js";

// Opens the element with this id, and moves to it.
function open(id) {
  const target = document.getElementById(id);
  if (!target) return;
  for (let up = target.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
  for (const link of document.querySelectorAll("nav a[aria-current]")) link.removeAttribute("aria-current");
  document.querySelector(`nav a[href="#${CSS.escape(id)}"]`)?.setAttribute("aria-current", "true");
  // The keyboard focus moves there, too.
  const stop = target.querySelector(":scope > summary") ?? target;
  if (stop.tabIndex < 0) stop.tabIndex = -1;
  target.scrollIntoView({ behavior: "instant" });
  stop.focus({ preventScroll: true });
}

const here = () => decodeURIComponent(location.hash.slice(1));

function go(id) {
  if (here() === id) open(id);
  else location.hash = id;
}

const isNarrow = matchMedia("(max-width: 60rem)");

function contents(sections) {
  document.getElementById("list").replaceChildren(...sections.flatMap(([title, links]) => [
    make("h2", {}, title), make("ul", {}, links.map(([id, text]) => make("li", {}, make("a", { href: `#${id}` }, text))))]));
}

async function load(found) {
  const body = document.getElementById("reference-body");
  try {
    const response = await fetch("openapi.json", { signal: AbortSignal.timeout(60000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const api = await response.json();
    const made = reference(api);
    document.getElementById("version").textContent = api.info.version;
    body.replaceChildren(...made.elements);
    contents(made.contents);
    found(made);
  } catch (error) {
    document.getElementById("state").textContent = `The reference could not be loaded: ${error.message}. Reload the page to try again.`;
  }
  body.removeAttribute("aria-busy");
}

function listen() {
  addEventListener("hashchange", () => open(here()));
  document.addEventListener("click", ({ target }) => {
    const link = target.closest("a[href^='#']");
    if (link) {
      // On a phone, the open contents would cover the target.
      if (link.closest("nav") && isNarrow.matches) document.getElementById("contents").open = false;
      // Browsers send no event if the address stays the same.
      if (link.getAttribute("href") === location.hash) open(here());
    }
    // The address bar shows what the reader has opened.
    const details = target.closest("summary")?.parentElement;
    if (details?.id && details.id !== "contents" && !details.open) history.replaceState(null, "", `#${details.id}`);
  });
}

if (isNarrow.matches) document.getElementById("contents").open = false;
enhance();
listen();
await load(searchField(go));
if (here()) open(here());
