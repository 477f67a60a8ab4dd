// The bars of a class: what the teacher says, and how long a pause lasts. To learn here: a
// page that makes no request hears nothing, so it asks now and then; the time of a pause is
// that of the teacher's computer, and a countdown is no live region.

import { alert, announce, bdi, button, clockTime, duration, h, render } from "../lib/dom.js";
import { call, serverNow } from "../lib/api.js";
import { change, classroom } from "../lib/class.js";

const askMs = 4000;

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

  /** ask asks the class itself, which answers in a pause and if the table is closed, too. */
  async ask() {
    const answer = await call("GET", "../../class", {
      auth: "none",
      poll: true,
      why: "does the teacher say something?",
    });
    if (!answer.ok) return;
    const until = answer.data.paused_until;
    change({ message: answer.data.message ?? "", pausedUntil: until && Date.parse(until) });
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
    const paused = pausedUntil > serverNow();
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
    /** @type {HTMLElement} */ (document.querySelector("#content")).focus();
  }

  tick() {
    if (!this.paused) return;
    const left = (classroom.pausedUntil - serverNow()) / 1000;
    if (left <= 0) this.show();
    else this.left.textContent = `${duration(left)} left`;
  }
}

customElements.define("class-bars", ClassBars);
