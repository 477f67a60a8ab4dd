// Server-sent events over fetch. To learn here: EventSource cannot send an
// Authorization header, and a token in an address would end in logs. Reading a
// stream takes 25 lines; resuming takes the id of the last event.

import { line, open } from "./api.js";
import { notebook } from "./notebook.js";

/** follow reads a stream of events, behind the one with the id last, until it is
 *  stopped by the function it gives or onEvent(name, data, id) says true: it was
 *  the last. onState tells "live", "paused" (with the seconds until the next try),
 *  "ended", or, after three failures in a row, "polling": then the caller asks in
 *  another way. */
export function follow(path, { last = "", onEvent, onState }) {
  const control = new AbortController();
  let failures = 0;
  (async () => {
    while (!control.signal.aborted && failures < 3) {
      const before = last;
      const done = await once();
      if (done || control.signal.aborted) return;
      failures = last === before ? failures + 1 : 0; // something came: the line is good
      if (failures < 3) await backOff(failures, onState, control.signal);
    }
    if (!control.signal.aborted) onState("polling");
  })();

  /** once makes one try; a line that is lost ends it, or it would wait for ever. */
  async function once() {
    const over = new AbortController(), signal = AbortSignal.any([control.signal, over.signal]);
    line.addEventListener("lost", () => over.abort(), { signal });
    try { return await read(signal); } finally { over.abort(); }
  }

  async function read(signal) {
    const answer = await open(path, { headers: last ? { "Last-Event-ID": last } : {}, signal });
    if (!answer.body) {
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) failures = 3; // asking again will not help
      return false;
    }
    onState("live");
    try {
      for await (const event of events(answer.body, answer.entry)) {
        last = event.id || last;
        if (onEvent(event.name, JSON.parse(event.data), event.id)) {
          onState("ended");
          return true;
        }
      }
    } catch { /* the line broke: we come back with Last-Event-ID */ }
    return false;
  }
  return () => control.abort();
}

/** events cuts a stream into events: an empty line ends each of them. */
export async function* events(body, entry) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    entry.answer.body += value;
    notebook.changed(entry);
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { name: "message", id: "", data: "" };
      for (const row of block.split("\n")) {
        const [, field, text] = /^(\w*): ?(.*)$/.exec(row) ?? [];
        if (field === "event") event.name = text;
        if (field === "id") event.id = text;
        if (field === "data") event.data += text;
      }
      if (event.data) yield event; // a comment only keeps the line open
    }
  }
}

/** backOff waits 1, 2, 4 … 30 seconds, with a little chance in it, so that a
 *  thousand guests do not come back in the same moment. */
async function backOff(failures, onState, signal) {
  const seconds = Math.min(30, 2 ** failures) * (0.75 + Math.random() / 2);
  onState("paused", seconds);
  await new Promise((next) => {
    setTimeout(next, seconds * 1000);
    signal.addEventListener("abort", next, { once: true });
  });
}
