// The files that lessons write and send (wristband.txt, login.json …), in the memory of
// this page, for learners without a terminal. To learn here: a token is a text that one
// can hold, copy, lend and lose; a lesson that logs in as vera does not take away the
// token that you use yourself.

import { call, open } from "../lib/api.js";
import { decode, trimToken } from "../lib/jwt.js";
import { parseEvents } from "../lib/sse.js";
import { formType } from "../lib/curl.js";

const files = new Map();

/** lessonFiles holds texts by the name of their file. */
export const lessonFiles = Object.assign(new EventTarget(), {
  files,
  put(name, text) {
    files.set(name, text);
    lessonFiles.dispatchEvent(new Event("change"));
  },
});

/** missingFile names the file that a request sends and that is not there, or is null. */
export function missingFile({ as, body, body_file: file, altered_from: original }) {
  if (as && !files.has(as)) return as;
  const needed = original ?? file;
  return needed && body === null && !files.has(needed) ? needed : null;
}

/** alter copies a file, with one letter more at the end of the signed text in it. */
function alter(original, copy) {
  lessonFiles.put(copy, files.get(original).replace(/\.[^".]*\.[^".]*/, "$&A"));
}

/** tokenIn is the token in a file that holds the line of an Authorization header. */
export const tokenIn = (name) => trimToken(files.get(name) ?? "");

/** claimsIn is what the token in a file says; undefined for other files. */
export const claimsIn = (name) => (name.endsWith(".txt") ? decode(tokenIn(name)).claims : undefined) ?? undefined;

/** sendStep makes the request of a step and returns the answer of api.js with its text.
 *  A stream is read to its end, or until signal; each event goes to onEvent. */
export async function sendStep(request, { why, signal, onEvent }) {
  if (request.altered_from) alter(request.altered_from, request.body_file);
  const options = {
    why,
    signal,
    headers: headersOf(request),
    body: bodyOf(request),
    auth: request.as ? tokenIn(request.as) : "none",
  };
  const answer = await (request.stream ? open(request.path, options) : call(request.method, request.path, options));
  if (answer.body) {
    try {
      for await (const event of parseEvents(answer)) onEvent(JSON.parse(event.data));
    } catch { /* the stream was stopped, or the connection broke: what came is what there is */ }
  }
  answer.text = answer.entry.answer?.body ?? "";
  if (answer.ok && request.save_as) lessonFiles.put(request.save_as, answer.text);
  return answer;
}

function headersOf({ headers, form }) {
  const all = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
  // Some browsers let no page say that it is another program; this header may.
  if (all["User-Agent"]) all["X-User-Agent"] = all["User-Agent"];
  if (form.length) all["Content-Type"] = formType;
  return all;
}

function bodyOf({ form, body, body_file: file }) {
  if (form.length) return new URLSearchParams(form.map(({ name, value }) => [name, value])).toString();
  return body ?? files.get(file) ?? undefined;
}

/** compare lists what was expected beside what came: [{what, wanted, came, fits}]. */
export function compare(expect, answer) {
  const rows = [row("Status", expect.status.join(" or "), answer.status, expect.status.includes(answer.status))];
  if (expect.problem) {
    const came = answer.problem?.type?.split("/").pop() ?? "none";
    rows.push(row("Reason", expect.problem, came, came === expect.problem));
  }
  for (const { name, value } of expect.header) {
    const came = answer.headers.get(name);
    rows.push(row(`Header ${name}`, value, came ?? "none", came?.includes(value)));
  }
  for (const [path, value] of Object.entries(expect.json)) {
    const came = valueAt(answer.data ?? answer.problem, path) ?? null;
    rows.push(row(path, value ?? "nothing", came ?? "nothing", came === value));
  }
  for (const text of expect.holds) {
    rows.push(row("In the answer", text, answer.text.includes(text) ? text : "not there", answer.text.includes(text)));
  }
  return rows;
}

const row = (what, wanted, came, fits) => ({ what, wanted: String(wanted), came: String(came), fits: Boolean(fits) });

/** valueAt finds items.0.name in a document. */
const valueAt = (data, path) => path.split(".").reduce((part, key) => part?.[key], data);
