// The account in the corner, and the wristband that shortens as the access token ages.
// To learn here: an access token is short-lived on purpose; a countdown is no live
// region (it would never be silent) and speaks at 60, 10 and 0 seconds.

import { $, alert, announce, bdi, button, h, minutesSeconds } from "../lib/dom.js";
import { auth } from "../lib/auth.js";

class AccountBand extends HTMLElement {
  connectedCallback() {
    this.band = h("span", { class: "band", "aria-hidden": "true" });
    this.time = h("span", { class: "band__time" });
    this.who = h("a", { href: "#/sessions", class: "account__who", title: "My logins" });
    this.out = button("Log out", async () => {
      await auth.logout();
      $("#log-in").focus();
    }, { class: "quiet" });
    this.box = h(
      "div",
      { class: "account", hidden: true },
      this.who,
      h("a", { href: "#/token", class: "band-link" }, this.band, this.time),
      this.out,
    );
    this.append(this.box);
    auth.addEventListener("change", () => this.show());
    setInterval(() => this.tick(), 1000);
    this.show();
  }

  show() {
    const { mode, name, role, vip } = auth.state;
    this.box.hidden = !mode;
    $("#log-in").hidden = Boolean(mode);
    document.documentElement.toggleAttribute("data-guest", Boolean(mode)); // theme.js keeps room with it
    if (!mode) return;
    this.who.replaceChildren(...(name ? [h("b", {}, bdi(name)), `, ${vip ? "VIP " : ""}${role}`] : []));
    this.tick();
  }

  tick() {
    const left = auth.secondsLeft();
    if (left === null) return;
    const share = Math.max(0, Math.min(1, left / (auth.state.lifetime ?? 900)));
    // A style attribute would be blocked, the style object is not.
    this.band.style.setProperty("--share", share.toFixed(3));
    this.time.textContent = left > 0 ? `${minutesSeconds(left)} left` : "expired";
    this.band.classList.toggle("band--over", left <= 0);
    this.speak(Math.ceil(left));
  }

  speak(left) {
    if (left === this.said) return;
    this.said = left;
    if (auth.autoRefresh) return; // nothing is lost: the next request refreshes it
    if (left === 60 || left === 10) announce(`Your wristband is valid for ${left} more seconds.`);
    if (left === 0) alert("Your wristband has expired.");
  }
}

customElements.define("account-band", AccountBand);
