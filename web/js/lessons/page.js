// One lesson: predict, run, compare, explain. To learn here: a guess makes one look more
// closely; the server says what it has seen, so a step counts wherever it is run, and
// the page only shows what the server tells.

import { announce, breakable, button, clockTime, h, prefs, randomKey, render } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { lessonFiles } from "./files.js";
import { basePath, curlOf, shells } from "../lib/curl.js";
import { lessonHref, lessonTitle, nextLesson, onNews, refreshList, stateLabels } from "./list.js";
import { Glossary, withCode } from "./glossary.js";
import { refusal, View } from "../parts/view.js";
import { confirmReset } from "./reset.js";
import { filesBox, Step } from "./step.js";

const pollMs = 3000; // milliseconds between two looks at what a terminal has done
const lessonURL = (id) => "learn/lessons/" + encodeURIComponent(id);

export class LessonPage extends View {
  static heading = "Lesson";
  #reading = Promise.resolve();
  shell = shells.some((s) => s.id === prefs.get("shell")) ? prefs.get("shell") : "sh";
  data = null;
  steps = [];

  build() {
    this.id = this.getAttribute("lesson");
    this.result = h("div", { class: "notice" });
    return [
      h("p", { class: "crumb" }, h("a", { href: "#/lessons" }, "All lessons")),
      this.notice,
      this.result,
      this.content,
    ];
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
      call("GET", lessonURL(this.id), {
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
    this.predict = h("section", { class: "stage", "aria-labelledby": "predict" });
    this.runs = h("section", { class: "stage", "aria-labelledby": "run" });
    this.asked = h("div", { class: "questions" });
    this.compared = h("section", { class: "stage", "aria-labelledby": "compare" });
    this.explained = h("section", { class: "stage", "aria-labelledby": "explain" });
    this.left = h("h2", {});
    this.checks = h("ul", { class: "checks" });
    this.hints = h("div", { class: "hints" });
    this.done = h("div", { class: "notice" });
    render(this.content, [
      h(
        "div",
        { class: "lesson" },
        h(
          "div",
          { class: "lesson__main" },
          h(
            "p",
            { class: "lesson__facts" },
            this.badge,
            ` ${data.minutes} minutes. Part ${data.part}.`,
            data.needs.length
              ? [" It goes on from ", data.needs.map((id) => h("a", { href: "#/lessons/" + id }, id)), "."]
              : "",
          ),
          h("p", { class: "lead" }, this.glossary.link(data.goal)),
          this.predict,
          this.runs,
          this.done,
          this.compared,
          this.explained,
        ),
        h(
          "aside",
          { class: "lesson__side", "aria-label": "Where you are" },
          h(
            "section",
            { class: "card" },
            this.left,
            this.checks,
            h(
              "p",
              { class: "muted small" },
              "The server counts it here too if you do it in a terminal or with your own program.",
            ),
          ),
          h(
            "section",
            { class: "card" },
            h("h2", {}, "Stuck?"),
            this.hints,
            button("Start over", () => this.startOver(), { class: "quiet" }),
          ),
          downloads(data.id),
        ),
      ),
    ], this.heading);
    this.steps = [];
    this.renderPredict();
    this.renderRun();
    this.update(null);
  }

  /** update shows what has changed since before; everything else stays. */
  update(before) {
    const { data } = this, hints = data.hints.filter((hint) => hint.taken).length;
    this.badge.textContent = stateLabels[data.state] + (data.state === "done" && hints ? ", with help" : "");
    if (before && before.predict.chosen === null && data.predict.chosen !== null) {
      this.renderPredict();
      this.renderRun();
    }
    for (const [i, step] of this.steps.entries()) step.update([...data.prepare, ...data.steps][i]);
    if (!this.asked.firstChild || JSON.stringify(before?.questions) !== JSON.stringify(data.questions)) {
      this.renderQuestions();
    }
    this.renderChecks(before);
    if (!before || before.hints.filter((hint) => hint.taken).length !== hints) this.renderHints();
    this.renderCompare();
    this.renderExplain();
  }

  renderPredict() {
    const { predict } = this.data;
    this.predict.replaceChildren(
      h("h2", { id: "predict" }, "Predict"),
      predict.chosen === null
        ? this.form(predict, "Save my guess", async () => {
          announce("Your guess is saved. Now run the steps.");
          this.runs.querySelector("h2").focus();
        })
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

  /** form asks a question; then is called once the answer is noted. */
  form(question, label, then) {
    const name = `q-${question.id}-${randomKey().slice(0, 6)}`, notice = h("div", { class: "notice" });
    const form = h(
      "form",
      { class: "question" },
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
      ),
      h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, label)),
      notice,
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const choice = Number(new FormData(form).get(name));
      const answer = await call("POST", `${lessonURL(this.id)}/answers`, {
        json: { question: question.id, choice },
        auth: "none",
      });
      if (!answer.ok) return notice.replaceChildren(refusal(answer));
      await this.refresh();
      then(answer.data);
    });
    return form;
  }

