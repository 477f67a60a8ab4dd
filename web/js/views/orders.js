// My orders, live. To learn here: a stream tells what happens as it happens; a browser
// opens only six connections to a server, so in all its windows together two orders have
// a stream and the others are polled every five seconds; a broken stream is resumed.

import { announce, bdi, button, dayTime, dishName, h, inPieces, money, render } from "../lib/dom.js";
import { call, open } from "../lib/api.js";
import { parseEvents, subscribe } from "../lib/sse.js";
import { auth } from "../lib/auth.js";
import { isOpen, isStepBack, knownTimes, lacksTimes, streamWords, trackItems } from "../parts/track.js";
import { emptyState, refusal, showRequest, View } from "../parts/view.js";

const maxStreams = 2, pollEvery = 5000;

class OrdersView extends View {
  static heading = "My orders";
  rows = new Map(); // by number
  cursor = null;
  paused = false;

  build() {
    this.moreButton = button("Show more orders", () => this.loadMore(), { hidden: true });
    this.list = h("div", { class: "orders" });
    this.pauseButton = button("Pause the updates", () => this.setPaused(!this.paused), {
      "aria-pressed": "false",
      hidden: true,
    });
    return [
      h("p", { class: "lead" }, "Newest first. Each new step comes over a stream at once."),
      h("div", { class: "row row--kept" }, this.pauseButton),
      this.notice,
      this.content,
      this.moreButton,
    ];
  }

  start() {
    this.reloadOn((options) => this.read(options));
    this.poll(pollEvery, () => this.pollOthers());
    this.on(document, "visibilitychange", () => {
      if (document.hidden) this.stopStreams();
      else this.followNewest();
    });
    this.signal.addEventListener("abort", () => this.stopStreams());
    this.inSight = new IntersectionObserver((seen) => this.readTimes(seen.filter((e) => e.isIntersecting)));
    this.signal.addEventListener("abort", () => this.inSight.disconnect());
  }

  /** readTimes asks when the steps of finished orders were, once they are in sight: the
   *  list does not say it, and the stream of such an order ends at once. */
  readTimes(seen) {
    for (const { target } of seen) {
      this.inSight.unobserve(target);
      this.timesRead = (this.timesRead ?? Promise.resolve()).then(() => this.readTimesOf(target)); // one at a time
    }
  }

  async readTimesOf(el) {
    const row = [...this.rows.values()].find((r) => r.el === el);
    if (!row?.lacksTimes || this.gone) return;
    const answer = await open(`api/v1/orders/${row.order.id}/events`, {
      signal: this.signal,
      live: true,
      poll: true,
      why: "when the steps of a finished order were",
    });
    if (!answer.body) return;
    try {
      for await (const event of parseEvents(answer)) row.advance(JSON.parse(event.data));
    } catch { /* the connection broke: the times stay away */ }
  }

  /** setPaused lets the list stand still for those who want to read (WCAG 2.2.2). */
  setPaused(held) {
    this.paused = held;
    this.pauseButton.setAttribute("aria-pressed", String(held));
    if (held) this.stopStreams();
    else this.read();
  }

  /** navigate is called when the address names another order while the view is open. */
  async navigate(argument) {
    this.argument = argument;
    await this.showChosen();
    this.followNewest();
  }

  async read(options = {}) {
    if (this.requireLogin("The waiter (API) shows orders only to the guest who placed them.", "api/v1/orders")) {
      this.stopStreams();
      this.rows.clear();
      this.moreButton.hidden = this.pauseButton.hidden = true;
      return;
    }
    await this.load("Reading your orders", () => call("GET", "api/v1/orders?limit=50", options), (answer) => {
      const same = this.who === auth.who && this.list.isConnected;
      this.who = auth.who;
      if (same) return this.merge(answer.data.items); // streams go on after their last event
      this.stopStreams();
      this.rows.clear();
      this.list.replaceChildren();
      this.content.replaceChildren(this.list);
      return this.appendPage(answer);
    });
  }

  /** merge shows what happened while there was no connection. */
  merge(orders) {
    for (const order of orders.toReversed()) {
      const row = this.rows.get(order.id);
      if (row) row.update(order);
      else this.list.prepend(this.addRow(order));
    }
    for (const row of this.rows.values()) row.polling = false;
    this.followNewest();
  }

  async loadMore() {
    if (this.loading) return; // a second press, and the first is still on its way
    this.loading = true;
    const answer = await call("GET", `api/v1/orders?limit=50&cursor=${encodeURIComponent(this.cursor)}`);
    if (answer.ok) await this.appendPage(answer);
    this.loading = false;
    if (!answer.ok) this.notice.replaceChildren(refusal(answer, () => this.loadMore()));
  }

  /** @param {import("../lib/api.js").Answer} answer */
  async appendPage({ data }) {
    this.cursor = data.next_cursor;
    this.moreButton.hidden = !this.cursor;
    await inPieces(data.items.filter((o) => !this.rows.has(o.id)), (o) => this.addRow(o), this.list);
    if (this.argument) await this.showChosen();
    if (this.rows.size === 0) {
      this.content.replaceChildren(
        emptyState("No orders yet", h("p", {}, "Choose something from the ", h("a", { href: "#/menu" }, "menu"), ".")),
      );
    }
    this.followNewest();
  }

  /** addRow returns the element of an order, which may have come meanwhile. */
  addRow(order) {
    const known = this.rows.get(order.id);
    if (known) return known.el;
    const row = orderRow(order);
    this.rows.set(order.id, row);
    if (row.lacksTimes) this.inSight.observe(row.el);
    return row.el;
  }

