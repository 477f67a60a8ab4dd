// Server-sent events over fetch. To learn here: EventSource cannot send an
// Authorization header, and a token in an address would end in logs. Reading a
// stream takes 25 lines; resuming takes the id of the last event.

import { connection, isFinal, open } from "./api.js";
import { notebook } from "./notebook.js";

/** subscribe reads a stream of events, those after the one with the id last, until
 *  onEvent(name, data, id) returns true (it was the last) or the returned function is
 *  called. onState gets "live", "paused" (with the seconds until the next attempt),
 *  "ended", or, when the caller has to poll, "crowded" if other windows hold all places
 *  for streams, and "polling" after three failures in a row. */
export function subscribe(path, { last = "", onEvent, onState }) {
  const control = new AbortController();
  let failures = 0;
  (async () => {
    while (!control.signal.aborted && failures < 3) {
      const before = last;
      const done = await attempt();
      if (done || control.signal.aborted) return;
      failures = last === before ? failures + 1 : 0; // something came: the connection is good
      if (failures < 3) await backOff(failures, onState, control.signal);
    }
    if (!control.signal.aborted) onState("polling");
  })();

  /** attempt reads until the stream ends, or the connection is known to be lost:
   *  otherwise it could wait for ever. */
  async function attempt() {
    const over = new AbortController(), signal = AbortSignal.any([control.signal, over.signal]);
    connection.addEventListener("lost", () => over.abort(), { signal });
    try {
      return await read(signal);
    } finally {
      over.abort();
    }
  }

  async function read(signal) {
    const answer = await open(path, { headers: last ? { "Last-Event-ID": last } : {}, signal, live: true });
    if (answer.crowded || answer.status === 204) { // 204: there is nothing to come
      onState(answer.crowded ? "crowded" : "ended");
      return true;
    }
    if (!answer.body) {
      if (isFinal(answer) || answer.loggedOut) failures = 3;
      return false;
    }
    onState("live");
    try {
      for await (const event of parseEvents(answer)) {
        last = event.id || last;
        if (onEvent(event.name, JSON.parse(event.data), event.id)) {
          onState("ended");
          return true;
        }
      }
    } catch { /* the connection broke: the next attempt sends Last-Event-ID */ }
    return false;
  }
  return () => control.abort();
}

/** parseEvents yields the events of a stream: an empty line ends each of them. The place
 *  of the stream is free again when nobody reads on.
 * @param {import("./api.js").Answer} answer */
export async function* parseEvents({ body, entry, release }) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      entry.answer.body += value;
      notebook.changed(entry);
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event.data) yield event; // a comment only keeps the connection open
      }
    }
  } finally {
    release();
  }
}

function parseEvent(block) {
  const event = { name: "message", id: "", data: "" };
  for (const row of block.split("\n")) {
    const [, field, text] = /^(\w*): ?(.*)$/.exec(row) ?? [];
    if (field === "event") event.name = text;
    if (field === "id") event.id = text;
    if (field === "data") event.data += text;
  }
  return event;
}

/** backOff waits 1, 2, 4 … 30 seconds, with jitter, so that a thousand clients do
 *  not come back in the same moment. */
async function backOff(failures, onState, signal) {
  const seconds = Math.min(30, 2 ** failures) * (0.75 + Math.random() / 2);
  onState("paused", seconds);
  await new Promise((next) => {
    setTimeout(next, seconds * 1000);
    signal.addEventListener("abort", next, { once: true });
  });
}
