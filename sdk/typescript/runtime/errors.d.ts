import type { FieldError, Problem } from "./types.js";

/** What every failure of this library is an instance of. */
export declare class SdkError extends Error {
  constructor(message: string, options?: { cause?: unknown });
  /** The key that the call was sent with: the same request with the same key has one effect. */
  idempotencyKey: string | undefined;
  /** How often it was tried. */
  attempts: number;
}

/** No answer came: the connection could not be made, or was lost. */
export declare class ConnectionFailed extends SdkError {}

/** No answer came in time. */
export declare class TimedOut extends ConnectionFailed {}

/** Whether a write took effect is not known: look for the record, or send it again with the same `idempotencyKey`. */
export declare class OutcomeUnknown extends SdkError {
  constructor(failure: ConnectionFailed | ApiError);
  code: string;
  /** Undefined, as those below, where no answer came. */
  status: number | undefined;
  traceId: string | undefined;
  requestId: string | null | undefined;
}

/** An answer came that is not one of this API. */
export declare class AnswerInvalid extends SdkError {
  constructor(message: string, answer: { status: number; headers: Headers }, options?: { cause?: unknown });
  status: number;
  headers: Headers;
  requestId: string | null;
}

/** The authorization server gives no new token (RFC 6749, `code` is its `error`): ask the user again. */
export declare class SignInNeeded extends SdkError {
  constructor(code: string, detail?: string);
  code: string;
  detail: string | undefined;
}

/** The API refused, or could not do it. A code that is unknown here is of the class of its status. */
export declare class ApiError extends SdkError {
  constructor(problem: Problem, answer: { status: number; headers: Headers });
  status: number;
  headers: Headers;
  /** The whole document. */
  problem: Problem;
  /** What to decide by. */
  code: string;
  title: string;
  /** For people; its wording may change. */
  detail: string;
  /** Name it when you ask for help. */
  traceId: string;
  requestId: string | null;
  /** In how many seconds to come again, where that was said. */
  retryAfter: number | undefined;
}

export declare class BadRequest extends ApiError {}
export declare class Unauthorized extends ApiError {}
export declare class NotFound extends ApiError {}
export declare class Gone extends ApiError {}
export declare class ServerError extends ApiError {}

export declare class Forbidden extends ApiError {
  /** The scopes that the operation needs. */
  get required(): string[];
}

export declare class Conflict extends ApiError {
  get currentStatus(): string | undefined;
  /** What is possible in this status: statuses, or names of actions. */
  get allowed(): string[];
}

export declare class Unprocessable extends ApiError {
  /** Every place that is not valid. */
  get errors(): FieldError[];
}

/** Too many requests: come again in `retryAfter` seconds. */
export declare class RateLimited extends ApiError {
  /** The limits that were exceeded. */
  get policies(): string[];
}
