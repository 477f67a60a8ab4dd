// The progress of the order that was just placed, live until it is served.
// To learn here: one answer can stay open for a minute, and each step is written into
// it as it happens.

import { announce, h } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { auth } from "../lib/auth.js";
import { subscribe } from "../lib/sse.js";
import { isOpen, isStepBack, knownTimes, streamWords, trackItems } from "./track.js";
import { Part } from "./view.js";

/** progressOf makes an element that follows an order. */
export const progressOf = (order) => Object.assign(document.createElement("order-progress"), { order });

/** OrderProgress follows an order as long as it is on the page. */
class OrderProgress extends Part {
  order = null;
  /** When it made which step.
   * @type {Map<string, string>} */
  when;

  start() {
    this.who = auth.who;
    this.when ??= knownTimes(this.order);
    this.replaceChildren(
      this.track = h("ol", { class: "track" }, trackItems(this.order, this.when)),
      this.live = h("p", { class: "order__live" }),
    );
    if (isOpen(this.order)) this.follow();
  }

  follow() {
    const stop = subscribe(`api/v1/orders/${this.order.id}/events`, {
      onEvent: (_name, data) => {
        this.step(data);
        return !isOpen(this.order);
      },
      onState: (state, seconds) => {
        if (state === "crowded" || state === "polling") this.poll(5000, () => this.ask());
        this.say(streamWords(state, seconds), state === "live");
      },
    });
    this.signal.addEventListener("abort", stop);
  }

  async ask() {
    if (!isOpen(this.order) || auth.who !== this.who) return;
    const answer = await call("GET", `api/v1/orders/${this.order.id}`, {
      poll: true,
      why: "asking again for the order",
    });
    if (answer.ok && !this.gone) this.step(answer.data);
  }

  step({ status, updated_at }) {
    this.when.set(status, updated_at);
    if (!isStepBack(status, this.order) && status !== this.order.status) {
      Object.assign(this.order, { status, updated_at });
      announce(`Order ${this.order.id} is ${status}.`);
    }
    this.track.replaceChildren(...trackItems(this.order, this.when));
    if (!isOpen(this.order)) this.say("", false);
  }

  say(words, live) {
    this.live.textContent = words;
    this.live.classList.toggle("order__live--on", live);
  }
}

customElements.define("order-progress", OrderProgress);
