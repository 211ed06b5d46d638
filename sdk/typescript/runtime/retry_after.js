// When to come again.

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
