// The manager's office: guests, dishes, keys. To learn here: an ETag and If-Match
// keep two managers from overwriting each other (412); a new role ends the logins of
// that user, because a token cannot be rewritten.

import { announce, bdi, button, h, inPieces, isolated, money } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { refusal, showRequest, View } from "../parts/view.js";

const sizes = ["small", "medium", "large", "regular"];

class OfficeView extends View {
  static heading = "Manager’s office";

  build() {
    return [
      h(
        "p",
        { class: "lead" },
        "Who may do what, what is on the menu, and which key signs wristbands (access tokens).",
      ),
      this.notice,
      this.content,
    ];
  }

  start() {
    this.reloadOn((options) => this.read(options));
  }

  async read(options) {
    if (this.requireLogin("Only the manager may enter.", "api/v1/users")) return;
    const answer = await this.load(
      "Opening the office",
      () => call("GET", "api/v1/users?limit=20", options),
      (users) => this.content.replaceChildren(guestSection(users), kitchenSection(), keySection(), dishSection()),
    );
    if (answer.status === 403) this.content.replaceChildren(); // a refusal that passes leaves what is there
  }
}

/** report shows the outcome of an action, brings it into sight, and reports whether it
 *  went well. */
function report(box, answer, words, hint = "") {
  box.replaceChildren(
    answer.ok ? h("div", { class: "done" }, h("p", {}, words), showRequest(answer.entry)) : refusal(answer, null, hint),
  );
  if (answer.ok) announce(words);
  box.scrollIntoView({ block: "nearest" });
  return answer.ok;
}

const section = (id, title, ...body) =>
  h("section", { class: "office", "aria-labelledby": id }, h("h2", { id }, title), body);

/** @param {import("../lib/api.js").Answer} first */
function guestSection(first) {
  const list = h("ul", { class: "people" }), box = h("div", { class: "notice" });
  let next = null;
  const add = (/** @type {import("../lib/api.js").Answer} */ { data }) => {
    next = data.next_cursor;
    more.hidden = !next;
    list.append(...data.items.map(guestRow));
  };
  const more = button("Show more guests", async () => {
    const answer = await call("GET", "api/v1/users?limit=20&cursor=" + encodeURIComponent(next));
    if (answer.ok) add(answer);
    else report(box, answer);
  });
  add(first);
  return section("guests-title", "Guests", box, list, more);
}

function guestRow(user) {
  const box = h("div", { class: "notice" }); // what happened is shown below the guest
  const role = h(
    "select",
    { "aria-label": `Role of ${user.username}` },
    ["guest", "chef", "manager"].map((r) => h("option", { selected: r === user.role }, r)),
  );
  const vip = h("input", { type: "checkbox", checked: user.vip, "aria-label": `VIP: ${user.username}` });
  const save = button("Save", async () => {
    const json = {
      ...(role.value !== user.role ? { role: role.value } : {}),
      ...(vip.checked !== user.vip ? { vip: vip.checked } : {}),
    };
    const answer = await call("PATCH", "api/v1/users/" + user.id, { json });
    if (
      report(
        box,
        answer,
        `${user.username} is changed. All login sessions of ${user.username} have ended: `
          + "the claims in the old wristbands are no longer true.",
      )
    ) user = answer.data;
    else [role.value, vip.checked] = [user.role, user.vip];
    sync();
  }, { "aria-label": `Save ${user.username}` });
  const sync = () => {
    save.disabled = role.value === user.role && vip.checked === user.vip;
  };
  role.addEventListener("change", sync);
  vip.addEventListener("change", sync);
  sync();
  return h(
    "li",
    {},
    h("span", { class: "people__who" }, h("b", {}, user.username), h("small", { class: "muted" }, bdi(user.name))),
    role,
    h("label", { class: "check" }, vip, "VIP"),
    save,
    button("End all logins", async () =>
      report(
        box,
        await call("DELETE", `api/v1/users/${user.id}/sessions`),
        `All login sessions of ${user.username} have ended.`,
      ), { class: "quiet", "aria-label": `End all logins of ${user.username}` }),
    box,
  );
}

function dishSection() {
  const box = h("div", { class: "notice" }), list = h("ul", { class: "dish-list" }), place = h("div");
  const read = async () => {
    const answer = await call("GET", "api/v1/menu");
    if (!answer.ok) return report(box, answer);
    list.replaceChildren();
    return inPieces(answer.data.items, (d) => dish(d, answer.data.currency), list);
  };
  const edit = (form) => {
    place.replaceChildren(form);
    form.querySelector("input").focus();
  };
  const dish = (d, currency) =>
    h(
      "li",
      {},
      h(
        "span",
        {},
        h("b", {}, bdi(d.name)),
        h(
          "small",
          { class: "muted" },
          " ",
          bdi(d.category),
          `, ${d.sizes.map((s) => money(s.price_cents, currency)).join(" / ")}`,
        ),
      ),
      button("Change", async () => {
        const answer = await call("GET", "api/v1/menu/" + d.id);
        if (!answer.ok) return report(box, answer);
        return edit(dishForm(answer.data, answer.headers.get("ETag"), box, place, read));
      }, { class: "quiet", "aria-label": `Change ${d.name}` }),
      removeButton(d, box, read),
    );
  read();
  return section(
    "dishes-title",
    "Menu",
    h("div", { class: "row" }, button("Add a dish", () => edit(dishForm(null, null, box, place, read)))),
    box,
    place,
    list,
  );
}

