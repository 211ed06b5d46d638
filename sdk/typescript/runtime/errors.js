// What calls fail with. A class for each code of the contract is made beside these (codes.js).

import { retryAfter } from "./retry_after.js";

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

/** Whether a write took effect is not known: look for the record, or send it again with the same key. */
export class OutcomeUnknown extends SdkError {
  /** @param {ConnectionFailed | ApiError} failure */
  constructor(failure) {
    super(`Whether it took effect is not known. ${failure.message}`, { cause: failure });
    const told = failure instanceof ApiError ? failure : undefined;
    this.code = "idempotency_outcome_unknown";
    this.status = told?.status;
    this.traceId = told?.traceId;
    this.requestId = told?.requestId;
  }
}

/** An answer came that is not one of this API. */
export class AnswerInvalid extends SdkError {
  /** @param {string} message @param {{status: number, headers: Headers}} answer @param {{cause?: unknown}} [options] */
  constructor(message, answer, options) {
    super(message, options);
    this.status = answer.status;
    this.headers = answer.headers;
    this.requestId = answer.headers.get("x-request-id");
  }
}

/** The authorization server gives no new token: ask the user again. */
export class SignInNeeded extends SdkError {
  /** @param {string} code @param {string} [detail] */
  constructor(code, detail) {
    super(detail ? `${code}: ${detail}` : code);
    this.code = code;
    this.detail = detail;
  }
}

/** The API refused, or could not do it: a problem document (RFC 9457). */
export class ApiError extends SdkError {
  /** @param {import("./types.js").Problem} problem @param {{status: number, headers: Headers}} answer */
  constructor(problem, answer) {
    super(`${answer.status} ${problem.code}: ${problem.detail}`);
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

export class BadRequest extends ApiError {}
export class Unauthorized extends ApiError {}
export class NotFound extends ApiError {}
export class Gone extends ApiError {}
export class ServerError extends ApiError {}

/** `required`: the scopes that the operation needs. */
export class Forbidden extends ApiError {
  get required() {
    return this.problem.required_scopes ?? [];
  }
}

/** `currentStatus`: of the record; `allowed`: what is possible in it. */
export class Conflict extends ApiError {
  get currentStatus() {
    return this.problem.current_status;
  }

  get allowed() {
    return this.problem.allowed ?? [];
  }
}

/** `errors`: every place that is not valid. */
export class Unprocessable extends ApiError {
  get errors() {
    return this.problem.errors ?? [];
  }
}

/** `policies`: the limits that were exceeded. */
export class RateLimited extends ApiError {
  get policies() {
    return this.problem.violated_policies ?? [];
  }
}
