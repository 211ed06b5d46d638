// How much may still be asked: what answers say of it, and waiting until the next request would not be refused.

import { TimedOut } from "./errors.js";

/**
 * Items of a structured field (RFC 9651) such as `"token";q=100;w=10`, by name.
 * @param {string | null} text
 * @returns {Map<string, Record<string, number>>}
 */
function items(text) {
  const found = new Map();
  for (const [, name, parameters] of (text ?? "").matchAll(/"([^"]*)"((?:;\s*[a-z]+=\d+)*)/g)) {
    const pairs = [...(parameters ?? "").matchAll(/([a-z]+)=(\d+)/g)];
    found.set(name, Object.fromEntries(pairs.map(([, key, value]) => [key, Number(value)])));
  }
  return found;
}

/**
 * @param {Headers} headers
 * @returns {import("./types.js").Limits | undefined}
 */
export function limitsOf(headers) {
  const [limit, remaining, reset] = ["limit", "remaining", "reset"].map((name) => headers.get(`x-ratelimit-${name}`));
  if (!limit || !remaining) return undefined;
  const left = items(headers.get("ratelimit"));
  const policies = [...items(headers.get("ratelimit-policy"))].map(([name, { q = 0, w = 0 }]) => {
    const { r, t } = left.get(name) ?? {};
    return { name, quota: q, window: w, remaining: r, wholeIn: t };
  });
  return { limit: Number(limit), remaining: Number(remaining), reset: new Date(Number(reset) * 1000), policies };
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
  /** What one request has to wait for another, in milliseconds. */
  #apart = 0;

  /** @param {import("./types.js").Limits | undefined} limits */
  note(limits) {
    if (!limits) return;
    // A bucket refills evenly: one request comes free after `window / quota`, long before all are.
    const spent = limits.policies.filter((each) => each.remaining === 0 && each.quota > 0);
    this.#apart = Math.max(0, ...spent.map((each) => (each.window / each.quota) * 1000));
    if (this.#apart > 0) this.#free = Math.max(this.#free, Date.now() + this.#apart);
    else if (limits.remaining > 0) this.#free = 0;
  }

  /**
   * Those who wait go one after another.
   * @param {number} deadline
   * @param {AbortSignal} [signal]
   */
  async turn(deadline, signal) {
    const now = Date.now();
    if (this.#free <= now) return;
    const at = this.#free;
    if (at > deadline) throw new TimedOut("Nothing is left of a rate limit, and waiting for it would take too long");
    this.#free = at + this.#apart;
    await sleep(at - now, signal);
  }
}
