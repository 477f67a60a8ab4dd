// The lessons and one's progress. To learn here: progress is kept by the server, which
// has seen the requests, so a page only asks: after its own requests (Lesson-Progress),
// when it is looked at again, and now and then in between, in case something was done
// in a terminal.

import { call, connection, lessons } from "../lib/api.js";

/** lessonList holds the lessons, null before they were read; event "change". */
export const lessonList = Object.assign(new EventTarget(), { items: null });

/** @type {Promise<any>} */
let refreshing = Promise.resolve();
let retryAt = 0;

/** refreshList reads the list again. A poll, which no one has asked for by hand, waits
 *  as long as the server has asked for (Retry-After). */
export function refreshList(poll = false) {
  if (poll && performance.now() < retryAt) return refreshing;
  refreshing = refreshing.then(async () => {
    const answer = await call("GET", "learn/lessons", {
      auth: "none",
      poll: poll || lessonList.items !== null,
      why: poll ? "was something done elsewhere?" : undefined,
    });
    if (answer.retryAfter) retryAt = performance.now() + answer.retryAfter * 1000;
    if (!answer.ok) return answer;
    const before = JSON.stringify(lessonList.items);
    lessonList.items = answer.data.items;
    if (JSON.stringify(lessonList.items) !== before) lessonList.dispatchEvent(new Event("change"));
    return answer;
  });
  return refreshing;
}

/** onNews calls look(poll) when there may be news, and every so many milliseconds while
 *  the tab is in sight, until signal is aborted. */
export function onNews(look, every, signal) {
  const poll = () => {
    if (!document.hidden && !connection.lost) look(true);
  };
  const timer = setInterval(poll, every);
  signal.addEventListener("abort", () => clearInterval(timer));
  document.addEventListener("visibilitychange", poll, { signal });
  lessons.addEventListener("progress", () => look(false), { signal });
  connection.addEventListener("back", () => look(false), { signal });
}

/** nextLesson is the one to go on with: the first after id that is not done, else the
 *  first of all. */
export function nextLesson(id = "") {
  const left = lessonList.items?.filter((item) => !["done", "locked"].includes(item.state) && !item.extra) ?? [];
  return left.find((item) => item.id > id) ?? left[0];
}

export const lessonHref = (item) => "#/lessons/" + item.id;
export const lessonTitle = (item) => `${item.id} ${item.title}`;

/** stateLabels name a state without a colour. */
export const stateLabels = { open: "Not begun", started: "Begun", done: "Done", locked: "Locked" };

/** whenLocked says what a lock means and when it opens. */
export const whenLocked =
  "You can read it now. It counts when it opens: as soon as the part before is done, or when your teacher opens it.";
