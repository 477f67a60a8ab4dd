// Starting over: a lesson, all lessons, or the restaurant. To learn here: what
// cannot be undone is named before it happens, with numbers, and the harmless
// button is as easy to reach as the other.

import { announce, button, focused, h, showModal } from "../lib/dom.js";
import { call, slug } from "../lib/api.js";
import { refusal } from "../parts/view.js";
import { auth } from "../lib/auth.js";

/** confirmReset asks whether to reset something (what: lesson, lessons, kitchen), does it,
 *  and reports whether it was done. */
export function confirmReset(what, lesson) {
  const title =
    { lesson: `Start ${lesson} over?`, lessons: "Start all lessons again?", kitchen: "A fresh kitchen?" }[what];
  const about = {
    lesson: "",
    lessons: "",
    kitchen: "This deletes all orders, new accounts and changes of the menu. Your progress in the lessons stays,"
      + " but for what they have seen of these orders.",
  }[what];
  const yes = { lesson: "Start over", lessons: "Start again", kitchen: "Reset it" }[what];
  return confirmDialog({
    title,
    about,
    yes,
    what,
    lesson,
    act: () =>
      call("POST", "learn/reset", {
        json: lesson ? { what, lesson } : { what },
        auth: what === "kitchen" ? undefined : "none",
      }),
    done: () => {
      if (what === "kitchen" && auth.state.mode) {
        auth.forget("The restaurant was reset, and all logins have ended. Log in again.");
      }
    },
  });
}

/** confirmRestore asks whether the progress in a file is to replace this one. */
export function confirmRestore(text) {
  return confirmDialog({
    title: "Restore this progress?",
    about: "It replaces the progress that is here now.",
    yes: "Restore it",
    what: "lessons",
    act: () => call("PUT", "learn/progress", { body: text, auth: "none" }),
    done: () => {},
  });
}

function confirmDialog({ title, about, yes, what, lesson = undefined, act, done }) {
  const before = focused(),
    notice = h("div", { class: "notice" }),
    losses = h("div", {}, h("p", {}, "Checking what you would lose …"));
  const go = button(yes, async () => {
    const answer = await act();
    if (!answer.ok) return notice.replaceChildren(refusal(answer, null, refusalHint(answer), false));
    done();
    announce("Done.");
    dialog.close("done");
  }, { class: "primary" });
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": "reset-title" },
    h("h2", { id: "reset-title", class: "dialog__title" }, title),
    about ? h("p", {}, about) : null,
    losses,
    notice,
    h("div", { class: "row" }, go, button("Keep everything", () => dialog.close())),
  );
  document.body.append(dialog);
  showModal(dialog);
  listLosses(what, lesson).then((content) => losses.replaceChildren(...content));
  return new Promise((finish) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before?.isConnected) before.focus();
      finish(dialog.returnValue === "done");
    })
  );
}

const refusalHint = (
  answer,
) => (["role-required", "authentication-required"].includes(slug(answer))
  ? "Other people use this server, too, so only a manager may reset it. Of the demo accounts, marco is the manager."
  : "");

async function listLosses(what, lesson) {
  const answer = await call("GET", `learn/reset?what=${what}${lesson ? `&lesson=${lesson}` : ""}`, { auth: "none" });
  if (!answer.ok) return [refusal(answer, null, "", false)];
  const lost = answer.data.loses.filter((loss) => loss.count > 0);
  if (lost.length === 0) return [h("p", {}, "You lose nothing.")];
  const text = [
    h("p", {}, "You lose:"),
    h("ul", { class: "losses" }, lost.map((loss) => h("li", {}, loss.what, ": ", h("b", {}, loss.count)))),
  ];
  announce("You would lose: " + lost.map((loss) => `${loss.what}: ${loss.count}`).join("; ") + ".");
  return text;
}
