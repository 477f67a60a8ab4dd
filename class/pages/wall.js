// The wall, for a projector: a tile for each table and a mark for each request. To learn
// here: what everybody sees shows no names and no order of who is first, only that work
// goes on, and how many are done.

import { $, bdi, clockTime, h, minutesSeconds, render } from "/js/lib/dom.js";
import { histogram } from "./histogram.js";
import { listen, live } from "./live.js";
import { kindOf, legend, mark } from "./marks.js";
import { call, every } from "./server.js";

const classMs = 2000, maxMarks = 8, wide = 1.9; // a tile is about so many times wider than high
const tiles = new Map(), list = $("#tiles"), notes = $("#notes");
let pausedUntil = 0, shownGuesses = "", shownNotes = "", stoppedAt = 0;

live.addEventListener("state", (/** @type {any} */ { detail: state }) => {
  if (!stoppedAt) show(state);
});
live.addEventListener("facts", (/** @type {any} */ { detail: facts }) => {
  if (stoppedAt) return;
  for (const fact of facts) tiles.get(fact.table)?.add(kindOf(fact.status));
});
live.addEventListener("mode", () => {
  document.body.dataset.mode = live.mode;
  showNotes();
});
live.addEventListener("out", () => location.assign("/teach"));

// What moves by itself can be stopped, so that people can look at it while somebody explains.
$("#stop").addEventListener("click", () => {
  stoppedAt = stoppedAt ? 0 : Date.now();
  $("#stop").textContent = stoppedAt ? "Go on" : "Stop";
  if (!stoppedAt) show(live.state);
  showNotes();
});

function show(state) {
  if (tiles.size !== state.tables.length) build(state.tables);
  for (const table of state.tables) tiles.get(table.table)?.update(table);
  $("#goal").textContent = goal(state);
  showGuesses(state.reveal);
}

function build(tables) {
  tiles.clear();
  for (const { table } of tables) tiles.set(table, new Tile(table));
  list.replaceChildren(...Array.from(tiles.values(), (tile) => tile.el));
  fit();
}

/** fit gives the tiles as many columns as make them a good shape, and as many marks as they
 *  have room for. */
function fit() {
  if (!tiles.size || list.hidden) return;
  const { width, height } = list.getBoundingClientRect();
  const columns = Math.max(1, Math.round(Math.sqrt(tiles.size * width / (wide * Math.max(1, height)))));
  list.style.setProperty("--columns", String(columns));
  list.style.setProperty("--rows", String(Math.ceil(tiles.size / columns)));
  for (const tile of tiles.values()) tile.trim();
}

class Tile {
  constructor(number) {
    this.lesson = h("span", { class: "tile__lesson" });
    this.marks = h("span", { class: "tile__marks" });
    this.el = h("li", { class: "tile" }, h("b", { class: "tile__number" }, number), this.lesson, this.marks);
    this.newest = "";
  }

  update(table) {
    this.el.dataset.state = table.state;
    const words = table.state === "free" ? "" : table.lesson ?? (table.done.length ? "✓" : "");
    if (this.lesson.textContent !== words) this.lesson.textContent = words;
    const newest = table.last ? JSON.stringify([table.last, table.last_at]) : "";
    // Each request brings a mark of its own, unless the page did not listen.
    if (newest !== this.newest && newest && live.mode !== "live") this.add(kindOf(table.last.status));
    this.newest = newest;
  }

  /** add puts a mark behind the others. */
  add(kind) {
    this.marks.append(mark(kind));
    this.trim();
  }

  /** trim takes the oldest marks away that have no room. */
  trim() {
    const { left } = this.marks.getBoundingClientRect(), all = this.marks.children;
    while (all.length > maxMarks || all[0]?.getBoundingClientRect().left < left) all[0].remove();
  }
}

/** goal is how far the class is with the lesson that most are at. */
function goal({ tables, lessons }) {
  const taken = tables.filter((t) => t.state !== "free").length;
  const busy = lessons.reduce((best, l) => l.working > (best?.working ?? 0) ? l : best, null)
    ?? lessons.findLast((l) => l.done > 0);
  if (!taken || !busy) return `${taken} of ${tables.length} tables are taken`;
  return `${busy.done} of ${taken} done with ${busy.id}`;
}

function showGuesses(reveal) {
  if (JSON.stringify(reveal ?? null) === shownGuesses) return;
  shownGuesses = JSON.stringify(reveal ?? null);
  list.hidden = Boolean(reveal);
  $("#guesses").hidden = !reveal;
  $("#guesses").replaceChildren(...(reveal ? [histogram(reveal)] : []));
  $("main h2").textContent = reveal ? `What you guessed before ${reveal.lesson}` : "Tables";
  if (!reveal) fit();
}

async function readClass() {
  const answer = await call("GET", "/class");
  if (!answer.ok) return;
  pausedUntil = Date.parse(answer.data.paused_until ?? "") || 0;
  showNotes(answer.data.message);
}

let message = "";

function showNotes(text = message) {
  message = text ?? "";
  const paused = pausedUntil > Date.now(), lost = live.mode === "lost";
  const now = JSON.stringify([message, paused && pausedUntil, lost, stoppedAt]);
  if (now === shownNotes) return;
  shownNotes = now;
  render(notes, [
    paused
      ? h(
        "p",
        { class: "says says--pause" },
        h("b", {}, "Hands off "),
        `until ${clockTime(pausedUntil)}`,
        h("span", { class: "left" }),
      )
      : "",
    message ? h("p", { class: "says" }, bdi(message)) : "",
    stoppedAt ? h("p", { class: "says says--pause" }, `The wall stands still since ${clockTime(stoppedAt)}.`) : "",
    lost ? h("p", { class: "says says--pause" }, "No connection to the class: what you see is old.") : "",
  ]);
  fit();
}

setInterval(() => {
  showNotes();
  const left = $(".left", notes);
  if (left) left.textContent = minutesSeconds((pausedUntil - Date.now()) / 1000);
}, 500);
addEventListener("resize", fit);
$("#legend").prepend(legend());
every(classMs, readClass);
listen();
