// The basket, and the moment of ordering. To learn here: the guest says what and
// how many, the server says what it costs; an Idempotency-Key makes it safe to
// send an order again when the answer got lost: it is cooked once.

import { $, announce, button, dishName, h, money, randomKey, render, storageName } from "../lib/dom.js";
import { call, slug } from "../lib/api.js";
import { auth } from "../lib/auth.js";
import { Part, refusal, showRequest } from "./view.js";

/** Basket keeps what was chosen from view to view and over a reload: nothing is lost by
 *  a login or an expiry. The key of an order stands beside it until the fate of that order
 *  is known: an order whose answer got lost may have been taken. */
class Basket extends EventTarget {
  currency = "EUR";
  /** The answer to the last order, until it is closed; who placed it. */
  taken = null;
  #kept = { lines: [], table: "", key: null, ...load() };

  get lines() {
    return this.#kept.lines;
  }
  get table() {
    return this.#kept.table;
  }
  set table(name) {
    this.#kept.table = name;
    this.save();
  }

  add(dish, size, price) {
    const line = this.lines.find((l) => l.id === dish.id && l.size === size);
    if (line) line.quantity = Math.min(20, line.quantity + 1);
    else this.lines.push({ id: dish.id, name: dish.name, size, price, quantity: 1, note: "" });
    announce(`${nameOf({ name: dish.name, size })} is in the basket.`);
    this.taken = null;
    this.changed();
  }

  /** point asks to show where an order is sent. */
  point() {
    this.dispatchEvent(new Event("point"));
  }

  changed() {
    this.#kept.lines = this.lines.filter((l) => l.quantity > 0);
    this.save();
    this.dispatchEvent(new Event("change"));
  }

  save() {
    try {
      sessionStorage.setItem(storageKey, JSON.stringify(this.#kept));
    } catch { /* it lives in memory then */ }
  }

  get total() {
    return this.lines.reduce((sum, l) => sum + l.price * l.quantity, 0);
  }
  get count() {
    return this.lines.reduce((sum, l) => sum + l.quantity, 0);
  }

  /** unanswered says that an order was sent, and nobody knows what became of it. */
  get unanswered() {
    return this.#kept.key !== null;
  }

  /** order sends the order. The server takes one order for each key, however often it is
   *  sent. A refusal says nothing about an earlier attempt that got no answer. */
  async order() {
    const kept = this.#kept, { unanswered } = this;
    kept.key ??= randomKey();
    this.save(); // the page may be closed before the answer comes
    const items = this.lines.map(({ id, size, quantity, note }) => ({
      menu_item_id: id,
      size,
      quantity,
      ...(note ? { note } : {}),
    }));
    const answer = await call("POST", "api/v1/orders", {
      json: { items, ...(this.table ? { table: this.table } : {}) },
      headers: { "Idempotency-Key": kept.key },
    });
    const refused = answer.status >= 400 && answer.status < 500;
    if (answer.ok || slug(answer) === "idempotency-key-reused" || refused && !unanswered) kept.key = null;
    if (answer.ok) {
      kept.lines = [];
      this.taken = { ...answer, who: auth.who };
    }
    this.changed();
    return answer;
  }
}

const storageKey = storageName("basket");

function load() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(storageKey));
    return Array.isArray(kept?.lines) ? kept : {};
  } catch {
    return {};
  }
}

export const basket = new Basket();

const nameOf = ({ name, size }) => (size === "regular" ? name : `${size} ${name}`);

class BasketBox extends Part {
  start() {
    this.headline = h("h2", { id: "basket-title", tabindex: -1 }, "Basket");
    this.list = h("ul", { class: "basket__lines" });
    this.sum = h("output", { class: "basket__sum" });
    this.result = h("div", { class: "notice" });
    this.order = button("Order", () => this.send(), { class: "primary" });
    this.table = h("input", { id: "table", maxlength: 20, value: basket.table, autocomplete: "off" });
    this.table.addEventListener("input", () => {
      basket.table = this.table.value;
    });
    this.hint = h("p", { class: "muted basket__hint" }, "Empty. Press a price to put a dish in.");
    this.pending = h(
      "p",
      { class: "muted basket__pending" },
      "This order was sent, and no answer came. Press Order again: it is not cooked twice.",
    );
    this.pointer = h(
      "p",
      { class: "basket__pointer", hidden: true },
      "Now press Order.",
    );
    this.look = button("Look inside", () => this.unfold(this.look.getAttribute("aria-expanded") !== "true"), {
      class: "basket__look",
      "aria-expanded": "false",
      "aria-controls": "basket-more",
    });
    this.more = h(
      "div",
      { class: "basket__more", id: "basket-more" },
      this.list,
      h("div", { class: "field field--inline" }, h("label", { for: "table" }, "Table (if you like)"), this.table),
    );
    this.append(
      h(
        "section",
        { class: "basket", "aria-labelledby": "basket-title" },
        h("div", { class: "basket__head" }, this.headline, this.sum),
        this.hint,
        this.more,
        this.pending,
        this.pointer,
        h("div", { class: "basket__act" }, this.look, this.order),
        this.result,
      ),
    );
    const height = new ResizeObserver(() =>
      document.documentElement.style.setProperty("--basket", `${this.offsetHeight}px`)
    );
    height.observe(this);
    this.signal.addEventListener("abort", () => height.disconnect());
    this.on(basket, "change", () => {
      if (!basket.taken) this.showResult();
      this.show();
    });
    this.on(basket, "point", () => this.point());
    this.on(auth, "change", () => {
      if (auth.who !== "" && basket.taken && basket.taken.who !== auth.who) this.close();
    });
    if (basket.taken) this.showTaken();
    this.show();
  }

