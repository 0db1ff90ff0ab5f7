// Talks to the API: tokens, their renewal, refusals, and a record of every request.
//
// 1. Access tokens live in memory only, the refresh token in sessionStorage: closing the tab forgets it.
// 2. One refresh runs at a time; all who need it await the same one.
// 3. The record holds no credential, but the shell variable that stands for it.

const kept = JSON.parse(sessionStorage.getItem("latchkey"));

// What an earlier load of the page left, as if it had just expired.
let session = kept && { access: "", refresh: kept.refresh_token, user: kept.user_uuid, expires: 0 };
let refreshing;
let timer;

export const isSignedIn = () => Boolean(session);

// `ended` (the session is over), `recorded` (one more request).
export const events = new EventTarget();

// The last requests, newest first.
export const records = [];

// An answer that is not a success. `wait` is Retry-After in seconds.
export class Refusal extends Error {
  constructor({ status, headers, json }) {
    super(json?.error?.message);
    this.status = status;
    this.code = json?.error?.code ?? (status ? "internal_error" : "offline");
    this.faults = json?.detail ?? [];
    this.wait = Number(headers["retry-after"] ?? 0);
    this.id = headers["x-request-id"];
  }
}

const variables = () => ({ TOKEN: session?.access, REFRESH_TOKEN: session?.refresh });

// `text` with the variables that stand for credentials in place of them.
function veiled(text) {
  for (const [name, value] of Object.entries(variables())) if (value) text = text?.replaceAll(value, `$${name}`);
  return text?.replace(/\bsk_[\w-]{20,}/g, "$$API_KEY").replace(/("code": ?)"\d+"/g, '$1"$$CODE"');
}

// `text` with what the variables stand for in place of them.
export const unveiled = (text) => text.replace(/\$(TOKEN|REFRESH_TOKEN)\b/g, (all, name) => variables()[name] ?? all);

// The folder that serves the page serves the API. "./" keeps what looks like an absolute URL on this origin.
export const locate = (path) => new URL(`./${path.replace(/^\/+/, "")}`, location.href).href;

// Sends one request and gives its answer, whatever it is; status 0 if there was none.
export async function exchange(method, path, headers, body) {
  const record = {
    at: new Date(), method, path: veiled(path), body: veiled(body),
    headers: Object.entries(headers).map(([name, value]) => [name, name === "x-verification-code" ? "$CODE" : veiled(value)]),
  };
  const answer = { status: 0, headers: {}, text: "" };
  try {
    const response = await fetch(locate(path), { method, headers, body, cache: "no-store", credentials: "omit" });
    answer.headers = Object.fromEntries(response.headers);
    answer.text = await response.text();
    answer.status = response.status;
    answer.json = JSON.parse(answer.text);
  } catch (error) {
    answer.reason = error.message;
  }
  record.status = answer.status;
  records.unshift(record);
  records.splice(50);
  events.dispatchEvent(new Event("recorded"));
  return answer;
}

// Gives `data`, or throws a Refusal; by whoever is signed in, or `open` to anyone.
export async function call(method, path, { body, project, code, open } = {}) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (project) headers["x-project-id"] = project;
  if (code) headers["x-verification-code"] = code;
  const attempt = () => exchange(method, path,
    open ? headers : { Authorization: `Bearer ${session?.access}`, ...headers }, body && JSON.stringify(body));
  if (!open && !(Date.now() < session?.expires)) await refresh();
  const spent = session?.access;
  let answer = await attempt();
  if (!open && answer.status === 401) {
    // Another call may have renewed it meanwhile.
    if (session?.access === spent) await refresh();
    answer = await attempt();
    if (answer.status === 401) end();
  }
  if (answer.json?.success) return answer.json.data;
  throw new Refusal(answer);
}

export const open = (path, body) => call("POST", `/auth/verification/${path}`, { body, open: true });

// Takes what verify-code or refresh-token answered.
export function adopt({ access_token: access, refresh_token, expires_in, user_uuid }) {
  const life = expires_in * 1000;
  session = { access, refresh: refresh_token, user: user_uuid, expires: Date.now() + life - 2000 };
  sessionStorage.setItem("latchkey", JSON.stringify({ refresh_token, user_uuid }));
  clearTimeout(timer);
  // A failure shows when a call needs the token.
  timer = setTimeout(() => refresh().catch(() => {}), Math.max(life - 60000, life / 2));
}

// Renews the tokens. Only a refusal of the refresh token ends the session.
function refresh() {
  refreshing ??= renew().finally(() => { refreshing = null; });
  return refreshing;
}

const changes = new BroadcastChannel("latchkey");

async function renew() {
  const spent = session;
  if (!spent) throw new Refusal({ status: 401, headers: {}, json: { error: { code: "invalid_refresh_token" } } });
  try {
    const grant = await open("refresh-token", { refresh_token: spent.refresh, user_uuid: spent.user });
    // Signed out meanwhile, or another tab was quicker.
    if (session !== spent) return;
    adopt(grant);
    // A duplicated tab has the same refresh token, and must not present it once it is spent.
    changes.postMessage({ spent: spent.refresh, grant });
  } catch (refusal) {
    if (refusal.code === "invalid_refresh_token" && session === spent) end();
    throw refusal;
  }
}

changes.onmessage = ({ data: { spent, grant } }) => {
  if (session?.refresh === spent) adopt(grant);
};

// Drops the tokens.
export function forget() {
  clearTimeout(timer);
  session = null;
  sessionStorage.removeItem("latchkey");
}

function end() {
  if (!session) return;
  forget();
  events.dispatchEvent(new Event("ended"));
}

// Ends the session here, and at the service if it can be reached.
export async function signOut() {
  try {
    await open("revoke-token", { refresh_token: session.refresh });
  } finally {
    forget();
  }
}
