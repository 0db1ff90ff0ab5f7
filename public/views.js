// The views: each gets the page's state, fetches the rest, and returns the content of <main>.

import { call } from "./api.js";
import {
  act, ago, badge, button, codeForm, copyButton, date, dialog, el, email, exact, facts, form, languages, line, pages, rows, section, t,
} from "./page.js";
import { steps, tryKey } from "./steps.js";

// The current page of each list, kept while the user is elsewhere.
const at = {};

const listed = (path, list) => `${path}?page=${at[list] ?? 1}&limit=10`;

const pagesOf = (state, list, { pagination }) => pages(pagination, (page) => {
  at[list] = page;
  return state.reload();
});

const head = (name, over, action) => el("div.head",
  el("div", over && el("p.over", over), el("h1", t(`nav.${name}`)), line(`${name}.text`)), action);

const list = (name, items, row) => (items.length ? rows(items, row) : line(`${name}.empty`, {}, { class: "empty" }));

async function save(state, path, body) {
  await call("PATCH", path, { body });
  await state.changed();
}

const title = (name, ...more) => el("div.title", el("strong", name), more);

const actions = (...buttons) => el("div.actions", buttons);

// The account lists its first 100 projects; another one is added when it is shown.
const add = ({ me }, { id, name }) => me.projects.some((one) => one.id === id) || me.projects.push({ id, name });

export async function keys(state, project) {
  if (!state.me.projects.some(({ id }) => id === project)) add(state, await call("GET", `/projects/${project}`));
  const shown = await call("GET", listed("/auth/api-keys/", project), { project });
  const days = { name: "expires_in_days", type: "number", min: 1, max: 3650, value: "90" };
  const create = act("keys.create", { kind: "primary", fields: keyFields({ scopes: null }, days) }, async (values) => {
    const made = await call("POST", "/auth/api-keys/", { project, body: withScopes(values) });
    at[project] = 1;
    return () => showKey(state, made);
  });
  const name = state.me.projects.find(({ id }) => id === project)?.name;
  return [
    head("keys", name, create),
    steps(state, name, shown),
    list("keys", shown.items, (key) => keyRow(state, project, key, shown.items)),
    pagesOf(state, project, shown),
  ];
}

// Keys may share a name, for example after a rotation: the prefix distinguishes them.
const named = ({ name, prefix }) => [el("strong", name), " ", el("code", `${prefix}…`)];

function keyRow(state, project, key, all) {
  const { id, name, prefix, scopes, expires_at: expiry, last_used_at: used, replaced_by: next } = key;
  const path = `/auth/api-keys/${id}`;
  const expired = expiry && new Date(expiry) < new Date();
  const about = { id, item: `${name} ${prefix}…`, values: { name }, about: () => named(key) };
  const successor = all.find((other) => other.id === next);
  return [
    title(name, badge(t(key.is_active ? "key.active" : expired ? "key.expired" : "key.inactive"), key.is_active && "good"),
      el("code", `${prefix}…`)),
    facts("scopes", scopes ? scopes.join(" ") || t("none") : t("all"), "used", used ? ago(used) : t("unused"),
      "expires", expiry ? date(expiry) : t("never"), "created", date(key.created_at),
      ...(next ? ["replaced_by", successor ? named(successor) : el("code", next)] : [])),
    key.is_active && actions(
      act("edit", { ...about, fields: keyFields(key), submit: "save" },
        (values) => call("PATCH", path, { project, body: withScopes(values) })),
      act("key.rotate", { ...about, fields: [{ name: "overlap_days", type: "number", min: 0, max: 30, value: "1" }] },
        async (body) => {
          const made = await call("POST", `${path}/rotate`, { project, body });
          return () => showKey(state, made);
        }),
      act("key.deactivate", { ...about, danger: true }, () => call("DELETE", path, { project }))),
  ];
}

function keyFields({ name, scopes }, more) {
  const these = { name: "scopes", value: scopes?.join(" "), disabled: !scopes, ...exact };
  const all = {
    name: "all", type: "checkbox", value: !scopes, onchange: ({ target }) => { these.input.disabled = target.checked; },
  };
  return [{ name: "name", value: name, maxlength: 255 }, more, all, these];
}

const withScopes = ({ all, scopes, ...rest }) => ({ ...rest, scopes: all ? null : scopes.split(/[\s,]+/).filter(Boolean) });

