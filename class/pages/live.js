// What happens at the tables, as it happens. To learn here: the browser's EventSource
// comes back by itself after a break and sends the cookie of the session; while it is
// away, the page asks every other second, so that nothing stands still.

import { call } from "./server.js";

const pollMs = 2000, againMs = 20000;

/** live fires "state" with the state of the class, "facts" with requests, "mode" when it
 *  changes how it listens, and "out" when the session is over. */
export const live = Object.assign(new EventTarget(), { state: null, mode: "" });

let polling = 0, source = null;

/** listen begins, if the session is good. */
export async function listen() {
  if (!await poll()) return;
  connect();
}

/** refresh asks for the state at once, such as after a change. */
export const refresh = () => poll();

function connect() {
  source = new EventSource("/teach/events");
  source.addEventListener("error", () => {
    clearInterval(polling);
    polling = setInterval(poll, pollMs);
    setMode("polling");
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => { // it was refused, so it does not come back by itself
      if (live.mode === "polling") connect();
    }, againMs);
  });
  source.addEventListener("state", (event) => {
    clearInterval(polling);
    setState(JSON.parse(event.data));
    setMode("live"); // from here on, no request is missed
  });
  source.addEventListener("fact", (event) => fire("facts", [JSON.parse(event.data)].flat()));
}

async function poll() {
  const answer = await call("GET", "/teach/state");
  if (answer.ok) {
    if (live.mode === "lost") setMode("polling");
    setState(answer.data);
  } else if (answer.status === 401) {
    stop();
    fire("out");
  } else setMode("lost");
  return answer.ok;
}

/** stop listens no longer. */
export function stop() {
  clearInterval(polling);
  source?.close();
  setMode("");
}

function setState(state) {
  live.state = state;
  fire("state", state);
}

function setMode(mode) {
  if (mode === live.mode) return;
  live.mode = mode;
  fire("mode", mode);
}

const fire = (name, detail = null) => live.dispatchEvent(new CustomEvent(name, { detail }));
