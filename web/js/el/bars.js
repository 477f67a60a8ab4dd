// The bars at the foot: no connection, wristband about to expire, expired.
// To learn here: retry with back-off (1, 2, 4 … 30 s), so that a restaurant that
// comes back is not overrun, and a warning before a time limit strikes (WCAG 2.2.1).

import { $, button, clockTime, h, say, shout, span } from "../dom.js";
import { call, line } from "../api.js";
import { wallet } from "../wallet.js";
import { login } from "../view.js";

class NoticeBars extends HTMLElement {
  connectedCallback() {
    this.lost = h("div", { class: "bar bar--lost", hidden: true });
    this.ending = h("div", { class: "bar bar--ending", hidden: true });
    this.append(this.lost, this.ending);
    line.addEventListener("lost", () => this.offline(1));
    line.addEventListener("back", () => this.online());
    addEventListener("online", () => { if (line.lost) this.knock(); });
    wallet.addEventListener("change", (event) => this.expiry(event.detail));
    setInterval(() => this.expiry(), 1000);
  }

  offline(wait) {
    shout("No connection to the restaurant.");
    let left = wait;
    const words = h("span");
    const tick = () => { words.textContent = `No connection to the restaurant. Trying again in ${span(Math.max(1, left--))}. `; };
    clearInterval(this.counter);
    this.counter = setInterval(() => { if (left > 0) tick(); else this.knock(Math.min(30, wait * 2)); }, 1000);
    tick();
    this.lost.replaceChildren(words, button("Try now", () => this.knock(wait)));
    this.lost.hidden = false;
  }

  async knock(next = 1) {
    clearInterval(this.counter);
    const answer = await call("GET", "/healthz", { wear: "none", why: "is the restaurant back?", poll: true });
    if (answer.lost) this.offline(next);
  }

  online() {
    clearInterval(this.counter);
    this.lost.hidden = true;
    shout("");
    say("The connection is back.");
  }

  /** expiry warns only where the wristband does not renew itself. */
  expiry(reason) {
    const left = wallet.left(), over = left !== null && left <= 0;
    const state = wallet.state.mode && !wallet.autoRenew && left <= 20 ? (over ? "over" : "soon") : reason ? "ended" : "";
    if (!wallet.state.mode && this.state === "ended" && !reason) return; // it stays until the next login
    const words = this.ending.querySelector("span");
    if (state === "soon" && words) words.textContent = soon(left);
    if (state === this.state) return;
    this.state = state;
    if (this.ending.contains(document.activeElement)) $("#view h1, #about h1").focus(); // its buttons are about to go
    this.ending.hidden = state === "";
    if (state === "soon") this.ending.replaceChildren(h("span", {}, soon(left)), button("Get a new one with the voucher", () => wallet.renew("asked for by a button")));
    if (state === "over") this.ending.replaceChildren(h("span", {}, `Your wristband expired at ${clockTime(Date.now() + left * 1000)}. `), button("Get a new one with the voucher", () => wallet.renew("asked for by a button")), button("Log in", login, { class: "quiet" }));
    if (state === "ended") this.ending.replaceChildren(h("span", {}, reason + " "), button("Log in", login));
    if (state === "soon") say("Your wristband expires in 20 seconds. The page has a button to get a new one.");
  }
}

const soon = (left) => `Your wristband expires in ${span(Math.max(1, left))}. `;

customElements.define("notice-bars", NoticeBars);
