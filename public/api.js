// Talks to the API: tokens, their renewal, refusals, and a record of every request.
//
// 1. A browser has one session. Its tabs share the refresh token in localStorage; signing out of one signs out of all.
//    Where the browser blocks storage, the page keeps everything in memory and says so.
// 2. Access tokens live in memory only. Tabs hand each other a renewed one.
// 3. One tab renews at a time (Web Locks; without them the service's grace window settles the race), and all calls that
//    need the renewal await the same one. A sign-out wins over a renewal that has not finished.
// 4. The record contains a shell variable in place of each credential.

const KEY = "latchkey";

export const storage = { works: true };

// Keeps values in a storage area, as JSON, by names that begin with `prefix`. Keeps them in memory if the browser blocks the
// area, or the area is full or keeps nothing.
function area(name, prefix = "") {
  const memory = new Map();
  let real;
  function blocked() {
    real = null;
    storage.works = false;
  }
  try {
    real = window[name];
    real.setItem(`${KEY}.probe`, "");
    if (real.getItem(`${KEY}.probe`) !== "") throw new Error(`${name} keeps nothing`);
    real.removeItem(`${KEY}.probe`);
  } catch {
    blocked();
  }
  return {
    get(key) {
      try {
        return JSON.parse((real ? real.getItem(prefix + key) : memory.get(key)) ?? null);
      } catch {
        return null;
      }
    },
    set(key, value) {
      const text = JSON.stringify(value);
      if (value === null) memory.delete(key);
      else memory.set(key, text);
      try {
        if (value === null) real?.removeItem(prefix + key);
        else real?.setItem(prefix + key, text);
      } catch {
        blocked();
      }
    },
  };
}

// What all tabs keep.
export const shared = area("localStorage");

// Only this tab keeps these values, until it is closed.
export const own = area("sessionStorage", `${KEY}.`);

// The session in storage, as if its access token had just expired.
function stored() {
  const { refresh_token: refresh, user_uuid: user } = shared.get(KEY) ?? {};
  return typeof refresh === "string" && typeof user === "string" ? { access: "", refresh, user, expires: 0 } : null;
}

let session = stored();
let refreshing;
let timer;

// `setTimeout` takes 31 bits of milliseconds; a longer wait would end at once.
export const later = (action, milliseconds) => setTimeout(action, Math.min(milliseconds, 2 ** 31 - 1));

export const isSignedIn = () => Boolean(session);

// `began` (another tab signed in), `ended` (the session is over; `detail` is a word for why), `recorded` (one more request).
export const events = new EventTarget();

const tell = (name, detail) => events.dispatchEvent(new CustomEvent(name, { detail }));

// The last requests, newest first.
export const records = [];

// An answer that is not a success. `wait` is its Retry-After in seconds.
export class Refusal extends Error {
  constructor({ status, headers, json }) {
    super(json?.error?.message);
    this.status = status;
    this.code = json?.error?.code ?? (status ? "internal_error" : "offline");
    this.faults = json?.detail ?? [];
    this.wait = Number(headers["retry-after"]) || 0;
    this.id = headers["x-request-id"];
  }
}

const variables = () => ({ TOKEN: session?.access, REFRESH_TOKEN: session?.refresh });

// `text` with a shell variable in place of each credential.
function veiled(text) {
  for (const [name, value] of Object.entries(variables())) if (value) text = text?.replaceAll(value, `$${name}`);
  return text?.replace(/\bsk_[\w-]{20,}/g, "$$API_KEY").replace(/("(?:current_)?code": ?)"\d+"/g, '$1"$$CODE"');
}

// `text` with the tokens in place of their variables.
export const unveiled = (text) => text.replace(/\$(TOKEN|REFRESH_TOKEN)\b/g, (all, name) => variables()[name] ?? all);

// The folder that serves the page also serves the API. With "./", a path that looks like an absolute URL stays on this origin.
export const locate = (path) => new URL(`./${path.replace(/^\/+/, "")}`, location.href).href;

// Sends one request and returns its answer, success or not; status 0 if none came.
export async function exchange(method, path, headers, body) {
  const record = {
    at: new Date(), method, path: veiled(path), body: veiled(body),
    headers: Object.entries(headers).map(([name, value]) => [name, name === "x-verification-code" ? "$CODE" : veiled(value)]),
  };
  const answer = { status: 0, headers: {}, text: "" };
  try {
    const response = await fetch(locate(path), {
      method, headers, body, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(60000),
    });
    answer.headers = Object.fromEntries(response.headers);
    answer.text = await response.text();
    answer.status = response.status;
  } catch (error) {
    answer.reason = error.message;
  }
  try {
    answer.json = JSON.parse(answer.text);
  } catch {
    // An answer without JSON: to HEAD or OPTIONS, metrics, or a page of the web server.
  }
  record.status = answer.status;
  records.unshift(record);
  records.splice(50);
  tell("recorded");
  return answer;
}

