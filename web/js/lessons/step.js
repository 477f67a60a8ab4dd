// One step of a lesson: the request as a command, a button that sends it from
// here, and what came beside what was expected. To learn here: a command and a
// button make the same request, so the server credits either; and an answer is
// compared part by part: status, headers, body.

import { announce, bdi, breakable, button, clockTime, copy, duration, h } from "../lib/dom.js";
import { claimsIn, compare, lessonFiles, missingFile, sendStep } from "./files.js";
import { logIn, refusal, showRequest } from "../parts/view.js";
import { shortenTokens } from "../parts/entry.js";
import { auth } from "../lib/auth.js";

/** Step shows one step of the section Run; name is what the learner calls it, such as
 *  "step 2". */
export class Step {
  #last = null; // when its answer came
  #pressed = null; // when its button was pressed
  #control = null;

  /** @type {Step | undefined} */
  before; // the step before this one

  /** alone is true if the learner finds the request: then it is behind a disclosure. */
  constructor(section, data, name, alone = false) {
    this.section = section;
    this.alone = alone;
    this.page = section.page;
    this.data = data;
    this.name = name;
    this.mark = h("span", { class: "step__mark" });
    this.command = h("code", {});
    this.file = h("p", { class: "muted small" });
    this.result = h("div", { class: "step__result" });
    const elsewhere = onlyInTerminal(data);
    this.go = button("Run it here", () => this.run(), {
      "aria-label": `Run it here: ${name}`,
      hidden: Boolean(data.page || elsewhere),
    });
    this.stop = button("Stop", () => this.#control?.abort(), {
      class: "quiet",
      hidden: true,
      "aria-label": `Stop ${name}`,
    });
    const take = button("Copy", () => copy(this.command.textContent, take), {
      class: "quiet",
      "aria-label": `Copy the command of ${name}`,
    });
    this.el = h(
      "li",
      { class: "lesson-step", "data-step": data.id },
      h(
        "p",
        { class: "lesson-step__say" },
        this.page.glossary.link(data.say),
        data.wait ? ` Wait ${data.wait} seconds first.` : "",
        this.mark,
      ),
      inLab(data)
        ? h(
          "p",
          { class: "lab-banner" },
          h("strong", {}, "Lab: unsafe on purpose. Do not copy this into a server of your own."),
        )
        : null,
      ...(data.page
        ? [
          h(
            "p",
            {},
            h("a", { href: data.page, target: "_blank" }, `Open the page of ${name}`),
            " in a tab of its own. ",
            "The step is done when the server has seen what you do there.",
          ),
        ]
        : this.disclosed([
          h("pre", { class: "command" }, this.command),
          this.file,
          elsewhere ? h("p", {}, h("b", {}, "In a terminal: "), elsewhere) : null,
          h("div", { class: "row" }, this.go, take, this.stop),
        ])),
      this.result,
    );
    this.update(data);
  }

  /** disclosed puts the request behind a disclosure if the learner is to find it alone. */
  disclosed(nodes) {
    if (!this.alone) return nodes;
    this.cost = h("span", {});
    const head = h(
      "summary",
      { onclick: (event) => this.askForHelp(event) },
      "Show the command",
      this.cost,
      h("span", { class: "visually-hidden" }, ` (${this.name})`),
    );
    this.help = h("details", { class: "step__help" }, head, nodes);
    return [this.help];
  }

  /** mayShow reports whether the command is no secret, or no more: a lesson that is done needs
   *  no help, and the last hint shows the commands of all steps. */
  get mayShow() {
    const { state, hints } = this.page.data;
    return !this.alone || state === "done" || hints.at(-1).taken;
  }

  /** askForHelp takes the last hint before the first command is shown. */
  async askForHelp(event) {
    if (this.mayShow) return;
    event.preventDefault();
    const answer = await this.page.takeHint(this.page.data.hints.at(-1).number);
    if (!answer.ok) return this.result.replaceChildren(refusal(answer, () => this.help.firstChild.click()));
    this.result.replaceChildren();
    this.help.open = true;
    announce("Taken as help. The command is shown.");
  }

  /** update takes the step as the server has it now: its address may hold the number of
   *  an order that was placed since. */
  update(data) {
    this.data = data;
    this.mark.replaceChildren(...(data.seen ? [h("span", { class: "good" }, " ✓ seen")] : []));
    this.renderCommand();
  }

  /** renderCommand shows the command for the shell that was chosen. A request of the .http
   *  file stands alone here, so it has the number of the order, and not the answer before. What such a file
   *  cannot do is shown as it is typed. */
  renderCommand() {
    this.cost?.replaceChildren(this.mayShow ? "" : ", which counts as help");
    if (!this.mayShow) return; // not even hidden: a search in the page would open it
    const { request, commands } = this.data, { shell, blocks } = this.section;
    const command = shell === "http"
      ? blocks?.get(this.data.id)?.replace(/^([A-Z]+ https?:\/\/[^/\s]+)\/\S*$/m, (_, to) => to + request.path)
        ?? (blocks ? commands.curl : "…")
      : shell === "powershell"
      ? commands.curl_exe
      : commands.curl;
    this.command.replaceChildren(...breakable(command));
    this.file.replaceChildren(
      ...(request.body && shell !== "http"
        ? [h("code", {}, request.body_file), ": ", h("code", {}, request.body)]
        : []),
    );
    this.file.hidden = !this.file.firstChild;
  }

  /** secondsToWait is how long until the step may be run. It counts from the step before,
   *  or from now if that one is done elsewhere. */
  secondsToWait() {
    const { before } = this, since = before?.last ?? (before?.go.hidden ? this.#pressed : null);
    return this.data.wait && since !== null ? Math.ceil(this.data.wait - (performance.now() - since) / 1000) : 0;
  }

  get last() {
    return this.#last;
  }

  async run() {
    if (this.busy) return;
    const file = missingFile(this.data.request);
    this.result.replaceChildren();
    if (file) return this.offerFile(file, `The file ${file} is not in your folder yet.`);
    this.busy = true;
    this.#pressed = performance.now();
    this.go.setAttribute("aria-disabled", "true");
    const answer = await this.countDown() && await this.send();
    this.busy = false;
    this.go.removeAttribute("aria-disabled");
    if (!answer || this.page.gone) return;
    this.#last = performance.now();
    await this.page.refresh();
    this.showAnswer(answer);
  }

  /** countDown waits until the step may be run, and reports whether it was not stopped. */
  async countDown() {
    this.#control = new AbortController();
    const signal = this.signal = AbortSignal.any([this.#control.signal, this.page.signal]);
    this.stop.hidden = this.secondsToWait() <= 0 && !this.data.request.stream;
    if (this.secondsToWait() > 0) announce(`The page sends the request in ${this.secondsToWait()} seconds.`);
    while (this.secondsToWait() > 0 && !signal.aborted && !this.page.gone) {
      this.result.replaceChildren(h("p", {}, `The page sends the request in ${duration(this.secondsToWait())}.`));
      await new Promise((next) => setTimeout(next, 250));
    }
    if (!signal.aborted) return !this.page.gone;
    this.stop.hidden = true;
    this.result.replaceChildren();
    this.go.focus();
    return false;
  }

  async send() {
    const list = h("ol", { class: "events" });
    this.result.replaceChildren(
      ...(this.data.request.stream ? [h("p", {}, "The answer stays open. So far:"), list] : []),
    );
    const onEvent = ({ status, updated_at }) => {
      list.append(h("li", {}, h("b", {}, status), updated_at ? ` ${clockTime(updated_at)}` : ""));
      announce(status + ".");
    };
    const answer = await sendStep(this.data.request, {
      why: `lesson ${this.page.id}, ${this.name}`,
      signal: this.signal,
      onEvent,
    });
    if (document.activeElement === this.stop) this.go.focus();
    this.stop.hidden = true;
    return answer.stopped ? null : answer;
  }

  showAnswer(answer) {
    if (answer.lost || answer.retryAfter) return this.result.replaceChildren(refusal(answer, () => this.run()));
    const rows = compare(this.data.expect, answer),
      fits = rows.every((r) => r.fits),
      { as, save_as: saved } = this.data.request;
    const verdict = fits ? "as expected" : "not as expected";
    this.result.replaceChildren(
      h(
        "p",
        { class: "step__verdict", "data-fits": fits ? "yes" : "no" },
        h("span", { class: "status" }, answer.status),
        " ",
        answer.entry.statusText,
        ": ",
        h("b", { class: fits ? "good" : "bad" }, (fits ? "✓ " : "✕ ") + verdict),
        ".",
      ),
      compareTable(rows, this.name),
      answerBody(answer, this.name),
      saved && answer.ok ? h("p", { class: "muted small" }, "Saved in your folder as ", h("code", {}, saved), ".") : "",
      showRequest(answer.entry),
    );
    announce(`${answer.status}, ${verdict}.`);
    if (!fits && as && /token-(expired|revoked)/.test(answer.problem?.type ?? "")) {
      this.offerFile(as, `The wristband in ${as} is not valid now.`);
    }
  }

  /** offerFile offers ways to a file: the step that writes it, or one's own token. */
  offerFile(file, words) {
    const source = this.section.source(file);
    const then = async (get) => {
      if (await get() === false) return;
      if (missingFile(this.data.request)) return;
      this.go.focus();
      await this.run();
    };
    announce(words);
    const first = source
      && button(`Get it: ${source.name}, then ${this.name}`, () => then(() => source.run()), { class: "primary" });
    this.result.prepend(
      h(
        "div",
        { class: "refusal" },
        h("p", { class: "refusal__title" }, words),
        source
          ? h("p", {}, "It comes from: ", h("q", {}, source.data.say.replaceAll("`", "")))
          : h("p", {}, "An earlier step or lesson writes it."),
        h(
          "div",
          { class: "row" },
          first,
          file === "wristband.txt"
            ? button(ownTokenLabel(), () => then(useOwnToken))
            : null,
        ),
      ),
    );
    (first ?? this.go).focus();
  }
}

/** inLab reports whether a step meets what is unsafe on purpose. */
const inLab = ({ request }) => request.at === "stage" || request.path.split("/").includes("lab");

/** onlyInTerminal says why this page cannot send a request, and is empty if it can. */
function onlyInTerminal({ request, expect }) {
  const { at, jar_in: jarIn, jar_out: jarOut, config, cacert, repeat } = request;
  const files = " Run the earlier steps there too, because their files must be in your folder.";
  if (at === "kiosk") {
    return "this request goes to the kiosk, which is another server, and the browser does not let this page ask it."
      + files;
  }
  if (at !== "house") {
    return "this request does not go straight to this server, as the requests of this page do." + files;
  }
  if (jarIn || jarOut) return "curl keeps the cookie in a file, and a script on a page may not." + files;
  if (request.headers.some(({ name }) => name === "Origin")) {
    return "the browser itself says from which origin a request comes, and a page cannot change that." + files;
  }
  if (config || cacert || expect.curl_exit !== null) {
    return "the step is about what curl does, and not a browser." + files;
  }
  if (repeat > 1) return `curl sends this request ${repeat} times, and this page sends one at a time.` + files;
  return "";
}

const ownTokenLabel =
  () => (auth.token ? ["Use my wristband (", bdi(auth.state.name), ")"] : "Log in and use my wristband");

/** useOwnToken writes the token of this page into wristband.txt, after a login if need be. */
async function useOwnToken() {
  if (!auth.state.mode) await logIn();
  if (!auth.state.mode) return false;
  await auth.authorize({}); // a new one, if this one is about to expire
  if (!auth.token) {
    announce("Your wristband is in a cookie, which no script can read. Run the step instead.");
    return false;
  }
  lessonFiles.put("wristband.txt", "Authorization: Bearer " + auth.token);
  return true;
}

function compareTable(rows, name) {
  return h(
    "table",
    { class: "compare" },
    h("caption", { class: "visually-hidden" }, `Compared: ${name}`),
    h(
      "thead",
      {},
      h("tr", {}, ["", "Expected", "Came"].map((word) => (word ? h("th", { scope: "col" }, word) : h("td", {})))),
    ),
    h(
      "tbody",
      {},
      rows.map((r) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, r.what),
          h("td", {}, h("code", {}, r.wanted)),
          h(
            "td",
            {},
            h("span", { class: r.fits ? "good" : "bad" }, r.fits ? "✓ " : "✕ "),
            h("code", {}, r.came),
            h("span", { class: "visually-hidden" }, r.fits ? ", as expected" : ", not as expected"),
          ),
        )
      ),
    ),
  );
}

