// The note at the foot: which lesson one is at, and what is still to be seen. To
// learn here: the page asks the house what it has seen, so the note also knows of
// what was done in another view or in a terminal.

import { $, button, h, keep, say } from "../dom.js";
import { ask, next, school, titled, watch, where } from "../school.js";

const every = 10000; // milliseconds between two looks

class LessonNote extends HTMLElement {
  #over = new AbortController();

  connectedCallback() {
    const { signal } = this.#over;
    this.words = h("p", { class: "lesson-note__words" });
    this.append(h("section", { class: "lesson-note", "aria-label": "Your lesson" }, this.words, button("Hide", () => this.hide(), { class: "quiet", "aria-label": "Hide the note about your lesson" })));
    school.addEventListener("change", () => this.show(), { signal });
    addEventListener("hashchange", () => this.turn(), { signal });
    watch((poll) => { if (!this.hidden && keep.get("lesson")) ask(poll); }, every, signal);
    this.turn();
  }

  disconnectedCallback() { this.#over.abort(); }

  /** turn is called in each view; among the lessons the note has nothing to add. */
  turn() {
    this.hidden = /^#\/lessons/.test(location.hash);
    if (this.hidden || !keep.get("lesson")) return;
    this.show();
    ask(true);
  }

  show() {
    const mine = school.items?.find((item) => item.id === keep.get("lesson"));
    if (!mine || this.hidden) return;
    const now = mine.state === "done" ? next(mine.id) : mine, [first, ...more] = mine.still_to_see;
    if (this.told !== undefined && mine.still_to_see.length < this.told) say(first ? `${mine.id}: still to see: ${first}.` : `${mine.id} is done.`);
    this.told = mine.still_to_see.length;
    const link = now ? h("a", { href: where(now) }, titled(now)) : h("a", { href: "#/lessons" }, "All lessons are done");
    this.words.replaceChildren(...(mine.state === "done"
      ? [h("b", { class: "good" }, `✓ ${mine.id} is done. `), now ? "Next: " : "", link]
      : [h("b", {}, "Now: "), link, ". ", h("span", { class: "muted" }, mine.state === "open" ? "It begins with a guess." : `Still to see: ${first}${more.length ? `, and ${more.length} more` : ""}.`)]));
  }

  hide() {
    keep.set("lesson", null);
    this.remove();
    $("#content").focus();
  }
}

customElements.define("lesson-note", LessonNote);

/** place puts the note into the frame, where it stays. */
export function place() {
  if (!$("lesson-note")) $("notebook-line").before(document.createElement("lesson-note"));
}

if (keep.get("lesson")) place();
