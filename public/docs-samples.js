// Requests of every operation of openapi.json as programs: curl, JavaScript (fetch) and Python (its standard library).
//
// All three read the reader's values from the same environment variables. Here, a text with variables is a list of strings
// and variables.

// A value that comes from the environment variable `name`.
const variable = (name) => ({ name });

// The description of each variable, in the order of the list on the page.
export const VARIABLES = {
  ACCESS_TOKEN: "`access_token` of the answer to a sign-in or a refresh.",
  REFRESH_TOKEN: "`refresh_token` of the same answer.",
  USER_UUID: "`user_uuid` of the same answer.",
  PROJECT_ID: "The `id` of a project, as GET `/auth/users/me` lists it.",
  API_KEY: "The whole key: `full_key` of the answer that created it.",
  KEY_ID: "The `id` of a key, as GET `/auth/api-keys/` lists it.",
  SESSION_ID: "The `id` of a session, as GET `/auth/sessions` lists it.",
  USER_ID: "The `user_id` of a member, as GET `/projects/{project_id}` lists it.",
  INVITATION_ID: "The `id` of an invitation, as GET `/projects/invitations` lists it.",
  CODE: "The code from the mail.",
  CURRENT_CODE: "The code from the mail to the current address.",
};

const HEADERS = { "x-project-id": "PROJECT_ID", "x-verification-code": "CODE" };
const FIELDS = { code: "CODE", current_code: "CURRENT_CODE", refresh_token: "REFRESH_TOKEN", user_uuid: "USER_UUID" };

// The sample request of an operation. `url`, `headers` and values of `body` can contain variables; `names` lists them.
export function requestOf({ path, method, operation }, { resolved, schemes, origin }) {
  const parameters = (operation.parameters ?? []).map(resolved);
  const query = parameters.filter((one) => one.in === "query").map(({ name, example }) => `${name}=${encodeURIComponent(example)}`);
  const url = [origin, ...path.split(/(\{\w+\})/).map((part) =>
    (part.startsWith("{") ? variable(part.slice(1, -1).toUpperCase()) : part)), query.length ? `?${query.join("&")}` : ""].filter(Boolean);
  const headers = [];
  const isOpen = operation.security.length === 0 || operation.security.some((one) => Object.keys(one).length === 0);
  for (const name of isOpen ? [] : Object.keys(operation.security[0])) {
    const scheme = schemes[name];
    headers.push(scheme.type === "apiKey" ? [scheme.name, [variable("API_KEY")]] : ["Authorization", ["Bearer ", variable("ACCESS_TOKEN")]]);
  }
  for (const { name } of parameters.filter((one) => one.in === "header" && one.required)) headers.push([name, [variable(HEADERS[name])]]);
  let body;
  if (operation.requestBody) {
    const [{ value }] = Object.values(operation.requestBody.content["application/json"].examples);
    body = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, FIELDS[name] ? variable(FIELDS[name]) : one]));
  } else if (method === "post") {
    // Some servers refuse a POST without a body.
    body = {};
  }
  if (body) headers.push(["Content-Type", ["application/json"]]);
  const [media] = Object.keys(Object.values(operation.responses).map(resolved)[0].content);
  const used = JSON.stringify([url, headers, body]);
  return {
    method: method.toUpperCase(), url, headers, body, isJSON: media === "application/json",
    names: Object.keys(VARIABLES).filter((name) => used.includes(`{"name":"${name}"}`)),
  };
}

const isVariable = (value) => value !== null && typeof value === "object" && Object.keys(value).join() === "name" && value.name in VARIABLES;

// Joins adjacent strings, so that a text without variables is one string.
const joined = (parts) => parts.reduce((all, part) => (
  typeof part === "string" && typeof all.at(-1) === "string" ? [...all.slice(0, -1), all.at(-1) + part] : [...all, part]), []);

// One argument for a shell, between the quotes that it needs.
function quoted(parts) {
  const all = joined(parts);
  if (all.every((part) => typeof part === "string")) return `'${all.join("").replaceAll("'", "'\\''")}'`;
  return `"${all.map((part) => (isVariable(part) ? `$${part.name}` : part.replace(/[\\"$`]/g, "\\$&"))).join("")}"`;
}

