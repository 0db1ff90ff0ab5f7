// The first steps of an account: a project, a key, a request. They are shown until all are done, or until they are hidden.

import { call, shared } from "./api.js";
import { badge, button, copyButton, el, say, section, t } from "./page.js";
import { curl } from "./requests.js";

const KEY = "latchkey.steps";

// Who saw a step that was not done: only they see that all are.
let reader;

const isUsed = ({ items }) => items.some((key) => key.last_used_at);

// Looks whether the request has arrived when the reader comes back from the shell. Draws nothing anew unless it has: the
// reader may come back by pressing a button.
let look = async () => {};
addEventListener("focus", () => document.getElementById("first.check") && !document.querySelector("dialog") && look().catch(() => {}));

// The line of curl for the first request, with a button that copies it.
function request(key) {
  const line = curl({ method: "GET", path: "/auth/api-keys/verify", headers: [["x-api-key", key]] });
  return el("div.secret", el("code.line", line), copyButton(line, { "aria-label": `${t("copy")}: ${t("first.request")}` }));
}

// For the dialog that shows a new key, while the first request is still to come.
export const tryKey = (key) => document.getElementById("first.check") && [el("p", t("first.try")), request(key)];

const press = (id) => () => document.getElementById(id).click();

const step = (name, isDone, ...content) => el(isDone ? "li.done" : "li",
  el("h3", t(name), " ", isDone && badge(t("first.done"), "good")), ...content.flat());

// `project` is the name of the one that is shown, `keys` the first page of its keys.
export function steps(state, project, keys) {
  const hasKey = keys?.pagination.total > 0;
  const hasAsked = keys && isUsed(keys);
  // More than a page of keys is no beginning.
  if (shared.get(KEY) === "hidden" || keys?.pagination.pages > 1) return null;
  if (hasAsked) {
    if (reader !== state.me.id) return null;
    if (document.getElementById("first.check")) say(t("first.ready"));
  } else reader = state.me.id;
  look = async () => {
    if (isUsed(await call("GET", "/auth/api-keys/", { project: state.project }))) await state.reload();
  };
  async function check() {
    await state.reload();
    if (document.getElementById("first.check")) say(t("first.waiting"));
  }
  return section("first",
    el("ol.steps",
      step("first.project", project, el("p.text", project ?? t("first.project.text")),
        !project && button(t("first.project.make"), press("projects.create"), { id: "first.project.make" })),
      step("first.key", hasKey, !hasKey && el("p.text", t("first.key.text")),
        project && !hasKey && button(t("first.key.make"), press("keys.create"), { id: "first.key.make" })),
      step("first.request", hasAsked, hasAsked
        ? el("p.text", t("first.ready"), " ", el("a", { href: "docs" }, t("first.more")))
        : [el("p.text", t("first.request.text")), request("$API_KEY"),
          hasKey && button(t("first.check"), check, { id: "first.check" })])),
    button(t("first.hide"), () => {
      shared.set(KEY, "hidden");
      return state.reload();
    }, { id: "first.hide", class: "link" }));
}
