// Makes the reference page from /openapi.json. Nothing of it is ever read as HTML: every text is set as text.

"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
let api;

// A new element: attributes, then children, which are elements, texts, or nothing.
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Text with `code` in it.
function words(text) {
  return (text || "").split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}

function paragraphs(text) {
  return (text || "").split("\n\n").filter(Boolean).map((part) => make("p", {}, words(part)));
}

// What `value` refers to, through any number of references.
function resolved(value) {
  while (value && value.$ref) {
    const steps = value.$ref.slice(2).split("/").map((s) => s.replaceAll("~1", "/").replaceAll("~0", "~"));
    value = steps.reduce((target, step) => target[step], api);
  }
  return value;
}

function heading(level, id, ...children) {
  return make(`h${level}`, { id }, make("a", { href: `#${id}` }, ...children));
}

function pre(text, label) {
  return make("pre", { tabindex: "0", role: "region", "aria-label": label }, make("code", {}, text));
}

// A block with a button that copies it.
function copyable(text, label) {
  const button = make("button", { type: "button" }, "Copy");
  button.setAttribute("aria-label", `Copy: ${label}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return [make("div", { class: "bar" }, make("h4", {}, label), button), pre(text, label)];
}

function shown(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

// The name of a schema's type, with links to those that have names.
function type(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return [make("a", { href: `#schema-${name}` }, name)];
  }
  const several = schema.anyOf || schema.oneOf;
  if (several) return several.flatMap((s, i) => (i ? [" or ", ...type(s)] : type(s)));
  if (schema.type === "array") return ["array of ", ...type(schema.items || {})];
  if ("const" in schema) return [make("code", {}, JSON.stringify(schema.const))];
  if (Array.isArray(schema.type)) return [schema.type.join(" or ")];
  return [schema.type || "any"];
}

function range(low, high, what) {
  const far = (n) => n === undefined || Math.abs(n) > Number.MAX_SAFE_INTEGER;
  if (far(low) && far(high)) return null;
  if (far(high)) return `at least ${low}${what}`;
  if (far(low)) return `at most ${high}${what}`;
  return low === high ? `${low}${what}` : `${low} to ${high}${what}`;
}

// What a schema asks for beyond its type.
function facts(schema) {
  const found = [];
  const say = (...parts) => found.push(parts);
  for (const inner of [schema, ...(schema.anyOf || [])]) {
    if (inner.$ref && inner !== schema) continue;
    if (inner.format) say(inner.format);
    if (inner.enum) say("one of ", inner.enum.map((v, i) => [i ? ", " : "", make("code", {}, shown(v))]));
    for (const text of [
      range(inner.minimum, inner.maximum, ""), range(inner.minLength, inner.maxLength, " characters"),
      range(inner.minItems, inner.maxItems, " items"),
    ]) if (text) say(text);
    if (inner.type === "array" && inner.items && !inner.items.$ref && !inner.items.anyOf && !inner.items.oneOf)
      found.push(...facts(inner.items));
    if (inner.pattern) say("as ", make("code", {}, inner.pattern));
    if ("default" in inner) say("default ", make("code", {}, shown(inner.default)));
    if (inner.maxProperties === 0) say("no fields");
  }
  return found.flatMap((parts, i) => (i ? [", ", ...parts] : parts));
}

function line(name, schema, must) {
  const details = facts(schema);
  return make("dt", {}, make("code", {}, name), " ", type(schema),
    must ? [" ", make("span", { class: "must" }, "required")] : "",
    details.length ? [" ", make("span", { class: "facts" }, details)] : "");
}

