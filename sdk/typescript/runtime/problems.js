// Problem documents (RFC 9457) as errors of their codes.

import {
  ApiError,
  BadRequest,
  Conflict,
  Forbidden,
  Gone,
  NotFound,
  RateLimited,
  ServerError,
  Unauthorized,
  Unprocessable,
} from "./errors.js";

/** @type {Record<number, typeof ApiError>} */
const BY_STATUS = {
  400: BadRequest,
  401: Unauthorized,
  403: Forbidden,
  404: NotFound,
  409: Conflict,
  410: Gone,
  422: Unprocessable,
  429: RateLimited,
};

/**
 * @param {string} text
 * @param {{status: number, headers: Headers}} answer
 * @param {import("./types.js").Codes} codes
 * @returns {ApiError}
 */
export function problemOf(text, answer, codes) {
  const { status } = answer;
  const detail = `The answer is no problem document: ${text.slice(0, 200)}`;
  const problem = { type: "about:blank", title: "", status, detail, instance: "", trace_id: "", code: "" };
  try {
    Object.assign(problem, JSON.parse(text));
  } catch {
    // What stands between may answer for itself, in HTML.
  }
  const own = Object.hasOwn(codes, problem.code) ? codes[problem.code] : undefined;
  return new (own ?? BY_STATUS[status] ?? (status >= 500 ? ServerError : ApiError))(problem, answer);
}