  renderRun() {
    const { data } = this, open = data.predict.chosen !== null;
    this.steps = open
      ? [...data.prepare, ...data.steps].map((step, i) =>
        new Step(this, step, i < data.prepare.length ? `preparation ${i + 1}` : `step ${i + 1 - data.prepare.length}`)
      )
      : [];
    for (const [i, step] of this.steps.entries()) step.before = this.steps[i - 1];
    const heading = h("h2", { id: "run", tabindex: -1 }, "Run");
    if (!open) {
      return this.runs.replaceChildren(heading, h("p", { class: "muted" }, "Guess first. Then the requests appear."));
    }
    const prepared = this.steps.slice(0, data.prepare.length), files = filesBox();
    lessonFiles.addEventListener("change", files.draw, { signal: this.signal });
    this.runs.replaceChildren(
      heading,
      h("p", {}, "Run each request here with its button, or type its command in a terminal."),
      this.shellChoice(),
      this.fetchLine(),
      prepared.length ? h("h3", {}, "Before you begin") : "",
      prepared.length ? h("ol", { class: "lesson-steps lesson-steps--before" }, prepared.map((s) => s.el)) : "",
      prepared.length ? h("h3", {}, "The steps") : "",
      h("ol", { class: "lesson-steps" }, this.steps.slice(prepared.length).map((s) => s.el)),
      data.look ? h("p", { class: "aside" }, h("b", {}, "Worth a look. "), this.glossary.link(data.look)) : "",
      files.el,
      this.asked,
    );
    if (this.shell === "http") this.chooseShell("http");
  }

  /** source is the step that writes a file. */
  source(file) {
    return this.steps.find((step) => step.data.request.save_as === file && !step.go.hidden);
  }

  shellChoice() {
    const name = "shell-" + randomKey().slice(0, 6);
    return h(
      "fieldset",
      { class: "shell-choice" },
      h("legend", {}, "Write the commands for"),
      shells.map(({ id, label }) =>
        h(
          "label",
          {},
          h("input", {
            type: "radio",
            name,
            value: id,
            checked: id === this.shell,
            onchange: () => this.chooseShell(id),
          }),
          label,
        )
      ),
    );
  }

  /** chooseShell writes all commands for another shell. The .http form of a request comes
   *  from the file that the server writes for the whole lesson. */
  async chooseShell(id) {
    this.shell = id;
    prefs.set("shell", id);
    if (id === "http" && !this.blocks) {
      const answer = await call("GET", `${lessonURL(this.id)}.http`, { auth: "none" });
      if (!answer.ok) return this.result.replaceChildren(refusal(answer, () => this.chooseShell(id)));
      this.result.replaceChildren();
      this.blocks = blocksOf(answer.entry.answer.body);
    }
    for (const step of this.steps) step.renderCommand();
    this.fetched.hidden = id === "http";
    this.fetched.querySelector("code").replaceChildren(...breakable(this.fetchCommand()));
  }

