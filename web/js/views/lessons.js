// The lessons: which there are, how far one is, and where to go on. To learn here:
// the state of a lesson is kept by the server; a page that is opened on another
// device shows the same, because it only asks.

import { curlOf, houseURL } from "../lib/curl.js";
import { announce, button, h, render } from "../lib/dom.js";
import {
  lessonHref,
  lessonList,
  lessonTitle,
  nextLesson,
  onNews,
  refreshList,
  stateLabels,
  whenLocked,
} from "../lessons/list.js";
import { emptyState, View } from "../parts/view.js";
import { mountNote } from "../lessons/note.js";
import "../lessons/page.js";
import { confirmReset, confirmRestore } from "../lessons/reset.js";

const pollMs = 5000; // milliseconds between two looks at what a terminal has done
const express = ["L01", "L02", "L03", "L04", "L05"]; // what an API and a token are

/** LessonsView shows the list, or the lesson that the address names. */
class LessonsView extends HTMLElement {
  argument = ""; // the lesson that the address names

  connectedCallback() {
    this.navigate(this.argument);
  }

  navigate(argument) {
    const page = document.createElement(argument ? "lesson-page" : "lesson-list");
    if (argument) page.setAttribute("lesson", argument);
    this.replaceChildren(page);
    mountNote();
  }
}

class LessonList extends View {
  static heading = "Lessons";

  start() {
    this.result = h("div", { class: "notice" });
    this.notice.after(this.result);
    this.notice.before(
      h(
        "p",
        { class: "lead" },
        "Guess, run, compare. A lesson is done when the server has seen the requests that prove it. "
          + "You can send them from this page, from a terminal or from your own program.",
      ),
    );
    this.on(lessonList, "change", () => {
      const done = lessonList.items.filter((item) => item.state === "done" && this.done?.has(item.id) === false);
      if (done.length) announce(done.map((item) => `${item.id} is done.`).join(" "));
      this.list();
    });
    onNews(
      (poll) => {
        if (lessonList.items) refreshList(poll);
      },
      pollMs,
      this.signal,
    );
    if (lessonList.items) this.list(); // as it was; what is new comes with the answer
    this.read();
  }

  read() {
    return this.load("Reading the list of lessons", () => refreshList(), () => this.list());
  }

  list() {
    const { items } = lessonList, parts = Map.groupBy(items, (item) => item.part), now = nextLesson();
    this.notice.replaceChildren();
    if (items.length === 0) return this.content.replaceChildren(emptyState("There are no lessons here"));
    if (!this.body) {
      this.content.replaceChildren(
        this.head = h("div", { class: "lessons__head" }),
        this.body = h("div", { class: "lessons__parts" }),
        this.foot(),
      );
    }
    this.done = new Set(items.filter((item) => item.state === "done").map((item) => item.id));
    this.head.replaceChildren(
      meter(items),
      now
        ? h(
          "a",
          { class: "button primary", href: lessonHref(now) },
          `${now.state === "open" ? "Begin" : "Go on with"} ${lessonTitle(now)}`,
        )
        : items.some((item) => item.state === "locked")
        ? h("p", {}, "All open lessons are done. Well done! The next part opens when your teacher opens it.")
        : h("p", {}, "All lessons are done. Well done!"),
    );
    render(this.body, [
      h(
        "p",
        { class: "muted" },
        h("span", { class: "badge" }, "Express"),
        ` The short route: ${express[0]} to ${express.at(-1)}, ${
          minutes(items)
        } minutes, from the first request to a token that you can read.`,
      ),
      ...[...parts].map(([part, list]) => section(part, list)),
    ]);
  }

