// One logical call: its attempts, its time, its key, and what became of it.

import { AnswerInvalid, ApiError, ConnectionFailed, problemOf, SdkError } from "./errors.js";
import { limitsOf, Pacer, sleep } from "./limits.js";
import { whole, watched } from "./reading.js";

/** @typedef {import("./types.js").Operation} Operation */
/** @typedef {import("./types.js").CallOptions} CallOptions */
/** @typedef {import("./types.js").Request} Request */

const AGAIN = new Set([408, 429, 502, 503, 504]);
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;
// Browsers keep their own user agent, and ask beforehand for every header that is not a plain one.
const IN_PAGE = typeof document !== "undefined" || "importScripts" in globalThis;

export class Transport {
  /** @type {import("./types.js").Limits | undefined} */
  limits;
  #pacer = new Pacer();
  #options;
  #about;
  #fetch;

  /** @param {import("./types.js").Options} options @param {import("./types.js").About} about */
  constructor(options, about) {
    const { fetch = globalThis.fetch, auth, ...plain } = options;
    if (!auth) throw new TypeError("`token` or `oauth` is needed");
    this.auth = auth;
    this.#options = { ...about, ...plain };
    this.#about = about;
    this.#fetch = fetch;
  }

  /**
   * @param {Operation} operation
   * @param {Request} request
   * @param {CallOptions} [options]
   * @returns {Promise<import("./types.js").Answer<any>>}
   */
  async send(operation, request, options = {}) {
    const { retries = 2, total = 120_000 } = { ...this.#options, ...options };
    const { signal } = options;
    // A stream is gone once it was sent.
    const again = operation.again !== false && !streams(request.body);
    const key = operation.keyed ? (options.idempotencyKey ?? crypto.randomUUID()) : undefined;
    const deadline = Date.now() + total;
    let renewed = false;
    let lost = false;
    for (let attempt = 1; ; attempt++) {
      let failure;
      try {
        await this.#pacer.turn(deadline, signal);
        return await this.#attempt(operation, request, options, key, deadline);
      } catch (error) {
        if (!(error instanceof SdkError)) throw error;
        failure = error;
      }
      failure.idempotencyKey = key;
      failure.attempts = attempt;
      if (failure instanceof ApiError && failure.code === "token_expired" && this.auth.renew && !renewed) {
        // The clocks differ: what was still good here is over there. It was refused, so this is no retry.
        renewed = true;
        attempt--;
        await this.auth.renew(signal);
        continue;
      }
      if (operation.method === "DELETE" && lost && failure instanceof ApiError && failure.code === "record_not_found") {
        // An attempt whose answer was lost has deleted it.
        return { data: undefined, meta: undefined, status: 204, headers: failure.headers, replayed: true };
      }
      lost ||= failure instanceof ConnectionFailed;
      const pause = again && attempt <= retries ? pauseAfter(failure, attempt) : undefined;
      if (pause === undefined || Date.now() + pause > deadline) throw failure;
      await sleep(pause, signal);
    }
  }

  /**
   * @param {Operation} operation
   * @param {Request} request
   * @param {CallOptions} options
   * @param {string | undefined} key
   * @param {number} deadline
   * @returns {Promise<import("./types.js").Answer<any>>}
   */
  async #attempt(operation, request, options, key, deadline) {
    const { baseUrl, version, read = 30_000, headers: always } = { ...this.#options, ...options };
    const headers = new Headers(this.#options.headers);
    if (always) for (const [name, value] of new Headers(always)) headers.set(name, value);
    headers.set("authorization", `Bearer ${await this.auth.token(options.signal)}`);
    headers.set("version", version);
    headers.set("accept", operation.csv ? "text/csv, application/problem+json" : "application/json");
    if (key !== undefined) headers.set("idempotency-key", key);
    if (!IN_PAGE) headers.set("user-agent", this.#about.agent);
    /** @type {RequestInit & {duplex?: "half"}} */
    const init = { method: operation.method, headers, redirect: "manual" };
    if (request.body !== undefined) {
      init.body = operation.sendsCsv ? request.body : JSON.stringify(request.body);
      if (streams(request.body)) init.duplex = "half";
      headers.set("content-type", operation.sendsCsv ? "text/csv" : "application/json");
    }
    // How far a file has gone up is told by nobody: silence means nothing until there are headers.
    const watch = watched(operation.sendsCsv ? Infinity : read, read, deadline, options.signal);
    init.signal = watch.signal;
    let kept = false;
    try {
      const response = await this.#fetch(baseUrl + request.path + queryOf(request.query), init);
      this.#note(response);
      if (!response.ok) throw problemOf(await whole(response, watch), response, this.#about.codes);
      const { status, headers: told } = response;
      const replayed = told.get("idempotent-replayed") === "true";
      if (operation.csv) {
        kept = true;
        watch.stream();
        return { data: { response, watch }, meta: undefined, status, headers: told, replayed };
      }
      const text = await whole(response, watch);
      if (status === 204 || text === "") return { data: undefined, meta: undefined, status, headers: told, replayed };
      const document = parsed(text, response);
      return { ...document, status, headers: told, replayed };
    } catch (error) {
      throw watch.meant(error);
    } finally {
      if (!kept) watch.end();
    }
  }

  /** @param {Response} response */
  #note(response) {
    const limits = limitsOf(response.headers);
    if (limits) this.limits = limits;
    this.#pacer.note(limits);
  }
}

/**
 * How many milliseconds until it may be tried again; undefined where it may not.
 * @param {SdkError} failure
 * @param {number} attempt
 */
function pauseAfter(failure, attempt) {
  if (failure instanceof ApiError) {
    const { status, code, retryAfter } = failure;
    if (!AGAIN.has(status) && code !== "idempotency_in_progress") return undefined;
    if (retryAfter !== undefined) return retryAfter * 1000;
  } else if (!(failure instanceof ConnectionFailed)) return undefined;
  return Math.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1));
}

/** @param {string} text @param {Response} response @returns {{data: any, meta: any}} */
function parsed(text, response) {
  let document;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new AnswerInvalid("The answer is not JSON", response.status, response.headers, { cause });
  }
  if (document === null || typeof document !== "object" || !("data" in document)) {
    throw new AnswerInvalid("The answer has no member `data`", response.status, response.headers);
  }
  return document;
}

/** @param {unknown} body */
function streams(body) {
  return typeof ReadableStream !== "undefined" && body instanceof ReadableStream;
}

/** @param {Record<string, unknown> | undefined} query */
function queryOf(query = {}) {
  const sent = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) sent.set(name, Array.isArray(value) ? value.join(",") : String(value));
  }
  const text = sent.toString();
  return text && `?${text}`;
}
