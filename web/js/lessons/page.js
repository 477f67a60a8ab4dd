// One lesson: predict, run, compare, explain. To learn here: a guess makes one look more
// closely; the server says what it has seen, so a step counts wherever it is run, and
// the page only shows what the server tells.

import { announce, h, prefs, render } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { View } from "../parts/view.js";
import { Glossary } from "./glossary.js";
import { lessonTitle, onNews, refreshList, stateLabels, whenLocked } from "./list.js";
import { Outcome } from "./outcome.js";
import { Guess, Questions } from "./questions.js";
import { confirmReset } from "./reset.js";
import { Run } from "./run.js";
import { Side } from "./side.js";

const pollMs = 3000; // milliseconds between two looks at what a terminal has done

export class LessonPage extends View {
  static heading = "Lesson";
  #reading = Promise.resolve();
  data = null;

  build() {
    this.id = this.getAttribute("lesson");
    this.url = "learn/lessons/" + encodeURIComponent(this.id);
    return [h("p", { class: "crumb" }, h("a", { href: "#/lessons" }, "All lessons")), this.notice, this.content];
  }

  start() {
    this.heading.textContent = "Lesson " + this.id;
    this.refresh();
    onNews((poll) => this.refresh(poll), pollMs, this.signal);
  }

  /** refresh reads the lesson and shows it. A poll gives way to what is under way, and
   *  waits as long as the server has asked for. */
  refresh(poll = false) {
    if (poll && (this.busy || !this.data || performance.now() < this.retryAt)) return this.#reading;
    this.busy = true;
    this.#reading = this.#reading.then(() => this.#read(poll)).finally(() => {
      this.busy = false;
    });
    return this.#reading;
  }

  async #read(poll) {
    const get = () =>
      call("GET", this.url, {
        auth: "none",
        poll: Boolean(this.data),
        why: poll ? "was something done in a terminal?" : undefined,
      });
    if (!this.data) return this.load("Opening the lesson", get, ({ data }) => this.#apply(data));
    const answer = await get();
    if (answer.retryAfter) this.retryAt = performance.now() + answer.retryAfter * 1000;
    if (!this.gone && answer.ok) this.#apply(answer.data);
  }

  #apply(data) {
    dropOwnBodies(data);
    const before = this.data;
    this.data = data;
    if (!before || wasReset(before, data)) this.render();
    else if (JSON.stringify(before) !== JSON.stringify(data)) this.update(before);
    if (data.state === "done" && before?.state !== "done") this.showDone(before);
  }

  /** render builds the page of the lesson. */
  render() {
    const { data } = this, title = lessonTitle(data);
    prefs.set("lesson", data.id);
    this.heading.textContent = title;
    document.title = `${title} - The Restaurant`;
    this.glossary = new Glossary(data.words);
    this.badge = h("span", { class: "badge" });
    const facts = h(
      "p",
      { class: "lesson__facts" },
      this.badge,
      ` ${data.minutes} minutes. Part ${data.part}.`,
      data.needs.length
        ? [" It goes on from ", data.needs.map((id) => h("a", { href: "#/lessons/" + id }, id)), "."]
        : "",
    );
    this.lock = h("p", { class: "aside lock" }, h("b", {}, "This lesson is locked. "), whenLocked);
    const lead = h("p", { class: "lead" }, this.glossary.link(data.goal));
    this.guess = new Guess(this, () => {
      announce("Your guess is saved. Now run the steps.");
      this.run.heading.focus();
    });
    this.questions = new Questions(this);
    this.run = new Run(this, this.questions.el);
    this.outcome = new Outcome(this);
    this.side = new Side(this);
    render(this.content, [
      h(
        "div",
        { class: "lesson" },
        h(
          "div",
          { class: "lesson__main" },
          facts,
          this.lock,
          lead,
          this.guess.el,
          this.run.el,
          this.outcome.el,
          this.run.after,
        ),
        this.side.el,
      ),
    ], this.heading);
    this.update(null);
  }

  /** update shows what has changed since before; everything else stays. */
  update(before) {
    const { data } = this;
    const help = data.state === "done" && data.hints.some((hint) => hint.taken);
    this.lock.hidden = data.state !== "locked";
    this.badge.textContent = stateLabels[data.state] + (help ? ", with help" : "");
    if (before && before.predict.chosen === null && data.predict.chosen !== null) {
      this.guess.render();
      this.run.render();
    }
    this.run.update();
    this.questions.update(before);
    this.side.update(before);
    this.outcome.update();
  }

  /** showDone says that the lesson is done. Whoever has seen it happen is told, too. */
  async showDone(before) {
    await refreshList();
    this.outcome.showDone();
    if (before) announce(`Lesson ${this.id} is done. The explanation is below.`);
  }

  /** takeHint asks the server for a hint, which notes it. The answer says if that went well. */
  async takeHint(number) {
    const answer = await call("POST", this.url + "/hints", { json: { number }, auth: "none" });
    if (answer.ok) await this.refresh();
    return answer;
  }

  async startOver() {
    if (!await confirmReset("lesson", this.id)) return;
    await this.refresh();
    this.heading.focus();
  }
}

/** wasReset reports whether the lesson was reset since before. */
const wasReset = (before, data) => before.started_at !== data.started_at && before.started_at !== null;

/** dropOwnBodies removes bodies that come from a file which a step of the lesson writes. */
function dropOwnBodies({ prepare, steps, after }) {
  const all = [...prepare, ...steps, ...after], written = new Set(all.map((step) => step.request.save_as));
  for (const { request } of all) if (written.has(request.body_file)) request.body = null;
}

customElements.define("lesson-page", LessonPage);
