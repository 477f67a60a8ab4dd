// What the views share: making elements, announcements, preferences, words for money
// and time. To learn here: a page without a framework needs one function to build
// elements, and text set as text can never become markup (no XSS).

/** $ finds the first element that a CSS selector matches.
 * @param {string} selector
 * @param {ParentNode} root
 * @returns {any} */
export const $ = (selector, root = document) => root.querySelector(selector);

/** focused is the element that has the focus.
 * @returns {any} */
export const focused = () => document.activeElement;

/** h makes an element: h("button", {type: "button", onclick: order}, "Order").
 *  Strings become text, never markup; functions become event listeners.
 * @param {Record<string, any>} attributes
 * @returns {any} */
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

/** picture is a drawing of icons.svg. It says nothing that the text beside it does not. */
export function picture(name) {
  const svg = $("#picture").content.firstElementChild.cloneNode(true);
  svg.firstElementChild.setAttribute("href", "icons.svg#" + name);
  return svg;
}

/** bdi holds a text that somebody typed. It may run from right to left, and must not turn
 *  round what stands beside it. */
export const bdi = (text) => h("bdi", {}, text);

/** isolated is bdi for a sentence that is one text: with the control characters that say
 *  the same (FSI and PDI). */
export const isolated = (text) => `\u2068${text}\u2069`;

/** breakable is a command whose addresses may go on in a new line after a slash, where no
 *  word is torn. Copied, it is one line. */
export const breakable = (text) => text.split(/(?<=\w\/)(?=\w)/).flatMap((part, i) => (i ? [h("wbr"), part] : [part]));

/** ended is a text as the end of a sentence. It may be a question. */
export const ended = (text) => /[.?!]$/.test(text) ? text : text + ".";

/** withCode is a text in which what is between backticks is code. */
export const withCode = (text) => text.split(/`([^`]+)`/).map((part, i) => (i % 2 ? h("code", {}, part) : part));

/** dishName is a dish in one of its sizes, to be shown. */
export const dishName = ({ name, size }) => [size === "regular" ? "" : size + " ", bdi(name)];

/** button makes a button. It does something here; links lead somewhere. */
export const button = (label, onclick, attributes = {}) =>
  h("button", { type: "button", onclick, ...attributes }, label);

/** render replaces what is in a box. The focus stays where it was, at what has the same
 *  data-key or id, or goes to the fallback if that is gone. */
export function render(box, nodes, fallback = null) {
  const at = focused(), had = box.contains(at), key = CSS.escape(at?.dataset.key ?? at?.id ?? "");
  box.replaceChildren(...nodes);
  if (had) (box.querySelector(`[data-key="${key}"], [id="${key}"]`) ?? fallback)?.focus();
}

/** storageName is the name of a key in the storage of the browser. Restaurants below different
 *  paths of one server, such as the tables of a class, share the storage. */
export const storageName = (key) => `restaurant${new URL("../..", import.meta.url).pathname.slice(0, -1)}.${key}`;

/** prefs remembers preferences (never secrets), and works where storage does not. */
export const prefs = {
  get(key) {
    try {
      return localStorage.getItem(storageName(key));
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(storageName(key));
      else localStorage.setItem(storageName(key), value);
    } catch { /* storage is switched off: then it is not remembered */ }
  },
};

let lastAnnounced = 0, pending = [];

/** announce tells a screen reader what happened, politely and at most every two
 *  seconds: several messages of a busy moment become one. */
export function announce(text) {
  if (pending.push(text) > 1) return;
  setTimeout(() => {
    region("status").textContent = pending.join(" ");
    pending = [];
    lastAnnounced = Date.now();
  }, Math.max(50, lastAnnounced + 2000 - Date.now()));
}

/** alert is for losses: it interrupts. */
export function alert(text) {
  for (const box of new Set([$("#shout"), region("alert")])) box.textContent = text;
}

/** showModal opens a dialog with places of its own for what is said: while it is open, a screen
 *  reader hears nothing of the page behind it. They are there before something is said. */
export function showModal(dialog) {
  if (!dialog.querySelector("[data-say]")) {
    dialog.append(...["status", "alert"].map((role) => h("div", { class: "visually-hidden", role, "data-say": role })));
  }
  dialog.showModal();
}

const region = (role) => $(`dialog:modal [data-say=${role}]`) ?? $(role === "status" ? "#say" : "#shout");

// Making a formatter takes longer than everything else in a row of a list.
const currencyFormats = new Map(), timeFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export function money(cents, currency = "EUR") {
  if (!currencyFormats.has(currency)) {
    currencyFormats.set(currency, new Intl.NumberFormat("en-IE", { style: "currency", currency }));
  }
  return currencyFormats.get(currency).format(cents / 100);
}

export const clockTime = (date) => timeFormat.format(new Date(date));

const dateFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

/** dayTime is a time in words: "19:15:12 today". */
export function dayTime(date) {
  const d = new Date(date);
  if (Number.isNaN(d.getTime())) return "not a time";
  const day = dateFormat.format(d) === dateFormat.format(new Date()) ? "today" : "on " + dateFormat.format(d);
  return `${clockTime(d)} ${day}`;
}

/** duration is a number of seconds in words: "14 min 32 s", "2 days 3 h". */
export function duration(seconds) {
  const s = Math.abs(Math.round(seconds));
  const days = Math.floor(s / 86400), hours = Math.floor(s / 3600) % 24, minutes = Math.floor(s / 60) % 60;
  const parts = [[days, days === 1 ? "day" : "days"], [hours, "h"], [minutes, "min"], [s % 60, "s"]];
  return parts.filter(([n]) => n).slice(0, 2).map((part) => part.join(" ")).join(" ") || "0 s";
}

/** minutesSeconds is the short form of a duration: "14:32". */
export function minutesSeconds(seconds) {
  const s = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

const sliceMs = 6;
const builders = new WeakMap(); // the latest build of each list

/** inPieces builds a long list a piece at a time, so that no step blocks the page for
 *  long, not even on a slow computer. The first inSight rows come in one piece, so that
 *  nothing moves. It stops when the list has left the page or is built again. */
export async function inPieces(items, build, into, inSight = 1) {
  const me = {};
  builders.set(into, me);
  let since = performance.now();
  for (const [i, item] of items.entries()) {
    into.append(build(item, i));
    if (i < inSight || performance.now() - since < sliceMs) continue;
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

/** copy puts text on the clipboard, for a button nearby. There is no navigator.clipboard
 *  over plain HTTP (no secure context); an old command does it there. Where neither works,
 *  the text is selected. */
export async function copy(text, near) {
  if (await toClipboard(text) || copySelected(text, near)) {
    near.focus();
    near.classList.add("copied");
    setTimeout(() => near.classList.remove("copied"), 2000);
    announce("Copied.");
    return true;
  }
  const field = copyField(text, near);
  field.addEventListener("blur", () => field.remove());
  announce("Your browser does not let this page use the clipboard. The text is selected: press Ctrl C or Command C.");
  return false;
}

const toClipboard = (text) =>
  navigator.clipboard ? navigator.clipboard.writeText(text).then(() => true, () => false) : false;

function copySelected(text, near) {
  const field = copyField(text, near), done = document.execCommand("copy");
  field.remove();
  return done;
}

/** copyField is a field with a text, which is selected. */
function copyField(text, near) {
  const field = h("textarea", { class: "copy-field", readonly: true, "aria-label": "Text to copy", rows: 3 }, text);
  near.after(field);
  field.focus();
  field.select();
  return field;
}
