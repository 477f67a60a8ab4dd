// Texts of lessons: `code` between backticks, and technical words with a note each. To
// learn here: the popover attribute opens a note without a script,
// closes it with Escape, and tells a screen reader that it is open.

import { h } from "../lib/dom.js";

/** Glossary writes texts that use the same words; each word is explained where it comes
 *  first. words: [{word, says, forms}]. */
export class Glossary {
  #met = new Set();
  #byForm = new Map();
  #find;

  constructor(words) {
    for (const w of words) for (const form of [w.word, ...w.forms]) this.#byForm.set(key(form), w);
    const forms = [...this.#byForm.keys()].sort((a, b) => b.length - a.length).map((form) =>
      form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    );
    this.#find = new RegExp(forms.length ? `(?<![\\w./-])(?:${forms.join("|")})(?![\\w/-])` : "(?!)", "gi");
  }

  /** link returns the nodes of a text. */
  link(text) {
    return text.split(/`([^`]+)`/).map((part, i) => (i % 2 ? h("code", {}, part) : this.#linkWords(part)));
  }

  #linkWords(text) {
    const nodes = [];
    let last = 0;
    for (const match of text.matchAll(this.#find)) {
      const word = this.#byForm.get(match[0]) ?? this.#byForm.get(match[0].toLowerCase());
      if (!word || this.#met.has(word)) continue;
      this.#met.add(word);
      const opens = text[match.index - 1] === "("; // it stays with its word, though that is a button
      nodes.push(text.slice(last, match.index - Number(opens)));
      nodes.push(opens ? h("span", { class: "whole" }, "(", wordNote(match[0], word)) : wordNote(match[0], word));
      last = match.index + match[0].length;
    }
    return [...nodes, text.slice(last)];
  }
}

/** key keeps capitals where all letters are capitals: GET is a method, and get is not. */
const key = (form) => (form === form.toUpperCase() ? form : form.toLowerCase());

let serial = 0;

function wordNote(text, { word, says }) {
  const note = h(
    "span",
    { popover: "auto", id: "word-" + serial++, class: "word__note" },
    h("b", {}, word),
    ": " + says,
  );
  const link = h("button", { type: "button", class: "word", popovertarget: note.id }, text);
  note.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") placeNote(link, note);
  });
  return [link, note];
}

/** placeNote puts the note below its word, inside the window. A style attribute would
 *  be blocked by the policy of this page; the style object is not. */
function placeNote(link, note) {
  const box = link.getClientRects()[0], { offsetWidth: width, offsetHeight: height } = note;
  const below = box.bottom + 6 + height < innerHeight;
  note.style.setProperty(
    "left",
    `${Math.max(8, Math.min(box.left, document.documentElement.clientWidth - width - 8)) + scrollX}px`,
  );
  note.style.setProperty("top", `${(below ? box.bottom + 6 : Math.max(8, box.top - height - 6)) + scrollY}px`);
  addEventListener("resize", () => note.togglePopover(false), { once: true });
}
