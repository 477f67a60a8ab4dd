// The only place that calls fetch. To learn here: what belongs to a good API
// client: one place for the token, problem documents (RFC 9457) read as such,
// Retry-After honoured, a lost connection told apart from a refusal.

import { classroom, heard } from "./class.js";
import { notebook, parseTiming, withoutSecrets } from "./notebook.js";
import { takeOneOf } from "./turns.js";

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

/** What came of a request. lost: no answer came; stopped: the page ended it; crowded: there
 *  was no place for another stream; loggedOut: it was not sent, because it needs a login. Whoever
 *  reads the body calls release afterwards.
 * @typedef {{ok?: boolean, status?: number, data?: any, problem?: any, headers?: Headers, entry: any, lost?: boolean,
 *   stopped?: boolean, crowded?: boolean, loggedOut?: boolean, retryAfter?: number, body?: ReadableStream,
 *   release?: () => void, text?: string, menu?: any}} Answer */

/** auth: "bearer" (default), "cookie", "none", or a token to send. json: the body. why: a remark for the notebook.
 *  poll, live, again: the page asks by itself, now and then, with a stream, or once more. cookies: "given" if the
 *  answer sets some. mend: false takes a refused token as it is.
 * @typedef {{auth?: string, json?: any, body?: string, headers?: Record<string, string>, why?: string, poll?: boolean,
 *   live?: boolean, again?: boolean, cookies?: boolean | "given", mode?: string, mend?: boolean, keepalive?: boolean,
 *   signal?: AbortSignal}} Options */

/** call makes one request. It never throws for a refusal, because a refusal is an
 *  answer, too.
 * @param {Options} options
 * @returns {Promise<Answer>} */
export const call = (method, path, options = {}) => mended(options, (more) => attempt(method, path, more));

/** open begins a request whose answer is read piece by piece (see sse.js).
 * @param {Options} options
 * @returns {Promise<Answer>} */
export const open = (path, options = {}) => mended(options, (more) => attemptStream(path, more));

/** mended sends a request. If one's own token is refused it is refreshed, and the request
 *  sent again, once. A token that nothing can mend is given up.
 * @param {Options} options
 * @param {(options: Options) => Promise<Answer>} send */
async function mended(options, send) {
  const answer = await send(options), kind = tokenRefusal(answer);
  if (!kind || options.auth !== undefined || options.mend === false) return answer;
  if (kind === "token-revoked") {
    auth.forget(
      "Your login session and its wristband (access token) have ended. Log in again. Your text is still here.",
    );
    return answer;
  }
  const aged = kind === "token-expired" || kind === "authentication-required";
  if (aged && !auth.autoRefresh) return answer;
  if (!await auth.refresh(`by itself: the wristband ${aged ? "had expired" : "was refused"}`)) return answer;
  const again = await send({ ...options, why: "sent again with the new wristband" });
  if (tokenRefusal(again)) auth.forget("The server refuses your wristband (access token). Log in again.");
  return again;
}

/** tokenRefusal is why one's own token was refused, or "". A browser deletes the cookie of
 *  an expired token, so then none comes. */
function tokenRefusal(answer) {
  const kind = slug(answer), { auth: sent } = answer.entry;
  if (answer.status !== 401 || sent !== "bearer" && sent !== "cookie") return "";
  return kind.startsWith("token-") || kind === "authentication-required" && sent === "cookie" ? kind : "";
}

/** isFinal reports whether asking again would bring the same refusal.
 * @param {Answer} answer */
export const isFinal = ({ status }) => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/** slug is the name of a refusal: the last part of a problem's type. */
export const slug = (answer) => answer.problem?.type?.split("/").pop() ?? "";

const loggedOut = { title: "Your login session has ended", detail: "Log in again." };

/** isLeftOver reports whether the page asks by itself for what needs the login that it no longer has. What is read
 *  again may need none; but if the login has just ended, its view begins again.
 * @param {Options} options */
const isLeftOver = ({ auth: wanted, poll, live, again }, entry, before = null) =>
  wanted === undefined && entry.auth === "none" && Boolean(poll || live || again && before && !auth.state.mode);

