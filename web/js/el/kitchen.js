// The kitchen pass, for chefs. To learn here: a claim opens this door (role), the
// server alone decides which step may follow, and a board that moves by itself
// can be held (WCAG 2.2.2).

import { button, clockTime, h, say } from "../dom.js";
import { call, line } from "../api.js";
import { wallet } from "../wallet.js";
import { View, empty, peek, refusal } from "../view.js";

const columns = [
  { status: "placed", title: "Placed", next: "preparing", label: (id) => `Start cooking order ${id}` },
  { status: "preparing", title: "Preparing", next: "ready", label: (id) => `Order ${id} is ready` },
  { status: "ready", title: "Ready", next: "served", label: (id) => `Serve order ${id}` },
];

class KitchenView extends View {
  static heading = "Kitchen pass";
  open = false; // whether the bouncer lets us in
  held = false;
  seen = "";

  build() {
    this.hold = button("Hold the board", () => {
      this.held = !this.held;
      this.hold.setAttribute("aria-pressed", String(this.held));
    }, { "aria-pressed": "false", hidden: true });
    this.said = h("div", { class: "notice" });
    return [h("p", { class: "lead" }, "Everybody’s open orders, oldest first. One step at a time: placed, preparing, ready, served."),
      h("div", { class: "row row--kept" }, this.hold), this.notice, this.said, this.content];
  }

  start() {
    this.again(() => this.read());
    this.on(line, "lost", () => this.disable("No connection to the restaurant"));
    this.every(3000, () => {
      if (this.open && !this.held && !document.hidden && !(wallet.expired && !wallet.autoRenew)) this.read({ poll: true, why: "the board asks again by itself" });
    });
  }

  async read(options) {
    this.open = false;
    if (this.stranger("Only the staff may look at the pass.", "/api/v1/kitchen/orders")) return;
    const answer = await this.show("Looking at the pass", () => call("GET", "/api/v1/kitchen/orders?limit=100", options), ({ data }) => this.draw(data.items));
    if (this.gone) return;
    this.open = answer.ok;
    this.hold.hidden = !answer.ok && !answer.lost;
    if (answer.status === 403) this.content.replaceChildren(); // a refusal that passes leaves the board where it is
  }

  draw(orders) {
    const now = JSON.stringify(orders.map((o) => [o.id, o.status]));
    if (now === this.seen && this.content.querySelector(".board")) return this.disable(null);
    this.seen = now;
    const focus = document.activeElement?.dataset?.key;
    if (orders.length === 0) this.content.replaceChildren(empty("All quiet", h("p", {}, "No order is open. In the automatic kitchen they cook by themselves; a house that is started with -kitchen manual waits for you.")));
    else this.content.replaceChildren(h("div", { class: "board" }, columns.map((column) => this.column(column, orders.filter((o) => o.status === column.status)))));
    if (focus) (this.content.querySelector(`[data-key="${focus}"]`) ?? this.querySelector("h1")).focus();
  }

  column(column, orders) {
    return h("section", { class: "board__column", "aria-label": `${column.title}, ${orders.length}` },
      h("h2", {}, column.title, h("span", { class: "muted" }, ` ${orders.length}`)),
      orders.map((o) => h("article", { class: "ticket", "aria-label": `Order ${o.id}, ${o.status}` },
        h("p", { class: "ticket__head" }, h("b", {}, o.id), h("span", { class: "muted" }, clockTime(o.placed_at), o.table ? `, table ${o.table}` : "")),
        h("ul", {}, o.items.map((l) => h("li", {}, `${l.quantity} × ${l.size === "regular" ? "" : l.size + " "}${l.name}`, l.note ? h("em", {}, " " + l.note) : null))),
        h("div", { class: "row" },
          button(column.label(o.id), () => this.move(o, column.next), { class: "primary", "data-key": "go-" + o.id }),
          column.status === "placed" ? button(`Cancel order ${o.id}`, () => this.move(o, "cancelled"), { class: "quiet", "data-key": "cancel-" + o.id }) : null,
          column.next === "served" ? null : button(`Serve order ${o.id} at once`, () => this.move(o, "served"), { class: "quiet", "data-key": "skip-" + o.id, title: "Not allowed: one step at a time. Try it and read the refusal." })))));
  }

  async move(order, status) {
    const answer = await call("PATCH", "/api/v1/kitchen/orders/" + order.id, { json: { status } });
    this.said.replaceChildren(answer.ok ? h("div", { class: "done" }, h("p", {}, `Order ${order.id} is ${status}.`), peek(answer.entry))
      : refusal(answer, null, answer.status === 409 && order.status === "placed" && status !== "served" ? "The automatic kitchen was quicker." : ""));
    if (answer.ok) say(`Order ${order.id} is ${status}.`);
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
