// One entry of the notebook: a request and its answer, raw. To learn here: what HTTP
// looks like, which headers matter, what Server-Timing says about authentication and
// the database, and how to say the same with curl.

import { announce, bdi, breakable, button, clockTime, copy, focused, h, minutesSeconds, prefs } from "../lib/dom.js";
import { call, open } from "../lib/api.js";
import { notebook } from "../lib/notebook.js";
import { parseEvents } from "../lib/sse.js";
import { outcome } from "./notebook-line.js";
import { houseURL, renderCommand, shells } from "../lib/curl.js";
import { auth, demoUsers } from "../lib/auth.js";

/** entryCard shows an entry, opened, and follows it while its answer grows. */
export function entryCard(entry) {
  const card = h("div", { class: "entry" });
  const draw = () => card.replaceChildren(...body(entry));
  const follow = (event) => {
    if (event.detail !== entry) return;
    if (!card.isConnected && card.dataset.seen) return notebook.removeEventListener("entry", follow);
    if (!card.contains(document.activeElement)) draw();
  };
  notebook.addEventListener("entry", follow);
  requestAnimationFrame(() => {
    card.dataset.seen = "yes";
  });
  draw();
  return card;
}

function body(entry) {
  return [
    entry.why ? h("p", { class: "entry__why" }, "Why: " + entry.why + ".") : null,
    h(
      "div",
      { class: "entry__sides" },
      side("The page said", requestText(entry), entry),
      side("The waiter answered", answerText(entry), entry),
    ),
    factList(entry),
    entry.cookies ? cookieNote(entry.cookies) : null,
    commands(entry),
    h(
      "div",
      { class: "row" },
      replayButton(entry, "Replay"),
      entry.auth !== "none" ? replayButton(entry, "Replay without the wristband", true) : null,
    ),
  ].filter(Boolean);
}

function side(title, text, entry) {
  const pre = h("pre", { tabindex: 0, "aria-label": title }, h("code", {}, shortenTokens(text)));
  const hidden = shortenTokens(text) !== text;
  const reveal = button("Reveal the token", () => {
    pre.firstChild.textContent = text;
    reveal.remove();
  }, { class: "quiet", "aria-label": `Reveal the token in “${title}” of entry ${entry.n}` });
  return h("div", {}, h("p", { class: "entry__title" }, title, hidden ? reveal : null), pre);
}

/** shortenTokens hides tokens: they are secrets, and 700 letters say nothing to the eye. */
export const shortenTokens = (text) =>
  text.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, (token) => `${token.slice(0, 8)}… (${token.length} characters)`);

