// The button with which the start page begins.
// To learn here: a button of a page is nothing but requests, here a login and a dish;
// look them up in the notebook.

import { $ } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { auth } from "../lib/auth.js";
import { basket } from "./basket.js";
import { refusal } from "./view.js";

const margherita = 1, start = $("#order-pizza"), notice = $("#welcome-notice");

/** putIn logs in as alice, unless somebody is logged in, puts a Margherita into the basket
 *  and shows where to press. */
async function putIn() {
  notice.replaceChildren();
  const login = auth.state.mode ? null : await auth.login({ username: "alice", password: "alice-likes-pizza" });
  const answer = login?.ok === false ? login : await call("GET", "api/v1/menu/" + margherita);
  if (!answer.ok) {
    notice.replaceChildren(refusal(answer, putIn));
    return;
  }
  const { data: dish } = answer, { size, price_cents } = dish.sizes.at(-1);
  if (!basket.lines.some((l) => l.id === dish.id)) basket.add(dish, size, price_cents);
  basket.point();
}

if (start) {
  start.addEventListener("click", async () => {
    start.disabled = true;
    await putIn();
    start.disabled = false;
  });
  const name = () => {
    start.textContent = auth.state.mode ? "Order a pizza" : "Order a pizza as alice";
  };
  auth.addEventListener("change", name);
  name();
}
