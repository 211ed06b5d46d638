// How much may still be asked: what answers say of it, and waiting until the next request would not be refused.

import { TimedOut } from "./errors.js";

/**
 * Items of a structured field (RFC 9651) such as `"token";q=100;w=10`: name → parameters.
 * @param {string | null} text
 */
function items(text) {
  /** @type {Record<string, Record<string, number>>} */
  const found = {};
  for (const [, name = "", parameters = ""] of (text ?? "").matchAll(/"([^"]*)"((?:;\s*[a-z]+=\d+)*)/g)) {
    const pairs = [...parameters.matchAll(/([a-z]+)=(\d+)/g)];
    found[name] = Object.fromEntries(pairs.map(([, key, value]) => [key, Number(value)]));
  }
  return found;
}

/**
 * @param {Headers} headers
 * @returns {import("./types.js").Limits | undefined}
 */
export function limitsOf(headers) {
  const policies = items(headers.get("ratelimit-policy"));
  const left = Object.entries(items(headers.get("ratelimit"))).map(([name, { r = 0, t = 0 }]) => {
    const { q = 0, w = 0 } = policies[name] ?? {};
    return [name, { limit: q, window: w, remaining: r, reset: t }];
  });
  return left.length ? Object.fromEntries(left) : undefined;
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Holds requests back while nothing is left. */
export class Pacer {
  /** When the next request may go, in milliseconds. */
  #free = 0;
  /** How far apart those go that wait. */
  #apart = 0;

  /** @param {import("./types.js").Limits} limits */
  note(limits) {
    // A bucket refills evenly: one request comes free after `window / limit`, long before all do.
    const spent = Object.values(limits).filter((each) => each.remaining === 0 && each.limit > 0);
    this.#apart = Math.max(0, ...spent.map((each) => (each.window / each.limit) * 1000));
    this.#free = this.#apart && Math.max(this.#free, Date.now() + this.#apart);
  }

  /**
   * The milliseconds until the next request may go; it has this turn then, and others come after it.
   * @param {number} deadline
   */
  turn(deadline) {
    const now = Date.now();
    const at = this.#free;
    if (at <= now) return 0;
    if (at > deadline) throw new TimedOut("Nothing is left of a rate limit, and waiting for it would take too long");
    this.#free = at + this.#apart;
    return at - now;
  }
}
