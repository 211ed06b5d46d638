// What calls fail with. A class for each code is made from the contract (codes.js); those here have members of their own.

/** What every failure of this library is an instance of. */
export class SdkError extends Error {
  /** @param {string} message @param {{cause?: unknown}} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
    /** @type {string | undefined} */
    this.idempotencyKey = undefined;
    this.attempts = 1;
  }
}

/** No answer came: the connection could not be made, or was lost. */
export class ConnectionFailed extends SdkError {}

/** No answer came in time. */
export class TimedOut extends ConnectionFailed {}

/** An answer came that is not one of this API. */
export class AnswerInvalid extends SdkError {
  /** @param {string} message @param {number} status @param {Headers} headers @param {{cause?: unknown}} [options] */
  constructor(message, status, headers, options) {
    super(message, options);
    this.status = status;
    this.headers = headers;
    this.requestId = headers.get("x-request-id");
  }
}

/** The API refused, or could not do it: a problem document (RFC 9457). Codes that are unknown here are of this very class. */
export class ApiError extends SdkError {
  /** @param {import("./types.js").Problem} problem @param {{status: number, headers: Headers}} answer @param {{cause?: unknown}} [options] */
  constructor(problem, answer, options) {
    super(`${answer.status} ${problem.code}: ${problem.detail}`, options);
    this.status = answer.status;
    this.headers = answer.headers;
    this.problem = problem;
    this.code = problem.code;
    this.title = problem.title;
    this.detail = problem.detail;
    this.traceId = problem.trace_id;
    this.requestId = answer.headers.get("x-request-id");
    this.retryAfter = retryAfter(answer.headers) ?? problem.retry_after;
  }
}

/** Whether it took effect is not known, and cannot be found out by asking again. Look for the record. */
export class OutcomeUnknown extends ApiError {}

/** Too many requests: `retryAfter` says in how many seconds to come again, `policies` which limits were exceeded. */
export class RateLimited extends ApiError {
  get policies() {
    return this.problem.violated_policies ?? [];
  }
}

/** The token lacks a scope. */
export class ScopeMissing extends ApiError {
  get required() {
    return this.problem.required_scopes ?? [];
  }
}

/** The role of the token's user does not allow it. */
export class RoleForbids extends ApiError {
  get required() {
    return this.problem.required_scopes ?? [];
  }
}

/** The request is not valid: `errors` lists every place. */
export class ValidationFailed extends ApiError {
  get errors() {
    return this.problem.errors ?? [];
  }
}

/** The record's status does not allow it. */
export class StateConflict extends ApiError {
  get currentStatus() {
    return this.problem.current_status;
  }

  get allowed() {
    return this.problem.allowed ?? [];
  }
}

/**
 * The seconds of a `Retry-After`, which is a number or a date (RFC 9110); undefined where there is none.
 * @param {Headers} headers
 * @returns {number | undefined}
 */
export function retryAfter(headers) {
  const text = headers.get("retry-after")?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const left = (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(left) ? undefined : Math.max(0, left);
}

/**
 * @param {string} text
 * @param {{status: number, headers: Headers}} answer
 * @param {import("./types.js").Codes} codes
 * @returns {ApiError}
 */
export function problemOf(text, answer, codes) {
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    // What stands between may answer for itself, in HTML.
  }
  const detail = `The answer was no problem document: ${text.slice(0, 200)}`;
  const empty = { type: "about:blank", title: "", detail, code: "", trace_id: "", instance: "", status: answer.status };
  const problem = { ...empty, ...(said !== null && typeof said === "object" && !Array.isArray(said) ? said : {}) };
  const kind = Object.hasOwn(codes, problem.code) ? codes[problem.code] : ApiError;
  return new (kind ?? ApiError)(problem, answer);
}
