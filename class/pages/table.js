// One table in a dialog: what was asked there, what comes next, and what a teacher can do.
// To learn here: before anything is deleted, a "dry" request says what would be lost, and
// what was done can be undone for ten minutes.

import { announce, bdi, button, clockTime, copy, h, render, showModal } from "/js/lib/dom.js";
import { live, refresh } from "./live.js";
import { kindOf, mark } from "./marks.js";
import { call, sentence } from "./server.js";
import { ago, states, whyStuck } from "./tables.js";

/** TableDialog shows one table at a time. */
export class TableDialog {
  number = "";
  asking = false;
  shown = "";
  stateRead = "";

  constructor() {
    this.title = h("h2", { id: "table-title", tabindex: -1 });
    this.body = h("div", { class: "content" });
    this.result = h("div", { class: "notice", role: "status" });
    this.actions = h("div", { class: "table__actions" });
    this.el = h(
      "dialog",
      { class: "dialog table", "aria-labelledby": "table-title" },
      h("div", { class: "dialog__head" }, this.title, button("Close", () => this.el.close(), { class: "quiet" })),
      this.body,
      this.result,
      this.actions,
    );
    document.body.append(this.el);
    live.addEventListener("facts", (/** @type {any} */ { detail: facts }) => {
      if (facts.some((f) => f.table === this.number)) this.read();
    });
    live.addEventListener("state", () => {
      if (this.stateOf() !== this.stateRead) this.read();
    });
    live.addEventListener("out", () => this.el.close());
  }

  open(number) {
    this.number = number;
    this.data = null;
    this.shown = "";
    this.title.textContent = `Table ${number}`;
    this.result.replaceChildren();
    this.body.replaceChildren(h("p", { class: "muted" }, "Reading …"));
    this.actions.replaceChildren();
    showModal(this.el);
    this.title.focus();
    this.read();
  }

  /** shows is whether it shows a table now. The focus goes back to its row. */
  shows(number) {
    return this.el.open && this.number === number;
  }

  /** stateOf is what the state of the class says of this table. */
  stateOf() {
    return JSON.stringify(live.state?.tables.find((t) => t.table === this.number));
  }

  /** read asks for the table again, unless the dialog is closed or that is under way. */
  async read() {
    if (!this.el.open || this.asking) return;
    this.asking = true;
    this.stateRead = this.stateOf();
    const { number } = this, answer = await call("GET", `/teach/tables/${number}`);
    this.asking = false;
    if (!this.el.open) return;
    if (number !== this.number) return this.read();
    if (!answer.ok) {
      return this.data
        ? undefined
        : this.body.replaceChildren(h("p", { class: "fault" }, sentence(answer)));
    }
    const before = this.data;
    this.data = answer.data;
    this.showFacts();
    if (!before || gateOf(before) !== gateOf(this.data) || before.undo !== this.data.undo) this.showActions();
    this.showLesson();
  }

  showFacts() {
    const t = this.data, next = t.next, now = JSON.stringify(t);
    if (now === this.shown) return; // what somebody has selected stays
    this.shown = now;
    const scrolled = this.body.querySelector(".requests")?.scrollTop ?? 0;
    this.title.replaceChildren(`Table ${t.table}`, ...(t.name ? [" ", bdi(t.name)] : []));
    render(
      this.body,
      [
        h(
          "p",
          { class: "table__now" },
          h("span", { class: "badge" }, states[t.state]?.[1] ?? t.state),
          t.lesson ? [" ", h("b", {}, t.lesson), ` ${t.seen} of ${t.of} seen`, t.since ? `, ${ago(t.since)}` : ""] : "",
          t.last_at ? h("span", { class: "muted" }, `. The last request was at ${clockTime(t.last_at)}.`) : "",
          t.reported ? h("span", { class: "muted" }, " The learner’s own computer reports this.") : "",
        ),
        t.stuck ? h("p", { class: "says says--pause" }, whyStuck(t)) : null,
        t.state === "broken"
          ? h(
            "p",
            { class: "says says--pause" },
            `${t.reason ?? "Its restaurant cannot be opened"}.`,
            h("br"),
            "Restoring keeps what can still be read. In the place of what is damaged, the restaurant or the lessons,",
            " comes the newest copy that a reset has made, or it begins again.",
          )
          : null,
        next
          ? h(
            "section",
            {},
            h("h3", {}, "What comes next"),
            h("p", {}, next.say),
            next.command ? command(next.command) : null,
          )
          : null,
        h(
          "section",
          { class: "table__requests" },
          h("h3", {}, "The latest requests"),
          t.facts?.length
            ? h(
              "ol",
              { class: "requests", tabindex: 0, "aria-label": "The latest requests", "data-key": "requests" },
              t.facts.map(requestRow),
            )
            : h("p", { class: "muted" }, "None since the class was started."),
        ),
        h("details", { open: this.body.querySelector("details")?.open }, ...answers(t.lessons ?? [])),
        h(
          "section",
          {},
          h("h3", {}, "Its address"),
          h("p", {}, "Code ", h("code", {}, t.code), ". It works on any computer."),
          command(`${location.origin}/t/${t.code}/`),
        ),
      ].filter(Boolean),
      this.title,
    );
    this.body.querySelector(".requests")?.scrollTo(0, scrolled);
  }

