// What concerns all tables at once: what the teacher says, a pause, refusals of now, parts
// of the lessons, guesses, clock and pace. To learn here: each control is one request that
// a script could send, too, and each answer is said in words beside its button.

import { announce, bdi, button, clockTime, duration, h, minutesSeconds, render } from "/js/lib/dom.js";
import { histogram } from "./histogram.js";
import { live, refresh } from "./live.js";
import { call, every, sentence } from "./server.js";
import { put } from "./tables.js";

const classMs = 5000;

/** Controls is the column beside the tables. */
export class Controls {
  constructor(box) {
    this.room = null; // what GET /class says
    this.message = new Message(this);
    this.pause = new Pause(this);
    this.radar = h("div", { class: "content", tabindex: -1 });
    this.lessons = new Lessons(this);
    this.guesses = new Guesses();
    this.clock = new Clock(this);
    box.append(
      panel("Refusals now", "", this.radar),
      this.message.el,
      this.pause.el,
      this.lessons.el,
      this.guesses.el,
      this.clock.el,
    );
    every(classMs, () => {
      if (live.state) this.read();
    });
  }

  show(state) {
    if (!this.room) this.read();
    this.showRadar(state.problems);
    this.lessons.show(state);
    this.guesses.show(state);
  }

  async read() {
    const answer = await call("GET", "/class");
    if (!answer.ok) return;
    this.room = answer.data;
    for (const part of [this.message, this.pause, this.lessons, this.clock]) part.showRoom(answer.data);
  }

  showRadar(problems) {
    if (JSON.stringify(problems) === this.problems) return;
    this.problems = JSON.stringify(problems);
    render(
      this.radar,
      problems.length
        ? [h(
          "ul",
          { class: "radar" },
          problems.slice(0, 5).map((p) =>
            h(
              "li",
              {},
              h("b", {}, `${p.tables} ${p.tables === 1 ? "table" : "tables"}: `),
              h("a", { href: `/problems/${p.problem}`, target: "_blank", "data-key": p.problem }, p.problem),
              p.say ? h("q", {}, p.say) : "",
            )
          ),
        )]
        : [h("p", { class: "muted" }, "None that a lesson did not ask for.")],
      this.radar,
    );
  }
}

/** panel is a card with a heading. */
function panel(title, words, ...more) {
  return h(
    "section",
    { class: "card" },
    h("h2", {}, title),
    words ? h("p", { class: "muted small" }, words) : "",
    ...more,
  );
}

/** choice is a select with a label. */
function choice(label, options, attributes = {}) {
  const select = h("select", attributes, options.map(([value, words]) => h("option", { value }, words)));
  return { select, el: h("label", { class: "choice-of" }, h("span", {}, label), select) };
}

/** Act is what several controls share: they send something and say what came of it. */
class Act {
  notice = h("p", { class: "outcome", role: "status" });

  note(words) {
    this.notice.className = "outcome";
    this.notice.textContent = words;
  }

  async send(path, body, words) {
    const answer = await call("POST", path, body);
    this.notice.className = answer.ok ? "outcome good" : "outcome fault";
    this.notice.textContent = answer.ok ? words(answer.data) : sentence(answer);
    if (answer.ok) await refresh();
    return answer;
  }
}

class Message extends Act {
  constructor(controls) {
    super();
    this.controls = controls;
    this.now = h("p", { class: "says", hidden: true });
    this.text = h("input", { id: "message", name: "text", required: true, maxlength: 140, autocomplete: "off" });
    this.minutes = choice("for", [[2, "2 minutes"], [5, "5 minutes"], [15, "15 minutes"], [60, "1 hour"]], {
      name: "minutes",
    });
    this.minutes.select.value = "5";
    this.away = button("Take it away", () => this.tell({ text: "", minutes: 1 }, "It is gone."), {
      class: "quiet",
      hidden: true,
    });
    const form = h(
      "form",
      {},
      h("div", { class: "field" }, h("label", { for: "message" }, "One line for all pages"), this.text),
      h("div", { class: "row" }, h("button", { class: "primary" }, "Say it"), this.minutes.el, this.away),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await this.tell(
        { text: this.text.value, minutes: Number(this.minutes.select.value) },
        "All pages show it in some seconds.",
      );
      if (answer.ok) this.text.value = "";
    });
    this.el = panel("Say something to all", "", this.now, form, this.notice);
  }

  async tell(body, words) {
    const answer = await this.send("/teach/message", body, () => words);
    await this.controls.read();
    return answer;
  }

  showRoom({ message }) {
    if (!message && this.away === document.activeElement) this.text.focus();
    this.now.hidden = this.away.hidden = !message;
    put(this.now, message ?? "", bdi);
  }
}

