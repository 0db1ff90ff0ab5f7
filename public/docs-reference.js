// Builds the reference from openapi.json: operations by tag, credentials, error codes, schemas. Each entry is closed until
// the reader opens it.

import { block, make, paragraphs, samples, words } from "./docs-elements.js";
import { VARIABLES, curl, javascript, python, requestOf } from "./docs-samples.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
let api;

// The target of `value`, through any number of references.
function resolved(value) {
  while (value?.$ref) {
    const steps = value.$ref.slice(2).split("/").map((s) => s.replaceAll("~1", "/").replaceAll("~0", "~"));
    value = steps.reduce((target, step) => target[step], api);
  }
  return value;
}

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

const isFailure = (name) => name.endsWith("Failure");

// The type of a schema, with a link if the type has a name.
function type(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return [make("a", { href: `#schema-${name}` }, name)];
  }
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return several.flatMap((s, i) => (i ? [" or ", ...type(s)] : type(s)));
  if (schema.type === "array") return ["array of ", ...type(schema.items ?? {})];
  if ("const" in schema) return [make("code", {}, JSON.stringify(schema.const))];
  if (Array.isArray(schema.type)) return [schema.type.join(" or ")];
  return [schema.type ?? "any"];
}

function range(low, high, what) {
  const far = (n) => n === undefined || Math.abs(n) > Number.MAX_SAFE_INTEGER;
  if (far(low) && far(high)) return null;
  if (far(high)) return `at least ${low}${what}`;
  if (far(low)) return `at most ${high}${what}`;
  return low === high ? `${low}${what}` : `${low} to ${high}${what}`;
}

