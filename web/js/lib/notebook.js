// The notebook: every request that this page makes, and its answer. To learn here:
// what a page can see of its own requests, and what it cannot (cookies). It is kept
// in memory only, and passwords never get into it.

const maxEntries = 200;

/** Notebook holds the entries, newest first. Each change is an event "entry" with the
 *  entry as its detail. */
class Notebook extends EventTarget {
  entries = [];
  #next = 1;

  /** add puts an entry on top and numbers it. */
  add(entry) {
    entry.n = this.#next++;
    this.entries.unshift(entry);
    this.entries.length = Math.min(this.entries.length, maxEntries);
    this.changed(entry);
    return entry;
  }

  /** answered is called when the answer has come. A poll with the same answer as the
   *  poll before it replaces that entry and counts it. */
  answered(entry) {
    const i = this.entries.indexOf(entry), before = this.entries[i + 1];
    if (entry.poll && before?.poll && sameExchange(entry, before)) {
      entry.times = before.times + 1;
      this.entries.splice(i + 1, 1);
    }
    this.changed(entry);
  }

  changed(entry) {
    this.dispatchEvent(new CustomEvent("entry", { detail: entry }));
  }
}

const sameExchange = (a, b) => a.method === b.method && a.path === b.path && a.status === b.status;

export const notebook = new Notebook();

/** withoutSecrets removes passwords from a body before it is kept. The demo passwords
 *  are public, so they stay, and the request can be repeated. */
export function withoutSecrets(body) {
  if (!body || !/"(password|current|new)"/.test(body)) return body;
  const data = JSON.parse(body);
  for (const field of ["password", "current", "new"]) {
    if (field in data && data[field] !== data.username + "-likes-pizza") data[field] = "YOUR-PASSWORD";
  }
  return JSON.stringify(data);
}

/** parseTiming reads the Server-Timing header: the milliseconds of authentication and
 *  of the database, and the number of SQL statements. */
export function parseTiming(header) {
  const auth = /auth;dur=([\d.]+)/.exec(header ?? ""), db = /db;dur=([\d.]+);desc="(\d+)/.exec(header ?? "");
  return { auth: auth ? Number(auth[1]) : null, db: db ? Number(db[1]) : null, queries: db ? Number(db[2]) : null };
}
