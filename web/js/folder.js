// The folder of a learner who has no terminal: the files that lessons write and
// send (wristband.txt, login.json …), in the memory of this page. To learn here:
// a wristband is a text that one can hold, copy, lend and lose; a lesson that logs
// in as vera does not take the wristband that you wear yourself.

import { call, open } from "./api.js";
import { decode, bare } from "./jwt.js";
import { events } from "./sse.js";
import { formType } from "./shells.js";

const files = new Map();

/** folder holds texts by the name of their file. */
export const folder = Object.assign(new EventTarget(), {
  files,
  put(name, text) {
    files.set(name, text);
    folder.dispatchEvent(new Event("change"));
  },
});

/** lacks names the file that a request sends and the folder does not have. */
export function lacks({ as, body, body_file: file }) {
  if (as && !files.has(as)) return as;
  return file && body === null && !files.has(file) ? file : null;
}

/** token is the one in a file that holds the line of an Authorization header. */
export const token = (name) => bare(files.get(name) ?? "");

/** holder says whose wristband is in a file; undefined for other files. */
export const holder = (name) => (name.endsWith(".txt") ? decode(token(name)).claims : undefined) ?? undefined;

/** send makes the request of a step and gives the answer of api.js with its text.
 *  A stream is read to its end, or until signal; each event goes to onEvent. */
export async function send(request, { why, signal, onEvent }) {
  const options = { why, signal, headers: headersOf(request), body: bodyOf(request), wear: request.as ? token(request.as) : "none" };
  const answer = await (request.stream ? open(request.path, options) : call(request.method, request.path, options));
  if (answer.body) {
    try {
      for await (const event of events(answer.body, answer.entry)) onEvent(JSON.parse(event.data));
    } catch { /* the stream was stopped, or the line broke: what came is what there is */ }
  }
  answer.text = answer.entry.answer?.body ?? "";
  if (answer.ok && request.save_as) folder.put(request.save_as, answer.text);
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

/** compare sets what was expected beside what came: [{what, wanted, came, fits}]. */
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
    const came = member(answer.data ?? answer.problem, path) ?? null;
    rows.push(row(path, value ?? "nothing", came ?? "nothing", came === value));
  }
  for (const text of expect.holds) rows.push(row("In the answer", text, answer.text.includes(text) ? text : "not there", answer.text.includes(text)));
  return rows;
}

const row = (what, wanted, came, fits) => ({ what, wanted: String(wanted), came: String(came), fits: Boolean(fits) });

/** member finds items.0.name in a document. */
const member = (data, path) => path.split(".").reduce((part, key) => part?.[key], data);
