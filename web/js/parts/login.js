// The login form, and the dialog with it. To learn here: the password travels once
// and is kept nowhere; a native <dialog> keeps the focus inside, closes with Escape
// and gives the focus back.

import { $, announce, button, duration, focused, h, randomKey, showModal } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { auth, demoUsers } from "../lib/auth.js";
import { countdown, showRequest } from "./view.js";

/** openLogin shows the dialog until it is closed, with or without a login. The focus
 *  goes back to where it was. */
export function openLogin() {
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "login-title" });
  const before = focused();
  dialog.append(
    h(
      "div",
      { class: "dialog__head" },
      h("h2", { id: "login-title" }, "Show your ID"),
      button("Close", () => dialog.close(), { class: "quiet" }),
    ),
    loginForm(() => dialog.close()),
  );
  document.body.append(dialog);
  showModal(dialog);
  return /** @type {Promise<void>} */ (new Promise((closed) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      const back = before?.isConnected && before.checkVisibility() ? before : $(".account__who") ?? $("h1");
      back.focus();
      closed();
    })
  ));
}

/** loginForm makes the form; done is called after a login. */
export function loginForm(done) {
  const id = randomKey().slice(0, 6);
  const name = h("input", {
    id: "name-" + id,
    name: "username",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
    maxlength: 32,
    autofocus: true,
  });
  const password = h("input", {
    id: "password-" + id,
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    maxlength: 128,
  });
  const full = h("input", { id: "full-" + id, name: "name", autocomplete: "name", maxlength: 64 });
  const fullField = h(
    "div",
    { class: "field", hidden: true },
    h("label", { for: full.id }, "What is your name?"),
    full,
  );
  const result = h("div", { class: "notice" });
  const show = button("Show", () => {
    const hidden = password.type === "password";
    password.type = hidden ? "text" : "password";
    show.textContent = hidden ? "Hide" : "Show";
    show.setAttribute("aria-pressed", String(hidden));
  }, { class: "quiet", "aria-pressed": "false", "aria-label": "Show the password" });
  const submit = h("button", { type: "submit", class: "primary" }, "Log in and get my wristband");
  const mode = radioGroup("Keep the wristband", "mode", [[
    "memory",
    "in memory",
    "It is gone when you close the page. The voucher (refresh token) then gets a new one.",
  ], ["cookie", "in a cookie", "No script can read it. The browser sends it by itself."]]);
  const life = radioGroup("How long", "life", [["", "15 min"], ["60", "60 s"], ["30", "30 s"]]);
  let registering = false;
  const other = button("Create an account", () => {
    registering = !registering;
    fullField.hidden = !registering;
    full.required = registering;
    submit.textContent = registering ? "Create my account and get a wristband" : "Log in and get my wristband";
    other.textContent = registering ? "I have an account" : "Create an account";
    name.focus();
  }, { class: "quiet" });

  const el = h(
    "form",
    { class: "login", "aria-label": "Show your ID" },
    demoUsers.length === 0
      ? null
      : h(
        "fieldset",
        { class: "demo" },
        h("legend", {}, "Demo accounts fill the form"),
        h(
          "div",
          { class: "row" },
          demoUsers.map((who) =>
            button(who, () => {
              name.value = who;
              password.value = who + "-likes-pizza";
              submit.focus();
              announce(`The form is filled in for ${who}.`);
            }, { class: "chip" })
          ),
        ),
      ),
    h("div", { class: "field" }, h("label", { for: name.id }, "Name"), name),
    h(
      "div",
      { class: "field" },
      h("label", { for: password.id }, "Password"),
      h("div", { class: "with-button" }, password, show),
    ),
    fullField,
    mode,
    life,
    result,
    h("div", { class: "row" }, submit, other),
  );

  el.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const answer = await submitLogin(new FormData(el), registering);
    submit.disabled = false;
    if (answer.ok) {
      announce(`Welcome, ${auth.state.name ?? name.value}. You have a wristband now.`);
      done();
    } else {
      showRefusal(result, answer, submit);
      submit.focus();
    }
  });
  return el;
}

async function submitLogin(data, registering) {
  const username = data.get("username").trim(), password = data.get("password");
  if (registering) {
    const answer = await call("POST", "api/v1/auth/register", {
      json: { username, password, name: data.get("name") },
      auth: "none",
    });
    if (!answer.ok) return answer;
  }
  return auth.login({ username, password, mode: data.get("mode"), expiresIn: Number(data.get("life")) || undefined });
}

/** showRefusal shows why the login failed; what was typed stays. */
function showRefusal(result, answer, submit) {
  const title = answer.lost ? "No connection to the restaurant." : answer.problem?.title ?? "That did not work.";
  const wait = h("span");
  result.replaceChildren(
    h(
      "div",
      { class: "refusal", role: "alert" },
      h(
        "p",
        { class: "refusal__title" },
        answer.status ? [h("span", { class: "status" }, answer.status), " "] : null,
        title,
      ),
      answer.problem?.errors
        ? h("ul", {}, answer.problem.errors.map((e) => h("li", {}, h("b", {}, e.field), " " + e.message)))
        : null,
      wait,
      answer.problem ? h("a", { href: answer.problem.type }, "Why?") : null,
    ),
    showRequest(answer.entry),
  );
  countdown(answer, (left) => {
    wait.textContent = left > 0 ? `Wait ${duration(left)}. ` : "";
    submit.disabled = left > 0;
  });
}

function radioGroup(legend, name, options) {
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, legend),
    options.map(([value, label, more], i) =>
      h(
        "label",
        {},
        h("input", { type: "radio", name, value, checked: i === 0 }),
        h("span", {}, label, more ? h("small", {}, more) : null),
      )
    ),
  );
}
