// The console: signing in, which view is shown, and the frame around it.

import { adopt, call, events, forget, isSignedIn, open, own, signOut, storage } from "./api.js";
import {
  afterwards, alert, badge, button, codeForm, el, email, fill, form, language, languages, option, refusalText, retype, say, speak, t,
  typed,
} from "./page.js";
import { requests } from "./requests.js";
import { account, keys, project, projects, sessions } from "./views.js";

const app = document.getElementById("app");

// The user's data, and the functions that views may call. `project` is the id of the chosen project.
const state = { invitations: [], load, reload, changed, leave, gone };
afterwards(changed);

const guesses = () => [own.get("language"), ...navigator.languages];

// How often the user chose a language, and how many choices are in progress: an earlier request does not undo a choice.
let choices = 0;
let choosing = 0;

async function load() {
  const before = choosing ? -1 : choices;
  // The page also works without the last two.
  const optional = (path) => call("GET", path).catch(() => null);
  const [me, preferences, invitations] = await Promise.all([
    call("GET", "/auth/users/me"), optional("/auth/users/me/preferences"), optional("/projects/invitations?limit=100"),
  ]);
  Object.assign(state, { me, preferences, invitations: invitations?.items ?? [] });
  if (!me.projects.some(({ id }) => id === state.project)) state.project = me.projects[0]?.id;
  // If the words do not load, the page keeps its language.
  if (before === choices) await speak(preferences?.locale, ...guesses()).catch((refusal) => say(refusalText(refusal)));
}

const views = { keys, project, projects, account, sessions, requests };

const keysOf = (id) => (id ? `#/projects/${id}/keys` : "#/projects");

// `#/projects/{id}/keys`, `#/projects/{id}`, `#/{name}`
function place() {
  const [, name, id, part] = location.hash.split("/");
  return id ? [part === "keys" ? "keys" : "project", id] : [name];
}

// Draws the current view again and keeps the focus. `sent`: because the user sent one of its forms.
function reload({ sent } = {}) {
  return route({ focus: document.activeElement.id, sent });
}

async function changed() {
  await reload({ sent: true });
  say(t("done"));
}

let turn = 0;

async function route({ focus, sent } = {}) {
  const mine = turn += 1;
  const [name, id] = place();
  if (!isSignedIn() && name !== "requests") return step({ focus });
  if (!Object.hasOwn(views, name) || (/^(keys|project)$/.test(name) && !id)) {
    history.replaceState(null, "", keysOf(state.project));
    return route();
  }
  if (id) state.project = id;
  document.getElementById("main")?.setAttribute("aria-busy", "true");
  let content;
  try {
    content = await views[name](state, id);
  } catch (refusal) {
    if (!isSignedIn()) return;
    content = [el("h1", t(`nav.${name}`)), alert(refusalText(refusal)), button(t("retry"), () => route())];
  }
  if (mine !== turn) return;
  frame(`${name} ${id}`, name, content, sent);
  // In another view the focused element no longer exists: the heading gets the focus.
  const target = focus && document.getElementById(focus);
  (target || heading()).focus({ preventScroll: Boolean(focus) });
  if (!focus) scrollTo(0, 0);
}

function heading() {
  const node = app.querySelector("h1");
  node.tabIndex = -1;
  return node;
}

const icons = {
  keys: "M11 13l9-9m-4 4l3 3M7.5 20a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9z",
  project: "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 20a7 7 0 0 1 14 0M16 3a4 4 0 0 1 0 8M19 14a7 7 0 0 1 3 6",
  projects: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
  account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
  sessions: "M3 5h18v11H3zM8 20h8M12 16v4",
  requests: "M5 17l5-5-5-5M12 18h7",
  docs: "M5 3h14v18H5zM9 8h6M9 12h6",
};

function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", icons[name]);
  svg.append(path);
  return svg;
}

const link = (name, href, current, extra) => el("li",
  el("a", { href, "aria-current": name === current && "page" }, icon(name), t(`nav.${name}`), extra));

let saving;

// The last choice wins, on the page and in the service.
async function choose({ target: { value } }) {
  const mine = choices += 1;
  choosing += 1;
  try {
    if (!await speak(value)) return;
    if (state.preferences) {
      await saving;
      if (mine !== choices) return;
      saving = call("PATCH", "/auth/users/me", { body: { locale: value } }).catch((refusal) => say(refusalText(refusal)));
      await saving;
    } else own.set("language", value);
  } catch (refusal) {
    say(refusalText(refusal));
  } finally {
    choosing -= 1;
  }
  if (mine === choices) await reload();
}

const languageSelect = () => el("select", {
  id: "language", "aria-label": t("locale"), onchange: choose,
}, Object.entries(languages).map(([code, name]) => option(code, name, code === language)));

const menu = () => button(t("menu"), ({ target }) => { target.ariaExpanded = target.ariaExpanded !== "true"; },
  { id: "menu", "aria-expanded": "false", "aria-controls": "side" });

