// What every view has: a heading that takes the focus, and its states: loading,
// empty, refused, offline, asked to wait. To learn here: an error is part of the
// page, so it says what happened and what to do next, and takes nothing away.

import { announce, button, duration, h } from "../lib/dom.js";
import { call, connection, slug } from "../lib/api.js";
import { auth, demoUsers } from "../lib/auth.js";

/** Part is an element whose listeners, timers and requests end when it leaves the page. */
export class Part extends HTMLElement {
  #left = new AbortController();

  connectedCallback() {
    this.#left = new AbortController();
    this.start();
  }

  disconnectedCallback() {
    this.#left.abort();
  }

  /** start fills the element when it comes into the page. */
  start() {}

  /** signal is aborted when the element leaves the page. */
  get signal() {
    return this.#left.signal;
  }

  get gone() {
    return this.signal.aborted;
  }

  on(target, type, listener) {
    target.addEventListener(type, listener, { signal: this.signal });
  }

  every(milliseconds, work) {
    const timer = setInterval(work, milliseconds);
    this.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** poll calls ask regularly while the tab is in sight and a request would not be refused. */
  poll(milliseconds, ask) {
    this.every(milliseconds, () => {
      if (!document.hidden && !(auth.expired && !auth.autoRefresh)) ask();
    });
  }
}

/** View is the base of each view: a heading, a notice and the content. */
export class View extends Part {
  static heading = "";

  connectedCallback() {
    this.notice = h("div", { class: "notice" });
    this.content = h("div", { class: "content" });
    this.append(
      this.heading = h("h1", { tabindex: -1 }, /** @type {typeof View} */ (this.constructor).heading),
      ...this.build(),
    );
    super.connectedCallback();
  }

  /** build returns what stands below the heading. */
  build() {
    return [this.notice, this.content];
  }

  /** reloadOn calls work now, after a login or logout, and when the connection is back. It hands over options for
   *  the requests: after the first time, nobody has asked for them. */
  reloadOn(work) {
    let { who } = auth;
    const again = () => work({ again: true });
    this.on(connection, "back", again);
    this.on(auth, "change", () => {
      const before = who;
      who = auth.who;
      if (who !== before && !(before === "" && who)) again(); // "": that work waited for the token
    });
    work({});
  }

  /** requireLogin says, without a login, what one is needed for, and offers the request
   *  all the same. It reports whether a login is missing. */
  requireLogin(words, path) {
    if (auth.state.mode) return false;
    const ask = async () => this.notice.replaceChildren(refusal(await call("GET", path)));
    this.notice.replaceChildren();
    this.content.replaceChildren(
      emptyState(
        "You have no wristband",
        h("p", {}, words),
        h(
          "div",
          { class: "row row--middle" },
          button("Log in", logIn, { class: "primary" }),
          button("Ask without one", ask, { class: "quiet" }),
        ),
      ),
    );
    return true;
  }

