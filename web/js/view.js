// What every view has: a heading that takes the focus, and its states: loading,
// empty, refused, offline, asked to wait. To learn here: an error is part of the
// page, so it says what happened and what to do next, and takes nothing away.

import { button, h, say, span } from "./dom.js";
import { call, line, slug } from "./api.js";
import { wallet } from "./wallet.js";

/** View is the base of each view. What it listens to ends when it leaves the page. */
export class View extends HTMLElement {
  #over = null;

  connectedCallback() {
    this.#over = new AbortController();
    this.notice = h("div", { class: "notice" });
    this.content = h("div", { class: "content" });
    this.append(h("h1", { tabindex: -1 }, this.constructor.heading), ...this.build());
    this.start();
  }

  disconnectedCallback() { this.#over.abort(); }

  /** build gives what stands below the heading. */
  build() { return [this.notice, this.content]; }

  start() {}

  get gone() { return this.#over.signal.aborted; }

  on(target, type, listener) { target.addEventListener(type, listener, { signal: this.#over.signal }); }

  every(milliseconds, work) {
    const timer = setInterval(work, milliseconds);
    this.#over.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** again calls work now, after a login or logout, and when the line is back. */
  again(work) {
    let who = wallet.state.username;
    this.on(line, "back", work);
    this.on(wallet, "change", () => {
      if (wallet.state.username === who) return; // the same guest with a new wristband
      who = wallet.state.username;
      work();
    });
    work();
  }

  /** stranger says, to somebody without a wristband, what it is needed for; whoever
   *  wants to may be refused. It tells whether there is none. */
  stranger(words, path) {
    if (wallet.state.mode) return false;
    const knock = button("Ask without one", async () => this.notice.replaceChildren(refusal(await call("GET", path))), { class: "quiet" });
    this.notice.replaceChildren();
    this.content.replaceChildren(empty("You wear no wristband", h("p", {}, words), h("div", { class: "row row--middle" }, button("Log in", login, { class: "primary" }), knock)));
    return true;
  }

  /** show asks, and lets render put the answer into the content. What stands there
   *  already stays when the answer is a refusal. It gives the answer. */
  async show(words, ask, render) {
    const slow = setTimeout(() => { if (!this.content.firstChild) this.content.append(skeleton(words)); }, 300);
    const answer = await ask();
    clearTimeout(slow);
    if (this.gone) return answer;
    this.content.querySelector(":scope > .skeleton")?.remove();
    if (answer.ok) {
      this.notice.replaceChildren();
      render(answer);
    } else {
      this.notice.replaceChildren(refusal(answer, () => this.show(words, ask, render), roleHint(answer)));
    }
    return answer;
  }
}

/** skeleton stands where something will be, once waiting gets noticeable. */
export function skeleton(words) {
  say(words + ".");
  return h("div", { class: "skeleton" }, h("p", {}, words + " …"), Array.from({ length: 6 }, () => h("div", { class: "skeleton__row" })));
}

/** empty says that there is nothing, and what to do about it. */
export const empty = (title, ...more) => h("div", { class: "empty" }, h("p", { class: "empty__title" }, title), ...more);

/** refusal explains an answer that is none: the problem document in words, what to
 *  do next, and the request that led to it. */
export function refusal(answer, again, whyNot = "", loginHelps = true) {
  const { problem, status, lost } = answer;
  const title = lost ? "No connection to the restaurant" : problem?.title ?? "That did not work";
  const detail = lost ? "The request was not delivered. Nothing is lost; it can be sent again." : problem?.detail ?? "The answer could not be read.";
  say(`${status || ""} ${title}. ${detail}`);
  return h("div", { class: "refusal" },
    h("p", { class: "refusal__title" }, status ? [h("span", { class: "status" }, status), " "] : null, title),
    h("p", {}, detail),
    problem?.errors ? h("ul", { class: "refusal__fields" }, problem.errors.map((e) => h("li", {}, h("code", {}, e.field), " " + e.message))) : null,
    whyNot ? h("p", {}, whyNot) : null,
    h("div", { class: "row" },
      status === 401 && loginHelps ? button("Log in", login, { class: "primary" }) : null,
      again ? tryAgain(answer, again) : answer.retryAfter ? waiting(answer) : null,
      problem?.type ? h("a", { href: problem.type }, "Why?") : null,
      peek(answer.entry)));
}

/** tryAgain waits for as long as the house asks to (Retry-After). */
function tryAgain(answer, again) {
  const go = button("Try again", again);
  countdown(answer, (left) => {
    go.disabled = left > 0;
    go.textContent = left > 0 ? `Try again in ${span(left)}` : "Try again";
  });
  return go;
}

function waiting(answer) {
  const words = h("span", {});
  countdown(answer, (left) => { words.textContent = left > 0 ? `Wait ${span(left)}.` : "You can try again now."; });
  return words;
}

/** countdown tells the seconds that are left, each second, until there are none. */
export function countdown({ retryAfter }, tell) {
  let left = retryAfter;
  if (!left) return;
  const tick = () => {
    tell(left);
    if (left-- > 0) return;
    clearInterval(timer);
    say("You can try again now.");
  };
  const timer = setInterval(tick, 1000);
  tick();
}

/** login opens the dialog at the door; the focus comes back afterwards. */
export async function login() {
  try {
    const { openLogin } = await import("./el/login.js");
    await openLogin();
  } catch {
    location.hash = "#/login"; // there it is said that there is no connection
  }
}

/** peek is the small "Show the request" beside an action. It opens the entry of
 *  the notebook in place. */
export function peek(entry) {
  const box = h("div", { class: "peek" });
  const toggle = button("Show the request", async () => {
    const open = toggle.getAttribute("aria-expanded") !== "true";
    toggle.setAttribute("aria-expanded", String(open));
    toggle.textContent = open ? "Hide the request" : "Show the request";
    box.querySelector(".entry")?.remove();
    if (!open) return;
    try {
      const { entryCard } = await import("./el/entry.js");
      box.append(entryCard(entry));
    } catch {
      box.append(h("p", { class: "entry" }, "This part of the page could not be fetched: no connection."));
    }
  }, { class: "quiet", "aria-expanded": "false" });
  box.append(toggle);
  return box;
}

/** roleHint turns a 403 into something to learn: which claim opens this door. */
function roleHint(answer) {
  if (slug(answer) !== "role-required" || !wallet.state.role) return "";
  const demo = document.body.dataset.demo === undefined ? "" : " Among the demo accounts, carla is a chef and marco is the manager.";
  return `Your wristband says role: ${wallet.state.role}.${demo}`;
}
