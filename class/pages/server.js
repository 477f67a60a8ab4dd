// How the pages of the class talk to it. To learn here: a refusal is an answer, too, so
// nothing is thrown for one; what a person has to read is in the problem document
// (RFC 9457), and a lost connection is told apart from a refusal.

const timeoutMs = 20000;

/** What came of a request. lost: there was no answer.
 * @typedef {{ok: boolean, status: number, data: any, problem: any, lost: boolean}} Answer */

/** call sends a request, with a JSON body if there is one.
 * @param {any} [json]
 * @returns {Promise<Answer>} */
export async function call(method, path, json) {
  const headers = { Accept: "application/json" };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  try {
    const init = { method, headers, body: JSON.stringify(json), cache: /** @type {const} */ ("no-store") };
    const response = await fetch(path, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    const body = /json/.test(response.headers.get("Content-Type") ?? "") ? JSON.parse(text) : null;
    const { ok, status } = response;
    return { ok, status, data: ok ? body : null, problem: ok ? null : body, lost: false };
  } catch {
    return { ok: false, status: 0, data: null, problem: null, lost: true };
  }
}

/** sentence is what a person reads about a refusal.
 * @param {Answer} answer */
export function sentence({ problem, status, lost }) {
  if (lost) return "There is no connection to the computer of your teacher. Try it again.";
  const fields = problem?.errors?.map((e) => `${e.field} ${e.message}.`).join(" ");
  return fields || problem?.detail || problem?.title || `It did not work (${status}). Try it again.`;
}

/** every calls work now and every so many milliseconds while the page is in sight, and at
 *  once when it comes back into sight. */
export function every(milliseconds, work) {
  const look = () => {
    if (!document.hidden) work();
  };
  setInterval(look, milliseconds);
  document.addEventListener("visibilitychange", look);
  look();
}
