// What stands beside a lesson: what the server has seen, hints, and files to take away.
// To learn here: "still to see" is the condition of the server in words, so one always
// knows what is missing; and a hint is asked for, so that the server can note it.

import { announce, button, clockTime, ended, h, withCode } from "../lib/dom.js";
import { refusal } from "../parts/view.js";

/** Side is the column beside a lesson. */
export class Side {
  constructor(page) {
    this.page = page;
    this.left = h("h2", {});
    this.checks = h("ul", { class: "checks" });
    this.hints = h("div", { class: "hints" });
    this.notice = h("div", { class: "notice" });
    this.again = button("Start over", () => page.startOver(), { class: "quiet" });
    this.el = h(
      "aside",
      { class: "lesson__side", "aria-label": "Where you are" },
      h(
        "section",
        { class: "card" },
        this.left,
        this.checks,
        h(
          "p",
          { class: "muted small" },
          "The server counts it here too if you do it in a terminal or with your own program.",
        ),
      ),
      h("section", { class: "card" }, h("h2", {}, "Stuck?"), this.hints, this.notice, this.again),
      downloads(page.data.id),
    );
  }

  /** update shows what has changed since before. */
  update(before) {
    this.renderChecks(before);
    if (JSON.stringify(before?.hints) !== JSON.stringify(this.page.data.hints)) this.renderHints();
  }

  renderChecks(before) {
    const { seen, still_to_see: left } = this.page.data, missing = left ?? [];
    this.left.textContent = !left ? "After your guess" : missing.length ? "Still to see" : "All is seen";
    this.checks.replaceChildren(
      ...seen.map((s) =>
        h(
          "li",
          { class: "checks__seen" },
          h("span", { class: "good" }, "✓ "),
          s.see,
          " ",
          h("small", { class: "muted" }, clockTime(s.at)),
        )
      ),
      ...missing.map((words) =>
        h(
          "li",
          {},
          h("span", { "aria-hidden": "true" }, "○ "),
          h("span", { class: "visually-hidden" }, "Still to see: "),
          words,
        )
      ),
    );
    if (!before?.still_to_see || before.still_to_see.length <= missing.length) return;
    const now = seen.filter((s) => before.still_to_see.includes(s.see)).map((s) => s.see);
    announce(`Seen: ${ended(now.join("; "))} ${missing.length ? `${missing.length} still to see.` : ""}`);
  }

  renderHints() {
    const { hints } = this.page.data, open = hints.find((hint) => !hint.taken);
    this.hints.replaceChildren(
      ...hints.filter((hint) => hint.taken).map((hint) =>
        h("p", {}, h("b", {}, `Hint ${hint.number}. `), withCode(hint.text))
      ),
      open
        ? h(
          "div",
          { class: "row" },
          button(`Hint ${open.number}`, () => this.hint(open.number)),
          h("span", { class: "muted small" }, "costs nothing; “with help” is noted"),
        )
        : "",
    );
  }

  async hint(number) {
    const answer = await this.page.takeHint(number);
    if (!answer.ok) return this.notice.replaceChildren(refusal(answer, () => this.hint(number)));
    this.notice.replaceChildren();
    announce(`Hint ${number}: ${this.page.data.hints[number - 1].text}`);
    (this.hints.querySelector("button") ?? this.again).focus();
  }
}

const newTabLink = (href, label, download) =>
  h(
    "a",
    download ? { href, download } : { href, target: "_blank" },
    label,
    download ? "" : h("span", { class: "visually-hidden" }, " (in a new tab)"),
  );

function downloads(id) {
  const file = (kind) => newTabLink(`learn/lessons/${id}.${kind}`, "." + kind, `${id}.${kind}`);
  return h(
    "details",
    { class: "card" },
    h("summary", {}, "Take it with you"),
    h("p", {}, newTabLink("learn/sheet?lessons=" + id, "A sheet to print"), ", without solutions."),
    h(
      "p",
      {},
      "The whole lesson as a file, with the answers in it: ",
      ["sh", "cmd", "ps1", "http", "hurl"].map((kind, i) => [i ? ", " : "", file(kind)]),
      ".",
    ),
  );
}