// A schema's fields, one below the other; fields within fields are set in.
function fields(schema) {
  if (schema.$ref) return make("p", {}, type(schema));
  if (!schema.properties) {
    const details = facts(schema);
    return make("p", {}, type(schema), details.length ? [" ", make("span", { class: "facts" }, details)] : "");
  }
  return make("dl", {}, Object.entries(schema.properties).map(([name, field]) => {
    const inner = field.properties ? field : field.items && field.items.properties ? field.items : null;
    return [
      line(name, field, (schema.required || []).includes(name)),
      make("dd", {}, words(field.description), inner ? fields(inner) : ""),
    ];
  }));
}

// curl's command line for an operation, with the examples of the document.
function curl(path, method, operation) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const parameters = (operation.parameters || []).map(resolved);
  const at = (where) => parameters.filter((p) => p.in === where);
  let url = path;
  for (const p of at("path")) url = url.replace(`{${p.name}}`, p.example);
  const query = at("query").map((p) => `${p.name}=${encodeURIComponent(p.example)}`).join("&");
  const parts = [`curl -sS ${method === "get" ? "" : `-X ${method.toUpperCase()} `}${quoted(location.origin + url + (query ? `?${query}` : ""))}`];
  const needed = operation.security.find((s) => Object.keys(s).length) || {};
  for (const name of operation.security.some((s) => !Object.keys(s).length) ? [] : Object.keys(needed)) {
    const scheme = api.components.securitySchemes[name];
    parts.push(scheme.type === "apiKey" ? `-H "${scheme.name}: $API_KEY"` : '-H "Authorization: Bearer $ACCESS_TOKEN"');
  }
  for (const p of at("header")) parts.push(`-H ${quoted(`${p.name}: ${p.example}`)}`);
  if (operation.requestBody) {
    const [example] = Object.values(operation.requestBody.content["application/json"].examples);
    parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(example.value))}`);
  }
  return parts.join(" \\\n  ");
}

function credentials(operation) {
  if (!operation.security.length) return "None.";
  return operation.security.flatMap((alternative, index) => {
    const names = Object.keys(alternative);
    const links = names.map((n) => make("a", { href: `#security-${n}` }, n));
    return [index ? ", or " : "", links.length ? links : "none"];
  }).concat(".");
}

function codes(schema) {
  const error = schema.properties && schema.properties.error;
  const code = error && error.properties && error.properties.code;
  return !code ? [] : code.enum || [code.const];
}

// One status of an operation, closed until it is asked for.
function answer(status, response) {
  response = resolved(response);
  const [[media, content]] = Object.entries(response.content);
  const schema = resolved(content.schema);
  const errors = codes(schema);
  const headers = Object.entries(response.headers || {});
  return make("details", { class: "answer" },
    make("summary", {}, make("code", {}, status), " ",
      errors.length ? errors.map((code, i) => [i ? ", " : "", make("code", {}, code)]) : words(response.description)),
    errors.length ? paragraphs(response.description) : "",
    make("p", { class: "quiet" }, media),
    headers.length ? [make("h4", {}, "Header fields"), make("dl", {}, headers.map(([name, header]) => {
      header = resolved(header);
      return [line(name, header.schema, header.required), make("dd", {}, words(header.description))];
    }))] : "",
    make("h4", {}, "Body"), errors.length && content.schema.$ref ? fields(content.schema) : fields(schema),
    Object.values(content.examples).map((e) => [make("p", {}, words(e.summary)), pre(shown(e.value), `Example: ${status}, ${e.summary}`)]));
}

function operationView(path, method, operation) {
  const body = operation.requestBody && operation.requestBody.content["application/json"];
  const parameters = (operation.parameters || []).map(resolved);
  return make("section", { "aria-labelledby": operation.operationId, "data-operation": operation.operationId },
    heading(3, operation.operationId, operation.summary),
    make("p", { class: "path" }, make("span", { class: `method ${method}` }, method.toUpperCase()), ` ${path}`),
    paragraphs(operation.description),
    make("p", {}, make("span", { class: "quiet" }, "Credentials: "), credentials(operation)),
    parameters.length ? [make("h4", {}, "Parameters"), make("dl", {}, parameters.map((p) => [
      line(p.name, p.schema, p.required),
      make("dd", {}, make("span", { class: "quiet" }, `In the ${p.in}. `), words(p.description)),
    ]))] : "",
    body ? [make("h4", {}, "Body"), fields(resolved(body.schema)),
      Object.values(body.examples).map((e) => [make("p", {}, words(e.summary)), pre(shown(e.value), `Example: ${e.summary}`)])] : "",
    copyable(curl(path, method, operation), "curl"),
    make("h4", {}, "Answers"),
    Object.entries(operation.responses).map(([status, response]) => answer(status, response)));
}

