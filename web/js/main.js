// The frame of the dining room: it shows the view that the address names, and
// keeps the wristband, the bars and the notebook line up to date. To learn here:
// a page with several views needs no router library, only the part behind "#".
//
// Views (each is js/el/<name>.js and defines the element <name-view>; a link with
// data-view in index.html is all that a new view needs):
//   #/menu      h1 "Menu": dishes, filters (form "Filter the menu"), region "Basket",
//               buttons "small €7.50, add Margherita", "Order"; "Knock at the lounge"
//   #/orders    h1 "My orders"; #/orders/17 puts order 17 on top; article "Order 17",
//               buttons "Cancel order 17", "Show more orders"
//   #/token     h1 "Token"; textbox "Token", buttons "Use my wristband", "Check again",
//               "Change the claim", "Show it to the door"
//   #/notebook  h1 "Waiter's notebook"; articles "Entry 12: POST /api/v1/orders, 201"
//               with "Replay", "Replay without the wristband", tabs "sh", "cmd" …
//   #/kitchen   h1 "Kitchen pass"; "Start cooking order 17", "Order 17 is ready", "Serve order 17"
//   #/office    h1 "Manager's office"; regions "Guests", "Menu", "Keys"
//   #/sessions  h1 "My logins"; "End this one", "End all"
//   #/lessons   h1 "Lessons"; #/lessons/L05 h1 "L05 Read the wristband": group of the
//               guess with "Lock in my guess", "Run it here: step 1" …, "Hint 1",
//               "Start over"; the list has "All lessons anew", "Fresh kitchen"
//   #/login     h1 "Show your ID": the form of the login dialog, without the dialog
//   #/about     h1 "How it works": the static part of index.html
// Dialog: "Show your ID", textboxes "Name" and "Password", "Get my wristband".
// Everywhere: link "Skip to content", navigation "Restaurant", region "Account"
// with "Log in", "Log out", region "Latest requests", group "Light or dark"; once a
// lesson was opened, region "Your lesson" on all other views.

import { $, h, keep, say } from "./dom.js";
import { call, line } from "./api.js";
import { wallet } from "./wallet.js";
import { login } from "./view.js";
import "./el/account.js";
import "./el/bars.js";
import "./el/notebook-line.js";

const room = $("#view"), about = $("#about"), names = new Set(["login"]);
for (const link of document.querySelectorAll("a[data-view]")) names.add(link.hash.slice(2));

/** route shows the view in the address: #/orders/17 is the view "orders" with "17". */
async function route(event) {
  if (event && !location.hash.startsWith("#/")) return; // a place on this page
  const [, name = "menu", argument = ""] = /^#\/([a-z]+)\/?(.*)$/.exec(location.hash) ?? [];
  const known = names.has(name) ? name : "menu";
  about.hidden = known !== "about";
  if (known === "about") room.replaceChildren();
  else if (!await enter(known, argument)) return;
  for (const link of document.querySelectorAll("a[data-view]")) {
    if (link.hash === "#/" + known) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = $("h1", known === "about" ? about : room);
  document.title = `${heading.textContent} - The Restaurant`;
  if (event) {
    scrollTo(0, 0);
    heading.focus({ preventScroll: true });
  }
}

let turn = 0;

/** enter tells whether the view is there; not if another one was asked for meanwhile. */
async function enter(name, argument) {
  const mine = ++turn, present = room.firstElementChild;
  if (present?.localName === name + "-view" && present.go) {
    present.go(argument);
    return true;
  }
  try {
    await import(`./el/${name}.js`);
  } catch {
    if (mine !== turn) return false;
    room.replaceChildren(h("h1", { tabindex: -1 }, "No connection"), h("p", {}, "This part of the page could not be fetched. It comes when the restaurant answers again."));
    line.addEventListener("back", () => route(), { once: true });
    call("GET", "/healthz", { wear: "none", why: "is the restaurant there?", poll: true });
    return true;
  }
  if (mine !== turn) return false;
  const view = document.createElement(name + "-view");
  view.argument = argument;
  room.replaceChildren(view);
  return true;
}

function theme() {
  for (const choice of document.querySelectorAll("input[name=theme]")) {
    choice.checked = choice.value === (keep.get("theme") ?? "system");
    choice.addEventListener("change", () => {
      keep.set("theme", choice.value === "system" ? null : choice.value);
      if (choice.value === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = choice.value;
    });
  }
}

$(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // "#content" is no view
  $("#content").focus();
});
$("#log-in").addEventListener("click", (event) => {
  event.preventDefault();
  login();
});
addEventListener("hashchange", route);
wallet.addEventListener("change", (event) => { if (event.detail) say(event.detail); });
theme();
wallet.restore(); // the views' own requests wait for it
route();
if (keep.get("lesson")) import("./el/lesson-note.js"); // who learns sees what is still to be done
