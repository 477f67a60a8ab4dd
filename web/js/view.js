// What every view has: a heading that takes the focus, and its states: loading,
// empty, refused, offline, asked to wait. To learn here: an error is part of the
// page, so it says what happened and what to do next, and takes nothing away.

import { button, h, say, span } from "./dom.js";
import { line, slug } from "./api.js";
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
      this.notice.replaceChildren(refusal(answer, () => this.show(words, ask, render)));
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
      again ? tryAgain(answer, again) : null,
      problem?.type ? h("a", { href: problem.type }, "Why?") : null,
      peek(answer.entry)));
}

/** tryAgain waits for as long as the house asks to (Retry-After), and counts down. */
function tryAgain(answer, again) {
  const go = button("Try again", again);
  let left = answer.retryAfter;
  if (!left) return go;
  const tick = () => {
    go.disabled = left > 0;
    go.textContent = left > 0 ? `Try again in ${span(left)}` : "Try again";
    if (left-- <= 0) {
      clearInterval(timer);
      say("You can try again now.");
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
  return go;
}

/** login opens the dialog at the door; the focus comes back afterwards. */
export async function login() {
  const { openLogin } = await import("./el/login.js");
  return openLogin();
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
    const { entryCard } = await import("./el/entry.js");
    box.append(entryCard(entry));
  }, { class: "quiet", "aria-expanded": "false" });
  box.append(toggle);
  return box;
}

/** roleHint turns a 403 into something to learn: which claim opens this door. */
export function roleHint(answer) {
  if (slug(answer) !== "role-required" || !wallet.state.role) return "";
  return `Your wristband says role: ${wallet.state.role}. Among the demo accounts, carla is a chef and marco is the manager.`;
}
