// Keeps the access token and refreshes it silently. To learn here: the access token
// lives in a variable and dies with the page; the refresh token lives in an httpOnly
// cookie that no script can read; and a refresh happens one at a time across all
// tabs, because a refresh token that is used twice ends the login session.

import { call, connection, provideAuth } from "./api.js";
import { decode } from "./jwt.js";
import { prefs } from "./dom.js";

const marginSeconds = 3; // so long before its end a token counts as expired

export class Auth extends EventTarget {
  /** mode is null (logged out), "memory" or "cookie"; there is a token in memory mode only. */
  state = { mode: null };
  /** With autoRefresh off one can watch a token expire. */
  autoRefresh = prefs.get("renew") !== "off";
  #token = null;
  #refreshing = null;

  get token() {
    return this.#token;
  }

  /** secondsLeft is how long the access token is still valid; null when logged out. */
  secondsLeft() {
    return this.state.mode ? (this.state.expiresAt - performance.now()) / 1000 : null;
  }

  get expired() {
    return this.state.mode !== null && this.secondsLeft() <= 0;
  }

  /** settled waits for a refresh that is under way. */
  async settled() {
    await this.#refreshing;
  }

  /** login asks for an access token, and for a refresh token in a cookie. */
  async login({ username, password, mode = "memory", expiresIn }) {
    const json = { username, password, cookie: mode === "cookie" ? true : "refresh" };
    if (expiresIn) json.expires_in = expiresIn;
    const answer = await call("POST", "/api/v1/auth/login", { json, auth: "none", cookies: "given", mode });
    if (answer.ok) await this.#accept(answer.data, mode, username.toLowerCase());
    return answer;
  }

  /** restore continues the login session of an earlier page. A mark in localStorage
   *  says whether there is one, so that a first visit makes no request that is refused. */
  async restore() {
    const [mode, username, role, vip] = (prefs.get("session") ?? "").split(" ");
    if (!mode) return;
    this.state = { mode, username, role, vip: vip === "vip", expiresAt: performance.now() };
    this.#changed();
    await this.refresh("by itself: this page was opened anew");
  }

  /** authorize adds the access token to the headers of a request, refreshed if it is
   *  about to expire, and returns how it travels: "bearer", "cookie" or "none". */
  async authorize(headers) {
    await this.settled();
    if (this.state.mode && this.autoRefresh && this.secondsLeft() < marginSeconds) {
      await this.refresh("by itself: the wristband was about to expire");
    }
    if (!this.state.mode) return "none";
    if (this.state.mode === "cookie") return "cookie";
    if (!this.#token) return "none";
    headers.Authorization = "Bearer " + this.#token;
    return "bearer";
  }

  /** refresh exchanges the refresh token for a new pair and reports whether it got one. */
  refresh(why) {
    if (!this.state.mode) return Promise.resolve(false);
    this.#refreshing ??= oneTabAtATime(() => this.#exchange(why)).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #exchange(why) {
    const { mode, username } = this.state;
    if (!mode) return false;
    // keepalive: the answer's cookie must arrive even if the page is closed now.
    const answer = await call("POST", "/api/v1/auth/refresh", { auth: "none", cookies: true, keepalive: true, why });
    if (answer.ok) await this.#accept(answer.data, mode, username);
    else if (answer.status === 401) {
      this.forget("Your login session has ended. Log in again; nothing you typed is lost.");
    }
    return answer.ok;
  }

  async #accept(grant, mode, username) {
    this.#token = grant.access_token ?? null;
    const known = this.state.username === username ? this.state : {};
    this.state = {
      ...known,
      mode,
      username,
      expiresAt: performance.now() + grant.expires_in * 1000,
      lifetime: grant.expires_in,
    };
    if (this.#token) {
      Object.assign(this.state, claimsOf(this.#token));
      this.#remember();
      return this.#changed();
    }
    this.#changed();
    // In cookie mode no script can read the token, so the server is asked what it says.
    const me = await call("GET", "/api/v1/auth/me", {
      auth: "cookie",
      why: "no script can read a wristband in a cookie",
    });
    if (me.ok) Object.assign(this.state, me.data);
    this.#remember();
    this.#changed();
  }

  /** #remember notes that a login session may exist, and what the next page shows
   *  until it has asked. None of it is a secret. */
  #remember() {
    const { mode, username, role, vip } = this.state;
    prefs.set("session", [mode, username, role, vip ? "vip" : ""].join(" ").trim());
  }

  async logout() {
    const answer = await call("POST", "/api/v1/auth/logout");
    if (answer.ok || answer.status === 401) this.forget();
    return answer;
  }

  /** forget drops the token without a request. */
  forget(reason, by) {
    this.#token = null;
    this.state = { mode: null };
    if (by !== "another tab") prefs.set("session", null);
    this.#changed(reason);
  }

  setAutoRefresh(on) {
    this.autoRefresh = on;
    prefs.set("renew", on ? null : "off");
    this.#changed();
  }

  #changed(reason) {
    this.dispatchEvent(new CustomEvent("change", { detail: reason }));
  }
}

const claimsOf = (token) => {
  const { name, role, vip, age_over_18, sid, sub } = decode(token).claims ?? {};
  return { name, role, vip, age_over_18, sid, sub };
};

/** oneTabAtATime keeps two tabs from using one refresh token twice. Web Locks do it
 *  where they exist (secure origins); a lease in localStorage does it everywhere else,
 *  and outlives a page that is reloaded in the middle of a refresh. */
async function oneTabAtATime(work) {
  const guarded = async () => {
    const me = await acquireLease();
    const extend = setInterval(() => writeLease(me), leaseMs / 3);
    try {
      return await work();
    } finally {
      clearInterval(extend);
      if (prefs.get("lease")?.startsWith(me)) prefs.set("lease", null);
    }
  };
  return navigator.locks ? navigator.locks.request("restaurant-refresh", guarded) : guarded();
}

const leaseMs = 3000; // a page that died blocks the others for no longer

async function acquireLease() {
  const me = String(Math.random());
  for (;;) {
    const [, until] = (prefs.get("lease") ?? "").split(" ");
    if (!(Number(until) > Date.now() && Number(until) <= Date.now() + leaseMs)) {
      writeLease(me);
      await sleep(navigator.locks ? 0 : 20 + Math.random() * 30); // did another tab write at the same moment?
      const holder = prefs.get("lease");
      if (holder === null || holder.startsWith(me)) return me; // null: no storage, no other tab to meet
    }
    await sleep(25);
  }
}

const writeLease = (me) => prefs.set("lease", `${me} ${Date.now() + leaseMs}`);

const sleep = (ms) => new Promise((next) => setTimeout(next, ms));

/** demoUsers are the demo accounts, none on a server without them. Each password is
 *  public: the name and "-likes-pizza". */
export const demoUsers = document.body.dataset.demo === undefined ? [] : ["alice", "bob", "vera", "carla", "marco"];

export const auth = new Auth();
provideAuth(auth);

// Another tab logged in or out: the cookie, which all tabs share, is another now.
addEventListener("storage", (event) => {
  if (event.key !== "restaurant.session" || event.newValue === event.oldValue) return;
  auth.forget(event.newValue ? "" : "You logged out in another tab.", "another tab");
  if (event.newValue) auth.restore();
});
connection.addEventListener("back", () => {
  if (auth.state.mode && auth.expired && auth.autoRefresh) auth.refresh("by itself: the connection is back");
});
