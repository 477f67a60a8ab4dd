// The bars at the foot: no connection, wristband about to expire, expired.
// To learn here: retry with back-off (1, 2, 4 … 30 s), so that a restaurant that
// comes back is not overrun, and a warning before a time limit strikes (WCAG 2.2.1).

import { $, alert, announce, button, clockTime, duration, h, render } from "../lib/dom.js";
import { call, connection } from "../lib/api.js";
import { auth } from "../lib/auth.js";
import { logIn } from "./view.js";

class NoticeBars extends HTMLElement {
  connectedCallback() {
    this.lost = h("div", { class: "bar bar--lost", hidden: true });
    this.ending = h("div", { class: "bar bar--ending", hidden: true });
    this.append(this.lost, this.ending);
    connection.addEventListener("lost", () => this.showOffline(1));
    connection.addEventListener("back", () => this.hideOffline());
    addEventListener("online", () => {
      if (connection.lost) this.ping();
    });
    auth.addEventListener("change", (/** @type {any} */ event) => this.showExpiry(event.detail));
    setInterval(() => this.showExpiry(), 1000);
  }

  showOffline(wait) {
    alert("No connection to the restaurant.");
    let left = wait;
    const words = h("span");
    const tick = () => {
      words.textContent = `No connection to the restaurant. Trying again in ${duration(Math.max(1, left--))}. `;
    };
    clearInterval(this.counter);
    this.counter = setInterval(() => {
      if (left > 0) tick();
      else this.ping(Math.min(30, wait * 2));
    }, 1000);
    tick();
    this.lost.replaceChildren(words, button("Try now", () => this.ping(wait)));
    this.lost.hidden = false;
  }

  async ping(next = 1) {
    clearInterval(this.counter);
    const answer = await call("GET", "healthz", { auth: "none", why: "is the restaurant back?", poll: true });
    if (answer.lost) this.showOffline(next);
  }

  hideOffline() {
    clearInterval(this.counter);
    this.lost.hidden = true;
    alert("");
    announce("The connection is back.");
  }

  closeNotice() {
    this.state = "";
    render(this.ending, [], $("#view h1, #about h1"));
    this.ending.hidden = true;
  }

  /** showExpiry warns only where the token is not refreshed automatically. A reason says
   *  why somebody is logged in no more, or is somebody else now. */
  showExpiry(reason) {
    const left = auth.secondsLeft(), over = left !== null && left <= 0;
    const expiry = auth.state.mode && !auth.autoRefresh && left <= 20 ? (over ? "over" : "soon") : "";
    const state = expiry || (reason ? (auth.state.mode ? "changed" : "ended") : "");
    if (!auth.state.mode && this.state === "ended" && !reason) return; // it stays until the next login
    if (auth.state.mode && this.state === "changed" && !state) return; // it stays until it is closed
    const words = this.ending.querySelector("span");
    if (state === "soon" && words) words.textContent = soon(left);
    if (state === this.state && !reason) return;
    this.state = state;
    const refresh = () => button("Get a new one with the voucher", () => auth.refresh("asked for by a button"));
    const bar = {
      "": () => [],
      soon: () => [h("span", {}, soon(left)), refresh()],
      over: () => [
        h("span", {}, `Your wristband expired at ${clockTime(Date.now() + left * 1000)}. `),
        refresh(),
        button("Log in", logIn, { class: "quiet" }),
      ],
      ended: () => [h("span", {}, reason + " "), button("Log in", logIn)],
      changed: () => [h("span", {}, reason + " "), button("Close", () => this.closeNotice(), { class: "quiet" })],
    };
    render(this.ending, bar[state](), $("#view h1, #about h1"));
    this.ending.hidden = state === "";
    if (state === "soon") announce("Your wristband expires in 20 seconds. The page has a button to get a new one.");
  }
}

const soon = (left) => `Your wristband expires in ${duration(Math.max(1, left))}. `;

customElements.define("notice-bars", NoticeBars);