  foot() {
    const file = h("input", { type: "file", accept: ".json,application/json", hidden: true });
    file.addEventListener("change", () => this.restore(file));
    const away = (href, label) =>
      h("a", { href, target: "_blank" }, label, h("span", { class: "visually-hidden" }, " (in a new tab)"));
    return h(
      "div",
      { class: "lessons__foot" },
      h(
        "section",
        { class: "card" },
        h("h2", {}, "Elsewhere"),
        h(
          "p",
          {},
          "In a terminal, ",
          h("code", {}, `${curlOf("sh")} -s ${houseURL}/learn`),
          " shows the task and what is missing.",
        ),
        h(
          "p",
          {},
          "On paper: ",
          away(`learn/sheet?lessons=${express[0]}-${express.at(-1)}`, "the express route"),
          ", ",
          away("learn/sheet", "all lessons"),
          ". ",
          away("learn/glossary", "Technical words"),
          ". What you have measured: ",
          away("learn/comparison", "token against session"),
          ". What the server has seen you do, signed: ",
          away("learn/certificate", "your certificate"),
          ".",
        ),
      ),
      h(
        "section",
        { class: "card" },
        h("h2", {}, "Save it, or start again"),
        h(
          "p",
          {},
          h("a", { href: "learn/progress", download: "progress.json" }, "Download my progress"),
          " as a file, and restore it later.",
        ),
        h(
          "div",
          { class: "row" },
          button("Restore my progress", () => file.click()),
          file,
          button("Start all lessons again", () => this.reset("lessons")),
          button("Fresh kitchen", () => this.reset("kitchen")),
        ),
      ),
    );
  }

  async reset(what) {
    if (!await confirmReset(what)) return;
    await this.read();
    this.result.replaceChildren(
      h(
        "div",
        { class: "done" },
        h("p", {}, what === "lessons" ? "All lessons start again." : "The restaurant was reset."),
      ),
    );
  }

  async restore(file) {
    const [chosen] = file.files;
    if (!chosen) return;
    const text = await chosen.text();
    file.value = ""; // the same file can be chosen again
    if (!await confirmRestore(text)) return;
    await this.read();
    this.result.replaceChildren(h("div", { class: "done" }, h("p", {}, "Your progress is restored.")));
    announce("Your progress is restored.");
  }
}

const minutes = (items) =>
  items.filter((item) => express.includes(item.id)).reduce((sum, item) => sum + item.minutes, 0);
// Extras do not count.
const counted = (items) => items.filter((item) => !item.extra);
const doneOf = (items) => items.filter((item) => item.state === "done").length;

function meter(items) {
  const all = counted(items).length, done = doneOf(counted(items)), words = `${done} of ${all} done`;
  return h(
    "p",
    { class: "meter" },
    h("progress", { max: all, value: done, "aria-label": "Lessons done" }, words),
    h("b", {}, words),
  );
}

function progressOf(items) {
  const counting = counted(items);
  return counting.length ? `${doneOf(counting)} of ${counting.length} done` : "extra, not counted";
}

function section(part, items) {
  return h(
    "section",
    { class: "part-of-course" },
    h("h2", {}, part, " ", h("small", { class: "muted" }, progressOf(items))),
    items.some((item) => item.state === "locked") ? h("p", { class: "muted small" }, "Locked. ", whenLocked) : null,
    h(
      "ol",
      { class: "lesson-list" },
      items.map((item) =>
        h(
          "li",
          { "data-state": item.state },
          h(
            "span",
            { class: "lesson-list__state" },
            { open: "○", started: "◐", done: "✓", locked: "◌" }[item.state],
            " ",
            stateLabels[item.state],
          ),
          h(
            "span",
            { class: "lesson-list__name" },
            h("a", { href: lessonHref(item), "data-key": item.id }, lessonTitle(item)),
            express.includes(item.id) ? [" ", h("span", { class: "badge" }, "Express")] : null,
          ),
          h("span", { class: "muted" }, `${item.minutes} min`),
          item.state === "started" && item.still_to_see
            ? h("p", { class: "muted small" }, "Still to see: ", item.still_to_see.join("; "))
            : null,
        )
      ),
    ),
  );
}

customElements.define("lesson-list", LessonList);
customElements.define("lessons-view", LessonsView);
