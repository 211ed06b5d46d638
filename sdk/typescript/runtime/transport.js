// One logical call: its attempts, its time, its key, and what became of it.

import { AnswerInvalid, ApiError, ConnectionFailed, OutcomeUnknown, SdkError } from "./errors.js";
import { limitsOf, Pacer, sleep } from "./limits.js";
import { problemOf } from "./problems.js";
import { whole, watched } from "./reading.js";

/** @typedef {import("./types.js").Operation} Operation */
/** @typedef {import("./types.js").CallOptions} CallOptions */
/** @typedef {import("./types.js").Request} Request */

const AGAIN = new Set([408, 429, 502, 503, 504]);
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;
const NOTHING_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "ConnectionRefused"]);
// Browsers keep their own user agent, and ask beforehand for every header that is not a plain one.
const IN_PAGE = "document" in globalThis || "importScripts" in globalThis;

export class Transport {
  /** @type {import("./types.js").Limits | undefined} */
  limits;
  #pacer = new Pacer();
  #options;
  #about;

  /** @param {import("./types.js").Options} options @param {import("./types.js").About} about */
  constructor(options, about) {
    this.#options = options;
    this.#about = about;
  }

  /**
   * @param {Operation} operation
   * @param {Request} request
   * @param {CallOptions} [options]
   * @returns {Promise<import("./types.js").Answer<any>>}
   */
  async send(operation, request, options = {}) {
    const { auth, pace, sleep: wait = sleep } = this.#options;
    const { signal, maxRetries = this.#options.maxRetries ?? 2 } = options;
    const { read = 30_000, total = 120_000 } = { ...this.#options.timeout, ...options.timeout };
    const key = operation.keyed ? (options.idempotencyKey ?? crypto.randomUUID()) : undefined;
    const deadline = Date.now() + total;
    let renewed = false;
    let lost = false;
    for (let attempt = 1; ; attempt++) {
      let failure;
      let sent = false;
      try {
        const turn = pace === false ? 0 : this.#pacer.turn(deadline);
        if (turn) await wait(turn, signal);
        const token = await auth.token();
        sent = true;
        return await this.#attempt(operation, request, { ...options, read, deadline, key, token });
      } catch (error) {
        if (!(error instanceof SdkError)) throw error;
        failure = error;
      }
      failure.idempotencyKey = key;
      failure.attempts = attempt;
      if (failure instanceof ApiError && failure.code === "token_expired" && auth.renew && !renewed) {
        // The clocks differ. Nothing was done, so this is no retry.
        renewed = true;
        attempt--;
        await auth.renew();
        continue;
      }
      const { code } = /** @type {{code?: string}} */ (failure);
      if (operation.method === "DELETE" && lost && failure instanceof ApiError && code === "record_not_found") {
        // An attempt whose answer was lost has deleted it.
        return { data: undefined, meta: undefined, status: 204, headers: failure.headers, replayed: true };
      }
      lost ||= sent && failure instanceof ConnectionFailed && !unsent(failure);
      // A stream is gone once it was sent.
      const again = operation.again !== false && !streams(request.body) && attempt <= maxRetries;
      const pause = again ? pauseAfter(failure, attempt) : undefined;
      if (pause === undefined || Date.now() + pause > deadline) throw this.#settled(operation, failure, lost);
      await wait(pause, signal);
    }
  }

  /**
   * What is told of the last failure.
   * @param {Operation} operation
   * @param {SdkError} failure
   * @param {boolean} lost
   */
  #settled(operation, failure, lost) {
    const creates = operation.method === "POST" && (operation.keyed || operation.again === false);
    const unknown = failure instanceof ApiError && failure.code === "idempotency_outcome_unknown";
    if (!unknown && !(creates && lost && failure instanceof ConnectionFailed)) return failure;
    const { idempotencyKey, attempts } = failure;
    return Object.assign(new OutcomeUnknown(failure), { idempotencyKey, attempts });
  }

  /**
   * @param {Operation} operation
   * @param {Request} request
   * @param {CallOptions & {read: number, deadline: number, key: string | undefined, token: string}} options
   * @returns {Promise<import("./types.js").Answer<any>>}
   */
  async #attempt(operation, request, { read, deadline, key, token, headers: own, signal }) {
    const { baseUrl, fetch = globalThis.fetch } = this.#options;
    const headers = new Headers(this.#options.headers);
    new Headers(own).forEach((value, name) => headers.set(name, value));
    headers.set("authorization", `Bearer ${token}`);
    headers.set("version", this.#about.version);
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
    const watch = watched(operation.sendsCsv ? Infinity : read, read, deadline, signal);
    init.signal = watch.signal;
    let kept = false;
    try {
      const response = await fetch(baseUrl + request.path + queryOf(request.query), init);
      this.#note(response.headers);
      if (!response.ok) throw problemOf(await whole(response, watch), response, this.#about.codes);
      const { status, headers: told } = response;
      const answer = { meta: undefined, status, headers: told, replayed: told.get("idempotent-replayed") === "true" };
      if (operation.csv) {
        kept = true;
        watch.stream();
        return { ...answer, data: { response, watch } };
      }
      const text = await whole(response, watch);
      return { ...answer, ...(status === 204 ? { data: undefined } : parsed(text, response)) };
    } catch (error) {
      throw watch.meant(error);
    } finally {
      if (!kept) watch.end();
    }
  }

  /** @param {Headers} headers */
  #note(headers) {
    const limits = limitsOf(headers);
    if (!limits) return;
    this.limits = limits;
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

/**
 * Whether the request surely never left. Browsers do not say.
 * @param {ConnectionFailed} failure
 */
function unsent(failure) {
  for (let cause = /** @type {any} */ (failure.cause); cause; cause = cause.cause) {
    // Deno has no code for it, but says so.
    if (NOTHING_SENT.has(cause.code) || String(cause.message).includes("(Connect)")) return true;
  }
  return false;
}

/** @param {string} text @param {Response} response @returns {{data: any, meta: any}} */
function parsed(text, response) {
  let document;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new AnswerInvalid("The answer is not JSON", response, { cause });
  }
  if (document === null || typeof document !== "object" || !("data" in document)) {
    throw new AnswerInvalid("The answer has no member `data`", response);
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
    if (value !== undefined && value !== null) sent.set(name, String(value));
  }
  const text = sent.toString();
  return text && `?${text}`;
}
