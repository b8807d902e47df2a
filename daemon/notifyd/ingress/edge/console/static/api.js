// The calls of the console to its daemon.

const BASE = "/console/api";
const SECONDS = 15;

/** Why a call failed: `code` is the daemon's word, or "unreachable". */
export class Refused extends Error {
  constructor(code, message, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Who looks at the console, and what the daemon told of itself. */
export const session = { signedIn: false, development: false, csrfToken: "", websocketPort: null, socketioPath: "" };

const listeners = new Set();

/** Have *listener* called when somebody was signed in or out. */
export function onSession(listener) {
  listeners.add(listener);
}

function take(answer) {
  const before = session.signedIn;
  Object.assign(session, answer);
  if (before !== session.signedIn) for (const listener of listeners) listener(session);
}

/** Ask whether somebody is signed in. */
export async function loadSession() {
  take(await call("GET", "/session"));
  return session;
}

/** Sign in with the admin token, which is not kept. */
export async function signIn(token) {
  take(await call("POST", "/session", { token }));
}

/** Sign out. */
export async function signOut() {
  take(await call("DELETE", "/session"));
}

/** One call below /console/api; the answer, decoded. Raises `Refused`. */
export async function call(method, path, body = undefined) {
  const known = session.csrfToken;
  try {
    return await once(method, path, body);
  } catch (problem) {
    if (problem.code === "console_session_required") take({ signedIn: false, csrfToken: "" });
    if (problem.code !== "forged") throw problem;
  }
  // another tab may have signed in anew: the cookie is that of its session then
  await loadSession();
  if (session.csrfToken === known) throw new Refused("forged", "The daemon does not take this page for its own.", 403);
  return once(method, path, body);
}

function once(method, path, body) {
  const headers = { Accept: "application/json" };
  if (method !== "GET" && session.csrfToken) headers["X-CSRF-Token"] = session.csrfToken;
  return send(BASE + path, { method, headers, body });
}

/** One call of the REST interface with an API key. */
export function rest(method, path, key, body = undefined) {
  return send(path, { method, headers: { Accept: "application/json", "X-API-Key": key }, body, credentials: "omit" });
}

async function send(path, { body, headers, ...options }) {
  const signal = AbortSignal.timeout(SECONDS * 1000);
  const wanted = { ...options, headers, signal, cache: "no-store", redirect: "error" };
  if (options.method === "POST") {
    headers["Content-Type"] = "application/json";
    wanted.body = body === undefined ? "{}" : JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, wanted);
  } catch (problem) {
    const late = problem.name === "TimeoutError";
    throw new Refused("unreachable", late ? "The daemon did not answer in time." : "The daemon cannot be reached.");
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const error = answer?.error ?? { code: "unreachable", message: `The answer was ${response.status}.` };
  throw new Refused(error.code, sentence(error.message), response.status);
}

function sentence(text) {
  const said = String(text);
  return said.charAt(0).toUpperCase() + said.slice(1) + (/[.!?]$/.test(said) ? "" : ".");
}

/** The query of *fields*, the empty ones left out, with its question mark. */
export function query(fields) {
  const kept = Object.entries(fields).filter(([, value]) => !["", null, undefined, false].includes(value));
  return kept.length ? `?${new URLSearchParams(kept)}` : "";
}
