// The list of tables. To learn here: a list that changes every second must not be built
// anew each time: each row stays, and only the words that differ are replaced, so the
// focus and what a screen reader reads stay where they are.

import { bdi, button, ended, h } from "/js/lib/dom.js";
import { live } from "./live.js";
import { kindOf, mark } from "./marks.js";
import { TableDialog } from "./table.js";

/** states are the words for what a table is doing; a sign goes before each. */
export const states = {
  free: ["○", "Free"],
  opening: ["◌", "Opening"],
  seated: ["●", "At work"],
  idle: ["◐", "Quiet"],
  closed: ["✕", "Closed"],
  broken: ["!", "Broken"],
};

/** needsHelp is whether the teacher should look at a table. */
export const needsHelp = (t) => t.stuck || t.state === "broken";

/** @type {[string, (table: any) => boolean][]} */
const filters = [
  ["All", () => true],
  ["Need help", needsHelp],
  ["At work", (t) => t.state === "seated" || t.state === "opening"],
  ["Quiet", (t) => t.state === "idle"],
  ["Free or closed", (t) => t.state === "free" || t.state === "closed"],
];

/** TableList shows all tables by number, never by how far they are. */
export class TableList {
  rows = new Map();
  filter = filters[0];

  constructor(box) {
    this.dialog = new TableDialog();
    this.counts = filters.map(() => h("span", { class: "muted" }));
    this.list = h("ol", { class: "tables" });
    this.none = h("p", { class: "empty", hidden: true }, "No table is like this now.");
    box.append(
      h(
        "fieldset",
        { class: "choose" },
        h("legend", { class: "visually-hidden" }, "Which tables"),
        filters.map((filter, i) =>
          h(
            "label",
            {},
            h("input", {
              type: "radio",
              name: "filter",
              checked: i === 0,
              onchange: () => {
                this.filter = filter;
                this.show(live.state);
              },
            }),
            filter[0],
            this.counts[i],
          )
        ),
      ),
      this.list,
      this.none,
    );
    // What is "6 min ago" becomes older without any news.
    setInterval(() => {
      if (live.state) this.show(live.state);
    }, 10000);
  }

  show(state) {
    const titles = new Map(state.lessons.map((l) => [l.id, l.title ?? ""]));
    for (const table of state.tables) {
      let row = this.rows.get(table.table);
      if (!row) {
        this.rows.set(table.table, row = new Row(table.table, () => this.dialog.open(table.table)));
        this.list.append(row.el);
      }
      row.update(table, titles, this.filter[1](table) || this.dialog.shows(table.table));
    }
    for (const [i, [, fits]] of filters.entries()) put(this.counts[i], String(state.tables.filter(fits).length));
    this.none.hidden = state.tables.some(this.filter[1]);
  }
}

class Row {
  constructor(number, open) {
    this.name = h("span", { class: "tables__name" });
    this.state = h("span", { class: "tables__state" });
    this.lesson = h("span", { class: "tables__lesson" });
    this.since = h("span", { class: "tables__since muted" });
    this.last = h("span", { class: "tables__last" });
    this.help = h("span", { class: "tables__help" });
    this.el = h(
      "li",
      {},
      button(`Table ${number}`, open, { class: "tables__open", "aria-haspopup": "dialog" }),
      this.name,
      this.state,
      this.lesson,
      this.since,
      this.last,
      this.help,
    );
  }

  update(t, titles, fits) {
    this.el.hidden = !fits && !this.el.contains(document.activeElement); // nobody loses the focus
    this.el.dataset.state = t.state;
    this.el.classList.toggle("tables__stuck", needsHelp(t));
    put(this.name, t.name ?? "", bdi);
    const [sign, word] = states[t.state] ?? ["", t.state];
    put(this.state, `${sign} ${t.reported && t.state === "seated" ? "Reported" : word}`);
    const working = t.state !== "free" && t.state !== "closed";
    put(this.lesson, working && t.lesson ? `${t.lesson} ${titles.get(t.lesson) ?? ""}, ${t.seen} of ${t.of}` : "");
    put(this.since, working && t.lesson && t.since ? ago(t.since) : "");
    const { last } = t, words = last ? `${last.status} ${last.problem ?? last.route.replace("/api/v1", "")}` : "";
    if (this.last.dataset.words !== words) {
      this.last.dataset.words = this.last.title = words;
      this.last.replaceChildren(...(last ? [mark(kindOf(last.status), false), " ", h("code", {}, words)] : []));
    }
    put(
      this.help,
      t.state === "broken"
        ? `${t.reason ?? "It cannot be opened"}. Open it here to restore it.`
        : t.stuck
        ? whyStuck(t)
        : "",
    );
  }
}

/** whyStuck is why a table may need help. */
export const whyStuck = (t) =>
  (t.stuck_by === "refusals"
    ? "The same refusal again and again."
    : "Nothing new for a long time.") + (t.still.length ? ` Still to see: ${ended(t.still[0])}` : "");

/** ago is how long something is, short. */
export function ago(time) {
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time)) / 60000));
  if (minutes < 1) return "just now";
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

/** put sets a text if it differs. */
export function put(el, text, wrap = (words) => words) {
  if (el.dataset.text === text) return;
  el.dataset.text = text;
  el.replaceChildren(...(text ? [wrap(text)] : []));
}