class Pause extends Act {
  until = 0;

  constructor(controls) {
    super();
    this.controls = controls;
    this.left = h("p", { class: "countdown", hidden: true });
    this.row = h(
      "div",
      { class: "row" },
      [[60, "1 min"], [120, "2 min"], [300, "5 min"], [600, "10 min"]].map(([seconds, words]) =>
        button(words, () => this.begin(seconds), { class: "chip", "aria-label": `Pause for ${words}` })
      ),
    );
    this.end = button("End the pause", () => this.begin(0), { class: "primary", hidden: true });
    this.el = panel(
      "Pause",
      "Tables answer 503 until the time you choose. Pages and lessons can be read.",
      this.left,
      this.row,
      this.end,
      this.notice,
    );
    setInterval(() => this.tick(), 500);
  }

  async begin(seconds) {
    await this.send(
      "/teach/pause",
      seconds ? { seconds } : {},
      () => seconds ? "All tables have a pause." : "The pause is over.",
    );
    await this.controls.read();
    (seconds ? this.end : this.row.firstChild).focus();
  }

  showRoom({ paused_until: until }) {
    this.until = until ? Date.parse(until) : 0;
    this.tick();
  }

  tick() {
    const seconds = (this.until - Date.now()) / 1000, paused = seconds > 0;
    if (!paused && this.end === document.activeElement) this.row.firstChild.focus();
    if (!paused && this.end.hidden === false) announce("The pause is over.");
    this.left.hidden = this.end.hidden = !paused;
    if (paused) this.left.textContent = `${minutesSeconds(seconds)} left, until ${clockTime(this.until)}`;
  }
}

/** Lessons says how many tables are where, and opens parts for all. */
class Lessons extends Act {
  rows = new Map();
  open = new Set();

  constructor(controls) {
    super();
    this.controls = controls;
    this.list = h("div", { class: "content" });
    this.el = panel("Lessons", "How many tables have done each, and how many are at it now.", this.list, this.notice);
  }

  show({ lessons, tables }) {
    if (!this.rows.size) this.build(lessons);
    const taken = Math.max(1, tables.filter((t) => t.state !== "free").length);
    for (const l of lessons) {
      const row = this.rows.get(l.id);
      if (!row) continue; // an extra
      row.meter.value = l.done / taken;
      put(
        row.words,
        [
          `${l.done} done`,
          l.working ? `${l.working} here` : "",
          l.stuck ? `${l.stuck} stuck` : "",
        ].filter(Boolean).join(", "),
      );
    }
  }

  build(lessons) {
    for (const [title, list] of Map.groupBy(lessons.filter((l) => !l.extra), (l) => l.part)) {
      const part = title.split(".")[0]; // "II" of "II. The wristband"
      const more = h("span", { class: "visually-hidden" }, `(part ${part})`);
      const open = () =>
        button(["Open for all", more], () => this.openPart(part), { class: "quiet", "data-part": part });
      const gate = this.rows.size ? open() : ""; // the first part is always open
      this.list.append(
        h("h3", { class: "lessons-of-part" }, title, gate),
        h("ul", { class: "progress-list" }, list.map((l) => this.row(l))),
      );
    }
  }

  row(l) {
    const meter = h("progress", { max: 1, value: 0, "aria-label": `${l.id}, done` }), words = h("span", {});
    this.rows.set(l.id, { meter, words });
    return h("li", { title: l.title }, h("b", {}, l.id), meter, words);
  }

  async openPart(part) {
    await this.send("/teach/open", { parts: [part] }, () => `Part ${part} is open for all.`);
    await this.controls.read();
  }

  showRoom({ open_parts: open }) {
    for (const gate of this.list.querySelectorAll("button[data-part]")) {
      const isOpen = open.some((part) => part.split(".")[0] === gate.dataset.part);
      gate.setAttribute("aria-disabled", String(isOpen));
      gate.firstChild.textContent = isOpen ? "Open for all ✓" : "Open for all";
    }
  }
}

/** Guesses shows on the wall what the class has guessed before a lesson, and here, too. */
class Guesses extends Act {
  shown = "";
  onWall = ""; // the lesson whose guesses the wall shows
  asked = ""; // the lesson whose guesses this page has had shown, until a state says so

