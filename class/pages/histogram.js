// How often each choice of a question was taken. To learn here: a bar is a <progress>
// element, which a screen reader reads, too; and the right choice has a sign and a word,
// not only a colour.

import { h, withCode } from "/js/lib/dom.js";

/** histogram shows the counts of a question, and the right choice if it is told. */
export function histogram({ text, choices, counts, answer, why }) {
  const most = Math.max(1, ...counts);
  return h(
    "figure",
    { class: "histogram" },
    h("figcaption", {}, withCode(text)),
    h("ol", {}, counts.map((n, i) => bar(choices[i], n, most, answer === i + 1))),
    why ? h("p", { class: "histogram__why" }, withCode(why)) : null,
  );
}

const bar = (words, n, most, right) =>
  h(
    "li",
    { class: right ? "histogram__right" : null },
    h(
      "span",
      { class: "histogram__choice" },
      right ? h("b", {}, "✓ ", h("span", { class: "visually-hidden" }, "Right: ")) : null,
      withCode(words),
    ),
    h("progress", { max: most, value: n, "aria-label": `Guesses: ${words}` }),
    h("b", { class: "histogram__count" }, n),
  );
