// The teacher's view: logging in, and what is where. To learn here: what follows the # of
// an address never leaves the browser, so a code may come that way; it is taken out of the
// address bar at once, where somebody could read it from a projector.

import { $, announce } from "/js/lib/dom.js";
import { Controls } from "./controls.js";
import { listen, live, stop } from "./live.js";
import { call, sentence } from "./server.js";
import { needsHelp, TableList } from "./tables.js";

const code = decodeURIComponent(location.hash.slice(1));
if (code) history.replaceState(null, "", location.pathname);

const login = $("#login"), room = $("#room"), form = $("form", login), field = $("#code"), fault = $("#code-fault");
const tables = new TableList($("#tables")), controls = new Controls($("#controls"));

/** logIn opens a session with a code, and the class if it is right. */
async function logIn(typed) {
  const answer = await call("POST", "/teach/login", { code: typed });
  if (answer.ok) return enter();
  showLogin();
  fault.textContent = sentence(answer);
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

async function enter() {
  await listen();
  if (live.state && !room.hidden) $("h1", room).focus({ preventScroll: true });
}

function showLogin() {
  const moved = login.hidden;
  room.hidden = $(".for-teachers").hidden = true;
  login.hidden = false;
  field.value = "";
  if (moved) field.focus();
}

live.addEventListener("out", showLogin);
live.addEventListener("state", (/** @type {any} */ { detail: state }) => {
  login.hidden = true;
  room.hidden = $(".for-teachers").hidden = false;
  tables.show(state);
  controls.show(state);
  $("#sum").textContent = summary(state);
});
live.addEventListener("mode", (/** @type {any} */ { detail: mode }) => {
  $("#mode").textContent = {
    live: "Live",
    polling: "Not live: this page asks every 2 seconds.",
    lost: "No connection to the class. What you see is old.",
  }[mode] ?? "";
  $("#mode").dataset.mode = mode;
  if (mode === "lost") announce("No connection to the class.");
});

/** summary says in a line how the class is. */
function summary({ tables }) {
  const taken = tables.filter((t) => t.state !== "free").length, stuck = tables.filter(needsHelp).length;
  return `${taken} of ${tables.length} tables are taken. ${
    stuck === 0 ? "Nobody is stuck." : `${stuck} may need help.`
  }`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(field.value);
});
field.addEventListener("input", () => {
  fault.textContent = "";
  field.removeAttribute("aria-invalid");
});
$("#out").addEventListener("click", async () => {
  await call("POST", "/teach/logout");
  stop();
  showLogin();
});
$(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // what follows # is a code here
  $("#content").focus();
});
addEventListener("hashchange", () => {
  const typed = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  if (typed) logIn(typed);
});

if (code) logIn(code);
else enter();
