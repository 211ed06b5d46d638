// Standard Webhooks, symmetric (https://www.standardwebhooks.com): what was sent to us, if it was.

import { SdkError } from "./errors.js";

/** What came is not from this API, or not of now. */
export class SignatureInvalid extends SdkError {}

/**
 * @param {string | Uint8Array | ArrayBuffer} body the bytes as they came, before any parser has seen them
 * @param {import("./types.js").HeadersLike} headers
 * @param {string | readonly string[]} secret
 * @param {{tolerance?: number}} [options] seconds
 * @returns {Promise<any>}
 */
export async function unwrap(body, headers, secret, { tolerance = 300 } = {}) {
  const [id, sent, signatures] = ["id", "timestamp", "signature"].map((name) => header(headers, `webhook-${name}`));
  if (!id || !sent || !signatures) throw new SignatureInvalid("A header of the signature is missing");
  if (!/^\d{1,12}$/.test(sent) || Math.abs(Date.now() / 1000 - Number(sent)) > tolerance) {
    throw new SignatureInvalid("It was not sent just now");
  }
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  const head = new TextEncoder().encode(`${id}.${sent}.`);
  const signed = new Uint8Array(head.length + bytes.length);
  signed.set(head);
  signed.set(bytes, head.length);
  const all = signatures.split(" ").filter((each) => each.startsWith("v1,")).map((each) => decoded(each.slice(3)));
  for (const each of typeof secret === "string" ? [secret] : secret) {
    const key = decoded(each.replace(/^whsec_/, ""));
    if (!key?.length) throw new TypeError("A secret is `whsec_` and base64");
    const hmac = { name: "HMAC", hash: "SHA-256" };
    const imported = await crypto.subtle.importKey("raw", key, hmac, false, ["verify"]);
    for (const signature of all) {
      if (signature && (await crypto.subtle.verify("HMAC", imported, signature, signed))) {
        return JSON.parse(new TextDecoder().decode(bytes));
      }
    }
  }
  throw new SignatureInvalid("The signature is not of this secret");
}

/** @param {string} text base64 */
function decoded(text) {
  try {
    return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** @param {import("./types.js").HeadersLike} headers @param {string} name */
function header(headers, name) {
  if (headers instanceof Headers) return headers.get(name);
  const found = Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
  return Array.isArray(found) ? found[0] : found;
}
