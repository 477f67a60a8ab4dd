// The menu, which is public. To learn here: the server searches and
// sorts (look at the query in the notebook), an ETag saves sending the menu twice
// (304), and a long list is built in pieces, so that scrolling stays smooth. On a
// telephone its categories are folded.

import { announce, bdi, button, h, inPieces, isolated, money, picture } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { auth } from "../lib/auth.js";
import { emptyState, refusal, showRequest, View } from "../parts/view.js";
import { basket } from "../parts/basket.js";

/** shown remembers menus by address and role: their ETag, and what was in them. */
const shown = new Map();
const menuPath = "api/v1/menu";

class MenuView extends View {
  static heading = "Menu";

  build() {
    this.filters = filterForm(() => this.read());
    this.lounge = loungeCard();
    return [
      h(
        "div",
        { class: "menu" },
        h("p", { class: "lead" }, "Everybody may read the menu. To order, you need a wristband (access token)."),
        this.filters,
        this.notice,
        this.content,
        this.lounge,
      ),
      document.createElement("basket-box"),
    ];
  }

  start() {
    this.prepend(this.heading); // the heading stands above both columns
    this.reloadOn((options) => this.read(options));
  }

  /** navigate leads to the category that the address names. */
  navigate(argument) {
    this.argument = argument;
    this.place = this.goTo();
  }

  /** goTo unfolds the category of the address and returns its heading. */
  goTo() {
    const at = this.argument && this.querySelector(`[data-place="${CSS.escape(this.argument)}"]`);
    if (!at) return null;
    at.toggleAttribute("open", true);
    at.scrollIntoView();
    return at.querySelector("summary, h2");
  }

  async read(options = {}) {
    const path = menuPath + query(new FormData(this.filters));
    const turn = this.turn = (this.turn ?? 0) + 1;
    const answer = await this.load("Reading the menu", () => fetchMenu(path, options), ({ menu }) => {
      if (turn === this.turn) this.draw(menu, path);
    });
    if (answer.lost && answer.menu && !this.drawn) this.draw(answer.menu, path); // the last one that was read
  }

  draw({ items, currency }, path) {
    basket.currency = currency;
    if (this.drawn === items) return;
    const first = !this.drawn;
    this.drawn = items;
    const box = h("div");
    if (path === menuPath) this.categories = categoryLinks(items);
    this.content.replaceChildren(this.categories ?? "", box);
    if (items.length === 0) box.append(noDishes(path));
    else if (path.includes("sort=")) inPieces(items, (dish) => dishRow(dish, currency), sortedBox(box), 24);
    else {
      const folded = path === menuPath && matchMedia("(width <= 30rem)").matches;
      inPieces(byCategory(items), ([name, dishes], i) => category(name, dishes, currency, folded && i > 0), box, 2)
        .then(() => first && this.goTo());
    }
    fillCategories(this.filters, items, path);
    if (!first) announce(`${items.length} dishes.`);
  }
}

async function fetchMenu(path, more) {
  await auth.settled(); // VIPs get another menu
  const key = path + " " + (auth.state.vip === true), known = shown.get(key);
  // An expired token is refused here, too, and the menu is public.
  const options = {
    ...more,
    headers: known ? { "If-None-Match": known.tag } : {},
    ...(auth.expired && !auth.autoRefresh ? { auth: "none" } : {}),
  };
  const answer = await call("GET", path, options);
  if (answer.status === 304) return { ...answer, menu: known.menu };
  if (answer.ok) shown.set(key, { tag: answer.headers.get("ETag"), menu: answer.data });
  return { ...answer, menu: answer.lost ? known?.menu : answer.data };
}

function query(data) {
  const asked = [...data].filter(([, value]) => value !== "");
  return asked.length ? "?" + new URLSearchParams(asked) : "";
}

function filterForm(changed) {
  let timer = 0;
  const form = h(
    "form",
    { class: "filters", role: "search", "aria-label": "Filter the menu" },
    h(
      "div",
      { class: "field" },
      h("label", { for: "q" }, "Find"),
      h("input", { id: "q", name: "q", type: "search", placeholder: "basil", autocomplete: "off", maxlength: 80 }),
    ),
    h(
      "div",
      { class: "field" },
      h("label", { for: "category" }, "Category"),
      h("select", { id: "category", name: "category" }, h("option", { value: "" }, "All")),
    ),
    h(
      "div",
      { class: "field" },
      h("label", { for: "sort" }, "Sort"),
      h(
        "select",
        { id: "sort", name: "sort" },
        [["", "as listed"], ["name", "by name"], ["price", "lowest price first"], [
          "-price",
          "highest price first",
        ]].map((
          [value, label],
        ) => h("option", { value }, label)),
      ),
    ),
    h("label", { class: "check" }, h("input", { type: "checkbox", name: "vegetarian", value: "true" }), "Vegetarian"),
  );
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(changed, 250); // not at every key
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    changed();
  });
  return form;
}

/** fillCategories fills the list from the whole menu, once it is known. */
function fillCategories(form, items, path) {
  if (path !== menuPath) return; // it is filtered
  const chosen = form.elements.category.value;
  form.elements.category.replaceChildren(
    h("option", { value: "" }, "All"),
    ...[...new Set(items.map((d) => d.category))].map((c) => h("option", { value: c, selected: c === chosen }, c)),
  );
}