// Returns `data`, or throws a Refusal. Sends the user's token, unless the path is `open`.
export async function call(method, path, { body, project, code, open } = {}) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (project) headers["x-project-id"] = project;
  if (code) headers["x-verification-code"] = code;
  const attempt = () => exchange(method, path,
    open ? headers : { Authorization: `Bearer ${session?.access}`, ...headers }, body && JSON.stringify(body));
  if (!open && !(Date.now() < session?.expires)) await renewOnce();
  const spent = session?.access;
  let answer = await attempt();
  if (!open && answer.status === 401) {
    // Another call may have renewed it meanwhile.
    if (session?.access === spent) await renewOnce();
    answer = await attempt();
    if (answer.status === 401) end("error.invalid_refresh_token");
  }
  if (answer.json?.success) return answer.json.data;
  throw new Refusal(answer);
}

export const open = (path, body) => call("POST", `/auth/verification/${path}`, { body, open: true });

// Uses the tokens that verify-code or refresh-token answered.
function take({ access_token: access, refresh_token: refresh, expires_in, user_uuid: user }) {
  const life = expires_in * 1000;
  session = { access, refresh, user, expires: Date.now() + life - 2000 };
  clearTimeout(timer);
  // A failure shows when a call needs the token.
  timer = later(() => renewOnce().catch(() => {}), Math.max(life - 60000, life / 2, 5000));
}

// Uses them in all tabs.
export function adopt(grant) {
  take(grant);
  shared.set(KEY, { refresh_token: grant.refresh_token, user_uuid: grant.user_uuid });
  channel?.postMessage(grant);
}

// Runs `task` in one tab at a time.
async function exclusively(task) {
  let started = false;
  const run = () => {
    started = true;
    return task();
  };
  try {
    return await navigator.locks.request(KEY, run);
  } catch (error) {
    // No locks without TLS, or where storage is blocked.
    if (started) throw error;
    return run();
  }
}

// Renews the tokens. Only a refusal of the refresh token ends the session.
function renewOnce() {
  const stale = { ...session };
  refreshing ??= exclusively(async () => {
    // Another tab renewed them while this one waited, and is about to send them.
    if (stored()?.refresh !== stale.refresh) await new Promise((done) => { later(done, 100); });
    if (!session || session.access === stale.access) await renew();
  }).finally(() => { refreshing = null; });
  return refreshing;
}

async function renew() {
  follow();
  if (!session) throw new Refusal({ status: 401, headers: {}, json: { error: { code: "invalid_refresh_token" } } });
  const { refresh, user } = session;
  // False if this browser has signed out, or another tab has renewed the tokens.
  const holds = () => shared.get(KEY)?.refresh_token === refresh;
  try {
    const grant = await open("refresh-token", { refresh_token: refresh, user_uuid: user });
    if (holds()) adopt(grant);
    else follow();
  } catch (refusal) {
    if (refusal.code !== "invalid_refresh_token") throw refusal;
    if (!holds()) return follow();
    end("error.invalid_refresh_token");
    throw refusal;
  }
  return undefined;
}

// Uses the session that another tab stored.
function follow() {
  const next = stored();
  if (!next) return leave("signedout");
  if (session?.user === next.user) {
    session.refresh = next.refresh;
    return undefined;
  }
  session = next;
  return tell("began");
}

function listen() {
  try {
    const opened = new BroadcastChannel(KEY);
    opened.onmessage = ({ data: grant }) => {
      if (!grant) return leave("signedout");
      // A sign-out came before this renewal's message.
      if (!session && storage.works && !stored()) return undefined;
      const before = session?.user;
      take(grant);
      // Without storage, this message is where memory gets the next refresh token from.
      if (!storage.works) shared.set(KEY, { refresh_token: grant.refresh_token, user_uuid: grant.user_uuid });
      return before === grant.user_uuid || tell("began");
    };
    return opened;
  } catch {
    return null;
  }
}

const channel = listen();
// `key` is null when everything was removed.
addEventListener("storage", ({ key }) => { if (key === KEY || key === null) follow(); });

// Drops this tab's tokens.
function drop() {
  clearTimeout(timer);
  session = null;
}

// Drops the tokens in all tabs.
export function forget() {
  drop();
  shared.set(KEY, null);
  channel?.postMessage(null);
}

function leave(why) {
  if (!session) return;
  drop();
  if (!storage.works) shared.set(KEY, null);
  tell("ended", why);
}

function end(why) {
  if (!session) return;
  forget();
  tell("ended", why);
}

// Ends the session here, and at the service if it can be reached.
export async function signOut() {
  if (!session) return;
  const revoked = open("revoke-token", { refresh_token: session.refresh });
  forget();
  await revoked;
}
