// The lessons: which there are, how far one is, and where to go on. To learn here:
// the state of a lesson is kept by the house; a page that is opened on another
// device shows the same, because it only asks.

import { button, h, say } from "../dom.js";
import { ask, next, school, stateWords, titled, watch, where } from "../school.js";
import { View, empty } from "../view.js";
import { place } from "./lesson-note.js";
import "./lesson.js";
import { anew, restore } from "./lesson-reset.js";

const every = 5000; // milliseconds between two looks at what a terminal has done
const express = ["L01", "L02", "L03", "L04", "L05"]; // what an API and a token are

/** lessons-view shows the list, or the lesson that the address names. */
class LessonsView extends HTMLElement {
  connectedCallback() { this.go(this.argument); }

  go(argument) {
    const page = document.createElement(argument ? "lesson-page" : "lesson-list");
    if (argument) page.setAttribute("lesson", argument);
    this.replaceChildren(page);
    place();
  }
}

class LessonList extends View {
  static heading = "Lessons";
  #over = new AbortController();

  start() {
    const { signal } = this.#over;
    this.said = h("div", { class: "notice" });
    this.notice.after(this.said);
    this.notice.before(h("p", { class: "lead" }, "Guess, run, compare. A lesson is done when the house has seen the requests that prove it, whoever sends them: this page, a terminal, a program of yours."));
    school.addEventListener("change", () => {
      const done = school.items.filter((item) => item.state === "done" && this.done?.has(item.id) === false);
      if (done.length) say(done.map((item) => `${item.id} is done.`).join(" "));
      this.list();
    }, { signal });
    watch((poll) => { if (school.items) ask(poll); }, every, signal);
    if (school.items) this.list(); // as it was; what is new comes with the answer
    this.read();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#over.abort();
  }

  read() { return this.show("Reading the list of lessons", () => ask(), () => this.list()); }

  list() {
    const { items } = school, parts = Map.groupBy(items, (item) => item.part), now = next();
    this.notice.replaceChildren();
    if (items.length === 0) return this.content.replaceChildren(empty("There are no lessons here"));
    if (!this.body) this.content.replaceChildren(this.head = h("div", { class: "lessons__head" }), this.body = h("div", {}), this.foot());
    this.done = new Set(items.filter((item) => item.state === "done").map((item) => item.id));
    const focused = document.activeElement?.dataset?.lesson;
    this.head.replaceChildren(meter(items), now ? h("a", { class: "button primary", href: where(now) }, `${now.state === "open" ? "Begin" : "Go on with"} ${titled(now)}`) : h("p", {}, "All lessons are done. Well done!"));
    this.body.replaceChildren(h("p", { class: "muted" }, h("span", { class: "badge" }, "Express"), ` The short route: ${express[0]} to ${express.at(-1)}, ${minutes(items)} minutes, from the first request to a token that you can read.`),
      ...[...parts].map(([part, list]) => section(part, list)));
    if (focused) this.body.querySelector(`[data-lesson="${focused}"]`)?.focus();
  }

  foot() {
    const file = h("input", { type: "file", accept: ".json,application/json", hidden: true });
    file.addEventListener("change", () => this.restore(file));
    const away = (href, label) => h("a", { href, target: "_blank" }, label, h("span", { class: "visually-hidden" }, " (in a new tab)"));
    return h("div", { class: "lessons__foot" },
      h("section", { class: "card" }, h("h2", {}, "Elsewhere"),
        h("p", {}, "In a terminal, ", h("code", {}, `curl -s ${location.origin}/learn`), " shows the task and what is still to be seen."),
        h("p", {}, "On paper: ", away(`/learn/sheet?lessons=${express[0]}-${express.at(-1)}`, "the express route"), ", ", away("/learn/sheet", "all lessons"), ". ", away("/learn/glossary", "Technical words, each in a line"), ".")),
      h("section", { class: "card" }, h("h2", {}, "Keep it, or begin anew"),
        h("p", {}, h("a", { href: "/learn/progress", download: "progress.json" }, "Download my progress"), " as a file, and restore it on another day."),
        h("div", { class: "row" }, button("Restore my progress", () => file.click()), file, button("All lessons anew", () => this.anew("lessons")), button("Fresh kitchen", () => this.anew("kitchen")))));
  }

  async anew(what) {
    if (!await anew(what)) return;
    await this.read();
    this.said.replaceChildren(h("div", { class: "done" }, h("p", {}, what === "lessons" ? "All lessons begin anew." : "The restaurant is as on its first day.")));
  }

  async restore(file) {
    const [chosen] = file.files;
    if (!chosen) return;
    const text = await chosen.text();
    file.value = ""; // the same file can be chosen again
    if (!await restore(text)) return;
    await this.read();
    this.said.replaceChildren(h("div", { class: "done" }, h("p", {}, "Your progress is restored.")));
    say("Your progress is restored.");
  }
}

const minutes = (items) => items.filter((item) => express.includes(item.id)).reduce((sum, item) => sum + item.minutes, 0);
const doneOf = (items) => items.filter((item) => item.state === "done").length;

function meter(items) {
  const done = doneOf(items), words = `${done} of ${items.length} done`;
  return h("p", { class: "meter" }, h("progress", { max: items.length, value: done, "aria-label": "Lessons done" }, words), h("b", {}, words));
}

function section(part, items) {
  return h("section", { class: "part-of-course" }, h("h2", {}, part, " ", h("small", { class: "muted" }, `${doneOf(items)} of ${items.length} done`)),
    h("ol", { class: "lesson-list" }, items.map((item) => h("li", { "data-state": item.state },
      h("span", { class: "lesson-list__state" }, { open: "○", started: "◐", done: "✓" }[item.state], " ", stateWords[item.state]),
      h("span", { class: "lesson-list__name" }, h("a", { href: where(item), "data-lesson": item.id }, titled(item)), express.includes(item.id) ? [" ", h("span", { class: "badge" }, "Express")] : null),
      h("span", { class: "muted" }, `${item.minutes} min`),
      item.state === "started" ? h("p", { class: "muted small" }, "Still to see: ", item.still_to_see.join("; ")) : null))));
}

customElements.define("lesson-list", LessonList);
customElements.define("lessons-view", LessonsView);
