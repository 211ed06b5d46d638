import type { Codes, FieldError, Problem } from "./types.js";

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

/** An answer came that is not one of this API. */
export declare class AnswerInvalid extends SdkError {
  constructor(message: string, status: number, headers: Headers, options?: { cause?: unknown });
  status: number;
  headers: Headers;
  requestId: string | null;
}

/** The API refused, or could not do it. Codes that are unknown here are of this very class: decide by `code` and `status`. */
export declare class ApiError extends SdkError {
  constructor(problem: Problem, answer: { status: number; headers: Headers }, options?: { cause?: unknown });
  status: number;
  headers: Headers;
  /** The whole document. */
  problem: Problem;
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

/** Whether it took effect is not known, and cannot be found out by asking again. Look for the record. */
export declare class OutcomeUnknown extends ApiError {}

/** Too many requests: `retryAfter` says in how many seconds to come again. */
export declare class RateLimited extends ApiError {
  /** The limits that were exceeded. */
  get policies(): string[];
}

/** The token lacks a scope. */
export declare class ScopeMissing extends ApiError {
  /** The scopes that the operation needs. */
  get required(): string[];
}

/** The role of the token's user does not allow it. */
export declare class RoleForbids extends ApiError {
  /** The scopes that the operation needs. */
  get required(): string[];
}

/** The request is not valid. */
export declare class ValidationFailed extends ApiError {
  /** Every place that is wrong. */
  get errors(): FieldError[];
}

/** The record's status does not allow it. */
export declare class StateConflict extends ApiError {
  get currentStatus(): string | undefined;
  /** What is possible in this status: statuses, or names of actions. */
  get allowed(): string[];
}

export declare function retryAfter(headers: Headers): number | undefined;
export declare function problemOf(text: string, answer: { status: number; headers: Headers }, codes: Codes): ApiError;
