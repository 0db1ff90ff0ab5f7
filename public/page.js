// The parts of the views: words, elements, forms, dialogs, lists.

import { Refusal, later, locate } from "./api.js";

export const languages = { en: "English", de: "Deutsch", fr: "Français", es: "Español", ja: "日本語", zh: "中文" };

let words = {};
export let language;
let asked = 0;

// Switches to the first of `wanted` that the page has, once its words have loaded. Returns whether it did: the last call
// wins, and after a failure the page keeps its language.
export async function speak(...wanted) {
  const mine = asked += 1;
  const next = wanted.map((tag) => String(tag).slice(0, 2).toLowerCase()).find((tag) => tag in languages) ?? "en";
  if (next === language) return true;
  let found;
  try {
    found = await (await fetch(locate(`languages/${next}.json`), { signal: AbortSignal.timeout(60000) })).json();
  } catch {
    throw new Refusal({ status: 0, headers: {} });
  }
  if (mine !== asked) return false;
  language = next;
  words = found;
  document.documentElement.lang = next;
  return true;
}

export const t = (key, values) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

const has = (key) => key in words;

// An element: tag and classes, then attributes, then its content. Text is always set as text, never as HTML.
export function el(tag, ...children) {
  const [kind, ...classes] = tag.split(".");
  const node = document.createElement(kind);
  if (classes.length) node.className = classes.join(" ");
  const attributes = children[0]?.constructor === Object ? children.shift() : {};
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value || value === 0 || value === "") node.setAttribute(name, value === true ? "" : value);
  }
  fill(node, children);
  return node;
}

// A paragraph, if the language file has the key.
export const line = (key, values, attributes = {}) => has(key) && el("p", attributes, t(key, values));

export function fill(node, ...children) {
  node.replaceChildren(...children.flat(2).filter((child) => child || child === 0));
}

export function say(text) {
  const status = document.getElementById("status");
  fill(status, el("p", text));
  clearTimeout(say.timer);
  say.timer = later(() => fill(status), 6000);
}

export const date = (text, style = { dateStyle: "medium" }) => new Intl.DateTimeFormat(language, style).format(new Date(text));

const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function seconds(count) {
  const [unit, size] = units.find(([, size]) => count >= 2 * size) ?? units[3];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(Math.ceil(count / size));
}

export function ago(text) {
  const past = (Date.now() - new Date(text)) / 1000;
  const [unit, size] = units.find(([, size]) => past >= size && size > 1) ?? ["second", Infinity];
  return el("time", { datetime: text, title: date(text, { dateStyle: "medium", timeStyle: "medium" }) },
    new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-Math.floor(past / size) || 0, unit));
}

// The page's own sentence, if it has one; otherwise the service's message.
export function refusalText(refusal) {
  if (!(refusal instanceof Refusal)) {
    // A bug of the page: the browser's console shows where.
    reportError(refusal);
    return t("error.page");
  }
  const { code, wait, id = "–" } = refusal;
  const key = [`error.${code}`, code.startsWith("too_many_") && "error.too_many"].find(has);
  return key ? t(key, { time: seconds(wait || 60), id }) : refusal.message;
}

function faultText(type, field) {
  if (type === "missing" || type === "string_too_short") return t("fault.missing");
  if (field.type === "email") return t("fault.email");
  return field.max ? t("fault.number", field) : t("fault.other");
}

export const alert = (text) => el("p.alert", { role: "alert" }, text);

// A button that runs `action` on a click, one run at a time, and shows a refusal.
export function button(text, action, attributes = {}) {
  async function run(event) {
    if (node.ariaBusy || node.ariaDisabled === "true") return;
    node.ariaBusy = "true";
    try {
      await action(event);
    } catch (refusal) {
      say(refusalText(refusal));
    } finally {
      node.ariaBusy = null;
    }
  }
  const node = el("button", { type: "button", onclick: run, ...attributes }, text);
  return node;
}

export function copyButton(text, attributes) {
  return button(t("copy"), async ({ target }) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without TLS only localhost has a clipboard, and a browser may refuse it.
      const source = target.closest(".secret, li").querySelector("#secret, .line");
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      say(t("copy.failed"));
      return;
    }
    target.textContent = t("copied");
    later(() => { target.textContent = t("copy"); }, 2000);
    say(t("copied"));
  }, { class: "quiet", ...attributes });
}

