import { SdkError } from "./errors.js";
import type { HeadersLike } from "./types.js";

/** What came is not from this API, or not of now. */
export declare class SignatureInvalid extends SdkError {}

/**
 * The event, if it is one of ours: verified by Standard Webhooks, and sent just now.
 * @param body the bytes as they came, before any parser has seen them
 * @param secret `whsec_…`; several while one follows the other
 */
export declare function unwrap<Event = unknown>(
  body: string | Uint8Array | ArrayBuffer,
  headers: HeadersLike,
  secret: string | readonly string[],
  options?: { tolerance?: number },
): Promise<Event>;
