// The kitchen pass, for chefs. To learn here: a claim (role) opens this view, the
// server alone decides which step may follow and who cooks, and a board that moves by
// itself can be held (WCAG 2.2.2).

import { announce, bdi, button, clockTime, dishName, h, render } from "../lib/dom.js";
import { call, connection } from "../lib/api.js";
import { emptyState, refusal, showRequest, View } from "../parts/view.js";

const columns = [
  { status: "placed", title: "Placed", next: "preparing", label: (id) => `Start cooking order ${id}` },
  { status: "preparing", title: "Preparing", next: "ready", label: (id) => `Order ${id} is ready` },
  { status: "ready", title: "Ready", next: "served", label: (id) => `Serve order ${id}` },
];

class KitchenView extends View {
  static heading = "Kitchen pass";
  allowed = false; // whether the server has shown the board
  paused = false;
  shown = "";

  build() {
    this.pauseButton = button("Pause the board", () => {
      this.paused = !this.paused;
      this.pauseButton.setAttribute("aria-pressed", String(this.paused));
    }, { "aria-pressed": "false", hidden: true });
    this.cook = h("input", { type: "checkbox", role: "switch", "data-key": "cook" });
    this.cook.addEventListener("change", () => this.setMode(this.cook.checked ? "manual" : "auto"));
    this.modeWords = h("p", { class: "muted" });
    this.modeBox = h(
      "div",
      { class: "kitchen-mode", hidden: true },
      h("label", { class: "check" }, this.cook, h("b", {}, "Let me cook")),
      this.modeWords,
    );
    this.result = h("div", { class: "notice" });
    return [
      h(
        "p",
        { class: "lead" },
        "The open orders of all guests, oldest first. One step at a time: placed, preparing, ready, served.",
      ),
      h("div", { class: "row row--kept" }, this.modeBox, this.pauseButton),
      this.notice,
      this.result,
      this.content,
    ];
  }

  start() {
    this.reloadOn((options) => {
      this.modeBox.hidden = true;
      return this.read(options);
    });
    this.on(connection, "lost", () => this.disable("No connection to the restaurant"));
    this.poll(3000, () => {
      if (this.allowed && !this.paused) this.read({ poll: true, why: "the board asks again by itself" });
    });
  }

  async read(options = {}) {
    this.allowed = false;
    if (this.requireLogin("Only chefs and managers may look into the kitchen.", "api/v1/kitchen/orders")) {
      this.modeBox.hidden = this.pauseButton.hidden = true;
      return;
    }
    const answer = await this.load(
      "Looking into the kitchen",
      () => this.ask(options),
      ({ data }) => this.draw(data.items),
    );
    if (this.gone) return;
    this.allowed = answer.ok;
    this.pauseButton.hidden = !answer.ok && !answer.lost;
    if (answer.status === 403) this.modeBox.hidden = true;
    if (answer.status === 403) this.content.replaceChildren(); // a refusal that passes leaves the board where it is
  }

  /** ask reads the board, and who cooks with the first one, so that both come at once. */
  async ask(options) {
    const answer = await call("GET", "api/v1/kitchen/orders?limit=100", options);
    if (!answer.ok || !this.modeBox.hidden) return answer;
    const mode = await call("GET", "api/v1/kitchen/mode", options);
    if (mode.ok) this.showMode(mode.data);
    return answer;
  }

  /** setMode asks the server to let the chef cook, or the kitchen itself. */
  async setMode(mode) {
    const answer = await call("PUT", "api/v1/kitchen/mode", { json: { mode } });
    if (answer.ok) this.showMode(answer.data);
    else this.cook.checked = mode !== "manual";
    const words = mode === "manual"
      ? "You cook now: no order moves without you."
      : "The kitchen cooks by itself again.";
    this.result.replaceChildren(
      answer.ok ? h("div", { class: "done" }, h("p", {}, words), showRequest(answer.entry)) : refusal(answer),
    );
    if (answer.ok) announce(words);
  }

  showMode({ mode, pace_ms }) {
    this.modeBox.hidden = false;
    this.cook.checked = mode === "manual";
    this.modeWords.textContent = mode === "manual"
      ? "The orders wait for you."
      : `The kitchen cooks by itself, a step every ${
        pace_ms / 1000
      } s. While you look, it leaves you a new order for up to a minute.`;
  }

  draw(orders) {
    const now = JSON.stringify(orders.map((o) => [o.id, o.status]));
    if (now === this.shown && this.content.querySelector(".board")) return this.disable(null);
    this.shown = now;
    const board = orders.length
      ? h(
        "div",
        { class: "board" },
        columns.map((column) => this.column(column, orders.filter((o) => o.status === column.status))),
      )
      : emptyState(
        "All quiet",
        h(
          "p",
          {},
          "No order is open. Order something from the ",
          h("a", { href: "#/menu" }, "menu"),
          ", or wait for a guest.",
        ),
      );
    render(this.content, [board], this.heading);
  }

  column(column, orders) {
    return h(
      "section",
      { class: "board__column", "aria-label": `${column.title}, ${orders.length}` },
      h("h2", {}, column.title, h("span", { class: "muted" }, ` ${orders.length}`)),
      orders.map((o) =>
        h(
          "article",
          { class: "ticket", "aria-label": `Order ${o.id}, ${o.status}` },
          h(
            "p",
            { class: "ticket__head" },
            h("b", {}, `Order ${o.id}`),
            h("span", { class: "muted" }, clockTime(o.placed_at), o.table ? [", table ", bdi(o.table)] : ""),
          ),
          h(
            "ul",
            {},
            o.items.map((l) =>
              h(
                "li",
                {},
                `${l.quantity} × `,
                dishName(l),
                l.note ? h("em", {}, " ", bdi(l.note)) : null,
              )
            ),
          ),
          h(
            "div",
            { class: "row" },
            button(column.label(o.id), () => this.move(o, column.next), { class: "primary", "data-key": "go-" + o.id }),
            column.status === "placed"
              ? button(`Cancel order ${o.id}`, () => this.move(o, "cancelled"), {
                class: "quiet",
                "data-key": "cancel-" + o.id,
              })
              : null,
            column.next === "served"
              ? null
              : button(`Serve order ${o.id} at once`, () => this.move(o, "served"), {
                class: "quiet",
                "data-key": "skip-" + o.id,
                title: "Not allowed: one step at a time. Try it and read the refusal.",
              }),
          ),
        )
      ),
    );
  }

  async move(order, status) {
    const answer = await call("PATCH", "api/v1/kitchen/orders/" + order.id, { json: { status } });
    this.result.replaceChildren(
      answer.ok
        ? h("div", { class: "done" }, h("p", {}, `Order ${order.id} is ${status}.`), showRequest(answer.entry))
        : refusal(
          answer,
          null,
          answer.status === 409 && order.status === "placed" && status !== "served"
            ? "The automatic kitchen was faster."
            : "",
        ),
    );
    if (answer.ok) announce(`Order ${order.id} is ${status}.`);
    if (!answer.lost) await this.read();
  }

  /** disable says at the buttons why they cannot be pressed. */
  disable(reason) {
    for (const b of this.content.querySelectorAll("button")) {
      b.disabled = reason !== null;
      if (reason) b.title = reason;
    }
  }
}

customElements.define("kitchen-view", KitchenView);