  /** showActions shows what can be done. While a learner goes on it stays as it is, because
   *  somebody may be about to press one of the buttons. */
  showActions() {
    const { state, undo } = this.data;
    render(
      this.actions,
      [
        undo ? this.undoRow(this.data) : null,
        this.resetForm(),
        h(
          "div",
          { class: "row" },
          state === "broken"
            ? button("Restore the table", () => this.act("restore", restored), {
              "data-key": "restore",
            })
            : null,
          state === "closed"
            ? button("Open the table", () => this.act("open", () => "The table is open."), { "data-key": "gate" })
            : twice(
              "Close the table",
              "Close it: requests get 503",
              () => this.act("close", () => "The table is closed."),
              "gate",
            ),
          twice("New code", "New code: the old one ends now", () => this.newCode(), "new-code"),
        ),
      ].filter(Boolean),
      this.title,
    );
  }

  resetForm() {
    const choices = [
      ["lesson", this.lessonWords = h("span")],
      ["lessons", "All lessons"],
      ["kitchen", "Orders, menu and accounts, as on the first day"],
      ["all", "Everything: a free table for somebody new"],
    ];
    const preview = h("div", { class: "notice", role: "status" });
    const form = h(
      "form",
      {},
      h(
        "fieldset",
        { class: "choices" },
        h("legend", {}, h("b", {}, "Reset")),
        choices.map(([what, words], i) =>
          h(
            "label",
            {},
            h("input", {
              type: "radio",
              name: "what",
              value: what,
              checked: i === (this.data.lesson ? 0 : 1),
              "data-key": what,
              onchange: () => preview.replaceChildren(),
            }),
            words,
          )
        ),
      ),
      h("button", { "data-key": "preview" }, "Show what is lost"),
      preview,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const what = form.elements.what.value;
      this.preview({ what, ...(what === "lesson" ? { lesson: this.data.lesson } : {}) }, preview, form);
    });
    return h("details", {}, h("summary", { "data-key": "reset" }, "Reset this table"), form);
  }

  /** showLesson says which lesson can be begun again, if there is one. */
  showLesson() {
    const { lesson } = this.data;
    this.lessonWords.textContent = lesson ? `Lesson ${lesson}: begin it again` : "The lesson: none is begun";
    this.lessonWords.parentElement.querySelector("input").disabled = !lesson;
  }

  async preview(what, box, form) {
    const answer = await this.send("reset", { ...what, dry: true });
    if (!answer.ok) return box.replaceChildren(h("p", { class: "fault" }, sentence(answer)));
    const lost = answer.data.lost.filter((l) => l.count > 0);
    const go = button("Reset now", () => this.reset(what), { class: "primary" });
    box.replaceChildren(
      h(
        "p",
        {},
        `${lost.length ? "This" : "Nothing"} is lost${what.lesson ? ` in ${what.lesson}` : ""}${
          lost.length ? ":" : "."
        }`,
      ),
      h("ul", { class: "lost" }, lost.map((l) => h("li", {}, `${l.count} ${l.what}`))),
      h(
        "div",
        { class: "row" },
        go,
        button("Keep it", () => {
          box.replaceChildren();
          form.querySelector("[data-key=preview]").focus();
        }, { class: "quiet" }),
      ),
    );
    go.focus();
  }

  async reset(what) {
    const answer = await this.send("reset", what);
    if (!answer.ok) return this.say(sentence(answer), "fault");
    this.say("It is reset. You can undo this for ten minutes.");
    await this.again();
  }

  undoRow({ undo: id, undo_until: until }) {
    return h(
      "p",
      { class: "done" },
      `The reset can be undone until ${clockTime(until)}. `,
      button("Undo the reset", async () => {
        const answer = await call("POST", "/teach/undo", { id });
        this.say(answer.ok ? "The table is as it was before." : sentence(answer), answer.ok ? "" : "fault");
        await this.again();
      }),
    );
  }

  async newCode() {
    const answer = await this.send("code", {});
    if (!answer.ok) return this.say(sentence(answer), "fault");
    this.say(
      `The new code is ${answer.data.code}. Tell it to the learner. At the old address they are told to ask you.`,
    );
    await this.again();
  }

  async act(what, words) {
    const answer = await this.send(what, {});
    this.say(answer.ok ? words(answer.data) : sentence(answer), answer.ok ? "" : "fault");
    await this.again();
  }

  send(what, body) {
    return call("POST", `/teach/tables/${this.number}/${what}`, body);
  }

  /** again reads and shows everything after something was done. */
  async again() {
    this.data = null;
    await refresh();
    await this.read();
  }

  say(words, kind = "") {
    this.result.replaceChildren(h("p", { class: kind || "done" }, words));
  }
}