export const option = (value, text, selected) => el("option", { value, selected }, text);

export const exact = { autocapitalize: "none", spellcheck: "false" };

export const email = (name, more) => ({ name, type: "email", ...exact, ...more });

let count = 0;

// One control, labelled `label` or the word for its name. Adds its `input` and `fault` to `field`.
function control(field) {
  const { name, label = t(name), type = "text", value, options, ...attributes } = field;
  const id = `field-${count += 1}`;
  const hint = line(`${name}.hint`, {}, { class: "hint", id: `${id}-hint` });
  const common = { id, name, autocomplete: "off", "aria-describedby": `${hint ? `${id}-hint ` : ""}${id}-fault`, ...attributes };
  let input;
  if (type === "select") input = el("select", common, options.map(([key, text]) => option(key, text, key === value)));
  else if (type === "textarea") input = el("textarea", { rows: 3, ...common }, value);
  else if (type === "checkbox") input = el("input", { type, checked: value, ...common });
  else if (type === "number") input = el("input", { inputmode: "numeric", value, ...common });
  else input = el("input", { type, value, ...common });
  field.input = input;
  field.fault = el("p.fault", { id: `${id}-fault` });
  return el("div", { class: `field field-${type}` }, el("label", { for: id }, label), hint, input, field.fault);
}

function read({ type, input }) {
  if (type === "checkbox") return input.checked;
  const text = input.value.trim();
  // Text that is not a number is sent unchanged, so that the service refuses it. It never counts as "none".
  if (type === "number" && /^\d*$/.test(text)) return text ? Number(text) : null;
  return text;
}

// Unsent input stays when a view is drawn again, in another language or after another form was saved.
const controls = (root) => [...root.querySelectorAll("input, select, textarea")];

const spot = (node) => `${node.closest("section")?.getAttribute("aria-labelledby")} ${node.name || node.id}`;

function drawn(node) {
  if (node.type === "checkbox") return node.defaultChecked;
  if (node.options) return ([...node.options].find(({ defaultSelected }) => defaultSelected) ?? node.options[0])?.value;
  return node.defaultValue.replace(/\r\n?/g, "\n");
}

const value = (node) => (node.type === "checkbox" ? node.checked : node.value);

// Returns the input in `root` that differs from what was drawn, and the input of `before` that has no control there. With
// `sent`, leaves out the form that is being sent.
export function typed(root, before, sent) {
  const all = controls(root);
  const found = new Map(before);
  for (const node of all) found.delete(spot(node));
  for (const node of all) {
    if (value(node) !== drawn(node) && !(sent && node.form?.classList.contains("sending"))) found.set(spot(node), value(node));
  }
  return found;
}

export function retype(root, kept) {
  for (const node of controls(root)) {
    const value = kept.get(spot(node));
    if (node.type === "checkbox") node.checked = value ?? node.checked;
    else if (value !== undefined) node.value = value;
  }
}

// A form that runs `action` with its values, one run at a time, and shows the refusal.
export function form({ fields, submit, danger, cancel, extra }, action) {
  const shown = fields.filter(Boolean);
  const message = el("div.messages");
  const send = el("button", { type: "submit", class: danger ? "danger" : "primary" }, submit);
  async function run(event) {
    event.preventDefault();
    if (send.ariaDisabled) return;
    send.ariaDisabled = true;
    node.classList.add("sending");
    fill(message);
    for (const { input, fault } of shown) {
      input.ariaInvalid = null;
      fill(fault);
    }
    try {
      await action(Object.fromEntries(shown.map((field) => [field.name, read(field)])));
    } catch (refusal) {
      const text = refusalText(refusal);
      // The page's `new_email` is the service's `email`.
      const faulty = shown.filter((field) => {
        const found = refusal.faults?.find(({ loc }) => loc.includes(field.name) || loc.some((name) => field.name === `new_${name}`));
        if (found) {
          fill(field.fault, faultText(found.type, field));
          field.input.ariaInvalid = true;
        }
        return found;
      });
      fill(message, faulty.length === 0 && alert(text));
      (faulty[0]?.input ?? refusal.next ?? shown[0]?.input ?? send).focus();
    } finally {
      send.ariaDisabled = null;
      node.classList.remove("sending");
    }
  }
  const node = el("form", { novalidate: true, onsubmit: run }, shown.map(control), message,
    el("div.buttons", cancel && button(t("cancel"), cancel), send), extra);
  return node;
}

