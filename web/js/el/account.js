// Who one is, and how long the wristband lives: the band in the corner that
// shortens. To learn here: an access token is short-lived on purpose; a countdown
// is no live region (it would never be silent) and speaks at 60, 10 and 0 seconds.

import { $, button, clock, h, say, shout } from "../dom.js";
import { wallet } from "../wallet.js";

class AccountBand extends HTMLElement {
  connectedCallback() {
    this.band = h("span", { class: "band", "aria-hidden": "true" });
    this.time = h("span", { class: "band__time" });
    this.who = h("a", { href: "#/sessions", class: "account__who", title: "My logins" });
    this.out = button("Log out", async () => {
      await wallet.logout();
      $("#log-in").focus();
    }, { class: "quiet" });
    this.box = h("div", { class: "account", hidden: true }, this.who, h("a", { href: "#/token", class: "band-link" }, this.band, this.time), this.out);
    this.append(this.box);
    wallet.addEventListener("change", () => this.show());
    setInterval(() => this.tick(), 1000);
    this.show();
  }

  show() {
    const { mode, name, username, role, vip } = wallet.state;
    this.box.hidden = !mode;
    $("#log-in").hidden = Boolean(mode);
    document.documentElement.toggleAttribute("data-guest", Boolean(mode)); // keeps room for what follows
    if (!mode) return;
    this.who.replaceChildren(h("b", {}, username ?? name), `, ${vip ? "VIP " : ""}${role ?? "guest"}`);
    this.tick();
  }

  tick() {
    const left = wallet.left();
    if (left === null) return;
    const share = Math.max(0, Math.min(1, left / (wallet.state.life ?? 900)));
    this.band.style.setProperty("--share", share.toFixed(3)); // a style attribute would be blocked, the style object is not
    this.time.textContent = left > 0 ? `${clock(left)} left` : "expired";
    this.band.classList.toggle("band--over", left <= 0);
    this.speak(Math.ceil(left));
  }

  speak(left) {
    if (left === this.said) return;
    this.said = left;
    if (wallet.autoRenew) return; // nothing is lost: the next request renews it
    if (left === 60 || left === 10) say(`Your wristband lives for ${left} more seconds.`);
    if (left === 0) shout("Your wristband has expired.");
  }
}
customElements.define("account-band", AccountBand);
