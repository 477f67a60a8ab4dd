// Begin to read here. It shows the view that the address names, and starts what stands
// around it: account, bars, notebook line. To learn here: a page with several views
// needs no router library, only the part behind "#".
//
// lib/ talks to the server, parts/ is what several views show, views/ has one file for
// each view, lessons/ is for learners.

import { $, announce, h, prefs } from "./lib/dom.js";
import { call, connection } from "./lib/api.js";
import { auth } from "./lib/auth.js";
import { classroom } from "./lib/class.js";
import { logIn, provideLogin } from "./parts/view.js";
import "./parts/account.js";
import "./parts/bars.js";
import "./parts/notebook-line.js";
import "./parts/welcome.js";

const viewBox = $("#view"), about = $("#about"), viewNames = new Set(["login"]);
/** @type {NodeListOf<HTMLAnchorElement>} */
const links = document.querySelectorAll("a[data-view]");
for (const link of links) viewNames.add(link.hash.slice(2));

/** route shows the view in the address: #/orders/17 is the view "orders" with "17". */
async function route(event) {
  if (event && !location.hash.startsWith("#/")) return; // a place on this page
  const [, name = "menu", argument = ""] = /^#\/([a-z]+)\/?(.*)$/.exec(location.hash) ?? [];
  const known = viewNames.has(name) ? name : "menu";
  about.hidden = known !== "about";
  // "/" begins with a welcome. Who comes back to it lands where they were.
  const atStart = location.hash.length <= 2;
  document.documentElement.toggleAttribute("data-start", atStart);
  if (known !== "login") prefs.set("place", atStart ? null : location.hash);
  if (known === "about") viewBox.replaceChildren();
  else if (!await showView(known, argument)) return;
  for (const link of links) {
    if (link.hash === "#/" + known) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = $("h1", known === "about" ? about : viewBox);
  document.title = `${heading.textContent} - The Restaurant`;
  if (!event) return;
  // A view may know a place of its own for what the address names.
  const place = viewBox.firstElementChild?.place;
  if (!place) scrollTo(0, 0);
  (place ?? heading).focus({ preventScroll: true });
}

let lastShow = 0; // counts what was asked for

/** showView reports whether the view is there; it is not if another one was asked for meanwhile. */
async function showView(name, argument) {
  const mine = ++lastShow, present = viewBox.firstElementChild;
  if (present?.localName === name + "-view" && present.navigate) {
    present.navigate(argument);
    return true;
  }
  try {
    await import(`./views/${name}.js`);
  } catch {
    if (mine !== lastShow) return false;
    viewBox.replaceChildren(
      h("h1", { tabindex: -1 }, "No connection"),
      h("p", {}, "This part of the page could not be loaded. The page loads it when the server answers again."),
    );
    connection.addEventListener("back", () => route(), { once: true });
    call("GET", "healthz", { auth: "none", why: "is the restaurant there?", poll: true });
    return true;
  }
  if (mine !== lastShow) return false;
  const view = Object.assign(document.createElement(name + "-view"), { argument });
  viewBox.replaceChildren(view);
  return true;
}

function initTheme() {
  /** @type {NodeListOf<HTMLInputElement>} */
  const choices = document.querySelectorAll("input[name=theme]");
  for (const choice of choices) {
    choice.checked = choice.value === (prefs.get("theme") ?? "system");
    choice.addEventListener("change", () => {
      prefs.set("theme", choice.value === "system" ? null : choice.value);
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
  logIn();
});
addEventListener("hashchange", route);
auth.addEventListener("change", (/** @type {any} */ event) => {
  if (event.detail) announce(event.detail);
});
initTheme();
provideLogin(async () => (await import("./parts/login.js")).openLogin());
auth.restore(); // the views' own requests wait for it
route();
if (classroom.table) import("./parts/class.js");
if (prefs.get("lesson")) import("./lessons/note.js"); // learners see what is still to be done