// A modal dialog with the content that `build(close)` returns. Escape does not close a `firm` one.
export function dialog(title, build, firm) {
  const opener = document.activeElement;
  const node = el("dialog", {
    "aria-labelledby": "dialog-title", closedby: firm ? "none" : "closerequest",
    oncancel: (event) => firm && event.preventDefault(),
    onclose: () => {
      node.remove();
      if (document.activeElement === document.body) opener.focus();
    },
  });
  fill(node, el("h2", { id: "dialog-title" }, title), build(() => node.close()));
  document.body.append(node);
  node.showModal();
}

let changed;

// Sets the function that follows an action that does not return its own.
export const afterwards = (then) => { changed = then; };

// A button that asks before it acts. `action(values)` may return a function, which runs after the dialog has closed.
export function act(key, { id = "", item, about, values, kind = item ? "quiet" : "", danger, fields = [], submit = key }, action) {
  return button(t(key), () => dialog(t(key), (close) => [about && el("p", about()), line(`${key}.text`, values),
    form({ fields, danger, submit: t(submit), cancel: close }, async (given) => {
      const then = await action(given);
      close();
      await (typeof then === "function" ? then : changed)();
    })]), { id: key + id, class: danger ? `${kind} danger` : kind, "aria-label": item && `${t(key)}: ${item}` });
}

// A form for a mailed code, with a button for the next one: `send()` returns `resend_after`. `more`: fields for more codes.
export function codeForm({ wait, send, label, more = [], ...rest }, action) {
  const note = el("div");
  const again = button("", async () => {
    fill(note);
    try {
      start((await send()).resend_after);
    } catch (refusal) {
      fill(note, alert(refusalText(refusal)));
      start(refusal.wait ?? 0);
      return;
    }
    fill(node.querySelector(".messages"));
    fill(note, el("p.note", { role: "status" }, t("code.sent")));
    again.className = "link";
    for (const { input } of fields) input.value = "";
    fields[0].input.focus();
  }, { class: "link" });
  let timer;
  function start(left) {
    clearTimeout(timer);
    const end = Date.now() + left * 1000;
    const tick = () => {
      const now = Math.ceil((end - Date.now()) / 1000);
      again.ariaDisabled = now > 0 || null;
      again.textContent = now > 0 ? t("code.wait", { time: seconds(now) }) : t("code.again");
      if (now > 0) timer = later(tick, 250);
    };
    tick();
  }
  start(wait);
  const fields = [{ name: "code", label }, ...more].map((field) => ({ inputmode: "numeric", autocomplete: "one-time-code", ...field }));
  // Only digits count, including the full-width ones of East Asian keyboards.
  const digits = (text) => text.normalize("NFKC").replace(/\D/g, "");
  const node = form({ ...rest, fields, extra: [again, note] }, async (values) => {
    fill(note);
    try {
      await action(Object.fromEntries(Object.entries(values).map(([name, text]) => [name, digits(text)])));
    } catch (refusal) {
      // The code has no attempts left: only a new one helps.
      if (refusal.code === "code_exhausted") {
        again.className = "primary";
        refusal.next = again;
      }
      throw refusal;
    }
  });
  return node;
}

export const section = (name, ...children) => el("section", { "aria-labelledby": `section-${name}` },
  el("div.about", el("h2", { id: `section-${name}` }, t(name)), line(`${name}.about`)), children);

export const rows = (items, row) => el("ul.rows", items.map((item) => el("li", row(item))));

// Alternating names and values.
export const facts = (...all) => el("dl.facts", all.map((name, index) =>
  index % 2 === 0 && el("div", el("dt", t(name)), el("dd", all[index + 1]))));

export const badge = (text, kind) => el(`span.badge.${kind || "plain"}`, text);

export function pages({ page, pages: last }, go) {
  const step = (key, to) => {
    const none = to < 1 || to > last;
    return button(t(key), () => go(to), { id: key, "aria-disabled": none && "true" });
  };
  return (last > 1 || page > 1) && el("nav.pages", { "aria-label": t("pages") },
    step("previous", page - 1), el("span", t("pages.of", { page, pages: last })), step("next", page + 1));
}