// The whole key is shown only here: Escape does not close the dialog.
async function showKey(state, made) {
  const { name, full_key: key } = made;
  await state.reload();
  dialog(t("key.shown", { name }), (close) => [
    el("p", named(made)), el("p", t("key.shown.text")),
    el("div.secret",
      el("input", { readonly: true, value: key, "aria-labelledby": "dialog-title", id: "secret", onfocus: ({ target }) => target.select() }),
      copyButton(key)),
    tryKey(key),
    el("div.buttons", button(t("key.kept"), close, { class: "primary" })),
  ], true);
}

export async function projects(state) {
  // New invitations may have arrived.
  const [shown] = await Promise.all([call("GET", listed("/projects", "projects")), state.load()]);
  const create = act("projects.create", { kind: "primary", fields: projectFields({}) }, async (values) => {
    const { id } = await call("POST", "/projects", { body: details(values) });
    await state.load();
    return () => { location.hash = `#/projects/${id}/keys`; };
  });
  return [
    head("projects", null, create),
    state.me.projects.length === 0 && steps(state),
    state.invitations.length > 0 && section("invitations", rows(state.invitations, invitationRow)),
    list("projects", shown.items, (project) => projectRow(state, project)),
    pagesOf(state, "projects", shown),
  ];
}

const roleBadge = (role) => badge(t(`role.${role}`));

const ownRole = (state, { members }) => members.find((member) => member.user_id === state.me.id)?.role;

function projectRow(state, project) {
  const { id, name, description, members, created_at: created } = project;
  return [
    title(el("a", { href: `#/projects/${id}/keys` }, name), roleBadge(ownRole(state, project))),
    description && el("p.text", description),
    facts("members", members.filter(({ role }) => role !== "invited").length, "created", date(created)),
    actions(el("a.button.quiet", { href: `#/projects/${id}`, "aria-label": `${t("manage")}: ${name}` }, t("manage"))),
  ];
}

function invitationRow({ id, project, role, invited_by: by, created_at: created }) {
  const about = { id, item: project.name, values: { project: project.name, role: t(`role.${role}`) } };
  return [
    title(project.name, roleBadge(role)),
    facts("invited_by", by, "invited_at", ago(created)),
    actions(
      act("invitation.accept", about, () => call("POST", `/projects/invitations/${id}/accept`, { body: {} })),
      act("invitation.decline", { ...about, danger: true }, () => call("DELETE", `/projects/invitations/${id}`))),
  ];
}

const projectFields = ({ name, description }) => [
  { name: "name", value: name, maxlength: 255 },
  { name: "description", type: "textarea", value: description, maxlength: 2000 },
];

const details = ({ name, description }) => ({ name, description: description || null });

export async function project(state, id) {
  const [shown] = await Promise.all([call("GET", `/projects/${id}`), state.load()]);
  add(state, shown);
  state.project = id;
  const { name, description, members } = shown;
  const role = ownRole(state, shown);
  const manages = role !== "member";
  const path = `/projects/${id}`;
  const left = async () => {
    await state.load();
    return () => { location.hash = "#/projects"; };
  };
  return [
    head("project", name),
    section("general", manages
      ? form({ fields: projectFields(shown), submit: t("save") }, (values) => save(state, path, details(values)))
      : facts("name", name, "description", description ?? "–")),
    section("members",
      manages && act("invite", { fields: [email("email"), roleField(role, "member")] },
        (body) => call("POST", `${path}/members`, { body })),
      rows(members, (member) => memberRow(state, path, role, member))),
    section("leave", act("leave", { danger: true, values: { name } }, async () => {
      await call("DELETE", `${path}/members/${state.me.id}`);
      return left();
    })),
    role === "owner" && section("project.delete", act("project.delete", { danger: true, values: { name } }, async () => {
      await call("DELETE", path);
      return left();
    })),
  ];
}

// Only an owner can make another member an owner.
const roleField = (own, value) => ({
  name: "role", type: "select", value,
  options: ["member", "admin", "owner"].slice(0, own === "owner" ? 3 : 2).map((role) => [role, t(`role.${role}`)]),
});

function memberRow(state, project, own, { user_id: user, email: item, full_name: name, role, invitation_id: invitation }) {
  const id = user ?? invitation;
  const path = `${project}/members/${id}`;
  const isMe = user === state.me.id;
  const about = { id, item, values: { email: item } };
  return [
    title(name ?? item, roleBadge(role), isMe && badge(t("you"), "good")),
    name && el("p.text", item),
    (own === "owner" || (own === "admin" && role !== "owner")) && actions(
      user && act("member.change", { ...about, fields: [roleField(own, role)], submit: "save" }, (body) => call("PATCH", path, { body })),
      !isMe && act(user ? "member.remove" : "member.withdraw", { ...about, danger: true }, () => call("DELETE", path))),
  ];
}

