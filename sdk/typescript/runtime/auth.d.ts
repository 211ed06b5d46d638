import { SdkError } from "./errors.js";

/** The authorization server refused (RFC 6749): with `invalid_grant` the user has to be asked again. */
export declare class OAuthError extends SdkError {
  constructor(error: string, description?: string);
  error: string;
  description: string | undefined;
}
