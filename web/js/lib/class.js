// What the page of a table hears of its class: what the teacher says, and a pause. To learn
// here: what concerns every answer is in a header, so it needs no request of its own; a
// header holds ASCII, so other letters are percent-encoded.

/** classroom holds what was heard last; event "change". message is empty and pausedUntil
 *  null when there is nothing. */
export const classroom = Object.assign(new EventTarget(), {
  table: document.body.dataset.table ?? "", // empty: the page belongs to no class
  message: "",
  pausedUntil: null,
});

/** heard takes what an answer says.
 * @param {Response} response
 * @param {any} problem */
export function heard(response, problem) {
  if (!classroom.table) return;
  const paused = problem?.type?.endsWith("/class-paused");
  const seconds = paused ? Number(response.headers.get("Retry-After")) : 0;
  change({
    message: decoded(response.headers.get("Class-Message") ?? ""),
    ...(seconds > 0 ? { pausedUntil: Date.now() + seconds * 1000 } : {}),
  });
}

/** change notes what is new. */
export function change(news) {
  if (Object.keys(news).every((name) => news[name] === classroom[name])) return;
  Object.assign(classroom, news);
  classroom.dispatchEvent(new Event("change"));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a proxy has changed it
  }
}
