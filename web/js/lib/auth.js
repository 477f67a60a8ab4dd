// Keeps the access token and refreshes it silently. To learn here: the access token
// lives in a variable and dies with the page; the refresh token lives in an httpOnly
// cookie that no script can read; and a refresh happens one at a time across all
// tabs, because a refresh token that is used twice ends the login session.

import { call, connection, isFinal, provideAuth } from "./api.js";
import { decode } from "./jwt.js";
import { isolated, prefs, storageName } from "./dom.js";
import { oneTabAtATime } from "./turns.js";

const marginSeconds = 3; // so long before its end a token counts as expired
const ended = "Your login session has ended. Log in again. Your text is still here.";

/** mode is null (logged out), "memory" or "cookie"; there is a token in memory mode only. Who one is (sub, name, role
 *  …) is what the token says; it is missing until the token has come.
 * @typedef {{mode: string, sub?: string, name?: string, role?: string, vip?: boolean, age_over_18?: boolean,
 *   sid?: string, username?: string, lifetime?: number, expires?: {ticks: number, date: number}}} State */

export class Auth extends EventTarget {
  /** @type {State} */
  state = { mode: null };
  /** With autoRefresh off one can watch a token expire. */
  autoRefresh = prefs.get("renew") !== "off";
  #token = null;
  #refreshing = null;

  get token() {
    return this.#token;
  }

  /** secondsLeft is how long the access token is still valid; null when logged out. The
   *  clock that cannot be set stands still while the computer sleeps, so the one on the
   *  wall counts, too. */
  secondsLeft() {
    if (!this.state.mode) return null;
    const { ticks, date } = this.state.expires;
    return Math.min(ticks - performance.now(), date - Date.now()) / 1000;
  }

  get expired() {
    return this.state.mode !== null && this.secondsLeft() <= 0;
  }

  /** who tells one guest from another: null for nobody, "" until the token has come. */
  get who() {
    return this.state.mode ? this.state.sub ?? "" : null;
  }

  /** settled waits for a refresh that is under way. */
  async settled() {
    await this.#refreshing;
  }

  /** login asks for an access token, and for a refresh token in a cookie.
   * @param {{username: string, password: string, mode?: string, expiresIn?: number}} options */
  async login({ username, password, mode = "memory", expiresIn }) {
    const json = { username, password, cookie: mode === "cookie" ? true : "refresh" };
    if (expiresIn) json.expires_in = expiresIn;
    const answer = await call("POST", "api/v1/auth/login", { json, auth: "none", cookies: "given", mode });
    if (!answer.ok) return answer;
    this.state = { mode, expires: expiry(0) };
    await this.#accept(answer.data, username.toLowerCase());
    return answer;
  }

  /** restore continues the login session of an earlier page. A mark in localStorage
   *  says whether there is one, so that a first visit makes no request that is refused. */
  async restore() {
    if (prefs.get("leaving")) return this.#leave();
    const { mode } = mark();
    if (!mode) return;
    this.#token = null;
    this.state = { mode, sub: this.state.sub, expires: expiry(0) };
    this.#changed();
    await this.refresh("by itself: this page was opened again");
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
    this.#refreshing ??= oneTabAtATime("refresh", () => this.#exchange(why)).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #exchange(why) {
    if (!this.state.mode) return false;
    // keepalive: the answer's cookie must arrive even if the page is closed now.
    const answer = await call("POST", "api/v1/auth/refresh", { auth: "none", cookies: true, keepalive: true, why });
    if (isFinal(answer)) this.forget(ended);
    if (!answer.data?.expires_in || !this.state.mode) return false;
    await this.#accept(answer.data);
    return true;
  }

  /** #accept takes what a login or a refresh gave. A token that went into a cookie no script
   *  can read, so the server is asked what it says. */
  async #accept(grant, typed) {
    this.#token = grant.access_token ?? null;
    const mode = this.#token ? "memory" : "cookie", expires = expiry(grant.expires_in);
    this.state = { ...this.state, mode, expires, lifetime: grant.expires_in, username: typed ?? this.state.username };
    if (this.#token) return this.#become(claimsOf(this.#token), typed);
    this.#changed();
    return this.#ask({ auth: "cookie", why: "no script can read a wristband in a cookie" }, typed);
  }

