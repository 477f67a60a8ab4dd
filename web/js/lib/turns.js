// What all tabs of this browser share without a server: whose turn it is. To learn
// here: Web Locks do it where they exist (secure origins) and let go by themselves
// when a page is closed; everywhere else a lease in localStorage does, which runs out.

import { prefs } from "./dom.js";

const leaseMs = 3000; // a page that died blocks the others for no longer

/** oneTabAtATime waits for a turn and does the work. It takes the lease beside the lock,
 *  too, which outlives a page that is reloaded in the middle. */
export function oneTabAtATime(name, work) {
  const guarded = async () => {
    let letGo;
    while (!(letGo = await takeLease(name))) await sleep(25);
    try {
      return await work();
    } finally {
      letGo();
    }
  };
  return navigator.locks ? navigator.locks.request("restaurant-" + name, guarded) : guarded();
}

/** takeOneOf takes one of count places and returns what frees it, or null if all are taken.
 * @returns {Promise<(() => void) | null>} */
export async function takeOneOf(count, name) {
  for (let n = 1; n <= count; n++) {
    const free = await (navigator.locks ? takeLock : takeLease)(`${name}-${n}`);
    if (free) return free;
  }
  return null;
}

const takeLock = (name) =>
  new Promise((taken) => {
    navigator.locks.request("restaurant-" + name, { ifAvailable: true }, (lock) => {
      if (lock) return new Promise((free) => taken(free));
      taken(null);
    });
  });

/** takeLease is null while another tab holds the lease. */
async function takeLease(name) {
  const key = "lease-" + name, me = String(Math.random());
  const [, until] = (prefs.get(key) ?? "").split(" ");
  if (Number(until) > Date.now() && Number(until) <= Date.now() + leaseMs) return null;
  const extend = () => prefs.set(key, `${me} ${Date.now() + leaseMs}`);
  extend();
  await sleep(navigator.locks ? 0 : 20 + Math.random() * 30); // did another tab write at the same moment?
  const holder = prefs.get(key); // null: no storage, no other tab to meet
  if (holder !== null && !holder.startsWith(me)) return null;
  const timer = setInterval(extend, leaseMs / 3);
  return () => {
    clearInterval(timer);
    if (prefs.get(key)?.startsWith(me)) prefs.set(key, null);
  };
}

const sleep = (ms) => new Promise((next) => setTimeout(next, ms));