  /** point shows where to press. */
  point() {
    this.pointer.hidden = false;
    this.order.focus({ preventScroll: true });
    bringIntoSight(this.order, "center");
  }

  close() {
    basket.taken = null;
    this.showResult();
    this.show();
  }

  /** unfold matters on a narrow window, where the basket is a bar at the foot. */
  unfold(on) {
    this.look.setAttribute("aria-expanded", String(on));
    this.look.textContent = on ? "Close" : "Look inside";
    this.classList.toggle("basket--open", on);
  }

  /** showResult shows what became of the order, and brings it into sight. */
  showResult(...what) {
    this.result.replaceChildren(...what);
    this.classList.toggle("basket--full", what.length > 0 || basket.lines.length > 0);
    if (what.length === 0) return;
    this.unfold(false);
    bringIntoSight(this.result, "nearest");
  }

  show() {
    const { lines, total, currency, count } = basket;
    this.hint.hidden = lines.length > 0 || this.result.firstChild !== null;
    this.order.disabled = lines.length === 0;
    this.classList.toggle("basket--empty", lines.length === 0);
    this.pointer.hidden ||= lines.length === 0;
    this.pending.hidden = !basket.unanswered;
    this.more.hidden = this.look.hidden = lines.length === 0;
    this.classList.toggle("basket--full", lines.length > 0 || this.result.firstChild !== null);
    this.sum.textContent = count ? `${count} for ${money(total, currency)}` : "";
    render(this.list, lines.map((l) => this.row(l)), this.headline);
  }

  row(l) {
    const what = nameOf(l), key = `${l.id}-${l.size}`;
    const step = (by, sign, word) =>
      button(sign, () => {
        l.quantity = Math.min(20, l.quantity + by);
        announce(l.quantity ? `${l.quantity} ${what}` : `${what} removed`);
        basket.changed();
      }, { class: "step", "aria-label": `${word} ${what}`, "data-key": key + word, disabled: l.quantity + by > 20 });
    const note = h("input", {
      value: l.note,
      maxlength: 200,
      placeholder: "note for the cook",
      "aria-label": "Note for " + what,
      class: "note",
    });
    note.addEventListener("input", () => {
      l.note = note.value;
      basket.save();
    });
    return h(
      "li",
      {},
      h("span", { class: "basket__what" }, dishName(l)),
      step(-1, "−", "One less"),
      h("span", { class: "basket__n" }, l.quantity),
      step(1, "+", "One more"),
      h("span", { class: "basket__price" }, money(l.price * l.quantity, basket.currency)),
      note,
    );
  }

  async send() {
    this.order.disabled = true;
    const answer = await basket.order();
    this.show();
    if (answer.ok) {
      const link = this.showTaken();
      announce(link.parentElement.textContent);
      link.focus();
      return;
    }
    this.order.focus();
    this.showResult(refusal(answer, null, refusalHint(answer)));
  }

  /** showTaken shows the order that was taken, and how it comes. It returns its link. */
  showTaken() {
    const { taken } = basket, { id, total_cents, currency } = taken.data;
    const words = ` is taken: ${money(total_cents, currency)}.`,
      link = h("a", { href: "#/orders/" + id }, `Order ${id}`);
    const progressBox = h("div");
    import("./progress.js").then(({ progressOf }) => progressBox.append(progressOf(taken.data)))
      .catch(() => {}); // no connection: the link leads to My orders
    const close = button("Close", () => {
      this.close();
      this.headline.focus();
    }, { class: "quiet basket__close" });
    this.showResult(
      h(
        "div",
        { class: "done" },
        h("p", {}, h("b", {}, link, words)),
        progressBox,
        h("div", { class: "row" }, close, showRequest(taken.entry)),
      ),
    );
    this.hint.hidden = true;
    return link;
  }
}

/** bringIntoSight scrolls only if something is not in sight, above what sticks to the foot. */
function bringIntoSight(el, block) {
  const { top, bottom } = el.getBoundingClientRect(), foot = $(".line").getBoundingClientRect();
  if (top < 0 || bottom > Math.min(foot.top, innerHeight)) el.scrollIntoView({ block });
}

/** refusalHint is one more sentence about an order that was not taken. */
function refusalHint(answer) {
  if (answer.status === 401) return "Your basket is kept.";
  if (slug(answer) !== "idempotency-key-reused") return "";
  return "The order that you sent before had arrived: see My orders. Press Order again if you want this one, too.";
}

customElements.define("basket-box", BasketBox);