  /** showChosen puts the order that the address names on top. */
  async showChosen() {
    const id = Number(this.argument);
    if (!id) return;
    if (!this.rows.has(id)) {
      const answer = await call("GET", "api/v1/orders/" + id);
      if (!answer.ok) return this.notice.replaceChildren(refusal(answer));
      this.addRow(answer.data);
    }
    for (const row of this.rows.values()) row.el.classList.toggle("order--chosen", row.order.id === id);
    this.list.prepend(this.rows.get(id).el);
  }

  /** followNewest streams the chosen order and the newest open ones. */
  followNewest() {
    this.pauseButton.hidden = this.rows.size === 0;
    if (this.gone || this.paused || document.hidden) return;
    const wanted = [...this.rows.values()].filter((r) => isOpen(r.order)).sort((a, b) =>
      isChosen(b, this) - isChosen(a, this) || b.order.id - a.order.id
    );
    for (const [i, row] of wanted.entries()) {
      if (i < maxStreams && !row.stop && !row.polling) this.follow(row);
      if (i >= maxStreams && row.stop) row.stopStream();
      if (i >= maxStreams) row.setState("asked every 5 seconds");
    }
  }

  follow(row) {
    const { id } = row.order;
    row.stop = subscribe(`api/v1/orders/${id}/events`, {
      last: row.last,
      onEvent: (_name, data, eventID) => {
        row.last = eventID;
        row.advance(data);
        if (!isOpen(row.order)) {
          row.stop = null;
          this.followNewest();
        }
        return !isOpen(row.order);
      },
      onState: (state, seconds) => {
        row.polling = state === "polling" || state === "ended"; // ended, and the order may still look open
        if (row.polling || state === "crowded") row.stop = null;
        row.setState(streamWords(state, seconds));
      },
    });
  }

  /** pollOthers asks for the open orders that have no stream. */
  async pollOthers() {
    const waiting = [...this.rows.values()].filter((r) => isOpen(r.order) && !r.stop);
    if (waiting.length === 0 || this.paused || !auth.state.mode) return;
    const answer = await call("GET", "api/v1/orders?limit=100", {
      poll: true,
      why: "asking again for orders without a stream",
    });
    if (!answer.ok || this.gone) return;
    for (const order of answer.data.items) {
      if (waiting.includes(this.rows.get(order.id))) this.rows.get(order.id).update(order);
    }
    this.followNewest();
  }

  stopStreams() {
    for (const row of this.rows.values()) row.stopStream();
  }
}

const isChosen = (row, view) => Number(row.order.id === Number(view.argument));

/** orderRow is one order and what can happen to it. */
function orderRow(order) {
  const live = h("p", { class: "order__live" }),
    track = h("ol", { class: "track" }),
    notice = h("div", { class: "notice" }),
    actions = h("div", { class: "row" });
  const when = knownTimes(order);
  const heading = h("h2", { id: "order-" + order.id, tabindex: -1 }, `Order ${order.id}`);
  const el = h(
    "article",
    { class: "order", "aria-labelledby": "order-" + order.id },
    h(
      "div",
      { class: "order__head" },
      heading,
      h("span", { class: "muted" }, dayTime(order.placed_at)),
      h("b", { class: "order__sum" }, money(order.total_cents, order.currency)),
    ),
    h(
      "p",
      { class: "order__what" },
      order.items.map((l, i) => [
        `${i ? ", " : ""}${l.quantity} × `,
        dishName(l),
        l.note ? [" (“", bdi(l.note), "”)"] : "",
      ]),
      order.table ? [", table ", bdi(order.table)] : "",
    ),
    track,
    live,
    actions,
    notice,
  );
  el.classList.toggle("order--over", !isOpen(order));
  const row = {
    el,
    order,
    stop: null,
    last: "",
    polling: false,
    update(next) {
      if (next.status !== row.order.status) row.advance({ status: next.status, updated_at: next.updated_at });
      row.order = next;
    },
    advance({ status, updated_at }) {
      when.set(status, updated_at);
      if (isStepBack(status, row.order)) return draw(); // a step that was known already
      if (status !== row.order.status) announce(`Order ${row.order.id} is ${status}.`);
      row.order = { ...row.order, status, updated_at };
      draw();
    },
    setState(text) {
      live.textContent = isOpen(row.order) ? text : "";
      live.classList.toggle("order__live--on", text === "live");
    },
    /** lacksTimes reports whether the list does not say when each step was. */
    get lacksTimes() {
      return !isOpen(row.order) && lacksTimes(row.order, when);
    },
    stopStream() {
      row.stop?.();
      row.stop = null;
      row.setState("paused");
    },
  };
  async function cancel() {
    const answer = await call("POST", `api/v1/orders/${order.id}/cancel`);
    if (answer.ok) row.update(answer.data);
    notice.replaceChildren(
      answer.ok
        ? h("div", { class: "done" }, h("p", {}, `Order ${order.id} is cancelled.`), showRequest(answer.entry))
        : refusal(answer),
    );
  }
  function draw() {
    const { status } = row.order;
    track.replaceChildren(...trackItems(row.order, when));
    if (!isOpen(row.order)) {
      render(actions, [], heading);
      row.setState("");
    } else if (status !== actions.dataset.status) {
      const late = status !== "placed";
      render(actions, [
        button(`Cancel order ${order.id}`, () => {
          if (!late) cancel();
        }, {
          class: "quiet",
          "data-key": "cancel",
          "aria-disabled": late ? "true" : null,
          "aria-describedby": late ? "late-" + order.id : null,
        }),
        late ? h("span", { class: "muted", id: "late-" + order.id }, "Too late: the kitchen has started (409).") : "",
      ]);
    }
    actions.dataset.status = status;
  }
  draw();
  return row;
}

customElements.define("orders-view", OrdersView);
