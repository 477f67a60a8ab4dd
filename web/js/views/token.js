// Takes an access token apart. To learn here: the page has only read it. Anyone can read
// and rewrite the first two parts; only the server says whether the signature fits,
// and one changed letter breaks it.

import { $, announce, bdi, button, copy, dayTime, duration, h, render } from "../lib/dom.js";
import { call, serverNow } from "../lib/api.js";
import { claimMeanings, decode, readTime, tamper, trimToken } from "../lib/jwt.js";
import { auth } from "../lib/auth.js";
import { emptyState, logIn, refusal, showRequest, View } from "../parts/view.js";

let typed = null; // what was pasted or edited, kept while another view is shown

class TokenView extends View {
  static heading = "Token";
  verdictOf = null; // the server's answer, and for which token

  build() {
    this.verdict = h("p", { class: "verdict" });
    this.field = h("textarea", {
      id: "token",
      rows: 5,
      spellcheck: "false",
      autocapitalize: "none",
      autocomplete: "off",
      "aria-describedby": "token-help",
    });
    this.field.addEventListener("input", () => this.changed(this.field.value, 500));
    this.painted = h("p", { class: "token" });
    this.parts = h("div", { class: "parts" });
    this.edit = h("div");
    return [
      h("div", { class: "verdict-bar" }, this.verdict),
      this.notice,
      h(
        "div",
        { class: "field" },
        h("label", { for: "token" }, "Token"),
        this.field,
        h(
          "p",
          { class: "muted small", id: "token-help" },
          "Paste any token, or use your wristband (access token). The page sends it to this server to check it, "
            + "and nowhere else.",
        ),
      ),
      h(
        "div",
        { class: "row" },
        button("Use my wristband", () => this.useOwn()),
        button("Check again", () => this.check()),
        this.copyButton = button("Copy", () => copy(this.field.value, this.copyButton), { class: "quiet" }),
      ),
      this.painted,
      this.parts,
      this.edit,
      this.settings(),
    ];
  }

  start() {
    if (typed === null) this.useOwn();
    else {
      this.field.value = typed;
      this.changed(typed, 0);
    }
    this.on(auth, "change", () => {
      if (typed === null) this.useOwn();
      else this.drawSettings();
    });
    this.every(1000, () => this.updateVerdict());
  }

  /** useOwn shows the token of this page. */
  useOwn() {
    typed = null;
    if (auth.token === this.field.value && auth.token) return;
    this.field.value = auth.token ?? "";
    this.changed(this.field.value, 0, true);
  }

  changed(text, wait, own = false) {
    if (!own) typed = text.trim() ? text : null;
    this.token = trimToken(text);
    this.decoded = this.token ? decode(this.token) : null;
    this.verdictOf = null;
    this.notice.replaceChildren();
    this.draw();
    this.drawSettings();
    clearTimeout(this.timer);
    if (this.token && !this.decoded.fault) this.timer = setTimeout(() => this.check(), wait);
  }

  /** check asks the server, which has the keys. */
  async check() {
    const token = this.token;
    if (!token) return this.updateVerdict();
    const answer = await call("POST", "api/v1/auth/inspect", { json: { token }, auth: "none" });
    if (this.gone || token !== this.token) return;
    this.notice.replaceChildren(
      answer.ok
        ? showRequest(answer.entry)
        : refusal(
          answer,
          () => this.check(),
          answer.lost ? "The page can read the token by itself. Only the server can check the signature." : "",
        ),
    );
    if (!answer.ok) return;
    this.verdictOf = answer.data;
    this.updateVerdict();
    this.draw();
    announce(this.verdict.textContent);
  }

  /** updateVerdict runs each second, so the verdict is no live region. */
  updateVerdict() {
    const [word, text, good] = this.verdictParts();
    const line = `${word}${text ? ": " + text : ""}`;
    if (this.verdict.textContent !== line) this.verdict.textContent = line;
    this.verdict.dataset.good = good;
    for (const el of this.parts.querySelectorAll("[data-exp]")) el.textContent = fromNow(Number(el.dataset.exp));
  }

