// The notebook as a view: the requests of this page, newest on top, without those that it
// makes by itself again and again (polls), unless asked for.
// To learn here: a list that grows while one reads needs a way to stand still
// (WCAG 2.2.2), and <details> opens and closes without a script.

import { button, clockTime, h, inPieces } from "../lib/dom.js";
import { notebook } from "../lib/notebook.js";
import { emptyState, View } from "../parts/view.js";
import { entryCard } from "../parts/entry.js";
import { outcome } from "../parts/notebook-line.js";

class NotebookView extends View {
  static heading = "Waiter’s notebook";
  paused = false;

  build() {
    this.pauseButton = button("Pause the list", () => this.setPaused(!this.paused), { "aria-pressed": "false" });
    this.polls = h("input", { type: "checkbox" });
    this.polls.addEventListener("change", () => this.redraw());
    this.list = h("div", { class: "entries" });
    return [
      h(
        "p",
        { class: "lead" },
        "Every request of this page, and its answer. Open an entry to read it, copy it for your "
          + "terminal, or send it again.",
      ),
      h(
        "div",
        { class: "row" },
        this.pauseButton,
        h("label", { class: "check" }, this.polls, "Also what the page asks again by itself (polls)"),
      ),
      this.list,
    ];
  }

  start() {
    this.redraw();
    this.on(notebook, "entry", ({ detail }) => {
      if (!this.paused) this.update(detail);
    });
  }

  setPaused(paused) {
    this.paused = paused;
    this.pauseButton.setAttribute("aria-pressed", String(paused));
    if (!paused) this.redraw();
  }

  get entries() {
    return notebook.entries.filter((entry) => this.polls.checked || !entry.poll);
  }

  redraw() {
    const open = new Set(Array.from(this.list.querySelectorAll("details[open]"), (d) => d.parentElement.dataset.n));
    this.list.replaceChildren();
    if (this.entries.length === 0) {
      this.list.append(
        emptyState(
          "No requests yet",
          h("p", {}, "Look at the ", h("a", { href: "#/menu" }, "menu"), ", and come back."),
        ),
      );
    }
    inPieces(this.entries, (entry) => row(entry, open.has(String(entry.n))), this.list);
  }

  /** update keeps rows that are there: one may be open, and hold the focus. */
  update(entry) {
    if (entry.poll && !this.polls.checked) return;
    const { entries } = this;
    this.list.querySelector(".empty")?.remove();
    const old = this.list.querySelector(`[data-n="${entry.n}"]`);
    if (old) {
      old.querySelector("summary").replaceChildren(...summary(entry));
      label(old, entry);
    } else if (entries[0] === entry) this.list.prepend(row(entry));
    const kept = new Set(entries.map((e) => String(e.n)));
    for (const el of [...this.list.children].slice(1, 3)) {
      if (!kept.has(el.dataset.n)) el.remove(); // counted in a newer one
    }
    while (this.list.children.length > entries.length) this.list.lastChild.remove();
  }
}

function row(entry, open = false) {
  const details = h("details", {}, h("summary", {}, summary(entry)));
  const el = h("article", { class: "entry-row", "data-n": entry.n }, details);
  details.addEventListener("toggle", () => {
    details.querySelector(".entry")?.remove();
    if (details.open) details.append(entryCard(entry));
  });
  details.open = open;
  label(el, entry);
  return el;
}

const label = (el, entry) =>
  el.setAttribute("aria-label", `Entry ${entry.n}: ${entry.method} ${entry.path}, ${outcome(entry)}`);

function summary(e) {
  return [
    h("span", { class: "entry-row__n" }, e.n),
    " ",
    h("span", { class: "entry-row__time" }, clockTime(e.at)),
    " ",
    h("code", {}, `${e.method} ${e.path}`),
    " ",
    h("span", { class: e.error || e.status >= 400 ? "bad" : "good" }, outcome(e)),
    " ",
    h("span", { class: "muted" }, [e.times > 1 ? `${e.times} times ` : "", e.why ?? ""].join("")),
  ];
}

customElements.define("notebook-view", NotebookView);