function requestText({ method, path, headers, body }) {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${location.host}`,
    ...Object.entries(headers).map((pair) => pair.join(": ")),
  ];
  return lines.join("\n") + (body ? "\n\n" + body : "");
}

function answerText(entry) {
  if (entry.error) return entry.error;
  if (!entry.answer) return "…";
  const text = entry.answer.body, most = 20000;
  const lines = [
    `HTTP/1.1 ${entry.status} ${entry.statusText}`,
    ...entry.answer.headers.map(([k, v]) => `${headerCase(k)}: ${v}`),
  ];
  return lines.join("\n")
    + (text
      ? "\n\n" + (text.length > most ? `${text.slice(0, most)}\n… and ${text.length - most} more characters` : text)
      : "");
}

/** headerCase writes a header as people do; fetch returns its name in small letters. */
const headerCase = (name) =>
  ({ etag: "ETag", "x-request-id": "X-Request-ID", "www-authenticate": "WWW-Authenticate" })[name]
    ?? name.replace(/\b[a-z]/g, (c) => c.toUpperCase());

function factList({ at, ms, auth: how, left, who, times, timing: t }) {
  const wristband = {
    bearer: [
      bdi(who ?? "a guest"),
      "’s wristband",
      left !== null ? left > 0 ? `, ${minutesSeconds(left)} left` : ", expired" : "",
    ],
    cookie: "in a cookie, sent by the browser",
    none: "none",
    "other": "a different token",
  }[how];
  const rows = [
    ["Time", clockTime(at) + (times > 1 ? `, ${times} times` : "")],
    ["Wristband", wristband],
    t?.auth !== null && t !== undefined ? ["Token check", t.auth > 0 ? `${t.auth} ms` : "nothing to check"] : null,
    t?.queries !== null && t !== undefined
      ? ["Order book", `${t.queries} SQL ${t.queries === 1 ? "statement" : "statements"}, ${t.db} ms`]
      : null,
    ms !== undefined ? ["Whole way", `${ms.toFixed(1)} ms`] : null,
  ];
  return h(
    "dl",
    { class: "facts" },
    rows.filter(Boolean).map(([k, v]) => h("div", {}, h("dt", {}, k), h("dd", {}, v))),
  );
}

function cookieNote({ sent, set }) {
  const words = [
    sent.length ? `The browser also sent the cookie ${sent.join(" and ")}.` : "",
    set ? "The answer also set or cleared a cookie." : "",
    "No script can see that (HttpOnly), so it is not shown above. The commands below save cookies in a file.",
  ];
  return h("p", { class: "entry__cookie" }, words.filter(Boolean).join(" "));
}

/** toCommandRequest is the entry as curl.js takes it, asked by the person who types it. */
export function toCommandRequest(entry) {
  const headers = Object.entries(entry.headers).filter(([name]) =>
    name !== "Asked-By" && (name !== "Authorization" || entry.auth === "other")
  );
  const user = demoUsers.find((name) => name === entry.user);
  return {
    method: entry.method,
    url: location.origin + entry.path,
    base: houseURL,
    headers,
    body: entry.body,
    stream: entry.stream,
    name: "request-" + entry.n,
    title: `Entry ${entry.n}`,
    token: entry.auth === "bearer" ? entry.headers.Authorization.slice(7) : null,
    needs: entry.cookies?.sent.length && entry.auth !== "bearer" ? "cookie" : entry.auth === "bearer" ? "bearer" : null,
    cookies: Boolean(entry.cookies?.set),
    mode: entry.cookies?.mode,
    user,
    password: user ? user + "-likes-pizza" : undefined,
  };
}

function commands(entry) {
  const box = h("div", { class: "shell" }),
    tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Write it for" });
  const id = `shell-${entry.n}-${serial++}`, panel = h("div", { role: "tabpanel", id, class: "shell__panel" });
  const pick = (shell, focus) => {
    prefs.set("shell", shell);
    for (const tab of tabs.children) {
      const on = tab.dataset.shell === shell;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      if (on) panel.setAttribute("aria-labelledby", tab.id);
      if (on && focus) tab.focus();
    }
    panel.replaceChildren(...commandPanel(entry, shell));
  };
  for (const { id: shell, label } of shells) {
    tabs.append(
      button(label, () => pick(shell), { role: "tab", id: `${id}-${shell}`, "data-shell": shell, "aria-controls": id }),
    );
  }
  tabs.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key], all = shells.map((s) => s.id);
    if (step) pick(all.at((all.indexOf(focused().dataset.shell) + step) % all.length), true);
  });
  pick(shells.some((s) => s.id === prefs.get("shell")) ? prefs.get("shell") : "sh");
  box.append(h("p", { class: "entry__title" }, "The same from a terminal"), tabs, panel);
  return box;
}

let serial = 0;

function commandPanel(entry, shell) {
  const { text, files } = renderCommand(toCommandRequest(entry), shell);
  const take = button("Copy", () => copy(text, take), { class: "quiet" });
  return [
    files.length
      ? h(
        "p",
        { class: "muted" },
        "Put ",
        files.map((f, i) => [i ? " and " : "", download(f)]),
        " into the folder where you type:",
      )
      : null,
    ...files.map((f) =>
      h("pre", { tabindex: 0, "data-file": f.name, "aria-label": "The file " + f.name }, h("code", {}, f.text))
    ),
    h(
      "pre",
      { tabindex: 0, class: "command", "data-shell": shell, "aria-label": "The command for " + shell },
      h("code", {}, breakable(shell === "http" ? shortenTokens(text) : text)),
    ),
    h("div", { class: "row" }, take),
    /YOUR-PASSWORD/.test(text)
      ? h("p", { class: "muted" }, "The notebook saves no passwords. Replace YOUR-PASSWORD with yours.")
      : null,
    location.protocol === "https:" && shell !== "http" && !document.body.dataset.curlOptions
      ? h(
        "p",
        { class: "muted" },
        "If curl does not trust the certificate, get the file ca.pem of the server and add ",
        h("code", {}, "--cacert ca.pem"),
        ".",
      )
      : null,
  ].filter(Boolean);
}

function download({ name, text }) {
  const link = h("a", { href: "#", download: name }, name);
  link.addEventListener("click", () => {
    link.href = URL.createObjectURL(new Blob([text]));
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
  return link;
}

function replayButton(entry, label, bare = false) {
  const blocked = entry.body?.includes("YOUR-PASSWORD");
  const result = h("span", { class: "replay__result" });
  const go = button(label, async () => {
    go.disabled = true;
    const answer = await replay(entry, bare);
    go.disabled = false;
    go.focus();
    result.textContent = ` ${outcome(answer.entry)}, see entry ${answer.entry.n}`;
    announce(`Replayed: ${outcome(answer.entry)}, entry ${answer.entry.n}.`);
  }, { disabled: blocked, title: blocked ? "The notebook saves no passwords, so it cannot send this again." : null });
  return h("span", {}, go, result);
}

/** replay sends a request again, with the current token. */
async function replay(entry, bare) {
  const { Authorization, "Asked-By": _page, ...headers } = entry.headers; // somebody asks now
  const how = bare
    ? "none"
    : entry.auth === "other"
    ? Authorization.slice(7)
    : entry.auth === "none"
    ? "none"
    : undefined;
  const options = {
    headers,
    body: entry.body ?? undefined,
    auth: how,
    why: `entry ${entry.n} again${bare ? ", without the wristband" : ""}`,
  };
  const ours = entry.cookies; // a login of a lesson leaves the page's own token alone
  if (!bare && ours && entry.path.endsWith("/auth/login")) return auth.login(loginOf(JSON.parse(entry.body)));
  if (!bare && entry.path.endsWith("/auth/logout")) return auth.logout();
  if (!bare && ours && entry.path.endsWith("/auth/refresh")) {
    await auth.refresh(options.why);
    return { entry: notebook.entries.find((e) => e.path === entry.path) };
  }
  if (!entry.stream) return call(entry.method, entry.path, options);
  const answer = await open(entry.path, { ...options, signal: AbortSignal.timeout(60000) });
  if (answer.body) readToEnd(answer);
  return answer;
}

/** readToEnd reads a stream into its entry, until the order is done or a minute is over. */
/** @param {import("../lib/api.js").Answer} answer */
async function readToEnd(answer) {
  try {
    for await (const event of parseEvents(answer)) void event;
  } catch { /* the minute is over, or the connection broke */ }
}

// A replayed login brings a new token, so it goes through auth.js.
const loginOf = ({ username, password, cookie, expires_in }) => ({
  username,
  password,
  expiresIn: expires_in,
  mode: cookie === true ? "cookie" : "memory",
});
