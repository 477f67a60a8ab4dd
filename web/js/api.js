// The only place that calls fetch. To learn here: what belongs to a good API
// client: one place for the token, problem documents (RFC 9457) read as such,
// Retry-After honoured, a lost connection told apart from a refusal.

import { notebook, timing, withoutSecrets } from "./notebook.js";

const patience = 20000; // milliseconds until a request without an answer is given up

/** line says whether the restaurant can be reached: events "lost" and "back". */
export const line = Object.assign(new EventTarget(), { lost: false });

/** lessons tells of each answer that moved a lesson on: event "progress", whose
 *  detail is its Lesson-Progress header, such as "L04 2/6" or "L04 done; next=L05". */
export const lessons = new EventTarget();

let wallet = null;

/** wear tells who keeps the wristband; wallet.js calls it. */
export function wear(keeper) { wallet = keeper; }

let skew = 0; // the server's clock minus ours, in milliseconds

/** serverNow is the time as the restaurant's clock has it. */
export const serverNow = () => Date.now() + skew;

/** call makes one request and gives what came of it:
 *  {ok, status, data, problem, headers, entry, lost, retryAfter}.
 *  It never throws for a refusal, because a refusal is an answer, too.
 *
 *  options.wear  "wristband" (default), "cookie", "none", or a token of your own
 *  options.json  the body
 *  options.headers, options.why (a remark for the notebook), options.poll */
export async function call(method, path, options = {}) {
  let answer = await once(method, path, options);
  if (options.wear === undefined && answer.status === 401 && slug(answer) === "token-expired" && wallet.autoRenew && await wallet.renew("by itself: the wristband had expired")) {
    answer = await once(method, path, { ...options, why: "sent again with the new wristband" });
  }
  if (answer.entry.worn === "wristband" && slug(answer) === "token-revoked") {
    wallet.drop("Your login session was ended, so your wristband is cut. Log in again; nothing you typed is lost.");
  }
  return answer;
}

export const slug = (answer) => answer.problem?.type?.split("/").pop() ?? "";

async function once(method, path, options) {
  const { entry, init } = await prepare(method, path, options);
  let response;
  const started = performance.now();
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(patience) });
    const text = await response.text();
    close(entry, response, text, started);
  } catch (error) {
    return undelivered(entry, error, started);
  }
  found();
  return read(response, entry);
}

/** open begins a request whose answer is read piece by piece (see sse.js). */
export async function open(path, options = {}) {
  const { entry, init } = await prepare("GET", path, options);
  entry.stream = true;
  const started = performance.now();
  try {
    const response = await fetch(path, { ...init, signal: options.signal });
    const streaming = response.ok;
    close(entry, response, streaming ? "" : await response.text(), started);
    found();
    return { ...read(response, entry), body: streaming ? response.body : null };
  } catch (error) {
    return options.signal?.aborted ? { stopped: true, entry: forget(entry) } : undelivered(entry, error, started);
  }
}

async function prepare(method, path, options) {
  const headers = { ...options.headers };
  let body = options.body;
  if (options.json !== undefined) body = JSON.stringify(options.json);
  if (body !== undefined) headers["Content-Type"] ??= "application/json";
  const { wear = "wristband" } = options;
  let worn = "none";
  if (wear === "wristband") worn = await wallet.show(headers);
  else if (wear === "cookie") worn = "cookie";
  else if (wear !== "none") {
    headers.Authorization = "Bearer " + wear;
    worn = "another token";
  }
  const entry = notebook.write({
    at: new Date(), method, path, headers, body: withoutSecrets(body), worn, who: wallet.state.username ?? wallet.state.name,
    left: worn === "wristband" || worn === "cookie" ? wallet.left() : null, why: options.why, poll: options.poll, times: 1,
    status: 0, statusText: "", answer: null, cookies: cookiesOf(method, path, worn, options),
  });
  // no-store: the browser's own cache would hide what is said.
  return { entry, init: { method, headers, body, cache: "no-store", credentials: wear === "none" && !options.cookies ? "omit" : "same-origin", keepalive: options.keepalive } };
}

/** cookiesOf tells which cookies travel with a request. No script can see them, so
 *  this is what we know from the rules: the refresh cookie has the path
 *  /api/v1/auth, the access cookie goes everywhere. */
function cookiesOf(method, path, worn, options) {
  const auth = path.startsWith("/api/v1/auth"), gives = options.cookies === "given";
  if (options.wear === "none" && !options.cookies) return null;
  const sent = [];
  if (worn === "cookie") sent.push("access_token");
  if (auth && wallet.state.mode && !gives) sent.push("refresh_token");
  return sent.length || gives ? { sent, set: gives || path.endsWith("/refresh") || path.endsWith("/logout"), mode: options.mode ?? wallet.state.mode } : null;
}

function close(entry, response, text, started) {
  entry.ms = performance.now() - started;
  entry.status = response.status;
  entry.statusText = response.statusText;
  entry.answer = { headers: [...response.headers], body: text };
  entry.timing = timing(response.headers.get("Server-Timing"));
  if (response.headers.get("Content-Type") === "application/problem+json") entry.problem = parse(text);
  const date = Date.parse(response.headers.get("Date"));
  // Date has whole seconds: only a larger difference says something.
  if (Math.abs(date - Date.now()) > 1500) skew = date - Date.now();
  notebook.answered(entry);
  const progress = response.headers.get("Lesson-Progress");
  if (progress) lessons.dispatchEvent(new CustomEvent("progress", { detail: progress }));
}

function read(response, entry) {
  const text = entry.answer.body, json = /json/.test(response.headers.get("Content-Type") ?? "");
  const seconds = Number(response.headers.get("Retry-After"));
  return {
    ok: response.ok || response.status === 304, status: response.status, headers: response.headers, entry,
    data: json && !entry.problem ? parse(text) : null, problem: entry.problem ?? null,
    retryAfter: seconds > 0 ? seconds : null,
  };
}

/** parse reads JSON; something between us and the house may have sent anything. */
function parse(text) {
  try { return JSON.parse(text); } catch { return null; }
}

function undelivered(entry, error, started) {
  entry.ms = performance.now() - started;
  entry.error = error.name === "TimeoutError" ? "no answer in 20 seconds" : "not delivered";
  notebook.answered(entry);
  cut();
  return { ok: false, status: 0, lost: true, entry, problem: null, data: null };
}

function forget(entry) {
  entry.error = "stopped by the page";
  notebook.answered(entry);
  return entry;
}

function cut() {
  if (line.lost) return;
  line.lost = true;
  line.dispatchEvent(new Event("lost"));
}

// The browser knows before any request does. A stream that is open would go on
// waiting for events that cannot come.
addEventListener("offline", cut);

function found() {
  if (!line.lost) return;
  line.lost = false;
  line.dispatchEvent(new Event("back"));
}
