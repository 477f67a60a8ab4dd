// Beginning anew: a lesson, all lessons, or the restaurant. To learn here: what
// cannot be undone is named before it happens, with numbers, and the harmless
// button is as easy to reach as the other.

import { button, h, say } from "../dom.js";
import { call, slug } from "../api.js";
import { refusal } from "../view.js";
import { wallet } from "../wallet.js";

/** anew asks whether to put something back (what: lesson, lessons, kitchen) and
 *  does it; the promise gives whether it was done. */
export function anew(what, lesson) {
  const title = { lesson: `Start ${lesson} over?`, lessons: "Begin all lessons anew?", kitchen: "A fresh kitchen?" }[what];
  const about = { lesson: "", lessons: "", kitchen: "The restaurant goes back to its first day. What you have learnt stays." }[what];
  const yes = { lesson: "Start over", lessons: "Begin anew", kitchen: "Put it back" }[what];
  return sure({
    title, about, yes, what, lesson,
    act: () => call("POST", "/learn/reset", { json: lesson ? { what, lesson } : { what }, wear: what === "kitchen" ? undefined : "none" }),
    done: () => {
      if (what === "kitchen" && wallet.state.mode) wallet.drop("The restaurant is fresh, and all logins have ended with it. Log in again.");
    },
  });
}

/** restore asks whether to put the progress of a file in the place of this one. */
export function restore(text) {
  return sure({
    title: "Restore this progress?", about: "It takes the place of what is here now.", yes: "Restore it", what: "lessons",
    act: () => call("PUT", "/learn/progress", { body: text, wear: "none" }), done: () => {},
  });
}

function sure({ title, about, yes, what, lesson, act, done }) {
  const before = document.activeElement, notice = h("div", { class: "notice" }), losses = h("div", {}, h("p", {}, "Looking at what would be lost …"));
  const go = button(yes, async () => {
    const answer = await act();
    if (!answer.ok) return notice.replaceChildren(refusal(answer, null, whyNot(answer), false));
    done();
    say("Done.");
    dialog.close("done");
  }, { class: "primary" });
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "anew-title" },
    h("h2", { id: "anew-title", class: "dialog__title" }, title), about ? h("p", {}, about) : null, losses, notice,
    h("div", { class: "row" }, go, button("Keep everything", () => dialog.close())));
  document.body.append(dialog);
  dialog.showModal();
  preview(what, lesson).then((content) => losses.replaceChildren(...content));
  return new Promise((finish) => dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
    finish(dialog.returnValue === "done");
  }));
}

const whyNot = (answer) => (["role-required", "authentication-required"].includes(slug(answer)) ? "Here more people than you use the kitchen, so only the manager may put it back: marco, among the demo accounts." : "");

async function preview(what, lesson) {
  const answer = await call("GET", `/learn/reset?what=${what}${lesson ? `&lesson=${lesson}` : ""}`, { wear: "none" });
  if (!answer.ok) return [refusal(answer, null, "", false)];
  const lost = answer.data.loses.filter((loss) => loss.count > 0);
  if (lost.length === 0) return [h("p", {}, "Nothing is lost by it.")];
  const text = [h("p", {}, "This is lost by it:"), h("ul", { class: "losses" }, lost.map((loss) => h("li", {}, loss.what, ": ", h("b", {}, loss.count))))];
  say("Would be lost: " + lost.map((loss) => `${loss.what}: ${loss.count}`).join("; ") + ".");
  return text;
}
