// What the house knows of one's lessons. To learn here: progress is kept by the
// server, which has seen the requests, so a page only asks: after its own requests
// (Lesson-Progress), when it is looked at again, and now and then in between, in
// case something was done in a terminal.

import { call, lessons, line } from "./api.js";

/** school holds the list of lessons, null before it was read; event "change". */
export const school = Object.assign(new EventTarget(), { items: null });

let asking = Promise.resolve(), patience = 0;

/** ask reads the list anew; poll marks what nobody has asked for by hand: that
 *  waits when the house has said "not so fast". */
export function ask(poll = false) {
  if (poll && performance.now() < patience) return asking;
  asking = asking.then(async () => {
    const answer = await call("GET", "/learn/lessons", { wear: "none", poll: poll || school.items !== null, why: poll ? "was something done elsewhere?" : undefined });
    if (answer.retryAfter) patience = performance.now() + answer.retryAfter * 1000;
    if (!answer.ok) return answer;
    const before = JSON.stringify(school.items);
    school.items = answer.data.items;
    if (JSON.stringify(school.items) !== before) school.dispatchEvent(new Event("change"));
    return answer;
  });
  return asking;
}

/** watch calls look(poll) whenever there may be news, at least every so many
 *  milliseconds while somebody looks, until signal. */
export function watch(look, every, signal) {
  const poll = () => { if (!document.hidden && !line.lost) look(true); };
  const timer = setInterval(poll, every);
  signal.addEventListener("abort", () => clearInterval(timer));
  document.addEventListener("visibilitychange", poll, { signal });
  lessons.addEventListener("progress", () => look(false), { signal });
  line.addEventListener("back", () => look(false), { signal });
}

/** next is the lesson to go on with: the first one behind id that is not done,
 *  else the first of all. */
export function next(id = "") {
  const left = school.items?.filter((item) => item.state !== "done") ?? [];
  return left.find((item) => item.id > id) ?? left[0];
}

export const where = (item) => "#/lessons/" + item.id;
export const titled = (item) => `${item.id} ${item.title}`;

/** stateWords name a state without a colour. */
export const stateWords = { open: "Not begun", started: "Begun", done: "Done" };
