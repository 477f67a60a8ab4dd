// My orders, live. To learn here: a stream tells what happens as it happens; a
// browser opens only six connections to a server, so two orders are followed and
// the others are asked for every five seconds; a broken stream is resumed.

import { button, clockTime, dayTime, h, inPieces, money, say, span } from "../dom.js";
import { call } from "../api.js";
import { follow } from "../sse.js";
import { wallet } from "../wallet.js";
import { View, empty, peek, refusal } from "../view.js";

const streams = 2, pollEvery = 5000, steps = ["placed", "preparing", "ready", "served"];
const open = (order) => order.status !== "served" && order.status !== "cancelled";

class OrdersView extends View {
  static heading = "My orders";
  rows = new Map(); // by number
  next = null;
  held = false;

  build() {
    this.more = button("Show more orders", () => this.page(), { hidden: true });
    this.list = h("div", { class: "orders" });
    this.pause = button("Pause the updates", () => this.hold(!this.held), { "aria-pressed": "false", hidden: true });
    return [h("p", { class: "lead" }, "Newest first. Each step comes over a stream in the moment the kitchen takes it."), h("div", { class: "row row--kept" }, this.pause), this.notice, this.content, this.more];
  }

  start() {
    this.again(() => this.read());
    this.every(pollEvery, () => this.poll());
    this.on(document, "visibilitychange", () => { if (document.hidden) this.hang(); else this.watch(); });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.hang();
  }

  /** hold lets the list stand still for those who want to read (WCAG 2.2.2). */
  hold(held) {
    this.held = held;
    this.pause.setAttribute("aria-pressed", String(held));
    if (held) this.hang();
    else this.read();
  }

  /** go is called when the address names another order while the view is open. */
  async go(argument) {
    this.argument = argument;
    await this.single();
    this.watch();
  }

  async read() {
    if (this.stranger("The waiter shows orders only to the guest who placed them.", "/api/v1/orders")) {
      this.hang();
      this.rows.clear();
      this.more.hidden = this.pause.hidden = true;
      return;
    }
    await this.show("Reading your orders", () => call("GET", "/api/v1/orders?limit=50"), (answer) => {
      const same = this.who === wallet.state.username && this.list.isConnected;
      this.who = wallet.state.username;
      if (same) return this.merge(answer.data.items); // streams go on behind their last event
      this.hang();
      this.rows.clear();
      this.list.replaceChildren();
      this.content.replaceChildren(this.list);
      return this.append50(answer);
    });
  }

  /** merge brings what happened while there was no connection. */
  merge(orders) {
    for (const order of orders.toReversed()) {
      const row = this.rows.get(order.id);
      if (!row) this.list.prepend(this.row(order));
      else row.set(order);
    }
    for (const row of this.rows.values()) row.polling = false;
    this.watch();
  }

  async page() {
    if (this.loading) return; // a second press, and the first is still on its way
    this.loading = true;
    const answer = await call("GET", `/api/v1/orders?limit=50&cursor=${encodeURIComponent(this.next)}`);
    if (answer.ok) await this.append50(answer);
    this.loading = false;
    if (!answer.ok) this.notice.replaceChildren(refusal(answer, () => this.page()));
  }

  async append50({ data }) {
    this.next = data.next_cursor;
    this.more.hidden = !this.next;
    await inPieces(data.items.filter((o) => !this.rows.has(o.id)), (o) => this.row(o), this.list);
    if (this.argument) await this.single();
    if (this.rows.size === 0) this.content.replaceChildren(empty("No orders yet", h("p", {}, "Choose something from the ", h("a", { href: "#/menu" }, "menu"), ".")));
    this.watch();
  }

  row(order) {
    const row = orderRow(order);
    this.rows.set(order.id, row);
    return row.el;
  }

  /** single puts the order that the address names on top. */
  async single() {
    const id = Number(this.argument);
    if (!id) return;
    if (!this.rows.has(id)) {
      const answer = await call("GET", "/api/v1/orders/" + id);
      if (!answer.ok) return this.notice.replaceChildren(refusal(answer));
      this.row(answer.data);
    }
    for (const row of this.rows.values()) row.el.classList.toggle("order--chosen", row.order.id === id);
    this.list.prepend(this.rows.get(id).el);
  }

  /** watch follows the chosen order and the newest open ones. */
  watch() {
    this.pause.hidden = this.rows.size === 0;
    if (this.gone || this.held || document.hidden) return;
    const wanted = [...this.rows.values()].filter((r) => open(r.order)).sort((a, b) => chosen(b, this) - chosen(a, this) || b.order.id - a.order.id);
    for (const [i, row] of wanted.entries()) {
      if (i < streams && !row.stop && !row.polling) this.follow(row);
      if (i >= streams && row.stop) row.hang();
      if (i >= streams) row.state("asked every 5 seconds");
    }
  }

