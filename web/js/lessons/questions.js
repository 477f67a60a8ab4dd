// The questions of a lesson: the guess before the first step, and those after the steps.
// To learn here: a form sends one choice, and the server decides if it is right; the
// right answer is not in the page before that.

import { announce, button, h, randomKey, withCode } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { refusal } from "../parts/view.js";

/** Guess is the section in which a learner guesses before the first step. */
export class Guess {
  /** then is called once the guess is saved. */
  constructor(page, then) {
    this.page = page;
    this.then = then;
    this.el = h("section", { class: "stage", "aria-labelledby": "predict" });
    this.render();
  }

  render() {
    const { predict } = this.page.data;
    this.el.replaceChildren(
      h("h2", { id: "predict" }, "Predict"),
      predict.chosen === null
        ? form(this.page, predict, "Save my guess", () => this.then())
        : h(
          "div",
          {},
          h("p", {}, withCode(predict.question)),
          h(
            "p",
            {},
            "Your guess: ",
            h("b", {}, withCode(predict.choices[predict.chosen - 1])),
            ". You see if it was right when you compare.",
          ),
        ),
    );
  }
}

/** Questions are those after the steps. They appear with the steps. */
export class Questions {
  constructor(page) {
    this.page = page;
    this.el = h("div", { class: "questions" });
  }

  /** update shows what has changed since before; a form that is being filled in stays. */
  update(before) {
    const { questions, predict } = this.page.data;
    if (predict.chosen === null) return;
    const first = !this.el.firstChild;
    if (first) this.el.append(...questions.map((_, i) => this.section(i)));
    for (const [i, q] of questions.entries()) {
      if (first || JSON.stringify(before.questions[i]) !== JSON.stringify(q)) this.draw(q);
    }
  }

  section(i) {
    const { questions } = this.page.data, name = questions.length > 1 ? `Question ${i + 1}` : "A question";
    return h("section", { class: "card", "aria-label": name }, h("h3", {}, name), h("div", {}));
  }

  /** draw shows a question: the right answer, or why the answer is wrong and a closed form, or
   *  an open one. */
  draw(q, open = q.right === null) {
    const { questions } = this.page.data,
      section = this.el.children[questions.findIndex(({ id }) => id === q.id)];
    section.lastChild.replaceWith(
      q.right
        ? rightAnswer(q)
        : open
        ? form(this.page, q, "Answer", (said) => this.answered(q.id, said))
        : this.wrong(q),
    );
    return section;
  }

  /** wrong is a closed form. Only whoever has read why the answer is wrong goes on from here. */
  wrong(q) {
    const closed = fields(q, nameOf(q));
    for (const input of closed.querySelectorAll("input")) input.disabled = true;
    return h(
      "div",
      { class: "question" },
      closed,
      h(
        "p",
        { tabindex: -1, "data-why-not": q.id },
        h("b", { class: "bad" }, "✕ Not this one. "),
        withCode(q.why_not ?? ""),
        " A wrong answer costs nothing.",
      ),
      h("div", { class: "row" }, button("Try again", () => this.tryAgain(q))),
    );
  }

  tryAgain(q) {
    const section = this.draw(q, true);
    (section.querySelector("input:checked") ?? section.querySelector("input")).focus();
  }

  /** answered leads to what became of an answer. The focus is on those words, so that a screen
   *  reader says them, and says them once. */
  answered(id, { right, why_not: why }) {
    const q = this.page.data.questions.find((one) => one.id === id);
    // Not noted, because there is nothing to compare a number with, or not read by the page yet.
    if (q.right !== right) return announce(why ?? "Right.");
    const section = this.draw(q);
    section.querySelector(right ? "[data-question]" : "[data-why-not]").focus();
  }
}

const rightAnswer = (q) =>
  h(
    "div",
    { tabindex: -1, "data-question": q.id },
    h("p", {}, withCode(q.question)),
    h("p", {}, h("b", { class: "good" }, "✓ Right: "), withCode(ownAnswer(q))),
    h("p", {}, withCode(q.why)),
  );

/** ownAnswer is what the learner has answered. A number that was restored from a file is not
 *  known any more. */
const ownAnswer = ({ measured, number, choices, chosen }) =>
  measured ? `${number ?? "your number in"} ${measured.unit}` : choices[chosen - 1];

/** form asks a question; then is called once the answer is noted. */
function form(page, question, label, then) {
  const name = nameOf(question), notice = h("div", { class: "notice" });
  const form = h(
    "form",
    { class: "question" },
    fields(question, name),
    h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, label)),
    notice,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const value = Number(new FormData(form).get(name));
    const json = { question: question.id, [question.measured ? "number" : "choice"]: value };
    const answer = await call("POST", page.url + "/answers", { json, auth: "none" });
    if (!answer.ok) return notice.replaceChildren(refusal(answer));
    await page.refresh();
    // Before there is something to compare a number with, nothing is noted, and the form stays.
    notice.replaceChildren(question.measured && !answer.data.right ? h("p", {}, withCode(answer.data.why_not)) : "");
    then(answer.data);
  });
  return form;
}

/** nameOf is a name for the inputs of one form. */
const nameOf = ({ id }) => `q-${id}-${randomKey().slice(0, 6)}`;

const fields = (question, name) => (question.measured ? numberField(question, name) : choiceFields(question, name));

const choiceFields = (question, name) =>
  h(
    "fieldset",
    { class: "choices" },
    h("legend", {}, withCode(question.question)),
    question.choices.map((choice, i) =>
      h(
        "label",
        {},
        h("input", { type: "radio", name, value: i + 1, required: true, checked: question.chosen === i + 1 }),
        h("span", {}, withCode(choice)),
      )
    ),
  );

const numberField = ({ question, number, measured }, name) =>
  h(
    "div",
    {},
    h("label", { for: name }, withCode(question)),
    h(
      "p",
      {},
      h("input", { id: name, type: "number", name, min: 0, step: "any", required: true, value: number }),
      " ",
      measured.unit,
    ),
  );
