// The only place that calls fetch. To learn here: what belongs to a good API
// client: one place for the token, problem documents (RFC 9457) read as such,
// Retry-After honoured, a lost connection told apart from a refusal.

import { notebook, parseTiming, withoutSecrets } from "./notebook.js";

const timeoutMs = 20000;

/** connection says whether the server can be reached: events "lost" and "back". */
export const connection = Object.assign(new EventTarget(), { lost: false });

/** lessons fires for each answer that moved a lesson on: event "progress", whose
 *  detail is its Lesson-Progress header, such as "L04 2/6" or "L04 done; next=L05". */
export const lessons = new EventTarget();

/** @type {import("./auth.js").Auth} */
let auth;

/** provideAuth hands in the keeper of the token; auth.js, which imports this file, calls it. */
export function provideAuth(keeper) {
  auth = keeper;
}

let clockSkew = 0; // the server's clock minus ours, in milliseconds

/** serverNow is the time by the server's clock. */
export const serverNow = () => Date.now() + clockSkew;

/** What came of a request. lost: it was not delivered; stopped: the page ended it.
 * @typedef {{ok?: boolean, status?: number, data?: any, problem?: any, headers?: Headers, entry: any, lost?: boolean,
 *   stopped?: boolean, retryAfter?: number, body?: ReadableStream, text?: string, menu?: any}} Answer */

/** auth: "bearer" (default), "cookie", "none", or a token to send instead of one's own. json: the body. why: a remark
 *  for the notebook. poll: the page asks by itself. cookies: "given" if the answer sets some.
 * @typedef {{auth?: string, json?: any, body?: string, headers?: Record<string, string>, why?: string, poll?: boolean,
 *   cookies?: boolean | "given", mode?: string, keepalive?: boolean, signal?: AbortSignal}} Options */

/** call makes one request. It never throws for a refusal, because a refusal is an
 *  answer, too. An expired token is refreshed, and the request sent again, once.
 * @param {Options} options
 * @returns {Promise<Answer>} */
export async function call(method, path, options = {}) {
  let answer = await attempt(method, path, options);
  const expired = options.auth === undefined && answer.status === 401 && slug(answer) === "token-expired";
  if (expired && auth.autoRefresh && await auth.refresh("by itself: the wristband had expired")) {
    answer = await attempt(method, path, { ...options, why: "sent again with the new wristband" });
  }
  if (answer.entry.auth === "bearer" && slug(answer) === "token-revoked") {
    auth.forget("Your login session was ended, so your wristband is cut. Log in again; nothing you typed is lost.");
  }
  return answer;
}

/** slug is the name of a refusal: the last part of a problem's type. */
export const slug = (answer) => answer.problem?.type?.split("/").pop() ?? "";

async function attempt(method, path, options) {
  const { entry, init } = await prepare(method, path, options);
  let response;
  const started = performance.now();
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    record(entry, response, text, started);
  } catch (error) {
    return notDelivered(entry, error, started);
  }
  setOnline();
  return answerOf(response, entry);
}

/** open begins a request whose answer is read piece by piece (see sse.js).
 * @param {Options} options
 * @returns {Promise<Answer>} */
export async function open(path, options = {}) {
  const { entry, init } = await prepare("GET", path, options);
  entry.stream = true;
  const started = performance.now();
  try {
    const response = await fetch(path, { ...init, signal: options.signal });
    const streaming = response.ok;
    record(entry, response, streaming ? "" : await response.text(), started);
    setOnline();
    return { ...answerOf(response, entry), body: streaming ? response.body : null };
  } catch (error) {
    return options.signal?.aborted ? { stopped: true, entry: stopped(entry) } : notDelivered(entry, error, started);
  }
}