  verdictParts() {
    if (!this.token) {
      return auth.state.mode === "cookie"
        ? ["In a cookie", "no script can read your wristband", "unknown"]
        : ["No wristband", "paste a token, or log in", "unknown"];
    }
    if (this.decoded.fault) return [this.decoded.fault, "", "no"];
    if (!this.verdictOf) return ["Not checked yet", "the page has only read it", "unknown"];
    const { active, reasons, signature, header } = this.verdictOf,
      exp = readTime(this.decoded.claims?.exp),
      left = exp ? exp.at - serverNow() / 1000 : null;
    if (active && left > 0) return [`Valid for ${duration(left)}`, "the signature is right", "yes"];
    if (left !== null && left <= 0 && (active || reasons[0] === "token-expired")) {
      return [`Expired ${duration(left)} ago`, signature.valid ? "the signature is right" : "", "no"];
    }
    if (signature.valid && header?.typ === "certificate+jwt") {
      return ["A genuine certificate", "the signature is right, and it is no wristband", "yes"];
    }
    const words = {
      "token-signature-invalid": "Wrong signature",
      "token-revoked": "Cut",
      "token-key-unknown": "Unknown key",
      "token-algorithm-refused": "Algorithm refused",
      "token-claims-invalid": "Not for this server",
      "token-malformed": "Not a token of this server",
    };
    return [words[reasons[0]] ?? "Refused", "the server says " + reasons[0], "no"];
  }

  draw() {
    this.updateVerdict();
    const d = this.decoded;
    this.painted.replaceChildren();
    this.parts.replaceChildren();
    this.edit.replaceChildren();
    if (!d) {
      if (!auth.state.mode) {
        this.parts.append(
          emptyState(
            "You have no wristband",
            h("p", {}, "Log in to get one, or paste a token above."),
            button("Log in", logIn, { class: "primary" }),
          ),
        );
      }
      if (auth.state.mode === "cookie") {
        this.parts.append(
          part(
            "payload",
            "What it says",
            claimList(auth.state),
            "asked at /auth/me, because no script can read the cookie",
          ),
        );
      }
      return;
    }
    this.paint(d);
    if (d.fault) return;
    this.parts.append(
      part("header", "Header", claimList(d.header), "how it is signed"),
      part("payload", "Payload", claimList(d.claims), "what it says: only encoded, not secret"),
      part(
        "signature",
        "Signature",
        h(
          "div",
          {},
          h("p", {}, `${Math.floor(d.signature.length * 3 / 4)} bytes`),
          h("p", {}, signatureText(this.verdictOf)),
          h("p", {}, h("a", { href: ".well-known/jwks.json" }, "Public keys"), " check it. They cannot make one."),
        ),
        "the stamp on the other two parts",
      ),
    );
    this.edit.append(this.claimEditor(d));
    this.updateVerdict();
  }

  /** paint shows the three parts in colours, underlines and words. */
  paint({ parts, fault = "", at = undefined }) {
    if (fault && at !== undefined && parts.length !== 3) {
      this.painted.append(
        this.token.slice(0, at),
        h("mark", {}, this.token[at] ?? " ← here"),
        this.token.slice(at + 1),
      );
      return;
    }
    const names = ["header", "payload", "signature"];
    this.painted.append(
      h("span", { class: "visually-hidden" }, `Token, ${parts.length} parts, ${this.token.length} characters. `),
    );
    parts.forEach((text, i) =>
      this.painted.append(
        i ? h("b", { class: "token__dot", "aria-hidden": "true" }, ".") : "",
        h("span", { class: "token__" + names[i], "aria-hidden": "true", title: names[i] }, text),
      )
    );
  }