function side(current) {
  const { me, project: chosen, invitations } = state;
  return el("div", { id: "side" },
    el("nav", { "aria-label": t("nav") },
      chosen && [
        el("div.field", el("label", { for: "choice" }, t("project")),
          el("select", { id: "choice", onchange: ({ target }) => { location.hash = keysOf(target.value); } },
            me.projects.map(({ id, name }) => option(id, name, id === chosen)))),
        el("ul", link("keys", keysOf(chosen), current), link("project", `#/projects/${chosen}`, current)),
      ],
      el("ul",
        link("projects", "#/projects", current, invitations.length > 0 && badge(invitations.length, "count")),
        link("account", "#/account", current), link("sessions", "#/sessions", current),
        link("requests", "#/requests", current), link("docs", "docs"))),
    el("div.who", el("p", me.email), languageSelect(), button(t("signout"), leave, { id: "signout" })));
}

let drawn;
let kept = new Map();

function frame(view, current, content, sent) {
  kept = view === drawn ? typed(document.getElementById("main"), kept, sent) : new Map();
  drawn = view;
  app.className = state.me ? "member" : "";
  const skip = (event) => {
    event.preventDefault();
    heading().focus();
  };
  fill(app,
    el("a.skip", { href: "#main", onclick: skip }, t("skip")),
    el("header", el("a.brand", { href: "#/" }, el("img", { src: "icon.svg", alt: "" }), "Latchkey"),
      state.me ? [menu(), side(current)] : languageSelect()),
    el("main", { id: "main" }, !storage.works && el("p.note", t("storage.blocked")), content));
  retype(document.getElementById("main"), kept);
  document.title = `${heading().textContent} · Latchkey`;
}

function card(view, focus, title, ...content) {
  frame(view, "", el("div.card", el("h1", title), content));
  (document.getElementById(focus) ?? app.querySelector("input, .primary")).focus();
}

let notice = "";

// The view of visitors: signIn or enterCode.
let step = signIn;

const send = (address) => open("send-code", { email: address });

function signIn({ address, focus } = {}) {
  step = signIn;
  own.set("code", null);
  const field = email("email", { value: address, autocomplete: "email" });
  card("signin", focus, t("signin"), el("p", t("signin.text")), notice && el("p.note", { role: "alert" }, notice), form({
    fields: [field], submit: t("code.send"),
    extra: button(t("signin.have"), () => {
      const { input, fault } = field;
      const isAddress = input.value && input.validity.valid;
      input.ariaInvalid = isAddress ? null : "true";
      fill(fault, !isAddress && t("fault.email"));
      if (isAddress) enterCode({ address: input.value.trim() });
      else input.focus();
    }, { class: "link" }),
  }, async (values) => {
    const { resend_after: wait } = await send(values.email);
    enterCode({ address: values.email, sent: true, until: Date.now() + wait * 1000 });
  }));
  notice = "";
}

// `sent`: whether the user asked for a code; `until`: when they may ask again. A reload of the page returns here.
function enterCode(entry, focus = "") {
  const { address, sent, until = 0 } = entry;
  const update = (more) => {
    Object.assign(entry, more);
    own.set("code", entry);
  };
  update();
  step = (again = {}) => enterCode(entry, again.focus);
  card("code", focus, t("signin.code"), el("p", t(sent ? "signin.sent" : "code.have", { email: address })),
    codeForm({
      wait: Math.max(until - Date.now(), 0) / 1000, submit: t("signin"),
      send: async () => {
        const answer = await send(address);
        update({ sent: true, until: Date.now() + answer.resend_after * 1000 });
        return answer;
      },
    }, async ({ code }) => {
      adopt(await open("verify-code", { email: address, code }));
      own.set("code", null);
      await start();
    }), button(t("signin.back"), () => signIn({ address }), { class: "link" }));
}

async function leave() {
  notice = t("signedout");
  await signOut().catch((refusal) => { notice = refusalText(refusal); });
  left();
}

function gone() {
  forget();
  notice = t("gone");
  left();
}

function left() {
  Object.assign(state, { me: null, preferences: null, invitations: [], project: null });
  step = signIn;
  for (const node of document.querySelectorAll("dialog")) node.close();
  history.replaceState(null, "", "#/");
  route();
}

events.addEventListener("ended", ({ detail }) => {
  notice = t(detail);
  left();
});

// Another tab signed in.
events.addEventListener("began", () => {
  own.set("code", null);
  Object.assign(state, { me: null, preferences: null, invitations: [], project: null });
  start();
});

async function start() {
  try {
    await load();
  } catch (refusal) {
    if (isSignedIn()) {
      card("", "", "Latchkey", alert(refusalText(refusal)), el("div.buttons",
        button(t("signout"), leave), button(t("retry"), start, { class: "primary" })));
    }
    return;
  }
  await route();
}

async function begin() {
  try {
    await speak(...guesses()).catch(() => speak("en"));
  } catch {
    // No language could be loaded.
    fill(app, el("main", el("h1", "Latchkey"), alert("The console could not be loaded. Check your connection and try again."),
      button("Try again", () => location.reload())));
    return;
  }
  const entry = own.get("code");
  if (entry?.address) step = ({ focus } = {}) => enterCode(entry, focus);
  addEventListener("hashchange", () => route());
  await (isSignedIn() ? start() : route());
}

await begin();
