// The way of an order, step by step: in My orders, and in the basket. To learn here:
// events may come twice or late, so each step has its own place, and a step that is known
// already changes nothing.

import { clockTime, duration, h } from "../lib/dom.js";

const steps = ["placed", "preparing", "ready", "served"];

export const isOpen = (order) => order.status !== "served" && order.status !== "cancelled";

const rank = (status) => (status === "cancelled" ? 9 : steps.indexOf(status));

/** isStepBack reports whether an order has been further already. */
export const isStepBack = (status, order) => rank(status) < rank(order.status);

/** stepsOf is the way of an order. */
const stepsOf = (order) => (order.status === "cancelled" ? ["placed", "cancelled"] : steps);

/** knownTimes are the times of steps that an order itself tells: of the first and the last. */
export const knownTimes = (order) => new Map([["placed", order.placed_at], [order.status, order.updated_at]]);

/** lacksTimes reports whether an order has made steps whose times are not known. */
export const lacksTimes = (order, when) =>
  stepsOf(order).some((name) => rank(name) < rank(order.status) && !when.has(name));

/** trackItems shows the steps of an order, with the times that are known. */
export const trackItems = (order, when) =>
  stepsOf(order).map((name) =>
    h(
      "li",
      {
        class: name === order.status ? "now" : rank(name) < rank(order.status) ? "past" : null,
        "aria-current": name === order.status ? "step" : null,
      },
      h("span", { class: "track__name" }, name),
      h("small", {}, when.has(name) ? clockTime(when.get(name)) : "\u00a0"),
    )
  );

/** streamWords says in words how an order is followed. */
export const streamWords = (state, seconds) => ({
  live: "live",
  paused: `paused, trying again in ${duration(seconds ?? 1)}`,
  crowded: "asked every 5 seconds",
  polling: "the stream failed three times: asked every 5 seconds",
  ended: "",
}[state]);
