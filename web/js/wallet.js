// The wallet keeps the wristband. To learn here: the access token lives in a
// variable and dies with the page; the refresh token lives in an httpOnly cookie
// that no script can read; and a refresh happens one at a time across all tabs,
// because a voucher that is used twice ends the login session.

import { call, line, wear } from "./api.js";
import { decode } from "./jwt.js";
import { keep } from "./dom.js";

const margin = 3; // seconds before its end at which a wristband counts as spent

class Wallet extends EventTarget {
  /** mode: null (nobody), "memory" or "cookie"; a token only in memory mode. */
  state = { mode: null };
  /** autoRenew off lets one watch a wristband expire. */
  autoRenew = keep.get("renew") !== "off";
  #token = null;
  #renewing = null;

  get token() { return this.#token; }

  /** left is how many seconds the wristband lives on; null without one. */
  left() { return this.state.mode ? (this.state.ends - performance.now()) / 1000 : null; }

  get expired() { return this.state.mode !== null && this.left() <= 0; }

  /** settled waits until it is known who one is. */
  async settled() { await this.#renewing; }

  /** login asks the bouncer for a wristband. */
  async login({ username, password, mode = "memory", expiresIn }) {
    const json = { username, password, cookie: mode === "cookie" ? true : "refresh" };
    if (expiresIn) json.expires_in = expiresIn;
    const answer = await call("POST", "/api/v1/auth/login", { json, wear: "none", cookies: "given", mode });
    if (answer.ok) await this.#put(answer.data, mode, username.toLowerCase());
    return answer;
  }

  /** restore looks for a login session that an earlier page has left. A mark that
   *  is no secret says whether to ask: a stranger's page makes no refused call. */
  async restore() {
    const [mode, username, role, vip] = (keep.get("session") ?? "").split(" ");
    if (!mode) return;
    this.state = { mode, username, role, vip: vip === "vip", ends: performance.now() };
    this.#changed();
    await this.renew("by itself: this page was opened anew");
  }

  /** show puts the wristband on a request: into its headers, unless the browser
   *  sends it as a cookie. It gives how it was worn. */
  async show(headers) {
    await this.settled();
    if (this.state.mode && this.autoRenew && this.left() < margin) await this.renew("by itself: the wristband was about to expire");
    if (!this.state.mode) return "none";
    if (this.state.mode === "cookie") return "cookie";
    if (!this.#token) return "none";
    headers.Authorization = "Bearer " + this.#token;
    return "wristband";
  }

  /** renew trades the voucher for a new wristband, and tells whether there is one. */
  renew(why) {
    if (!this.state.mode) return Promise.resolve(false);
    this.#renewing ??= oneAtATime(() => this.#trade(why)).finally(() => { this.#renewing = null; });
    return this.#renewing;
  }

  async #trade(why) {
    const { mode, username } = this.state;
    if (!mode) return false;
    // keepalive: the answer's cookie must arrive even if the page is closed now.
    const answer = await call("POST", "/api/v1/auth/refresh", { wear: "none", cookies: true, keepalive: true, why });
    if (answer.ok) await this.#put(answer.data, mode, username);
    else if (answer.status === 401) this.drop("Your login session has ended. Log in again; nothing you typed is lost.");
    return answer.ok;
  }

  async #put(grant, mode, username) {
    this.#token = grant.access_token ?? null;
    const known = this.state.username === username ? this.state : {};
    this.state = { ...known, mode, username, ends: performance.now() + grant.expires_in * 1000, life: grant.expires_in };
    if (this.#token) {
      Object.assign(this.state, claimsOf(this.#token));
      this.#mark();
      return this.#changed();
    }
    this.#changed();
    // In cookie mode no script can read the wristband, so we ask what it says.
    const me = await call("GET", "/api/v1/auth/me", { wear: "cookie", why: "no script can read a wristband in a cookie" });
    if (me.ok) Object.assign(this.state, me.data);
    this.#mark();
    this.#changed();
  }

  /** mark leaves word that a login session may exist, and what the next page is to
   *  show until it knows better. Nothing of it is a secret or opens a door. */
  #mark() {
    const { mode, username, role, vip } = this.state;
    keep.set("session", [mode, username, role, vip ? "vip" : ""].join(" ").trim());
  }

  async logout() {
    const answer = await call("POST", "/api/v1/auth/logout");
    if (answer.ok || answer.status === 401) this.drop();
    return answer;
  }

  /** drop forgets the wristband without asking anybody. */
  drop(reason, by) {
    this.#token = null;
    this.state = { mode: null };
    if (by !== "another tab") keep.set("session", null);
    this.#changed(reason);
  }

  setAutoRenew(on) {
    this.autoRenew = on;
    keep.set("renew", on ? null : "off");
    this.#changed();
  }

  #changed(reason) { this.dispatchEvent(new CustomEvent("change", { detail: reason })); }
}

const claimsOf = (token) => {
  const { name, role, vip, age_over_18, sid, sub } = decode(token).claims ?? {};
  return { name, role, vip, age_over_18, sid, sub };
};

/** oneAtATime keeps two tabs from trading one voucher twice. Web Locks do it where
 *  they exist (secure origins); a lease in localStorage does it everywhere else,
 *  and outlives a page that is reloaded in the middle of a refresh. */
async function oneAtATime(work) {
  const guarded = async () => {
    const me = await lease();
    const extend = setInterval(() => hold(me), leaseLife / 3);
    try { return await work(); } finally {
      clearInterval(extend);
      if (keep.get("lease")?.startsWith(me)) keep.set("lease", null);
    }
  };
  return navigator.locks ? navigator.locks.request("restaurant-refresh", guarded) : guarded();
}

const leaseLife = 3000; // milliseconds; a dead page holds nobody up for longer

async function lease() {
  const me = String(Math.random());
  for (;;) {
    const [, until] = (keep.get("lease") ?? "").split(" ");
    if (!(Number(until) > Date.now() && Number(until) <= Date.now() + leaseLife)) {
      hold(me);
      await pause(navigator.locks ? 0 : 20 + Math.random() * 30); // did another tab write at the same moment?
      const holder = keep.get("lease");
      if (holder === null || holder.startsWith(me)) return me; // null: no storage, no other tab to meet
    }
    await pause(25);
  }
}

const hold = (me) => keep.set("lease", `${me} ${Date.now() + leaseLife}`);

const pause = (ms) => new Promise((next) => setTimeout(next, ms));

export const wallet = new Wallet();
wear(wallet);

// Another tab logged in or out: the cookie, which all tabs share, is another now.
addEventListener("storage", (event) => {
  if (event.key !== "restaurant.session" || event.newValue === event.oldValue) return;
  wallet.drop(event.newValue ? "" : "You logged out in another tab.", "another tab");
  if (event.newValue) wallet.restore();
});
line.addEventListener("back", () => { if (wallet.state.mode && wallet.expired && wallet.autoRenew) wallet.renew("by itself: the connection is back"); });