  constructor() {
    super();
    this.lesson = choice("Lesson", [], { name: "lesson" });
    this.result = h("div", { class: "content" });
    this.begin = button("Show them on the wall", () => this.showGuesses(this.lesson.select.value));
    this.el = panel(
      "Guesses",
      "What the class has guessed before a lesson. The right answer appears when you show it.",
      h("div", { class: "row" }, this.lesson.el, this.begin),
      this.result,
      this.notice,
    );
  }

  show({ lessons, reveal }) {
    const { select } = this.lesson;
    if (select.options.length !== lessons.length) {
      select.replaceChildren(...lessons.map((l) => h("option", { value: l.id }, `${l.id} ${l.title}`)));
    }
    if (JSON.stringify(reveal) === this.shown) return;
    this.shown = JSON.stringify(reveal);
    this.onWall = reveal?.question === "predict" ? reveal.lesson : "";
    if (this.asked === this.onWall) this.asked = "";
    render(this.result, reveal ? this.revealed(reveal) : [], this.begin);
  }

  revealed(reveal) {
    const { lesson, answer } = reveal;
    return [
      histogram(reveal),
      h(
        "div",
        { class: "row" },
        answer === null ? button("Show the answer", () => this.reveal(lesson), { "data-key": "answer" }) : "",
        button("Take it off the wall", () => this.clear(), { class: "quiet", "data-key": "clear" }),
      ),
    ];
  }

  /** showGuesses shows the guesses of a lesson. A second call about the same question would tell
   *  the answer, and for that there is a button of its own. Two presses in a moment are one, also if a
   *  state of before the first comes in between. */
  async showGuesses(lesson) {
    if ([this.onWall, this.asked].includes(lesson)) return this.note("The wall shows them already.");
    this.asked = lesson;
    const answer = await this.reveal(lesson);
    if (!answer.ok) this.asked = "";
  }

  reveal(lesson) {
    const words = ({ answer }) => answer === null ? "The wall shows the guesses." : "The wall shows the answer.";
    return this.send("/teach/reveal", { lesson, question: "predict" }, words);
  }

  clear() {
    this.asked = "";
    return this.send("/teach/reveal", {}, () => "The wall shows the tables.");
  }
}

/** Clock moves the clock of tokens ahead, and says how long tokens are valid and how fast
 *  the kitchens are. */
class Clock extends Act {
  constructor(controls) {
    super();
    this.controls = controls;
    this.ahead = h("p", { class: "muted" });
    const ahead = { "1m": "1 minute", "16m": "16 minutes: access tokens expire", "1h": "1 hour", "12h": "12 hours" };
    const ttls = { "": "as it is", "30s": "30 seconds", "1m": "1 minute", "5m": "5 minutes", "15m": "15 minutes" };
    const paces = {
      "": "as it is",
      fast: "fast: half a second a step",
      normal: "normal: 3 seconds a step",
      slow: "slow: 15 seconds a step",
      manual: "manual: a chef is needed",
    };
    this.advance = choice("Set the clock ahead by", Object.entries(ahead));
    this.ttl = choice("New access tokens are valid for", Object.entries(ttls));
    this.kitchen = choice("The kitchens are", Object.entries(paces));
    this.el = h(
      "details",
      { class: "card" },
      h("summary", {}, h("h2", {}, "Clock and pace")),
      this.ahead,
      h("div", { class: "row" }, this.advance.el, button("Set the clock", () => this.set())),
      h("div", { class: "row" }, this.ttl.el, this.kitchen.el, button("Set the pace", () => this.pace())),
      this.notice,
    );
  }

  async set() {
    const words = (data) => `The clock is ${duration(data.ahead_s)} ahead.${tooFar(data.refused)}`;
    await this.send("/teach/clock", { advance: this.advance.select.value }, words);
    await this.controls.read();
  }

  async pace() {
    const ttl = this.ttl.select.value || undefined, kitchen = this.kitchen.select.value || undefined;
    await this.send("/teach/pace", { access_token_ttl: ttl, kitchen }, () => "It is set at all tables.");
  }

  showRoom({ clock_ahead_s: ahead }) {
    put(
      this.ahead,
      ahead ? `The clock is ${duration(ahead)} ahead, until the next start.` : "The clock is the real one.",
    );
  }
}

const tooFar = (tables) => tables.length ? ` It cannot go further at: ${tables.join(", ")}.` : "";
