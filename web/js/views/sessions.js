// One's own login sessions. To learn here: a token is valid by its signature alone, so
// ending it early takes a list of what has ended (the denylist); ending one login
// leaves the others alone.

import { announce, button, dayTime, h, randomKey } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { auth } from "../lib/auth.js";
import { refusal, showRequest, View } from "../parts/view.js";

class SessionsView extends View {
  static heading = "My logins";

  build() {
    this.result = h("div", { class: "notice" });
    return [
      h(
        "p",
        { class: "lead" },
        "Each login starts a login session. Until it ends, it gives you new wristbands (access tokens).",
      ),
      this.notice,
      this.result,
      this.content,
    ];
  }

  start() {
    this.reloadOn((options) => this.read(options));
  }

  async read(options = {}) {
    if (this.requireLogin("Log in to see all your logins.", "api/v1/auth/sessions")) return;
    await this.load(
      "Looking for your logins",
      () => call("GET", "api/v1/auth/sessions", options),
      ({ data }) =>
        this.content.replaceChildren(
          h("ul", { class: "sessions" }, data.items.map((s) => this.session(s))),
          h(
            "div",
            { class: "row" },
            button("End all", () => this.end("", "All your logins have ended."), {}),
            h("span", { class: "muted" }, "here, too"),
          ),
          passwordForm(this.result),
        ),
    );
  }

  session(s) {
    return h(
      "li",
      { class: "card" },
      h("p", {}, h("b", {}, device(s.user_agent)), " ", s.current ? h("span", { class: "badge" }, "This one") : null),
      h(
        "p",
        { class: "muted" },
        `Logged in at ${dayTime(s.created_at)}, last used at ${dayTime(s.last_used_at)}. The voucher ends at ${
          dayTime(s.expires_at)
        }.`,
      ),
      h("p", { class: "muted small" }, s.user_agent),
      button("End this one", () => this.end("/" + s.id, "That login has ended.", s.current), {
        "aria-label": `End this one: ${device(s.user_agent)}, ${dayTime(s.created_at)}`,
      }),
    );
  }

  async end(which, words, current = which === "") {
    const answer = await call("DELETE", "api/v1/auth/sessions" + which);
    if (!answer.ok) return this.result.replaceChildren(refusal(answer));
    this.result.replaceChildren(h("div", { class: "done" }, h("p", {}, words), showRequest(answer.entry)));
    announce(words);
    if (current) auth.forget();
    else await this.read();
    this.heading.focus();
  }
}

/** device names the program that logged in, as people do. */
function device(agent) {
  const browser = ["Firefox", "Edg", "Chrome", "Safari", "curl"].find((name) => agent.includes(name)) ?? "A program";
  const system = ["Android", "iPhone", "Windows", "Mac OS", "Linux"].find((name) => agent.includes(name));
  return (browser === "Edg" ? "Edge" : browser) + (system ? ` on ${system}` : "");
}

function passwordForm(said) {
  const id = randomKey().slice(0, 6);
  const field = (name, label, complete) =>
    h(
      "div",
      { class: "field" },
      h("label", { for: name + id }, label),
      h("input", {
        id: name + id,
        name,
        type: "password",
        autocomplete: complete,
        required: true,
        minlength: name === "new" ? 8 : null,
        maxlength: 128,
      }),
    );
  // Password managers want to know whose password it is.
  const who = h("input", {
    type: "text",
    name: "username",
    autocomplete: "username",
    value: auth.state.username ?? "",
    hidden: true,
    readonly: true,
  });
  const form = h(
    "form",
    { class: "login" },
    who,
    field("current", "Current password", "current-password"),
    field("new", "New password (8 letters or more)", "new-password"),
    h("div", { class: "row" }, h("button", { type: "submit" }, "Change the password")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const answer = await call("POST", "api/v1/auth/password", {
      json: { current: data.get("current"), new: data.get("new") },
    });
    said.replaceChildren(
      answer.ok
        ? h(
          "div",
          { class: "done" },
          h("p", {}, "The password is changed, and all your other logins have ended."),
          showRequest(answer.entry),
        )
        : refusal(answer),
    );
    if (answer.ok) form.reset();
  });
  return h("details", { class: "card password" }, h("summary", {}, "Change the password"), form);
}

customElements.define("sessions-view", SessionsView);
