// The bars of a class: what the teacher says, and how long a pause lasts. To learn here: a
// page that makes no request hears nothing, so it asks now and then; it asks the class and
// not the restaurant, so the notebook does not show it.

import { $, alert, announce, bdi, button, clockTime, duration, h, render } from "../lib/dom.js";
import { change, classroom } from "../lib/class.js";

const askMs = 4000, classURL = new URL("../../../../class", import.meta.url); // of the table that this file is from

class ClassBars extends HTMLElement {
  closed = ""; // the message that was read and closed
  said = "";
  paused = false;

  connectedCallback() {
    this.message = h("div", { class: "bar bar--says", hidden: true });
    this.pause = h("div", { class: "bar bar--pause", hidden: true });
    this.left = h("span", { class: "muted" });
    this.append(this.pause, this.message);
    classroom.addEventListener("change", () => this.show());
    setInterval(() => this.tick(), 1000);
    setInterval(() => {
      if (!document.hidden) this.ask();
    }, askMs);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.ask();
    });
    this.ask();
    this.show();
  }

  /** ask asks the class itself, which answers in a pause and if the table is closed, too.
   *  Times are turned into those of the clock here, which may be wrong. */
  async ask() {
    try {
      const response = await fetch(classURL, { cache: "no-store", credentials: "omit" });
      const { message, paused_until: until } = await response.json();
      const skew = Date.parse(response.headers.get("Date")) - Date.now();
      const pausedUntil = until && Date.parse(until) - (Math.abs(skew) > 1500 ? skew : 0);
      change({ message: message ?? "", pausedUntil });
    } catch { /* no connection: other parts of the page say so */ }
  }

  show() {
    const { message, pausedUntil } = classroom, words = message === this.closed ? "" : message;
    if (message !== this.closed) this.closed = "";
    render(
      this.message,
      words
        ? [
          h("span", {}, h("b", {}, "Your teacher says: "), bdi(words)),
          button("Close", () => this.close(words), { class: "quiet", "aria-label": "Close the message" }),
        ]
        : [],
    );
    this.message.hidden = !words;
    if (words && words !== this.said) announce(`Your teacher says: ${words}`);
    this.said = words;
    const paused = pausedUntil > Date.now();
    if (paused) {
      const words = `Your teacher is explaining something. Hands off until ${clockTime(pausedUntil)}.`;
      if (!this.paused) alert(words);
      this.pause.replaceChildren(h("b", {}, words), this.left);
    } else if (this.paused) {
      alert("");
      announce("The pause is over. Go on.");
    }
    this.pause.hidden = !paused;
    this.paused = paused;
    this.tick();
  }

  close(words) {
    this.closed = words;
    this.show();
    $("#content").focus();
  }

  tick() {
    if (!this.paused) return;
    const left = (classroom.pausedUntil - Date.now()) / 1000;
    if (left <= 0) this.show();
    else this.left.textContent = `${duration(left)} left`;
  }
}

customElements.define("class-bars", ClassBars);
if (!$("class-bars")) { // a page without a line at its foot
  document.body.append(
    h("section", { class: "line", "aria-label": "Your class" }, h("class-bars")),
    h("div", { id: "say", class: "visually-hidden", role: "status" }),
    h("div", { id: "shout", class: "visually-hidden", role: "alert" }),
  );
}
