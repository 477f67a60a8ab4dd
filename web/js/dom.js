// What the views share: making elements, speaking to screen readers, words for
// money and time. To learn here: a page without a framework needs one function
// to build elements, and text set as text can never become markup (no XSS).

export const $ = (selector, root = document) => root.querySelector(selector);

/** h makes an element: h("button", {type: "button", onclick: order}, "Order").
 *  Strings become text, never markup; functions become event listeners. */
export function h(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") el.addEventListener(name.slice(2), value);
    else el.setAttribute(name, value === true ? "" : value);
  }
  el.append(...children.flat(9).filter((c) => c !== undefined && c !== null && c !== false));
  return el;
}

/** button is one that does something here; links lead somewhere. */
export const button = (label, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, label);


/** keep remembers a preference (never a secret), and works where storage does not. */
export const keep = {
  get(key) { try { return localStorage.getItem("restaurant." + key); } catch { return null; } },
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem("restaurant." + key);
      else localStorage.setItem("restaurant." + key, value);
    } catch { /* storage is switched off: then it is not remembered */ }
  },
};

let spoken = 0, waiting = [];

/** say tells a screen reader what happened, politely and at most every two
 *  seconds: several messages of a busy moment become one. */
export function say(text) {
  if (waiting.push(text) > 1) return;
  setTimeout(() => {
    $("#say").textContent = waiting.join(" ");
    waiting = [];
    spoken = Date.now();
  }, Math.max(50, spoken + 2000 - Date.now()));
}

/** shout is for losses: it interrupts. */
export function shout(text) { $("#shout").textContent = text; }

// Making a formatter takes longer than everything else in a row of a list.
const monies = new Map(), times = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export function money(cents, currency = "EUR") {
  if (!monies.has(currency)) monies.set(currency, new Intl.NumberFormat("en-IE", { style: "currency", currency }));
  return monies.get(currency).format(cents / 100);
}

export const clockTime = (date) => times.format(new Date(date));

const today = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

/** dayTime says a time in words: "19:15:12 today". */
export function dayTime(date) {
  const d = new Date(date);
  if (Number.isNaN(d.getTime())) return "no time at all";
  const day = today.format(d) === today.format(new Date()) ? "today" : "on " + today.format(d);
  return `${clockTime(d)} ${day}`;
}

/** span says a number of seconds in words: "14 min 32 s", "2 days 3 h". */
export function span(seconds) {
  const s = Math.abs(Math.round(seconds)), parts = [];
  for (const [name, size] of [[s < 172800 ? "day" : "days", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    const n = Math.floor((s % (size * (size === 86400 ? 1e6 : size === 1 ? 60 : size === 60 ? 60 : 24))) / size);
    if (n > 0) parts.push(`${n} ${name}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

/** clock is the short form for the wristband: "14:32". */
export function clock(seconds) {
  const s = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

const piece = 6; // milliseconds
const builders = new WeakMap(); // who builds a list now

/** inPieces builds a long list a piece at a time, so that no step keeps the page
 *  from answering for long, on slow computers neither. What is in sight at once
 *  comes in one piece, so that nothing moves. It stops when the list has left the
 *  page, or is built anew. */
export async function inPieces(items, build, into, inSight = 1) {
  const me = {};
  builders.set(into, me);
  let since = performance.now();
  for (const [i, item] of items.entries()) {
    into.append(build(item));
    if (i < inSight || performance.now() - since < piece) continue;
    await new Promise((next) => setTimeout(next)); // let the browser breathe
    if (!into.isConnected || builders.get(into) !== me) return;
    since = performance.now();
  }
}

/** randomKey is 128 random bits in hex. crypto.randomUUID does not exist on plain
 *  HTTP with a host name; getRandomValues always does. */
export function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** copy puts text on the clipboard, or selects it where there is no clipboard. */
export async function copy(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
    return true;
  } catch {
    const field = h("textarea", { class: "copy-field", readonly: true, "aria-label": "Text to copy", rows: 3 }, text);
    near.after(field);
    field.focus();
    field.select();
    field.addEventListener("blur", () => field.remove());
    say("Your browser lets no page use the clipboard here. The text is selected: press Ctrl C or Command C.");
    return false;
  }
}
