// Taking a table. To learn here: both forms work without this script, too; it only saves a
// page that says no: the refusal comes as a problem document (RFC 9457), and its sentence
// is shown beside the field.

import { $, bdi, clockTime, h, render } from "/js/lib/dom.js";
import { call, every, sentence } from "./server.js";

const lookMs = 4000;

/** tableURL is the address of a table under the name by which the browser has come. */
const tableURL = ({ code }) => `/t/${code}/`;

for (const form of document.forms) {
  const field = $("input", form), fault = $(".fault", form), send = $("button", form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    const answer = await call("POST", "/class/join", { [field.name]: field.value });
    if (answer.ok) return location.assign(tableURL(answer.data));
    send.disabled = false;
    fault.textContent = sentence(answer);
    field.setAttribute("aria-invalid", "true");
    field.focus();
    look();
  });
  field.addEventListener("input", () => {
    fault.textContent = "";
    field.removeAttribute("aria-invalid");
  });
}

/** look asks how the class is and shows it. What somebody has typed stays. */
async function look() {
  const answer = await call("GET", "/class");
  if (answer.ok) show(answer.data);
}

let shown = "";

function show(state) {
  if (JSON.stringify(state) === shown) return;
  shown = JSON.stringify(state);
  const { message, paused_until: pausedUntil, yours, free, joinable } = state;
  $("#free b").textContent = free;
  $("#free").hidden = $("#new").hidden = !joinable;
  $("#full").hidden = free > 0;
  $("#by-code").hidden = joinable || free === 0;
  render($("#notes"), [
    message ? h("p", { class: "says" }, h("b", {}, "Your teacher says: "), bdi(message)) : "",
    pausedUntil
      ? h(
        "p",
        { class: "says says--pause" },
        `The class has a pause until ${clockTime(pausedUntil)}. Your teacher is explaining something.`,
      )
      : "",
  ]);
  $("#back").hidden = !yours;
  if (yours) Object.assign($("#back a"), { href: tableURL(yours), textContent: `Back to your table ${yours.table}` });
}

every(lookMs, look);
addEventListener("pageshow", (event) => { // back from the table: the button works again
  if (event.persisted) location.reload();
});
