// The steps of a lesson, with their commands in the words of one's shell. To learn here:
// one request can be written in many ways (curl, a .http file, a button), and is still
// the same request.

import { breakable, h, prefs, randomKey } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { basePath, curlOf, shells } from "../lib/curl.js";
import { refusal } from "../parts/view.js";
import { lessonFiles } from "./files.js";
import { filesBox, Step } from "./step.js";

/** Run is the section with the steps. They appear after the guess. */
export class Run {
  shell = shells.some((s) => s.id === prefs.get("shell")) ? prefs.get("shell") : "sh";
  steps = [];

  /** questions is what stands below the steps. */
  constructor(page, questions) {
    this.page = page;
    this.questions = questions;
    this.heading = h("h2", { id: "run", tabindex: -1 }, "Run");
    this.notice = h("div", { class: "notice" });
    this.el = h("section", { class: "stage", "aria-labelledby": "run" });
    this.after = h("section", { class: "stage", "aria-labelledby": "after", hidden: true });
    this.render();
  }

  /** update gives each step what the server says of it now. */
  update() {
    const { prepare, steps, after, state } = this.page.data;
    for (const [i, step] of this.steps.entries()) step.update([...prepare, ...steps, ...after][i]);
    this.after.hidden = !after.length || !this.steps.length || state !== "done";
  }

  render() {
    const { data, glossary, signal } = this.page;
    if (data.predict.chosen === null) {
      return this.el.replaceChildren(
        this.heading,
        h("p", { class: "muted" }, "Guess first. Then the requests appear."),
      );
    }
    const numbered = (steps, word, alone = false) =>
      steps.map((step, i) => new Step(this, step, `${word} ${i + 1}`, alone));
    const prepared = numbered(data.prepare, "preparation"),
      steps = numbered(data.steps, "step", data.alone),
      after = numbered(data.after, "last step"),
      files = filesBox();
    this.steps = [...prepared, ...steps, ...after];
    for (const [i, step] of this.steps.entries()) step.before = this.steps[i - 1];
    lessonFiles.addEventListener("change", files.draw, { signal });
    this.el.replaceChildren(
      this.heading,
      h(
        "p",
        {},
        data.alone
          ? "You have sent nearly all of these requests before. Send them yourself: in a terminal, in Swagger UI, on "
            + "the other pages here or with your own program. The server sees each of them, and notes it here."
          : "Run each request here with its button, or type its command in a terminal.",
      ),
      this.shellChoice(),
      this.notice,
      this.fetchLine(),
      prepared.length ? h("h3", {}, "Before you begin") : "",
      prepared.length ? h("ol", { class: "lesson-steps lesson-steps--before" }, prepared.map((s) => s.el)) : "",
      prepared.length ? h("h3", {}, "The steps") : "",
      h("ol", { class: "lesson-steps" }, steps.map((s) => s.el)),
      data.look ? h("p", { class: "aside" }, h("b", {}, "Worth a look. "), glossary.link(data.look)) : "",
      files.el,
      this.questions,
    );
    this.after.replaceChildren(
      h("h2", { id: "after" }, "Your last exercise"),
      h("p", {}, "This counts for nothing: the lesson is done. Check your certificate as a program elsewhere would."),
      h("ol", { class: "lesson-steps" }, after.map((s) => s.el)),
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
      const answer = await call("GET", this.page.url + ".http", { auth: "none" });
      if (!answer.ok) return this.notice.replaceChildren(refusal(answer, () => this.chooseShell(id)));
      this.notice.replaceChildren();
      this.blocks = blocksOf(answer.entry.answer.body);
    }
    for (const step of this.steps) step.renderCommand();
    this.fetched.hidden = id === "http";
    this.fetched.querySelector("code").replaceChildren(...breakable(this.fetchCommand()));
  }

  fetchCommand() {
    const { steps } = this.page.data,
      names = new Set(steps.filter((s) => s.request.body).map((s) => s.request.body_file)),
      curl = curlOf(this.shell === "powershell" ? "powershell" : "sh");
    const base = (/https?:\/\/[^/"\s]+/.exec(steps[0].commands.curl)?.[0] ?? location.origin) + basePath;
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
    return this.fetched;
  }
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
