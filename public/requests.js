// Shows every request of the page as a curl command, and an editor that sends any other.

import { adopt, events, exchange, locate, records, unveiled } from "./api.js";
import { badge, button, copyButton, date, el, exact, fill, form, option, rows, say, section, t } from "./page.js";

const methods = ["GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"];

let api;

// The operations in openapi.json, as `[method, path, operation]`; none if it does not load, and the next call tries again.
async function operations() {
  api ??= await fetch(locate("openapi.json"), { signal: AbortSignal.timeout(60000) }).then((answer) => answer.json()).catch(() => null);
  return Object.entries(api?.paths ?? {}).flatMap(([path, item]) =>
    methods.filter((method) => item[method.toLowerCase()]).map((method) => [method, path, item[method.toLowerCase()]]));
}

const resolved = (part) => (part.$ref ? part.$ref.split("/").slice(1).reduce((node, name) => node[name], api) : part);

// The first example of an operation, filled in with the user's data.
function sample({ me, project = "{project_id}" }, [method, path, { security = [], parameters = [], requestBody }]) {
  const lines = parameters.map(resolved).filter((one) => one.in === "header")
    .map(({ name, example }) => `${name}: ${name === "x-project-id" ? project : example}`);
  if (security[0]?.apiKey) lines.unshift("x-api-key: ");
  if (security[0]?.bearer) lines.unshift("Authorization: Bearer $TOKEN");
  let body;
  if (requestBody) {
    lines.push("Content-Type: application/json");
    const [{ value }] = Object.values(requestBody.content["application/json"].examples);
    body = JSON.stringify(value, (name, text) => ({ refresh_token: "$REFRESH_TOKEN", user_uuid: me?.id })[name] ?? text);
  }
  return { method, path: path.replace("{project_id}", project), headers: lines.join("\n"), body };
}

// One argument for a shell: literal, except for the variables in place of credentials.
function quoted(text) {
  if (/^[\w:. -]*\$[A-Z_]+$/.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", "'\\''").replace(/\$(TOKEN|REFRESH_TOKEN|API_KEY|CODE)\b/g, `'"$&"'`)}'`;
}

export function curl({ method, path, headers, body }) {
  const parts = ["curl", "-X", method, quoted(locate(path))];
  for (const pair of headers) parts.push("-H", quoted(pair.join(": ")));
  if (body) parts.push("-d", quoted(body));
  return parts.join(" ");
}

// Updates the list of requests, if the view shows it.
let update = () => {};
events.addEventListener("recorded", () => update());

// The editor keeps the request that was sent last.
let draft = { method: "GET", path: "/auth/users/me", headers: "Authorization: Bearer $TOKEN" };

export async function requests(state) {
  const choices = await operations();
  const answer = el("div");
  const editor = el("div.editor");
  const made = el("div");
  function edit(next) {
    draft = next;
    const code = { ...exact, class: "code" };
    fill(editor, form({
      fields: [
        { name: "method", type: "select", value: draft.method, options: methods.map((method) => [method, method]) },
        { name: "path", value: draft.path, ...code }, { name: "headers", type: "textarea", value: draft.headers, ...code },
        { name: "body", type: "textarea", value: draft.body, ...code },
      ],
      submit: t("request.send"),
    }, async (values) => {
      draft = values;
      await send(values, answer);
    }));
  }
  function list() {
    fill(made, rows(records, (record) => row(record, () => {
      edit({ ...record, headers: record.headers.map((pair) => pair.join(": ")).join("\n") });
      editor.querySelector("input").focus();
    })));
  }
  edit(draft);
  list();
  // While the focus is in the list, the list does not change.
  update = () => made.contains(document.activeElement) || list();
  return [
    el("div.head", el("h1", t("nav.requests"))),
    !state.me && el("a", { href: "#/" }, t("signin")),
    section("try", el("div.field", el("label", { for: "operation" }, t("operation")),
      el("select", { id: "operation", onchange: ({ target }) => edit(target.value ? sample(state, choices[target.value]) : draft) },
        option("", t("choose")), choices.map(([method, path], index) => option(index, `${method} ${path}`)))),
    editor, answer),
    section("made", made),
  ];
}

function row(record, again) {
  const line = curl(record);
  const time = date(record.at, { timeStyle: "medium" });
  const name = `${record.method} ${record.path} ${time}`;
  return [
    el("div.title", status(record), time),
    el("code.line", line),
    el("div.actions", copyButton(line, { "aria-label": `${t("copy")}: ${name}` }),
      button(t("edit"), again, { class: "quiet", "aria-label": `${t("edit")}: ${name}` })),
  ];
}

let turn = 0;

const status = ({ status: code }) => badge(code || "–", code && code < 400 ? "good" : "bad");

async function send({ method, path, headers, body }, answer) {
  const named = Object.fromEntries(headers.split("\n").filter(Boolean).map((line) =>
    [line.split(":", 1)[0].trim(), unveiled(line.slice(line.indexOf(":") + 1).trim())]));
  const takesBody = body && method !== "GET" && method !== "HEAD";
  const mine = turn += 1;
  const got = await exchange(method, path, named, takesBody ? unveiled(body) : undefined);
  // This renewed the page's own tokens: it must use the new ones.
  if (got.status === 200 && path.endsWith("/refresh-token") && got.json?.success) adopt(got.json.data);
  if (mine !== turn) return;
  const block = (key, text) => text && el("pre", { tabindex: "0", role: "region", "aria-label": t(key) }, text);
  say(`${t("answer")}: ${got.status || "–"}`);
  fill(answer, el("h3", t("answer"), " ", status(got)), got.reason && el("p", got.reason),
    block("headers", Object.entries(got.headers).map((pair) => pair.join(": ")).join("\n")),
    block("body", got.json ? JSON.stringify(got.json, null, 2) : got.text));
}