  /** #ask asks the server what the token in the cookie says. */
  async #ask(options, typed) {
    const me = await call("GET", "api/v1/auth/me", options);
    if (this.state.mode !== "cookie") return; // logged out meanwhile
    if (me.data) this.#become(me.data, typed);
    else if (isFinal(me)) this.forget(ended);
  }

  /** lookAgain asks whose token is in the cookie, where a login in Swagger UI may change it. */
  lookAgain() {
    if (this.state.mode === "cookie" && !this.expired) this.#ask({ why: "whose cookie is it now?", poll: true });
  }

  /** #become takes over what a token says, and nothing that was known before: the cookie
   *  may be of another login by now. typed is the username of a login on this page. */
  #become({ sub, name, role, vip, age_over_18, sid }, typed) {
    const { mode, expires, lifetime, sub: before } = this.state, known = mark();
    const username = typed ?? (known.sub === sub ? known.username : undefined);
    this.state = { mode, sub, name, role, vip, age_over_18, sid, username, expires, lifetime };
    remember(this.state);
    this.#changed(
      before && before !== sub ? `You are ${isolated(name)} now: somebody logged in with this browser.` : "",
    );
  }

  /** logout ends the login session. It never fails for the guest: what the server could
   *  not be told now, it is told when the connection is back. */
  async logout() {
    await this.settled();
    const byToken = this.#token && !this.expired;
    let answer = await call("POST", "api/v1/auth/logout", { auth: byToken ? undefined : "cookie", mend: false });
    if (byToken && answer.status === 401) { // it was cut already; its cookie is still there
      answer = await call("POST", "api/v1/auth/logout", { auth: "cookie" });
    }
    const told = answer.ok || isFinal(answer);
    prefs.set("leaving", told ? null : "yes");
    this.forget(told ? "" : "You are logged out here. The page tells the server when the connection is back.");
    return answer;
  }

  /** #leave tells the server of a logout that it could not be told before. */
  async #leave() {
    const answer = await call("POST", "api/v1/auth/logout", { auth: "cookie", why: "the logout, told late" });
    if (answer.ok || isFinal(answer)) prefs.set("leaving", null);
  }

  /** reconnected does what had to wait for a connection. */
  reconnected() {
    if (prefs.get("leaving")) this.#leave();
    else if (this.expired && this.autoRefresh) this.refresh("by itself: the connection is back");
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

/** expiry is a moment by both clocks. */
const expiry = (seconds) => ({ ticks: performance.now() + seconds * 1000, date: Date.now() + seconds * 1000 });

const claimsOf = (token) => decode(token).claims ?? {};

/** mark is what localStorage says about the login session that all tabs share: no secret,
 *  and not who one is. It tells one login from the next, and which username a sub has. */
function mark() {
  const [mode, login, sub, username] = (prefs.get("session") ?? "").split(" ");
  return { mode, login, sub, username };
}

function remember({ mode, sid = "", sub = "", username = "" }) {
  prefs.set("leaving", null);
  prefs.set("session", [mode, sid.slice(0, 6), sub, username].join(" ").trim());
}

/** demoUsers are the demo accounts, none on a server without them. Each password is
 *  public: the name and "-likes-pizza". */
export const demoUsers = document.body.dataset.demo === undefined ? [] : ["alice", "bob", "vera", "carla", "marco"];

export const auth = new Auth();
provideAuth(auth);

// Another tab logged in or out: the cookie, which all tabs share, is another now.
addEventListener("storage", (event) => {
  if (event.key !== storageName("session") || event.newValue === event.oldValue) return;
  if (event.newValue) auth.restore();
  else auth.forget("You logged out in another tab.", "another tab");
});
connection.addEventListener("back", () => auth.reconnected());

addEventListener("focus", () => auth.lookAgain());
