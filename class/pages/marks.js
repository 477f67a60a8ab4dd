// A mark for each request: its shape says the same as its colour, so nobody has to tell
// colours apart. To learn here: the first digit of a status is what counts, and of the
// refusals two have a meaning of their own: 401 who are you, 403 you may not.

import { $, h } from "/js/lib/dom.js";

// What each means, in the order of a legend.
const meanings = {
  good: "accepted",
  unknown: "401, no valid token",
  forbidden: "403, not allowed",
  other: "another refusal",
};

/** kindOf is the mark of a status. */
export function kindOf(status) {
  if (status < 400) return "good";
  return { 401: "unknown", 403: "forbidden" }[status] ?? "other";
}

/** mark draws one. A screen reader hears what it means unless words beside it say so. */
export function mark(kind, spoken = true) {
  const svg = $(`.mark--${kind}`, $("#marks").content).cloneNode(true);
  if (spoken) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", meanings[kind]);
  } else svg.setAttribute("aria-hidden", "true");
  return svg;
}

/** legend explains the marks. */
export const legend = () =>
  h(
    "ul",
    { class: "legend" },
    Object.entries(meanings).map(([kind, words]) => h("li", {}, mark(kind, false), " ", words)),
  );