/** answerBody shows what came, JSON with line breaks, tokens shortened. */
function answerBody({ text, data, problem }, name) {
  const json = data ?? problem;
  if (!text) return h("p", { class: "muted small" }, "The answer has no body.");
  return h(
    "pre",
    { tabindex: 0, class: "step__body", "aria-label": `The answer to ${name}` },
    h("code", {}, shortenTokens(json ? JSON.stringify(json, null, 2) : text)),
  );
}

/** filesBox lists the files that the lessons have written so far. */
export function filesBox() {
  const head = h("summary", {}), list = h("ul", {});
  const draw = () => {
    const { files } = lessonFiles;
    head.textContent = `Your folder: ${files.size === 1 ? "1 file" : `${files.size} files`}`;
    list.replaceChildren(
      ...[...files].map(([name, text]) => {
        const who = claimsIn(name);
        return h(
          "li",
          {},
          h(
            "p",
            {},
            h("code", {}, name),
            who ? [" the wristband of ", bdi(who.name), `, until ${clockTime(who.exp * 1000)}`] : "",
          ),
          h("pre", { tabindex: 0, "aria-label": "What is in " + name }, h("code", {}, text)),
        );
      }),
      ...(files.size
        ? []
        : [
          h(
            "li",
            { class: "muted" },
            "Steps that you run here save their files in the memory of this page. "
              + "In a terminal, the files are in your own folder.",
          ),
        ]),
    );
  };
  draw();
  return { el: h("details", { class: "card folder" }, head, list), draw };
}