export async function account(state) {
  await state.load();
  const { me, preferences } = state;
  const patch = (body) => save(state, "/auth/users/me", body);
  return [
    head("account"),
    section("profile", form({
      fields: [{ name: "full_name", value: me.full_name, maxlength: 255, autocomplete: "name" }], submit: t("save"),
    }, ({ full_name: name }) => patch({ full_name: name || null }))),
    section("address", facts("email", me.email), act("address.change", { fields: [email("new_email")], submit: "code.send" },
      async ({ new_email: address }) => {
        // Each of the two addresses gets a code: the change needs both.
        const send = () => call("POST", "/auth/users/me/email", { body: { email: address } });
        const label = (email) => t("code.mailed", { email });
        return coded("address.change", {
          text: t("address.codes"), sent: await send(), send, label: label(address), more: [{ name: "current_code", label: label(me.email) }],
        }, async (codes) => {
          await call("POST", "/auth/users/me/email/confirm", { body: { email: address, ...codes } });
          return state.changed;
        });
      })),
    preferences && section("preferences", form({
      fields: [
        { name: "locale", type: "select", value: preferences.locale ?? "", options: [["", t("locale.auto")], ...Object.entries(languages)] },
        { name: "sign_in", type: "checkbox", value: preferences.notices.sign_in },
        { name: "key_expiry", type: "checkbox", value: preferences.notices.key_expiry },
      ],
      submit: t("save"),
    }, ({ locale, ...notices }) => patch({ locale: locale || null, notices }))),
    section("delete", act("delete", { danger: true, values: { email: me.email }, submit: "code.send" }, async () => {
      const send = () => call("POST", "/auth/users/me/deletion-code", { body: {} });
      // A code that was sent a moment ago still works.
      const sent = await send().catch((refusal) => {
        if (refusal.status !== 429) throw refusal;
        return { resend_after: refusal.wait, earlier: true };
      });
      const text = t(sent.earlier ? "code.have" : "code.text", { email: me.email });
      return coded("delete", { text, sent, send, danger: true }, async ({ code }) => {
        await call("DELETE", "/auth/users/me", { code });
        return state.gone;
      });
    })),
  ];
}

// Returns a function that opens a dialog for mailed codes.
const coded = (key, { text, sent, ...rest }, action) => () => dialog(t(key), (close) => [
  el("p", text),
  codeForm({ wait: sent.resend_after, submit: t(key), cancel: close, ...rest }, async (codes) => {
    const then = await action(codes);
    close();
    await then();
  }),
]);

export async function sessions(state) {
  const shown = await call("GET", listed("/auth/sessions", "sessions"));
  const row = (session) => sessionRow(state, session);
  const own = shown.items.filter(({ current }) => current);
  const others = shown.items.filter(({ current }) => !current);
  return [
    head("sessions"),
    own.length > 0 && section("current", rows(own, row)),
    section("others", others.length > 0 && act("sessions.end", { danger: true }, async () => {
      await call("POST", "/auth/sessions/revoke-others", { body: {} });
      at.sessions = 1;
    }), list("others", others, row), pagesOf(state, "sessions", shown)),
  ];
}

function sessionRow(state, { id, created_at: since, last_used_at: used, expires_at: expiry, ip, user_agent: agent, current }) {
  const item = device(agent);
  return [
    title(item),
    facts("ip", ip ?? "–", "active", ago(used), "since", date(since), "expires", date(expiry)),
    actions(current
      ? button(t("signout"), state.leave, { class: "quiet" })
      : act("session.end", { id, item, values: { device: item }, danger: true }, () => call("DELETE", `/auth/sessions/${id}`))),
  ];
}

// The first match counts: browsers also name the browsers that they are derived from.
const devices = [
  [["Edg", "Edge"], ["Firefox"], ["FxiOS", "Firefox"], ["Chrome"], ["CriOS", "Chrome"], ["Safari"], ["curl"]],
  [["Windows"], ["Android"], ["iPhone"], ["iPad"], ["Mac OS X", "macOS"], ["Linux"]],
];

function device(agent) {
  const found = devices.map((names) => names.find(([sign]) => agent?.includes(sign))?.at(-1));
  return found.filter(Boolean).join(" · ") || agent || t("unknown");
}
