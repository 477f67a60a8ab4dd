// The line at the bottom: the latest requests and their answers. To learn here:
// everything that a page does is requests and answers, and a list
// that changes often is drawn once a frame, however many changes there were.

import { h } from "../lib/dom.js";
import { notebook } from "../lib/notebook.js";

class NotebookLine extends HTMLElement {
  connectedCallback() {
    this.list = h("ol", { class: "line__list" });
    this.append(h("a", { href: "#/notebook", class: "line__open" }, "Notebook"), this.list);
    notebook.addEventListener("entry", () => {
      this.due ??= requestAnimationFrame(() => this.show());
    });
    this.show();
    // What else sticks to the foot of the window has to know how high this is.
    new ResizeObserver(() =>
      document.documentElement.style.setProperty("--foot", `${this.parentElement.offsetHeight}px`)
    ).observe(this.parentElement);
  }

  show() {
    this.due = undefined;
    const latest = notebook.entries.filter((e) => !e.poll).slice(0, 3).map((e) =>
      h(
        "li",
        {},
        h("code", {}, `${e.method} ${e.path.replace(/^.*\/api\/v1/, "")}`),
        " ",
        h("span", { class: e.error || e.status >= 400 ? "bad" : "good" }, outcome(e)),
        e.ms !== undefined ? h("span", { class: "muted" }, ` ${Math.max(1, Math.round(e.ms))} ms`) : null,
      )
    );
    this.list.replaceChildren(...(latest.length ? latest : [h("li", { class: "muted" }, "No requests yet")]));
  }
}

/** outcome is the status in words that need no colour. */
export const outcome = (entry) =>
  entry.error ?? (entry.status ? `${entry.status}${entry.status >= 400 ? " refused" : ""}` : "…");

customElements.define("notebook-line", NotebookLine);