// Every error code, with its statuses, its sentence, and the operations that have it.
function errorsView(operations) {
  const found = new Map();
  for (const { operation } of operations) {
    for (const [status, reference] of Object.entries(operation.responses)) {
      const [content] = Object.values(resolved(reference).content);
      for (const code of codes(resolved(content.schema))) {
        const entry = found.get(code) || { status, when: "", where: [] };
        const example = content.examples[code];
        entry.when = entry.when || (example ? example.summary : resolved(reference).description);
        entry.where.push(operation.operationId);
        found.set(code, entry);
      }
    }
  }
  const all = [...found].sort((a, b) => a[1].status - b[1].status);
  return make("dl", {}, all.map(([code, { status, when, where }]) => [
    make("dt", { id: `error-${code}` }, make("code", {}, code), ` ${status}`),
    make("dd", {}, words(when), make("br"), make("span", { class: "facts" },
      where.length === operations.length ? "Every operation" : where.map((id, i) => [i ? ", " : "", make("a", { href: `#${id}` }, id)]))),
  ]));
}

function render() {
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((m) => item[m]).map((method) => ({ path, method, operation: item[method] })));
  const list = document.getElementById("list");
  const main = document.getElementById("content");
  const content = [make("h1", {}, api.info.title), paragraphs(api.info.description)];
  const entries = (title, links) => list.append(make("h2", {}, title), make("ul", {}, links.map(([id, text]) =>
    make("li", {}, make("a", { href: `#${id}` }, text)))));

  content.push(heading(2, "credentials", "Credentials"), make("dl", {}, Object.entries(api.components.securitySchemes).map(([name, s]) => [
    make("dt", { id: `security-${name}` }, make("code", {}, name), " ",
      make("code", {}, s.type === "apiKey" ? `${s.name}: …` : "Authorization: Bearer …")),
    make("dd", {}, words(s.description))])));
  for (const tag of api.tags) {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag.name));
    content.push(heading(2, `tag-${tag.name.toLowerCase().replaceAll(" ", "-")}`, tag.name), paragraphs(tag.description),
      own.map(({ path, method, operation }) => operationView(path, method, operation)));
    entries(tag.name, own.map(({ operation }) => [operation.operationId, operation.summary]));
  }
  content.push(heading(2, "errors", "Errors"), errorsView(operations), heading(2, "schemas", "Schemas"),
    Object.entries(api.components.schemas).map(([name, schema]) => make("section", { "aria-labelledby": `schema-${name}` },
      heading(3, `schema-${name}`, name), paragraphs(schema.description), fields(schema))));
  entries("More", [["credentials", "Credentials"], ["errors", "Errors"], ["schemas", "Schemas"]]);

  document.getElementById("version").textContent = api.info.version;
  main.replaceChildren(...content.flat(Infinity));
  main.removeAttribute("aria-busy");
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target) target.scrollIntoView({ behavior: "instant" });
}

async function start() {
  if (matchMedia("(max-width: 60rem)").matches) document.getElementById("contents").removeAttribute("open");
  try {
    const response = await fetch("/openapi.json");
    if (!response.ok) throw new Error(`status ${response.status}`);
    api = await response.json();
    render();
  } catch (error) {
    document.getElementById("state").textContent = `The description could not be read: ${error.message}`;
  }
}

start();