/** removeButton asks once more before it removes. */
function removeButton(d, box, read) {
  const ask = button("Remove", async () => {
    if (ask.dataset.sure) {
      const answer = await call("DELETE", "api/v1/menu/" + d.id);
      if (report(box, answer, `${isolated(d.name)} is off the menu.`)) read();
      return;
    }
    ask.dataset.sure = "yes";
    ask.textContent = "Really remove?";
    ask.setAttribute("aria-label", `Really remove ${d.name}?`);
  }, { class: "quiet", "aria-label": `Remove ${d.name}` });
  ask.addEventListener("blur", () => {
    delete ask.dataset.sure;
    ask.textContent = "Remove";
    ask.setAttribute("aria-label", `Remove ${d.name}`);
  });
  return ask;
}

function dishForm(d, tag, box, place, read) {
  const text = (name, label, more = {}) =>
    h(
      "div",
      { class: "field" },
      h("label", { for: "dish-" + name }, label),
      h("input", { id: "dish-" + name, name, autocomplete: "off", value: d?.[name] ?? "", ...more }),
    );
  const flag = (name, label, on) =>
    h("label", { class: "check" }, h("input", { type: "checkbox", name, checked: d ? d[name] : on }), label);
  const price = (size) =>
    h(
      "div",
      { class: "field" },
      h("label", { for: "price-" + size }, `${size}, cents`),
      h("input", {
        id: "price-" + size,
        name: size,
        inputmode: "numeric",
        pattern: "[0-9]*",
        autocomplete: "off",
        value: d?.sizes.find((s) => s.size === size)?.price_cents ?? "",
      }),
    );
  const form = h(
    "form",
    { class: "card login", "aria-label": d ? `Change ${d.name}` : "Add a dish" },
    text("name", "Name", { required: true, maxlength: 80 }),
    text("category", "Category", { required: true, maxlength: 40 }),
    text("description", "Description", { maxlength: 500 }),
    h(
      "fieldset",
      {},
      h("legend", {}, "Prices. Leave the sizes empty that the dish does not have"),
      h("div", { class: "edit__fields" }, sizes.map(price)),
    ),
    text("allergens", "Allergens, with commas", { value: d?.allergens.join(", ") ?? "" }),
    h(
      "div",
      { class: "row" },
      flag("vegetarian", "vegetarian"),
      flag("vip_only", "for VIPs"),
      flag("age_restricted", "18+"),
      flag("available", "available", true),
    ),
    h(
      "div",
      { class: "row" },
      h("button", { type: "submit", class: "primary" }, d ? "Save the dish" : "Put it on the menu"),
      button("Close", () => place.replaceChildren(), { class: "quiet" }),
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const json = dishOf(new FormData(form));
    const answer = d
      ? await call("PUT", "api/v1/menu/" + d.id, { json, headers: { "If-Match": tag } })
      : await call("POST", "api/v1/menu", { json });
    if (
      !report(
        box,
        answer,
        d ? `${isolated(json.name)} is changed.` : `${isolated(json.name)} is on the menu.`,
        answer.status === 412
          ? "Somebody else changed it. What you typed is still here: "
            + "press Change again to see the dish as it is now."
          : "",
      )
    ) return;
    place.replaceChildren();
    await read();
  });
  return form;
}

function dishOf(data) {
  return {
    name: data.get("name"),
    category: data.get("category"),
    description: data.get("description"),
    sizes: sizes.filter((s) => data.get(s)).map((size) => ({ size, price_cents: Number(data.get(size)) })),
    allergens: data.get("allergens").split(",").map((a) => a.trim()).filter(Boolean),
    ...Object.fromEntries(
      ["vegetarian", "vip_only", "age_restricted", "available"].map((flag) => [flag, data.has(flag)]),
    ),
  };
}

/** kitchenSection says who cooks, and what is on the board. */
function kitchenSection() {
  const box = h("div", { class: "notice" }), words = h("p", {}, "\u00a0"); // as high as what comes
  const read = async () => {
    const mode = await call("GET", "api/v1/kitchen/mode");
    const board = mode.ok ? await call("GET", "api/v1/kitchen/orders?limit=100") : mode;
    if (!board.ok) return report(box, board);
    const open = board.data.items, count = (status) => open.filter((o) => o.status === status).length;
    words.textContent = `${mode.data.mode === "manual" ? "A chef cooks." : "The kitchen cooks by itself."} ${
      open.length
        ? ["placed", "preparing", "ready"].map((status) => `${count(status)} ${status}`).join(", ") + "."
        : "No order is open."
    } `;
    words.append(h("a", { href: "#/kitchen" }, "To the kitchen"));
    return true;
  };
  read();
  return section("kitchen-title", "Kitchen", words, box, button("Look again", read));
}

function keySection() {
  const box = h("div", { class: "notice" });
  return section(
    "keys-title",
    "Keys",
    h(
      "p",
      {},
      "You can let a new key sign. Wristbands with an older signature stay valid until they expire. ",
      h("a", { href: ".well-known/jwks.json" }, "Public keys"),
    ),
    button("Sign with a new key", async () => {
      const answer = await call("POST", "api/v1/auth/keys/rotate");
      report(box, answer, `The key ${answer.data?.kid} signs from now on.`);
    }),
    box,
  );
}

customElements.define("office-view", OfficeView);