  claimEditor(d) {
    const names = Object.keys(d.claims ?? {}), start = names.includes("role") ? "role" : names[0];
    const which = h("select", { id: "claim" }, names.map((n) => h("option", { selected: n === start }, n)));
    const value = h("input", {
      id: "value",
      autocomplete: "off",
      spellcheck: "false",
      value: start === "role" ? "\"manager\"" : JSON.stringify(d.claims?.[start]),
    });
    which.addEventListener("change", () => {
      value.value = JSON.stringify(d.claims[which.value]);
    });
    const result = h("div", { class: "notice" });
    const change = button("Change the claim", () => {
      this.field.value = tamper(this.token, { ...d.claims, [which.value]: parseValue(value.value) });
      this.changed(this.field.value, 0);
      announce(`${which.value} is changed. The signature is still the old one.`);
      $("#show-to-door", this).focus();
    });
    const door = button("Send it to the server", async () => {
      const answer = await call("GET", "api/v1/auth/me", {
        auth: this.token,
        why: "the token of the view Token",
      });
      if (answer.ok) {
        result.replaceChildren(
          h(
            "div",
            { class: "done" },
            h(
              "p",
              {},
              h("b", {}, "The server accepts it. "),
              "You are ",
              bdi(answer.data.name),
              `, ${answer.data.role}.`,
            ),
            showRequest(answer.entry),
          ),
        );
        announce("The server accepts it.");
      } else result.replaceChildren(refusal(answer, null, "", false));
    }, { class: "primary", id: "show-to-door" });
    return h(
      "section",
      { class: "card edit", "aria-labelledby": "edit-title" },
      h("h2", { id: "edit-title" }, "Edit a claim"),
      h("p", {}, "Everybody can change the payload. Only the server can make a signature that matches it."),
      h(
        "div",
        { class: "edit__fields" },
        h("div", { class: "field" }, h("label", { for: "claim" }, "Claim"), which),
        h("div", { class: "field" }, h("label", { for: "value" }, "New value (JSON)"), value),
      ),
      h("div", { class: "row" }, change, door),
      result,
    );
  }

  settings() {
    this.settingsBox = h("section", { class: "card", "aria-labelledby": "keep-title" });
    return this.settingsBox;
  }

  drawSettings() {
    // Before the token comes it is hidden, or it would move.
    this.settingsBox.hidden = auth.state.mode === "memory" && !auth.token && !this.token;
    const { mode } = auth.state;
    const renew = h("input", { type: "checkbox", id: "auto-renew", checked: auth.autoRefresh });
    renew.addEventListener("change", () => auth.setAutoRefresh(renew.checked));
    render(this.settingsBox, [
      h("h2", { id: "keep-title" }, "Where do I keep it?"),
      h(
        "p",
        {},
        {
          memory: "In a variable of this page. When you close the page, it is gone. "
            + "The voucher (refresh token) is in a cookie that no script can read.",
          cookie:
            "In a cookie, like the voucher (refresh token). No script can read it, and the browser sends it by itself.",
          null: "Nowhere: you are not logged in.",
        }[mode],
      ),
      h(
        "label",
        { class: "check" },
        renew,
        "Get a new one automatically when it expires (switch this off to watch a wristband expire)",
      ),
      mode
        ? h(
          "div",
          { class: "row" },
          button("Get a new one with the voucher", () => auth.refresh("asked for by a button"), { id: "renew-now" }),
        )
        : "",
    ]);
  }
}

const signatureText = (
  verdict,
) => (!verdict
  ? "not checked yet"
  : verdict.signature.valid
  ? "Checked by the server: it is right."
  : "Checked by the server: it is wrong.");

function part(kind, title, body, note) {
  return h(
    "section",
    { class: `part part--${kind}`, "aria-labelledby": "part-" + kind },
    h("h2", { id: "part-" + kind }, title),
    h("p", { class: "muted" }, note),
    body,
  );
}

function claimList(all) {
  const known = ["mode", "expires", "lifetime", "username"];
  return h(
    "dl",
    { class: "claims" },
    Object.entries(all ?? {}).filter(([name]) => !known.includes(name)).map(([name, value]) =>
      h(
        "div",
        {},
        h("dt", {}, h("code", {}, name), claimMeanings[name] ? h("small", {}, claimMeanings[name]) : null),
        h("dd", {}, h("code", {}, JSON.stringify(value)), inWords(name, value)),
      )
    ),
  );
}

/** inWords says a time claim in words, since few people read seconds since 1970. */
function inWords(name, value) {
  if (!["iat", "exp", "nbf"].includes(name)) return null;
  const time = readTime(value);
  if (!time) return null;
  return h(
    "small",
    {},
    `${dayTime(time.at * 1000)}, `,
    h("span", { "data-exp": time.at }, fromNow(time.at)),
    time.milliseconds ? ". These are milliseconds. A JWT counts in seconds, so this is far in the future." : "",
  );
}

function fromNow(at) {
  const left = at - serverNow() / 1000;
  return left > 0 ? `in ${duration(left)}` : `${duration(left)} ago`;
}

function parseValue(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

customElements.define("token-view", TokenView);