  follow(row) {
    const { id } = row.order;
    row.stop = follow(`/api/v1/orders/${id}/events`, {
      last: row.last,
      onEvent: (name, data, eventID) => {
        row.last = eventID;
        row.step(data);
        if (!open(row.order)) {
          row.stop = null;
          this.watch();
        }
        return !open(row.order);
      },
      onState: (state, seconds) => {
        row.polling = state === "polling";
        if (row.polling) row.stop = null;
        row.state({ live: "live", paused: `paused, trying again in ${span(seconds ?? 1)}`, polling: "the stream failed three times: asked every 5 seconds", ended: "" }[state]);
      },
    });
  }

  async poll() {
    const waiting = [...this.rows.values()].filter((r) => open(r.order) && !r.stop);
    if (waiting.length === 0 || this.held || document.hidden || !wallet.state.mode || (wallet.expired && !wallet.autoRenew)) return;
    const answer = await call("GET", "/api/v1/orders?limit=100", { poll: true, why: "asking again for orders without a stream" });
    if (!answer.ok || this.gone) return;
    for (const order of answer.data.items) if (waiting.includes(this.rows.get(order.id))) this.rows.get(order.id).set(order);
    this.watch();
  }

  hang() { for (const row of this.rows.values()) row.hang(); }
}

const chosen = (row, view) => Number(row.order.id === Number(view.argument));

/** orderRow is one order and what can happen to it. */
function orderRow(order) {
  const state = h("p", { class: "order__live" }), track = h("ol", { class: "track" }), notice = h("div", { class: "notice" }), actions = h("div", { class: "row" });
  const when = new Map([["placed", order.placed_at], [order.status, order.updated_at]]);
  const heading = h("h2", { id: "order-" + order.id, tabindex: -1 }, `Order ${order.id}`);
  const el = h("article", { class: "order", "aria-labelledby": "order-" + order.id },
    h("div", { class: "order__head" }, heading, h("span", { class: "muted" }, dayTime(order.placed_at)), h("b", { class: "order__sum" }, money(order.total_cents, order.currency))),
    h("p", { class: "order__what" }, order.items.map((l) => `${l.quantity} × ${l.size === "regular" ? "" : l.size + " "}${l.name}${l.note ? ` (“${l.note}”)` : ""}`).join(", "), order.table ? `, table ${order.table}` : ""),
    track, state, actions, notice);
  const row = {
    el, order, stop: null, last: "", polling: false,
    set(next) {
      if (next.status !== row.order.status) row.step({ status: next.status, updated_at: next.updated_at });
      row.order = next;
    },
    step({ status, updated_at }) {
      when.set(status, updated_at);
      if (rank(status) < rank(row.order.status)) return draw(); // a step that was known already
      if (status !== row.order.status) say(`Order ${row.order.id} is ${status}.`);
      row.order = { ...row.order, status, updated_at };
      draw();
    },
    state(text) { state.textContent = open(row.order) ? text : ""; state.classList.toggle("order__live--on", text === "live"); },
    hang() {
      row.stop?.();
      row.stop = null;
      row.state("paused");
    },
  };
  async function cancel() {
    const answer = await call("POST", `/api/v1/orders/${order.id}/cancel`);
    if (answer.ok) row.set(answer.data);
    notice.replaceChildren(answer.ok ? h("div", { class: "done" }, h("p", {}, `Order ${order.id} is cancelled.`), peek(answer.entry)) : refusal(answer));
  }
  function draw() {
    const { status } = row.order, list = status === "cancelled" ? ["placed", "cancelled"] : steps;
    track.replaceChildren(...list.map((name) => h("li", { class: name === status ? "now" : when.has(name) || rank(name) < rank(status) ? "past" : null, "aria-current": name === status ? "step" : null },
      h("span", { class: "track__name" }, name), h("small", {}, when.has(name) ? clockTime(when.get(name)) : " "))));
    const focused = actions.contains(document.activeElement);
    if (!open(row.order)) {
      actions.replaceChildren();
      if (focused) heading.focus();
      row.state("");
    } else if (status !== actions.dataset.status) {
      const late = status !== "placed";
      actions.replaceChildren(button(`Cancel order ${order.id}`, () => { if (!late) cancel(); }, { class: "quiet", "aria-disabled": late ? "true" : null, "aria-describedby": late ? "late-" + order.id : null }),
        late ? h("span", { class: "muted", id: "late-" + order.id }, "Too late: the kitchen is at it (409).") : "");
      if (focused) actions.firstChild.focus();
    }
    actions.dataset.status = status;
  }
  draw();
  return row;
}

const rank = (status) => (status === "cancelled" ? 9 : steps.indexOf(status));

customElements.define("orders-view", OrdersView);
