// Showing one's ID: the login form, in a dialog or as a view of its own. To learn
// here: the password travels once and is kept nowhere; a native <dialog> keeps the
// focus inside, closes with Escape and gives the focus back.

import { $, button, h, randomKey, say, span } from "../dom.js";
import { call } from "../api.js";
import { wallet } from "../wallet.js";
import { View, countdown, peek } from "../view.js";

const demo = ["alice", "bob", "vera", "carla", "marco"];

/** openLogin shows the dialog; the focus goes back to where it was. The promise ends
 *  when it is closed, whether somebody has logged in or not. */
export function openLogin() {
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "login-title" });
  const before = document.activeElement;
  dialog.append(
    h("div", { class: "dialog__head" }, h("h2", { id: "login-title" }, "Show your ID"), button("Close", () => dialog.close(), { class: "quiet" })),
    form(() => dialog.close()));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((closed) => dialog.addEventListener("close", () => {
    dialog.remove();
    const back = before?.isConnected && before.checkVisibility() ? before : $(".account__who") ?? $("h1");
    back.focus();
    closed();
  }));
}

class LoginView extends View {
  static heading = "Show your ID";
  build() {
    return [h("div", { class: "card login-card" }, form(() => { location.hash = "#/menu"; }))];
  }
}

function form(done) {
  const id = randomKey().slice(0, 6);
  const name = h("input", { id: "name-" + id, name: "username", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true, maxlength: 32, autofocus: true });
  const password = h("input", { id: "password-" + id, name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 128 });
  const full = h("input", { id: "full-" + id, name: "name", autocomplete: "name", maxlength: 64 });
  const fullField = h("div", { class: "field", hidden: true }, h("label", { for: full.id }, "How shall we call you?"), full);
  const result = h("div", { class: "notice" });
  const show = button("Show", () => {
    const hidden = password.type === "password";
    password.type = hidden ? "text" : "password";
    show.textContent = hidden ? "Hide" : "Show";
    show.setAttribute("aria-pressed", String(hidden));
  }, { class: "quiet", "aria-pressed": "false", "aria-label": "Show the password" });
  const submit = h("button", { type: "submit", class: "primary" }, "Get my wristband");
  const mode = choice("Keep the wristband", "mode", [["memory", "in memory", "A script of this page holds it; it is gone when the page is closed, and the voucher brings a new one."], ["cookie", "in a cookie", "No script can read it; the browser sends it by itself."]]);
  const life = choice("How long", "life", [["", "15 min"], ["60", "60 s"], ["30", "30 s"]]);
  let registering = false;
  const other = button("Open an account", () => {
    registering = !registering;
    fullField.hidden = !registering;
    full.required = registering;
    submit.textContent = registering ? "Open my account and get a wristband" : "Get my wristband";
    other.textContent = registering ? "I have an account" : "Open an account";
    name.focus();
  }, { class: "quiet" });

  const el = h("form", { class: "login", "aria-label": "Show your ID" },
    document.body.dataset.demo === undefined ? null : h("fieldset", { class: "demo" }, h("legend", {}, "Demo accounts fill the form"), h("div", { class: "row" },
      demo.map((who) => button(who, () => {
        name.value = who;
        password.value = who + "-likes-pizza";
        submit.focus();
        say(`The form is filled in for ${who}.`);
      }, { class: "chip" })))),
    h("div", { class: "field" }, h("label", { for: name.id }, "Name"), name),
    h("div", { class: "field" }, h("label", { for: password.id }, "Password"), h("div", { class: "with-button" }, password, show)),
    fullField, mode, life, result,
    h("div", { class: "row" }, submit, other));

  el.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const answer = await enter(new FormData(el), registering);
    submit.disabled = false;
    if (answer.ok) {
      say(`Welcome, ${wallet.state.name ?? name.value}. You wear a wristband now.`);
      done();
    } else {
      refuse(result, answer, submit);
      submit.focus();
    }
  });
  return el;
}

async function enter(data, registering) {
  const username = data.get("username").trim(), password = data.get("password");
  if (registering) {
    const answer = await call("POST", "/api/v1/auth/register", { json: { username, password, name: data.get("name") }, wear: "none" });
    if (!answer.ok) return answer;
  }
  return wallet.login({ username, password, mode: data.get("mode"), expiresIn: Number(data.get("life")) || undefined });
}

/** refuse shows what the bouncer said; what was typed stays. */
function refuse(result, answer, submit) {
  const title = answer.lost ? "No connection to the restaurant." : answer.problem?.title ?? "That did not work.";
  const wait = h("span");
  result.replaceChildren(h("div", { class: "refusal", role: "alert" },
    h("p", { class: "refusal__title" }, answer.status ? [h("span", { class: "status" }, answer.status), " "] : null, title),
    answer.problem?.errors ? h("ul", {}, answer.problem.errors.map((e) => h("li", {}, h("b", {}, e.field), " " + e.message))) : null,
    wait, answer.problem ? h("a", { href: answer.problem.type }, "Why?") : null), peek(answer.entry));
  countdown(answer, (left) => {
    wait.textContent = left > 0 ? `Wait ${span(left)}. ` : "";
    submit.disabled = left > 0;
  });
}

function choice(legend, name, options) {
  return h("fieldset", { class: "choice" }, h("legend", {}, legend), options.map(([value, label, more], i) =>
    h("label", {}, h("input", { type: "radio", name, value, checked: i === 0 }), h("span", {}, label, more ? h("small", {}, more) : null))));
}

customElements.define("login-view", LoginView);
