// The waiter's notebook: every request that this page makes, and its answer.
// To learn here: what a page can see of its own requests, and what it cannot
// (cookies). It is kept in memory only, and passwords never get into it.

const most = 200;

/** notebook holds the entries, newest first, and tells listeners of each change:
 *  "entry" with the entry as detail. */
class Notebook extends EventTarget {
  entries = [];
  #next = 1;

  /** write adds an entry. A poll that says the same as the entry on top is counted there. */
  write(entry) {
    entry.n = this.#next++;
    this.entries.unshift(entry);
    this.entries.length = Math.min(this.entries.length, most);
    this.changed(entry);
    return entry;
  }

  /** answered is called when the answer to an entry has come, or more of it. */
  answered(entry) {
    const i = this.entries.indexOf(entry), before = this.entries[i + 1];
    if (entry.poll && before?.poll && sameTalk(entry, before)) {
      entry.times = before.times + 1;
      this.entries.splice(i + 1, 1);
    }
    this.changed(entry);
  }

  changed(entry) { this.dispatchEvent(new CustomEvent("entry", { detail: entry })); }
}

const sameTalk = (a, b) => a.method === b.method && a.path === b.path && a.status === b.status;

export const notebook = new Notebook();

/** withoutSecrets takes the password out of a body before it is kept. The demo
 *  passwords are public, so they stay, and the call can be repeated. */
export function withoutSecrets(body) {
  if (!body || !/"(password|current|new)"/.test(body)) return body;
  const data = JSON.parse(body);
  for (const field of ["password", "current", "new"]) {
    if (field in data && data[field] !== data.username + "-likes-pizza") data[field] = "YOUR-PASSWORD";
  }
  return JSON.stringify(data);
}

/** timing reads the Server-Timing header: how long the bouncer looked at the
 *  wristband, and how many questions went to the database. */
export function timing(header) {
  const door = /auth;dur=([\d.]+)/.exec(header ?? ""), db = /db;dur=([\d.]+);desc="(\d+)/.exec(header ?? "");
  return { door: door ? Number(door[1]) : null, db: db ? Number(db[1]) : null, queries: db ? Number(db[2]) : null };
}

/** slugOf is the name of a refusal: the last part of a problem's type. */
export const slugOf = (entry) => entry.problem?.type?.split("/").pop() ?? "";
