// The note at the foot: which lesson one is at, and what is still to be seen. To
// learn here: the page asks the server what it has seen, so the note also knows
// what was done in another view or in a terminal.

import { $, announce, button, ended, h, prefs } from "../lib/dom.js";
import { Part } from "../parts/view.js";
import { lessonHref, lessonList, lessonTitle, nextLesson, onNews, refreshList } from "./list.js";

const pollMs = 10000; // milliseconds between two looks

class LessonNote extends Part {
  start() {
    this.words = h("p", { class: "lesson-note__words" });
    this.append(
      h(
        "section",
        { class: "lesson-note", "aria-label": "Your lesson" },
        this.words,
        button("Hide", () => this.hide(), { class: "quiet", "aria-label": "Hide the note about your lesson" }),
      ),
    );
    this.on(lessonList, "change", () => this.show());
    this.on(window, "hashchange", () => this.onRoute());
    onNews(
      (poll) => {
        if (!this.hidden && prefs.get("lesson")) refreshList(poll);
      },
      pollMs,
      this.signal,
    );
    this.onRoute();
  }

  /** onRoute is called for each view; among the lessons the note has nothing to add. */
  onRoute() {
    this.hidden = /^#\/lessons/.test(location.hash);
    if (this.hidden || !prefs.get("lesson")) return;
    this.show();
    refreshList(true);
  }

  show() {
    const mine = lessonList.items?.find((item) => item.id === prefs.get("lesson"));
    if (!mine || this.hidden) return;
    const now = mine.state === "done" ? nextLesson(mine.id) : mine,
      missing = mine.still_to_see ?? [],
      [first, ...more] = missing;
    if (this.told !== undefined && missing.length < this.told) {
      announce(first ? `${mine.id}: still to see: ${ended(first)}` : `${mine.id} is done.`);
    }
    this.told = mine.still_to_see?.length;
    const link = now
      ? h("a", { href: lessonHref(now) }, lessonTitle(now))
      : h("a", { href: "#/lessons" }, "All lessons are done");
    this.words.replaceChildren(
      ...(mine.state === "done"
        ? [h("b", { class: "good" }, `✓ ${mine.id} is done. `), now ? "Next: " : "", link]
        : [
          h("b", {}, "Now: "),
          link,
          ". ",
          h(
            "span",
            { class: "muted" },
            mine.state === "open" || !mine.still_to_see
              ? "It begins with a guess."
              : !first
              ? "All is seen."
              : `Still to see: ${more.length ? `${first}, and ${more.length} more.` : ended(first)}`,
          ),
        ]),
    );
  }

  hide() {
    prefs.set("lesson", null);
    this.remove();
    $("#content").focus();
  }
}

customElements.define("lesson-note", LessonNote);

/** mountNote puts the note into the frame, where it stays. */
export function mountNote() {
  if (!$("lesson-note")) $("notebook-line").before(document.createElement("lesson-note"));
}

if (prefs.get("lesson")) mountNote();
