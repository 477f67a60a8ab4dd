// The end of a lesson: the guess beside what happened, the explanation, and where to go
// on. To learn here: who has guessed and then sees another result remembers it; so the
// reason comes after the requests, and not before.

import { clockTime, ended, h, withCode } from "../lib/dom.js";
import { Glossary } from "./glossary.js";
import { lessonHref, lessonTitle, nextLesson } from "./list.js";

/** Outcome is the two sections at the end of a lesson, and the notice that it is done. */
export class Outcome {
  constructor(page) {
    this.page = page;
    this.done = h("div", { class: "notice" });
    this.compared = h("section", { class: "stage", "aria-labelledby": "compare" });
    this.explained = h("section", { class: "stage", "aria-labelledby": "explain" });
    this.el = [this.done, this.compared, this.explained];
  }

  update() {
    this.renderCompare();
    this.renderExplain();
  }

  /** renderCompare sets the guess beside the truth, once all steps were seen. */
  renderCompare() {
    const { predict, steps, state } = this.page.data;
    const ready = predict.chosen !== null && (state === "done" || steps.every((step) => step.seen !== false));
    this.compared.replaceChildren(
      h("h2", { id: "compare" }, "Compare"),
      ready ? compared(predict) : h(
        "p",
        { class: "muted" },
        "When the server has seen all steps, you can compare your guess here with what happened.",
      ),
    );
  }

  renderExplain() {
    const { explain, fine_print: fine, claims, words } = this.page.data, shown = explain ?? "";
    if (this.explained.dataset.shown === shown && this.explained.firstChild) return;
    this.explained.dataset.shown = shown;
    const prose = new Glossary(words);
    this.explained.replaceChildren(
      h("h2", { id: "explain" }, "Explain"),
      ...(explain
        ? [
          h("p", { class: "explain" }, prose.link(explain)),
          fine ? h("p", { class: "fine" }, h("b", {}, "Where the picture stops. "), prose.link(fine)) : "",
          h(
            "details",
            {},
            h("summary", {}, "What you have tried yourself"),
            h("ul", { class: "claims-list" }, claims.map((c) => h("li", {}, c.says))),
          ),
        ]
        : [h("p", { class: "muted" }, "The explanation appears when the lesson is done.")]),
    );
  }

  /** showDone says that the lesson is done, and where to go on. */
  showDone() {
    const { id, done_at: at, after } = this.page.data, on = nextLesson(id);
    this.done.replaceChildren(
      h(
        "div",
        { class: "done" },
        h(
          "p",
          {},
          h("b", { class: "good" }, `✓ ${id} is done`),
          ` since ${clockTime(at)}. Below are your guess`,
          after.length ? ", the explanation and your last exercise." : " and the explanation.",
        ),
        h(
          "p",
          {},
          on
            ? h("a", { class: "button primary", href: lessonHref(on) }, `Go on with ${lessonTitle(on)}`)
            : "All lessons are done. Well done!",
        ),
      ),
    );
  }
}

function compared({ chosen, answer, right, why, why_not: whyNot, choices }) {
  const guess = withCode(ended(choices[chosen - 1]));
  return h(
    "div",
    { class: "done" },
    h(
      "p",
      {},
      right ? [h("b", { class: "good" }, "✓ You guessed right: "), guess] : [
        "You guessed: ",
        guess,
        " ",
        withCode(whyNot ?? ""),
        " ",
        h("b", {}, "It is: "),
        withCode(ended(choices[answer - 1])),
      ],
    ),
    h("p", {}, withCode(why)),
  );
}