  fetchCommand() {
    const names = new Set(this.data.steps.filter((s) => s.request.body).map((s) => s.request.body_file)),
      curl = curlOf(this.shell === "powershell" ? "powershell" : "sh");
    const base = (/https?:\/\/[^/"\s]+/.exec(this.data.steps[0].commands.curl)?.[0] ?? location.origin) + basePath;
    return [...names].map((file) => `${curl} -s ${base}/learn/files/${file} -o ${file}`).join("\n");
  }

  fetchLine() {
    const command = this.fetchCommand();
    this.fetched = h(
      "div",
      { hidden: !command },
      h("p", {}, "In a terminal, first get the files that the steps send. This page has them already."),
      h("pre", { class: "command" }, h("code", {}, breakable(command))),
    );
    return command ? this.fetched : (this.fetched.hidden = true, this.fetched);
  }

  renderQuestions() {
    const { questions, predict } = this.data;
    if (predict.chosen === null) return;
    this.asked.replaceChildren(
      ...questions.map((q, i) =>
        h(
          "section",
          { class: "card", "aria-label": questions.length > 1 ? `Question ${i + 1}` : "A question" },
          h("h3", {}, questions.length > 1 ? `Question ${i + 1}` : "A question"),
          q.right
            ? h(
              "div",
              { tabindex: -1, "data-question": q.id },
              h("p", {}, withCode(q.question)),
              h("p", {}, h("b", { class: "good" }, "✓ Right: "), withCode(q.choices[q.chosen - 1])),
              h("p", {}, withCode(q.why)),
            )
            : [
              q.right === false
                ? h(
                  "p",
                  {},
                  h("b", { class: "bad" }, "✕ Not this one. "),
                  withCode(q.why_not ?? ""),
                  " Look again. A wrong answer costs nothing.",
                )
                : "",
              this.form(q, "Answer", ({ right }) => this.answered(q, right)),
            ],
        )
      ),
    );
  }

  answered(question, right) {
    announce(right ? "Right." : "Not this one. Look again. A wrong answer costs nothing.");
    const at = right
      ? this.asked.querySelector(`[data-question="${question.id}"]`)
      : this.asked.querySelector(`[name^="q-${question.id}-"]:checked`);
    at?.focus();
  }

  renderChecks(before) {
    const { seen } = this.data, missing = this.data.still_to_see ?? [];
    this.left.textContent = !this.data.still_to_see
      ? "After your guess"
      : missing.length
      ? "Still to see"
      : "All is seen";
    this.checks.replaceChildren(
      ...seen.map((s) =>
        h(
          "li",
          { class: "checks__seen" },
          h("span", { class: "good" }, "✓ "),
          s.see,
          " ",
          h("small", { class: "muted" }, clockTime(s.at)),
        )
      ),
      ...missing.map((words) =>
        h(
          "li",
          {},
          h("span", { "aria-hidden": "true" }, "○ "),
          h("span", { class: "visually-hidden" }, "Still to see: "),
          words,
        )
      ),
    );
    if (!before?.still_to_see || before.still_to_see.length <= missing.length) return;
    const now = seen.filter((s) => before.still_to_see.includes(s.see)).map((s) => s.see);
    announce(`Seen: ${now.join("; ")}. ${missing.length ? `${missing.length} still to see.` : ""}`);
  }

  renderHints() {
    const { hints } = this.data, open = hints.find((hint) => !hint.taken);
    this.hints.replaceChildren(
      ...hints.filter((hint) => hint.taken).map((hint) =>
        h("p", {}, h("b", {}, `Hint ${hint.number}. `), withCode(hint.text))
      ),
      open
        ? h(
          "div",
          { class: "row" },
          button(`Hint ${open.number}`, () => this.hint(open.number)),
          h("span", { class: "muted small" }, "costs nothing; “with help” is noted"),
        )
        : "",
    );
  }

  async hint(number) {
    const answer = await call("POST", `${lessonURL(this.id)}/hints`, { json: { number }, auth: "none" });
    if (!answer.ok) return this.result.replaceChildren(refusal(answer, () => this.hint(number)));
    this.result.replaceChildren();
    await this.refresh();
    announce(`Hint ${number}: ${this.data.hints[number - 1].text}`);
    (this.hints.querySelector("button") ?? this.hints.nextElementSibling).focus();
  }

  /** renderCompare sets the guess beside the truth, once all steps were seen. */
  renderCompare() {
    const { predict, steps, state } = this.data, { chosen, answer, right, why, choices } = predict;
    const ready = chosen !== null && (state === "done" || steps.every((step) => step.seen !== false));
    this.compared.replaceChildren(
      h("h2", { id: "compare" }, "Compare"),
      ready
        ? h(
          "div",
          { class: "done" },
          h(
            "p",
            {},
            right
              ? [h("b", { class: "good" }, "✓ You guessed right: "), withCode(ended(choices[chosen - 1]))]
              : [
                "You guessed: ",
                withCode(ended(choices[chosen - 1])),
                " ",
                withCode(predict.why_not ?? ""),
                " ",
                h("b", {}, "It is: "),
                withCode(ended(choices[answer - 1])),
              ],
          ),
          h("p", {}, withCode(why)),
        )
        : h(
          "p",
          { class: "muted" },
          "When the server has seen all steps, you can compare your guess here with what happened.",
        ),
    );
  }

  renderExplain() {
    const { explain, fine_print: fine, claims } = this.data;
    const shown = explain ?? "";
    if (this.explained.dataset.shown === shown && this.explained.firstChild) return;
    this.explained.dataset.shown = shown;
    const prose = new Glossary(this.data.words);
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
  async showDone(before) {
    await refreshList();
    const on = nextLesson(this.id);
    this.done.replaceChildren(
      h(
        "div",
        { class: "done" },
        h(
          "p",
          {},
          h("b", { class: "good" }, `✓ ${this.id} is done`),
          ` since ${clockTime(this.data.done_at)}. Below are your guess and the explanation.`,
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
    if (before) announce(`Lesson ${this.id} is done. The explanation is below.`);
  }

  async startOver() {
    if (!await confirmReset("lesson", this.id)) return;
    this.blocks = undefined;
    await this.refresh();
    this.heading.focus();
  }
}

/** wasReset reports whether the lesson was reset since before. */
const wasReset = (before, data) => before.started_at !== data.started_at && before.started_at !== null;

/** dropOwnBodies removes bodies that come from a file which a step of the lesson writes. */
function dropOwnBodies({ prepare, steps }) {
  const all = [...prepare, ...steps], written = new Set(all.map((step) => step.request.save_as));
  for (const { request } of all) if (written.has(request.body_file)) request.body = null;
}

/** blocksOf cuts a .http file into its requests, by the names of their steps. A name that would
 *  be a keyword ends with an underscore. */
function blocksOf(text) {
  const blocks = new Map();
  for (const block of text.split(/\n(?=### )/)) {
    const name = /^# @name (\S+)/m.exec(block)?.[1];
    if (name) blocks.set(name.replace(/_$/, "").replaceAll("_", "-"), block.trim());
  }
  return blocks;
}

const newTabLink = (href, label, download) =>
  h(
    "a",
    download ? { href, download } : { href, target: "_blank" },
    label,
    download ? "" : h("span", { class: "visually-hidden" }, " (in a new tab)"),
  );

function downloads(id) {
  const file = (kind) => newTabLink(`learn/lessons/${id}.${kind}`, "." + kind, `${id}.${kind}`);
  return h(
    "details",
    { class: "card" },
    h("summary", {}, "Take it with you"),
    h("p", {}, newTabLink("learn/sheet?lessons=" + id, "A sheet to print"), ", without solutions."),
    h(
      "p",
      {},
      "The whole lesson as a file, with the answers in it: ",
      ["sh", "cmd", "ps1", "http", "hurl"].map((kind, i) => [i ? ", " : "", file(kind)]),
      ".",
    ),
  );
}

/** ended is a choice as the end of a sentence. It may be a question. */
const ended = (choice) => /[.?!]$/.test(choice) ? choice : choice + ".";

customElements.define("lesson-page", LessonPage);