/** drawings has the name of the picture for each category of the demo menu. */
const drawings = {
  "pizza": "pizza",
  "stuzzichini": "snacks",
  "antipasti": "starters",
  "insalate": "salad",
  "primi": "pasta",
  "secondi": "mains",
  "contorni": "sides",
  "dolci": "desserts",
  "soft drinks": "soft",
  "aperitivi": "aperitif",
  "beer and wine": "wine",
  "coffee and digestifs": "coffee",
  "from the lounge": "lounge",
};

const drawingOf = (name) => picture(drawings[name.toLowerCase()] ?? "dish");

/** slugOf is a category in an address: "Beer and wine" is beer-and-wine. */
const slugOf = (name) => encodeURIComponent(name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-"));

const byCategory = (items) => [...Map.groupBy(items, (dish) => dish.category)];

/** categoryLinks leads to each category, and to the lounge. */
const categoryLinks = (items) =>
  h(
    "nav",
    { class: "categories", "aria-label": "Categories" },
    h(
      "ul",
      {},
      byCategory(items).map(([name]) =>
        h("li", {}, h("a", { href: "#/menu/" + slugOf(name) }, drawingOf(name), bdi(name)))
      ),
      h("li", {}, h("a", { href: "#/menu/lounge" }, picture("lounge"), "The lounge")),
    ),
  );

/** category is a part of the menu that can be folded. */
const category = (name, dishes, currency, folded) =>
  h(
    "details",
    { class: "category", "data-place": slugOf(name), open: !folded },
    h(
      "summary",
      {},
      drawingOf(name),
      h("h2", {}, bdi(name)),
      h("span", { class: "muted small" }, dishes.length === 1 ? "1 dish" : `${dishes.length} dishes`),
    ),
    h("div", { class: "dishes" }, dishes.map((dish) => dishRow(dish, currency))),
  );

function sortedBox(box) {
  box.className = "dishes";
  return box;
}

function dishRow(dish, currency) {
  const badge = (text) => h("span", { class: "badge" }, text);
  const facts = [
    dish.vegetarian ? "vegetarian" : "",
    dish.allergens.length ? "contains " + dish.allergens.join(", ") : "",
  ].filter(Boolean).join(" · ");
  return h(
    "article",
    { class: "dish", "aria-labelledby": "dish-" + dish.id },
    h(
      "h3",
      { id: "dish-" + dish.id },
      bdi(dish.name),
      " ",
      dish.vip_only ? badge("Lounge") : null,
      dish.age_restricted ? badge("18+") : null,
      dish.available ? null : badge("Sold out"),
    ),
    h("p", { class: "dish__text" }, dish.description),
    facts ? h("p", { class: "dish__facts" }, facts) : null,
    h(
      "div",
      { class: "dish__sizes" },
      dish.sizes.map(({ size, price_cents }) =>
        h(
          "button",
          {
            type: "button",
            class: "size",
            onclick: () => basket.add(dish, size, price_cents),
          },
          size === "regular" ? null : h("span", { class: "size__name" }, size),
          " ",
          h("b", {}, money(price_cents, currency)),
          h("span", { class: "visually-hidden" }, ", add " + dish.name),
        )
      ),
    ),
  );
}

function noDishes(path) {
  if (path.includes("?")) {
    return emptyState("No dish matches", h("p", {}, "Search for something else, or clear the filter."));
  }
  return emptyState(
    "The menu is empty",
    h(
      "p",
      {},
      "The manager can add a dish: ",
      h("code", {}, "POST /api/v1/menu"),
      ", or in the ",
      h("a", { href: "#/office" }, "office"),
      ".",
    ),
  );
}

/** loungeCard is an endpoint that one claim of the token opens. */
function loungeCard() {
  const answerBox = h("div", { class: "notice" });
  const knock = button("Try to enter the lounge", async () => {
    const answer = await call("GET", "api/v1/lounge");
    if (!answer.ok) {
      answerBox.replaceChildren(
        refusal(
          answer,
          null,
          answer.status === 403 ? "Your wristband (access token) says vip: false. This claim decides." : "",
        ),
      );
      return;
    }
    const greeting = answer.data.message.replaceAll(auth.state.name, isolated);
    announce(greeting);
    answerBox.replaceChildren(
      h(
        "div",
        { class: "done" },
        h("p", {}, h("b", {}, greeting)),
        h(
          "ul",
          {},
          answer.data.items.map((d) =>
            h("li", {}, bdi(d.name), `, ${money(d.sizes[0].price_cents, answer.data.currency)}`)
          ),
        ),
        showRequest(answer.entry),
      ),
    );
  });
  return h(
    "section",
    { class: "card lounge", "data-place": "lounge", "aria-labelledby": "lounge-title" },
    h("h2", { id: "lounge-title", tabindex: -1 }, picture("lounge"), "The lounge"),
    h("p", {}, "For VIPs only. The bouncer (login and token check) reads the claim in your wristband and asks nobody."),
    knock,
    answerBox,
  );
}

customElements.define("menu-view", MenuView);