export function curl({ method, url, headers, body }) {
  const verb = method === "GET" || (method === "POST" && body) ? "" : `-X ${method} `;
  const parts = [`curl -sS ${verb}${quoted(url)}`, ...headers.map(([name, value]) => `-H ${quoted([`${name}: `, ...value])}`)];
  if (body) parts.push(`-d ${quoted(literal(body, JSON_TEXT).split(MARK).map((part, index) => (index % 2 ? variable(part) : part)))}`);
  return parts.join(" \\\n  ");
}

// `value` as source text in the `style` of a language. `text` writes texts with variables; `simple` writes true, false, null.
function literal(value, style) {
  if (isVariable(value)) return style.text([value]);
  if (Array.isArray(value)) return `[${value.map((one) => literal(one, style)).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const fields = Object.entries(value).map(([name, one]) => `${style.key(name)}: ${literal(one, style)}`);
    return fields.length ? `{${style.space}${fields.join(", ")}${style.space}}` : "{}";
  }
  return typeof value === "string" || typeof value === "number" ? JSON.stringify(value) : style.simple(value);
}

// Encloses the names of variables in a text that becomes an argument for a shell.
const MARK = "\u0000";
const JSON_TEXT = { text: ([{ name }]) => `"${MARK}${name}${MARK}"`, simple: String, key: (name) => JSON.stringify(name), space: "" };

const JAVASCRIPT = {
  text(parts) {
    const all = joined(parts);
    if (all.length === 1) return isVariable(all[0]) ? all[0].name : JSON.stringify(all[0]);
    return `\`${all.map((part) => (isVariable(part) ? `\${${part.name}}` : part.replace(/[\\`$]/g, "\\$&"))).join("")}\``;
  },
  simple: String,
  key: (name) => (/^\w+$/.test(name) ? name : JSON.stringify(name)),
  space: " ",
};

export function javascript({ method, url, headers, body, isJSON, names }) {
  const lines = names.length ? [`const { ${names.join(", ")} } = process.env;`] : [];
  const options = [];
  if (method !== "GET") options.push(`  method: "${method}",`);
  if (headers.length) {
    const pairs = headers.map(([name, value]) => `${JAVASCRIPT.key(name)}: ${JAVASCRIPT.text(value)}`);
    options.push(...pairs.length === 1 ? [`  headers: { ${pairs[0]} },`] : ["  headers: {", ...pairs.map((pair) => `    ${pair},`), "  },"]);
  }
  if (body) options.push(`  body: JSON.stringify(${literal(body, JAVASCRIPT)}),`);
  const address = JAVASCRIPT.text(url);
  lines.push(...options.length ? [`const answer = await fetch(${address}, {`, ...options, "});"] : [`const answer = await fetch(${address});`]);
  lines.push(`console.log(answer.status, await answer.${isJSON ? "json" : "text"}());`);
  return lines.join("\n");
}

const PYTHON = {
  text(parts) {
    const all = joined(parts);
    if (all.length === 1) return isVariable(all[0]) ? `environ["${all[0].name}"]` : JSON.stringify(all[0]);
    return `f"${all.map((part) => (isVariable(part) ? `{environ['${part.name}']}` : part.replace(/[\\"]/g, "\\$&").replace(/[{}]/g, "$&$&"))).join("")}"`;
  },
  simple: (value) => ({ true: "True", false: "False", null: "None" })[String(value)],
  key: (name) => JSON.stringify(name),
  space: "",
};

export function python({ method, url, headers, body, isJSON, names }) {
  const address = PYTHON.text(url);
  const options = [];
  if (method !== "GET") options.push(`    method="${method}",`);
  if (headers.length) {
    options.push("    headers={", ...headers.map(([name, value]) => `        ${JSON.stringify(name)}: ${PYTHON.text(value)},`), "    },");
  }
  if (body) options.push(`    data=json.dumps(${literal(body, PYTHON)}).encode(),`);
  return [
    ...(body || isJSON) ? ["import json"] : [],
    ...names.length ? ["from os import environ"] : [],
    `from urllib.request import ${options.length ? "Request, " : ""}urlopen`,
    "",
    ...options.length ? ["request = Request(", `    ${address},`, ...options, ")"] : [],
    `with urlopen(${options.length ? "request" : address}) as answer:`,
    `    print(answer.status, ${isJSON ? "json.load(answer)" : "answer.read().decode()"})`,
  ].join("\n");
}