  /** load makes a request and lets render put the answer into the content. What stands
   *  there already stays when the answer is a refusal. It returns the answer. */
  async load(words, ask, render) {
    const slow = setTimeout(() => {
      if (!this.content.firstChild) this.content.append(skeleton(words));
    }, 300);
    const answer = await ask();
    clearTimeout(slow);
    if (this.gone) return answer;
    this.content.querySelector(":scope > .skeleton")?.remove();
    if (answer.ok) {
      this.notice.replaceChildren();
      render(answer);
    } else {
      this.notice.replaceChildren(refusal(answer, () => this.load(words, ask, render), roleHint(answer)));
    }
    return answer;
  }
}

/** skeleton is the placeholder while loading takes noticeable time. */
export function skeleton(words) {
  announce(words + ".");
  return h(
    "div",
    { class: "skeleton" },
    h("p", {}, words + " …"),
    Array.from({ length: 6 }, () => h("div", { class: "skeleton__row" })),
  );
}

/** emptyState says that there is nothing, and what to do about it. */
export const emptyState = (title, ...more) =>
  h("div", { class: "empty" }, h("p", { class: "empty__title" }, title), ...more);

/** refusal shows a problem document in words, what to do next, and the request.
 *  again repeats the request, hint is one more sentence. */
export function refusal(answer, again = null, hint = "", loginHelps = true) {
  const { problem, status, lost } = answer;
  const title = lost ? "No connection to the restaurant" : problem?.title ?? "That did not work";
  const detail = lost
    ? "No answer came, so the page does not know if the request arrived. You can send it again."
    : problem?.detail ?? "The answer could not be read.";
  announce(`${status || ""} ${title}. ${detail}`);
  return h(
    "div",
    { class: "refusal" },
    h("p", { class: "refusal__title" }, status ? [h("span", { class: "status" }, status), " "] : null, title),
    h("p", {}, detail),
    problem?.errors
      ? h(
        "ul",
        { class: "refusal__fields" },
        problem.errors.map((e) => h("li", {}, h("code", {}, e.field), " " + e.message)),
      )
      : null,
    hint ? h("p", {}, hint) : null,
    h(
      "div",
      { class: "row" },
      status === 401 && loginHelps ? button("Log in", logIn, { class: "primary" }) : null,
      again ? retryButton(answer, again) : answer.retryAfter ? waitNote(answer) : null,
      problem?.type ? h("a", { href: problem.type }, "Why?") : null,
      showRequest(answer.entry),
    ),
  );
}

/** retryButton waits for as long as the server asks to (Retry-After). */
function retryButton(answer, again) {
  const go = button("Try again", again);
  countdown(answer, (left) => {
    go.disabled = left > 0;
    go.textContent = left > 0 ? `Try again in ${duration(left)}` : "Try again";
  });
  return go;
}

function waitNote(answer) {
  const words = h("span", {});
  countdown(answer, (left) => {
    words.textContent = left > 0 ? `Wait ${duration(left)}.` : "You can try again now.";
  });
  return words;
}

/** countdown calls tick with the seconds that are left, each second, until there are none. */
export function countdown({ retryAfter }, show) {
  let left = retryAfter;
  if (!left) return;
  const tick = () => {
    show(left);
    if (left-- > 0) return;
    clearInterval(timer);
    announce("You can try again now.");
  };
  const timer = setInterval(tick, 1000);
  tick();
}

let openLogin = async () => {};

/** provideLogin hands in what opens the login dialog; main.js calls it, since that
 *  dialog needs this file. */
export function provideLogin(open) {
  openLogin = open;
}

/** logIn opens the login dialog; the focus comes back afterwards. */
export async function logIn() {
  try {
    await openLogin();
  } catch {
    location.hash = "#/login"; // there it is said that there is no connection
  }
}

/** showRequest is the small "Show the request" beside an action. It opens the entry of
 *  the notebook in place. */
export function showRequest(entry) {
  const box = h("div", { class: "peek" });
  const toggle = button("Show the request", async () => {
    const open = toggle.getAttribute("aria-expanded") !== "true";
    toggle.setAttribute("aria-expanded", String(open));
    toggle.textContent = open ? "Hide the request" : "Show the request";
    box.querySelector(".entry")?.remove();
    if (!open) return;
    try {
      const { entryCard } = await import("./entry.js");
      box.append(entryCard(entry));
    } catch {
      box.append(h("p", { class: "entry" }, "This part of the page could not be loaded: no connection."));
    }
  }, { class: "quiet", "aria-expanded": "false" });
  box.append(toggle);
  return box;
}

/** roleHint turns a 403 into something to learn: which claim decides. */
function roleHint(answer) {
  if (slug(answer) !== "role-required" || !auth.state.role) return "";
  const demo = demoUsers.length ? " Among the demo accounts, carla is a chef and marco is the manager." : "";
  return `Your wristband says role: ${auth.state.role}.${demo}`;
}