/** leftOver is the answer to it. */
const leftOver = (entry) => (
  { ok: false, status: 0, loggedOut: true, problem: loggedOut, entry: unsent(entry, "not sent: nobody is logged in") }
);

async function attempt(method, path, options) {
  const before = auth.state.mode;
  const { entry, init } = await prepare(method, path, options);
  if (isLeftOver(options, entry, before)) return leftOver(entry);
  let response;
  const started = performance.now();
  try {
    response = await fetch(entry.path, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    record(entry, response, text, started);
  } catch (error) {
    return notDelivered(entry, error, started);
  }
  setOnline();
  return answerOf(response, entry);
}

// All windows of a browser share six connections to a server (HTTP/1.1), and a stream holds
// one. So there are four places: two for streams that a page opens by itself, two for those
// that somebody asked for.
const placesEach = 2;
const crowded = {
  title: "Too many streams in this browser",
  detail:
    "There would be no connection for other requests. Stop one, close a window, or wait until an order is served.",
};

async function attemptStream(path, options) {
  const release = await takeOneOf(placesEach, options.live ? "live" : "stream");
  if (!release && options.live) return { crowded: true, entry: {} };
  const { entry, init } = await prepare("GET", path, options);
  entry.stream = true;
  if (isLeftOver(options, entry)) {
    release?.();
    return leftOver(entry);
  }
  if (!release) return { ok: false, status: 0, retryAfter: 5, problem: crowded, entry: unsent(entry, "not sent") };
  const started = performance.now();
  try {
    const response = await fetch(entry.path, { ...init, signal: options.signal });
    const body = response.ok ? response.body : null;
    record(entry, response, body ? "" : await response.text(), started);
    setOnline();
    if (!body) release();
    return { ...answerOf(response, entry), body, release };
  } catch (error) {
    release();
    if (options.signal?.aborted) return { stopped: true, entry: unsent(entry, "stopped by the page") };
    return notDelivered(entry, error, started);
  }
}

async function prepare(method, path, options) {
  const headers = { ...options.headers }, { pathname, search } = new URL(path, document.baseURI);
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
  // A page that was left open must not take a table that the class has freed.
  if (classroom.table && isByItself(options) && !headers.Authorization) headers["Asked-By"] = "page";
  const entry = notebook.add({
    at: new Date(),
    method,
    path: pathname + search,
    headers,
    body: withoutSecrets(body),
    auth: sent,
    who: auth.state.name,
    user: auth.state.username,
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

/** isByItself reports whether nobody has asked for a request.
 * @param {Options} options */
const isByItself = ({ poll, live, again }) => Boolean(poll || live || again);

/** cookiesSent says which cookies travel with a request. No script can see them, so it
 *  follows from the rules: the refresh cookie has the path /api/v1/auth, the access
 *  cookie goes everywhere. */
function cookiesSent(path, how, options) {
  const given = options.cookies === "given", { mode } = auth.state;
  if (options.auth === "none" && !options.cookies) return null;
  const sent = [];
  const { accessCookie, refreshCookie } = document.body.dataset;
  if (how === "cookie") sent.push(accessCookie);
  if (path.includes("api/v1/auth") && mode && !given) sent.push(refreshCookie);
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
  setClock(response.headers);
  notebook.answered(entry);
  heard(response, entry.problem);
  const progress = response.headers.get("Lesson-Progress");
  if (progress) lessons.dispatchEvent(new CustomEvent("progress", { detail: progress }));
}

/** setClock notes how far the server's clock is from ours, also when they agree again. Only the
 *  restaurant knows its clock; a proxy, or the class in a pause, has no Server-Timing. */
function setClock(headers) {
  const ahead = Date.parse(headers.get("Restaurant-Time") ?? headers.get("Date")) - Date.now();
  if (!headers.has("Server-Timing") || Number.isNaN(ahead)) return;
  clockSkew = Math.abs(ahead) > 1500 ? ahead : 0; // the header has whole seconds
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

function unsent(entry, why) {
  entry.error = why;
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
