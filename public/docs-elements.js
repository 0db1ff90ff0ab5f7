// The parts of the page at /docs: elements, texts, and samples in tabs. Every text is set as text, never as HTML.

// A new element: attributes, then children, which are elements, texts, or nothing.
export function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Text with `code` in it.
export const words = (text) => (text ?? "").split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));

export const paragraphs = (text) => (text ?? "").split("\n\n").filter(Boolean).map((part) => make("p", {}, words(part)));

export const block = (text) => make("pre", {}, make("code", {}, text));

// Says `text` to a screen reader.
export function say(text) {
  document.getElementById("status").textContent = text;
}

// A button that copies the text of the element that `shown()` returns.
export function copyButton(label, shown) {
  const button = make("button", { type: "button", class: "copy", "aria-label": `Copy: ${label}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(shown().textContent);
      button.textContent = "Copied";
      say("Copied.");
    } catch {
      // Without TLS, browsers offer the clipboard only on localhost, and they can refuse it.
      getSelection().selectAllChildren(shown());
      button.textContent = "Selected";
      say("The browser did not copy it. The text is selected: copy it by hand.");
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return button;
}

const NAMES = { curl: "curl", javascript: "JavaScript", python: "Python" };
const KEY = "latchkey.docs.language";

// Where the browser blocks storage, the choice lasts until the page is reloaded.
let language = (() => {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
})();

// For each group of tabs, the function that shows another language.
const groups = [];

// Shows the language `next` in all groups, and keeps `anchor` at its place on the screen.
function choose(next, anchor) {
  language = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // The choice stays in memory.
  }
  const before = anchor.getBoundingClientRect().top;
  for (const show of groups) show(next);
  scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
}

let count = 0;

// One sample in several languages, as tabs. Each of `parts` is a language and its block; `label` describes the sample.
export function samples(label, parts) {
  const id = `samples-${count += 1}`;
  const list = make("div", { role: "tablist", "aria-label": `Language: ${label}` });
  const tabs = parts.map(([name]) => make("button", {
    type: "button", role: "tab", id: `${id}-${name}-tab`, "aria-controls": `${id}-${name}`,
  }, NAMES[name]));
  const panels = parts.map(([name, pre]) => make("div", {
    role: "tabpanel", id: `${id}-${name}`, "aria-labelledby": `${id}-${name}-tab`,
  }, pre));

  function show(wanted) {
    const index = Math.max(parts.findIndex(([name]) => name === wanted), 0);
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
      panels[i].hidden = i !== index;
    });
  }
  list.addEventListener("click", ({ target }) => {
    const index = tabs.indexOf(target);
    if (index >= 0) choose(parts[index][0], list);
  });
  list.addEventListener("keydown", (event) => {
    const here = tabs.indexOf(document.activeElement);
    const step = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (step === undefined || here < 0) return;
    event.preventDefault();
    const next = (step + tabs.length) % tabs.length;
    choose(parts[next][0], list);
    tabs[next].focus();
  });
  groups.push(show);
  show(language);
  list.append(...tabs);
  const shown = () => panels.find((panel) => !panel.hidden).querySelector("code");
  return make("div", { class: "samples" }, make("div", { class: "bar" }, list, copyButton(label, shown)), panels);
}

const KINDS = { sh: "Shell", html: "HTML" };

// Turns the samples in docs.html into tabs, and puts the address of this service into them.
export function enhance() {
  for (const group of document.querySelectorAll("main .samples")) {
    const blocks = [...group.querySelectorAll("pre")];
    for (const pre of blocks) {
      const code = pre.querySelector("code");
      code.textContent = code.textContent.replaceAll("http://localhost:8000", location.origin);
    }
    if (blocks.length > 1) {
      group.replaceWith(samples(group.dataset.label, blocks.map((pre) => [pre.dataset.language, pre])));
    } else {
      const [pre] = blocks;
      const task = pre.closest(".task");
      const number = [...task.querySelectorAll(".samples")].indexOf(group) + 1;
      group.prepend(make("div", { class: "bar" }, make("span", { class: "kind" }, KINDS[pre.dataset.language]),
        copyButton(`${task.querySelector("h2").textContent}, sample ${number}`, () => pre.querySelector("code"))));
    }
  }
}