async function prepare(method, path, options) {
  const headers = { ...options.headers };
  let body = options.body;
  if (options.json !== undefined) body = JSON.stringify(options.json);
  if (body !== undefined) headers["Content-Type"] ??= "application/json";
  const { auth: wanted = "bearer" } = options;
  let sent = "none"; // how the token travels
  if (wanted === "bearer") sent = await auth.authorize(headers);
  else if (wanted === "cookie") sent = "cookie";
  else if (wanted !== "none") {
    headers.Authorization = "Bearer " + wanted;
    sent = "other";
  }
  const { username, name } = auth.state;
  const entry = notebook.add({
    at: new Date(),
    method,
    path,
    headers,
    body: withoutSecrets(body),
    auth: sent,
    who: username ?? name,
    left: sent === "bearer" || sent === "cookie" ? auth.secondsLeft() : null,
    why: options.why,
    poll: options.poll,
    times: 1,
    status: 0,
    statusText: "",
    answer: null,
    cookies: cookiesSent(path, sent, options),
  });
  const credentials = wanted === "none" && !options.cookies ? "omit" : "same-origin";
  // no-store: the browser's own cache would hide what is said.
  const init = { method, headers, body, cache: "no-store", credentials, keepalive: options.keepalive };
  return { entry, init: /** @type {RequestInit} */ (init) };
}

/** cookiesSent says which cookies travel with a request. No script can see them, so it
 *  follows from the rules: the refresh cookie has the path /api/v1/auth, the access
 *  cookie goes everywhere. */
function cookiesSent(path, how, options) {
  const given = options.cookies === "given", { mode } = auth.state;
  if (options.auth === "none" && !options.cookies) return null;
  const sent = [];
  const { accessCookie, refreshCookie } = document.body.dataset;
  if (how === "cookie") sent.push(accessCookie);
  if (path.startsWith("/api/v1/auth") && mode && !given) sent.push(refreshCookie);
  if (sent.length === 0 && !given) return null;
  return { sent, set: given || path.endsWith("/refresh") || path.endsWith("/logout"), mode: options.mode ?? mode };
}

function record(entry, response, text, started) {
  entry.ms = performance.now() - started;
  entry.status = response.status;
  entry.statusText = response.statusText;
  entry.answer = { headers: [...response.headers], body: text };
  entry.timing = parseTiming(response.headers.get("Server-Timing"));
  if (response.headers.get("Content-Type") === "application/problem+json") entry.problem = parse(text);
  const date = Date.parse(response.headers.get("Date"));
  // Date has whole seconds: only a larger difference says something.
  if (Math.abs(date - Date.now()) > 1500) clockSkew = date - Date.now();
  notebook.answered(entry);
  const progress = response.headers.get("Lesson-Progress");
  if (progress) lessons.dispatchEvent(new CustomEvent("progress", { detail: progress }));
}

function answerOf(response, entry) {
  const text = entry.answer.body, json = /json/.test(response.headers.get("Content-Type") ?? "");
  const seconds = Number(response.headers.get("Retry-After"));
  return {
    ok: response.ok || response.status === 304,
    status: response.status,
    headers: response.headers,
    entry,
    data: json && !entry.problem ? parse(text) : null,
    problem: entry.problem ?? null,
    retryAfter: seconds > 0 ? seconds : null,
  };
}

/** parse reads JSON; a proxy may have sent anything else. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function notDelivered(entry, error, started) {
  entry.ms = performance.now() - started;
  entry.error = error.name === "TimeoutError" ? "no answer in 20 seconds" : "not delivered";
  notebook.answered(entry);
  setOffline();
  return { ok: false, status: 0, lost: true, entry, problem: null, data: null };
}

function stopped(entry) {
  entry.error = "stopped by the page";
  notebook.answered(entry);
  return entry;
}

function setOffline() {
  if (connection.lost) return;
  connection.lost = true;
  connection.dispatchEvent(new Event("lost"));
}

// The browser knows before any request does. An open stream would go on waiting for
// events that cannot come.
addEventListener("offline", setOffline);

function setOnline() {
  if (!connection.lost) return;
  connection.lost = false;
  connection.dispatchEvent(new Event("back"));
}
