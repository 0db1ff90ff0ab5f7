"""What a page must offer people who cannot see it, see it poorly, or use a keyboard (WCAG 2.2 AA)."""

# The page's current faults, as sentences. Contrast is computed from the painted colours.
AUDIT = r"""
const faults = [];
const fault = (node, text) => faults.push(`${text}: ${node.outerHTML.slice(0, 120)}`);
const visible = (node) => node.checkVisibility({ checkVisibilityCSS: true }) && !node.closest("[inert]");
const modal = document.querySelector("dialog[open]");
const scope = modal ?? document.body;
const all = (css) => [...scope.querySelectorAll(css)].filter(visible);

const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) faults.push(`id ${id} is there twice`);
for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
  for (const node of document.querySelectorAll(`[${name}]`)) {
    for (const id of node.getAttribute(name).split(" ")) if (!document.getElementById(id)) fault(node, `${name} names nothing`);
  }
}
for (const node of document.querySelectorAll("[tabindex]")) if (node.tabIndex > 0) fault(node, "a positive tabindex");
for (const node of document.querySelectorAll("[style]")) fault(node, "a style attribute");

// Names
const nameOf = (node) => (node.getAttribute("aria-label")
  ?? (node.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ")
  ).trim() || [...node.labels ?? []].map((label) => label.textContent).join(" ").trim() || node.textContent.trim();
for (const node of all("a, button, input, select, textarea, [role=region], nav, dialog")) {
  const own = node.matches("input, select, textarea, [role=region], nav, dialog");
  const labelled = node.getAttribute("aria-label") || node.labels?.length || node.getAttribute("aria-labelledby");
  const name = own && !labelled ? "" : nameOf(node);
  if (!name) fault(node, "no name");
  if (node.matches("a, button") && !name.includes(node.textContent.trim())) fault(node, "the name lacks the text");
}
const names = all("button, a").map((node) => nameOf(node));
for (const name of new Set(names)) {
  const same = all("button, a").filter((node) => nameOf(node) === name && !node.matches(".brand"));
  const deeds = new Set(same.map((node) => node.getAttribute("href") ?? node.id ?? ""));
  if (same.length > 1 && deeds.size > 1 && !modal && name !== words.signout && name !== words.save)
    fault(same[1], `another has the name ${name}`);
}
for (const node of all("input[type=email]")) if (!node.autocomplete) fault(node, "no autocomplete");

// Structure
if (!modal) {
  const counts = [["main", 1, 1], ["header", 1, 1], ["h1", 1, 1], ["[role=status]", 1, 9], ["a.skip[href='#main']", 1, 1]];
  for (const [css, least, most] of counts) {
    const found = document.querySelectorAll(css).length;
    if (found < least || found > most) faults.push(`${found} of ${css}`);
  }
  for (const node of document.querySelectorAll("#app > *"))
    if (!node.matches("main, header, .skip")) fault(node, "outside of landmarks");
}
let level = modal ? 1 : 0;
for (const node of all("h1, h2, h3, h4")) {
  const next = Number(node.tagName[1]);
  if (next > level + 1) fault(node, `a heading after one of level ${level}`);
  if (!node.textContent.trim()) fault(node, "an empty heading");
  level = next;
}
for (const node of all("ul"))
  if ([...node.children].some((child) => child.tagName !== "LI")) fault(node, "a list with other children");
for (const node of all("svg")) if (node.getAttribute("aria-hidden") !== "true") fault(node, "an image without a name");
if (!document.title.includes("Latchkey")) faults.push("no title");

// Size of what is to be hit
for (const node of all("button, select, input, nav a, .button")) {
  const box = node.getBoundingClientRect();
  if (!node.matches(".skip") && node.type !== "checkbox" && (box.width < 24 || box.height < 24))
    fault(node, `only ${box.width}×${box.height}`);
}

// Contrast
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = ([r, g, b, a], below) => [r, g, b].map((value, i) => value * a + below[i] * (1 - a)).concat(1);
const ground = (node) => {
  const layers = [];
  for (let up = node; up; up = up.parentElement) {
    const color = rgba(getComputedStyle(up).backgroundColor);
    layers.push(color);
    if (color[3] === 1) break;
  }
  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
};
const light = (color) => color.slice(0, 3).map((value) => value / 255)
  .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => {
  const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};
const faded = (node) => {
  let opacity = 1;
  for (let up = node; up; up = up.parentElement) opacity *= Number(getComputedStyle(up).opacity);
  return opacity;
};
for (const node of all("*")) {
  const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())
    || node.matches("input:not([type=checkbox]), select, textarea");
  if (!own || node.matches("option, .skip, :disabled")) continue;
  const style = getComputedStyle(node);
  const below = ground(node);
  const color = rgba(style.color);
  const shown = over([...color.slice(0, 3), color[3] * faded(node)], below);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  const ratio = contrast(shown, below);
  if (ratio < (large ? 3 : 4.5)) fault(node, `text at ${ratio.toFixed(2)}`);
}
for (const node of all("input:not([type=checkbox]), select, textarea")) {
  const ratio = contrast(rgba(getComputedStyle(node).borderTopColor), ground(node.parentElement));
  if (ratio < 3) fault(node, `a border at ${ratio.toFixed(2)}`);
}
return faults;
"""


def audit(browser):
    words = {key: browser.t(key) for key in ("signout", "save")}
    return browser.js(f"const words = arguments[0];{AUDIT}", words)


def overflowing(browser):
    """How many pixels wider than the window the page is, and what sticks out."""
    return browser.js("""
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) {
  const cut = [...document.querySelectorAll("dialog[open], dialog[open] *, main *, header *")].filter((node) =>
    node.checkVisibility() && node.getBoundingClientRect().right > width + 0.5);
  return cut.map((node) => node.outerHTML.slice(0, 100));
}
return [`${document.documentElement.scrollWidth} of ${width}`];
""")