/** gateOf is what decides about the buttons for a table. */
const gateOf = ({ state }) => ["closed", "broken"].includes(state) ? state : "open";

/** restored says what is there now in the place of what was broken, and what is lost. */
function restored({ copied_at: at, restaurant_kept: orders, lessons_kept: lessons, aside }) {
  const files = aside ? ` The damaged files are in ${aside}.` : "";
  if (orders) return `Orders, menu and accounts are as they were; ${lessonsOf(lessons, at, "begin again")}.${files}`;
  const now = at
    ? `The copy of ${clockTime(at)} is back. Orders since then are lost`
    : "There was no copy, so the restaurant is fresh. Its orders are lost";
  return `${now}; ${lessonsOf(lessons, at, "begin again, too")}. The learner has to log in again.${files}`;
}

/** lessonsOf says what has become of the lessons of a table that was restored. */
function lessonsOf(kept, at, fresh) {
  if (kept) return "the lessons are as they were";
  return at ? `the lessons are those of the copy of ${clockTime(at)}` : `the lessons ${fresh}`;
}

/** command shows a line to copy. */
function command(line) {
  const take = button("Copy", () => copy(line, take), {
    class: "quiet",
    "aria-label": `Copy ${line}`,
    "data-key": line,
  });
  return h("div", { class: "line-to-copy" }, h("pre", { class: "command" }, h("code", {}, line)), take);
}

const requestRow = (fact) =>
  h(
    "li",
    {},
    h("span", { class: "muted" }, clockTime(fact.at)),
    h("span", {}, mark(kindOf(fact.status), false), " ", h("b", {}, fact.status)),
    h("code", {}, fact.route),
    h("span", { class: "requests__why" }, fact.problem ?? ""),
  );

function answers(lessons) {
  const begun = lessons.filter((l) => l.state !== "open" && l.state !== "locked");
  const words = (l) =>
    [
      { done: "done", started: "begun" }[l.state] ?? l.state,
      l.guess_right === null || l.guess_right === undefined ? "" : `guessed ${l.guess_right ? "right" : "wrong"}`,
      l.wrong ? `${l.wrong} wrong answers` : "",
      l.hints?.length ? `${l.hints.length} hints` : "",
      l.restored ? "restored from a file" : "",
    ].filter(Boolean).join(", ");
  return [
    h(
      "summary",
      { "data-key": "answers" },
      `Lessons and answers (${lessons.filter((l) => l.state === "done").length} done)`,
    ),
    begun.length
      ? h("ul", { class: "answers" }, begun.map((l) => h("li", {}, h("b", {}, l.id), ` ${l.title ?? ""}: ${words(l)}`)))
      : h("p", { class: "muted" }, "No lesson is begun."),
  ];
}

/** twice is a button that asks for a second press before it does something that cannot be
 *  undone. */
function twice(label, question, work, key) {
  let asked = false, timer = 0;
  const calm = () => {
    asked = false;
    go.textContent = label;
  };
  const go = button(label, () => {
    clearTimeout(timer);
    if (asked) return work();
    asked = true;
    go.textContent = question;
    announce(`${question}? Press again.`);
    timer = setTimeout(calm, 6000);
  }, { "data-key": key });
  return go;
}
