// The search at the top of the page: by path, method, summary, field, error code, and words of the tasks.
//
// The arrow keys choose a result while the focus stays in the field (a combobox with a listbox, WAI-ARIA 1.2).

import { make, say } from "./docs-elements.js";

const MOST = 12;

// The names of all fields of a schema, nested ones included.
function fieldNames(schema, resolved, depth = 0) {
  schema = resolved(schema);
  if (!schema || depth > 4) return [];
  const inner = [...schema.anyOf ?? [], ...schema.oneOf ?? [], schema.items].filter(Boolean);
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [name, ...fieldNames(field, resolved, depth + 1)]),
    ...inner.flatMap((one) => fieldNames(one, resolved, depth + 1)),
  ];
}

const ENVELOPE = new Set(["success", "data", "error", "code", "message", "request_id", "detail"]);

function operationEntry({ path, method, operation }, resolved) {
  const parameters = (operation.parameters ?? []).map(resolved);
  const body = operation.requestBody?.content["application/json"];
  const success = Object.entries(operation.responses).filter(([status]) => status < 300).map(([, response]) => resolved(response));
  const answers = success.flatMap((response) => Object.values(response.content)).flatMap(({ schema }) => fieldNames(schema, resolved));
  return {
    id: operation.operationId, method, title: path, detail: operation.summary,
    names: [path, method, operation.operationId, operation.summary],
    fields: [...new Set([
      ...parameters.map(({ name }) => name), ...body ? fieldNames(body.schema, resolved) : [],
      ...answers.filter((name) => !ENVELOPE.has(name)),
      ...success.flatMap((response) => Object.keys(response.headers ?? {})),
    ])],
    text: operation.description,
  };
}

// Everything that the search can find. The tasks come first, because the reference loads later.
export function indexOf({ operations = [], schemas = [], errors = [], schemes = [], resolved } = {}) {
  const tasks = [...document.querySelectorAll(".task")].map((task) => {
    const title = task.querySelector("h2").textContent;
    return { id: task.id, title, detail: "Task", names: [title], fields: [], text: task.textContent };
  });
  return [
    ...tasks,
    ...operations.map((one) => operationEntry(one, resolved)),
    ...errors.map(({ code, status, when }) =>
      ({ id: `error-${code}`, title: code, detail: `Error code, ${status}`, names: [code, status], fields: [], text: when })),
    ...schemas.map(([name, schema]) => ({
      id: `schema-${name}`, title: name, detail: "Schema", names: [name], fields: Object.keys(schema.properties ?? {}), text: schema.description,
    })),
    ...schemes.map(([name, { description }]) =>
      ({ id: `security-${name}`, title: name, detail: "Credentials", names: [name], fields: [], text: description })),
  ];
}

// How well `term` matches `name`: 5 the whole name, 4 a whole word, 3 the start of a word, 2 anywhere, 0 not at all.
function fit(term, name) {
  const text = name.toLowerCase();
  if (text === term) return 5;
  const at = text.indexOf(term);
  if (at < 0) return 0;
  const starts = (place) => place === 0 || !/\w/.test(text[place - 1]) || !/\w/.test(term[0]);
  for (let place = at; place >= 0; place = text.indexOf(term, place + 1)) {
    const after = text[place + term.length];
    if (starts(place) && (after === undefined || !/\w/.test(after))) return 4;
  }
  return starts(at) ? 3 : 2;
}

const best = (term, names) => Math.max(0, ...names.map((name) => fit(term, name)));

// Every term must match. Names count most, then fields, then the text. A name that equals the whole query comes first.
export function search(index, query) {
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
  const whole = terms.join(" ");
  const found = [];
  for (const entry of terms.length ? index : []) {
    let score = 0;
    const through = new Set();
    for (const term of terms) {
      const name = best(term, entry.names) * 4;
      const field = best(term, entry.fields) * 3;
      const text = fit(term, entry.text ?? "") > 0 ? 1 : 0;
      const most = Math.max(name, field, text);
      if (most === 0) {
        score = 0;
        break;
      }
      if (field > name) through.add(entry.fields.reduce((a, b) => (fit(term, b) > fit(term, a) ? b : a)));
      score += most;
    }
    if (entry.names.some((name) => name.toLowerCase() === whole)) score += 100;
    if (score > 0) found.push({ entry, score, through: [...through] });
  }
  return found.sort((a, b) => b.score - a.score).slice(0, MOST);
}

// Connects the search field. `go(id)` opens the chosen result. Returns a function that replaces the index.
export function searchField(go) {
  const input = document.getElementById("search");
  const list = document.getElementById("results");
  let index = indexOf();
  let results = [];
  let active = -1;

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(next) {
    active = next;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
    const option = list.children[active];
    if (option) input.setAttribute("aria-activedescendant", option.id);
    option?.scrollIntoView({ block: "nearest" });
  }

  function show() {
    results = search(index, input.value);
    list.replaceChildren(...results.map(({ entry, through }, i) => make("li", { role: "option", id: `result-${i}`, "aria-selected": "false" },
      entry.method ? [make("span", { class: `method ${entry.method}` }, entry.method.toUpperCase()), " "] : "",
      make("span", { class: "found" }, entry.title), " ",
      make("span", { class: "quiet" }, entry.detail, through.length ? [": ", through.map((name, n) => [n ? ", " : "", make("code", {}, name)])] : ""))));
    const asked = input.value.trim() !== "";
    if (asked && !results.length) list.append(make("li", { role: "option", "aria-disabled": "true" }, "Nothing found."));
    say(!asked ? "" : results.length ? `${results.length} results` : "Nothing found.");
    close();
    list.hidden = !asked;
    input.setAttribute("aria-expanded", String(asked));
  }

  function choose(which) {
    const result = results[which];
    if (!result) return;
    close();
    go(result.entry.id);
  }

  input.addEventListener("input", show);
  input.addEventListener("focus", () => { if (input.value.trim()) show(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) show();
      const last = results.length - 1;
      if (last >= 0) mark(event.key === "ArrowDown" ? (active >= last ? 0 : active + 1) : (active <= 0 ? last : active - 1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(Math.max(active, 0));
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (list.hidden) input.value = "";
      close();
    }
  });
  // Pressing the mouse button would move the focus and close the list before the click.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => choose([...list.children].indexOf(target.closest("[role=option]"))));
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
  document.getElementById("find").hidden = false;
  return (described) => { index = indexOf(described); };
}