// What a schema requires beyond its type.
function facts(schema) {
  const found = [];
  const say = (...parts) => found.push(parts);
  for (const inner of [schema, ...(schema.anyOf ?? [])]) {
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

const bounds = (schema) => {
  const details = facts(schema);
  return details.length ? [" ", make("span", { class: "facts" }, details)] : "";
};

const line = (name, schema, must) => make("dt", {}, make("code", {}, name), " ", type(schema),
  must ? [" ", make("span", { class: "must" }, "required")] : "", bounds(schema));

// The fields of a schema as a list; nested fields are indented.
function fields(schema) {
  if (schema.$ref) return make("p", {}, type(schema));
  if (!schema.properties) return make("p", {}, type(schema), bounds(schema));
  return make("dl", {}, Object.entries(schema.properties).map(([name, field]) => {
    const inner = field.properties ? field : field.items?.properties ? field.items : null;
    return [
      line(name, field, (schema.required ?? []).includes(name)),
      make("dd", {}, words(field.description), inner ? fields(inner) : ""),
    ];
  }));
}

function credentials(operation) {
  if (!operation.security.length) return "None.";
  return operation.security.flatMap((alternative, index) => {
    const links = Object.keys(alternative).map((n) => make("a", { href: `#security-${n}` }, n));
    return [index ? ", or " : "", links.length ? links : "none"];
  }).concat(".");
}

function codes(schema) {
  const code = schema.properties?.error?.properties?.code;
  return !code ? [] : code.enum ?? [code.const];
}

const examples = (all) => Object.values(all).map((e) => [make("p", { class: "quiet" }, "Example: ", words(e.summary)), block(shown(e.value))]);

// One status of an operation.
function answer(status, response) {
  response = resolved(response);
  const [[media, content]] = Object.entries(response.content);
  const schema = resolved(content.schema);
  const errors = codes(schema);
  const headers = Object.entries(response.headers ?? {});
  return make("details", { class: "answer" },
    make("summary", {}, make("code", {}, status), " ",
      errors.length ? errors.map((code, i) => [i ? ", " : "", make("code", {}, code)]) : words(response.description)),
    errors.length ? paragraphs(response.description) : "",
    make("p", { class: "quiet" }, media),
    headers.length ? [make("h6", {}, "Header fields"), make("dl", {}, headers.map(([name, header]) => {
      header = resolved(header);
      return [line(name, header.schema, header.required), make("dd", {}, words(header.description))];
    }))] : "",
    make("h6", {}, "Body"), errors.length && content.schema.$ref ? fields(content.schema) : fields(schema),
    examples(content.examples));
}

const methodName = (method) => make("span", { class: `method ${method}` }, method.toUpperCase());

// A long path can break before each part.
const pathName = (path) => make("span", { class: "path" }, path.split(/(?=\/)/).map((part) => [make("wbr"), part]));

function operationView(path, method, operation) {
  const body = operation.requestBody?.content["application/json"];
  const parameters = (operation.parameters ?? []).map(resolved);
  const request = requestOf({ path, method, operation }, { resolved, schemes: api.components.securitySchemes, origin: location.origin });
  return make("details", { class: "operation", id: operation.operationId, "data-operation": operation.operationId },
    make("summary", {}, make("h4", {}, methodName(method), " ", pathName(path), " ", make("span", { class: "summary" }, operation.summary))),
    paragraphs(operation.description),
    make("p", {}, make("span", { class: "quiet" }, "Credentials: "), credentials(operation)),
    samples(operation.summary, [["curl", block(curl(request))], ["javascript", block(javascript(request))], ["python", block(python(request))]]),
    request.names.length ? make("p", { class: "quiet" }, make("a", { href: "#variables" }, "Set these variables first"), ": ",
      request.names.map((name, i) => [i ? ", " : "", make("code", {}, name)])) : "",
    parameters.length ? [make("h5", {}, "Parameters"), make("dl", {}, parameters.map((p) => [
      line(p.name, p.schema, p.required),
      make("dd", {}, make("span", { class: "quiet" }, `In the ${p.in}. `), words(p.description)),
    ]))] : "",
    body ? [make("h5", {}, "Body"), fields(resolved(body.schema)), examples(body.examples)] : "",
    make("h5", {}, "Answers"),
    Object.entries(operation.responses).map(([status, response]) => answer(status, response)));
}

// Every error code with its status, its description, and the operations that return it.
export function errorsOf(operations) {
  const found = new Map();
  for (const { operation } of operations) {
    for (const [status, reference] of Object.entries(operation.responses)) {
      const [content] = Object.values(resolved(reference).content);
      for (const code of codes(resolved(content.schema))) {
        const entry = found.get(code) ?? { code, status, when: "", where: [] };
        entry.when ||= content.examples[code]?.summary ?? resolved(reference).description;
        entry.where.push(operation);
        found.set(code, entry);
      }
    }
  }
  return [...found.values()].sort((a, b) => a.status - b.status);
}

const errorView = (everywhere) => ({ code, status, when, where }) => make("details", { class: "entry", id: `error-${code}` },
  make("summary", {}, make("code", {}, status), " ", make("code", {}, code)),
  make("p", {}, words(when)),
  make("p", { class: "facts" }, where.length === everywhere ? "Every operation." : ["Returned by ", where.map((operation, i) => [
    i ? ", " : "", make("a", { href: `#${operation.operationId}` }, operation.summary)]), "."]));

const schemaView = ([name, schema]) => make("details", { class: "entry", id: `schema-${name}` },
  make("summary", {}, make("code", {}, name)), paragraphs(schema.description), fields(schema));

const heading = (id, text) => make("h3", { id }, text);

const tagId = (name) => `tag-${name.toLowerCase().replaceAll(" ", "-")}`;

// The reference: its `elements`, the sections for the table of `contents`, and the data for the search.
export function reference(document) {
  api = document;
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((m) => item[m]).map((method) => ({ path, method, operation: item[method] })));
  const schemas = Object.entries(api.components.schemas);
  const schemes = Object.entries(api.components.securitySchemes);
  const errors = errorsOf(operations);
  const tags = api.tags.map(({ name, description }) =>
    ({ name, description, own: operations.filter(({ operation }) => operation.tags.includes(name)) }));
  const elements = [
    paragraphs(api.info.description),
    heading("variables", "Variables of the samples"),
    make("p", {}, "The samples read these values from environment variables. ", make("a", { href: "#sign-in-with-curl" }, "Sign in with curl"),
      " sets the first four. The JavaScript runs in Node, Deno and Bun; in a page, insert your own values instead. The Python needs only the standard library."),
    make("dl", {}, Object.entries(VARIABLES).map(([name, text]) => [make("dt", {}, make("code", {}, name)), make("dd", {}, words(text))])),
    heading("credentials", "Credentials"),
    make("dl", {}, schemes.map(([name, s]) => [
      make("dt", { id: `security-${name}` }, make("code", {}, name), " ",
        make("code", {}, s.type === "apiKey" ? `${s.name}: …` : "Authorization: Bearer …")),
      make("dd", {}, words(s.description))])),
    tags.map(({ name, description, own }) => [
      heading(tagId(name), name), paragraphs(description),
      own.map(({ path, method, operation }) => operationView(path, method, operation))]),
    heading("errors", "Error codes"),
    make("div", { class: "entries" }, errors.map(errorView(operations.length))),
    heading("schemas", "Schemas"),
    make("div", { class: "entries" }, schemas.filter(([name]) => !isFailure(name)).map(schemaView)),
    heading("failures", "Schemas of failures"),
    make("div", { class: "entries" }, schemas.filter(([name]) => isFailure(name)).map(schemaView)),
  ];
  const contents = [
    ["Reference", [["variables", "Variables of the samples"], ["credentials", "Credentials"], ["errors", "Error codes"], ["schemas", "Schemas"]]],
    ...tags.map(({ name, own }) => [name, own.map(({ operation }) => [operation.operationId, operation.summary])]),
  ];
  return { elements: elements.flat(Infinity), contents, operations, schemas, errors, schemes, resolved };
}
