// Where the token comes from.

import { ConnectionFailed, SignInNeeded } from "./errors.js";

const EARLY = 60_000;

/**
 * @param {string | (() => string | Promise<string>)} token
 * @returns {import("./types.js").Auth}
 */
export function given(token) {
  return { token: async () => (typeof token === "function" ? token() : token) };
}

/** The tokens of one user of an app, refreshed when they must be: once, however many wait. */
export class OAuth {
  #url;
  #options;
  #tokens;
  /** @type {Promise<void> | undefined} */
  #refreshing;

  /** @param {string} url of the token endpoint @param {import("./types.js").OAuthOptions} options */
  constructor(url, options) {
    this.#url = url;
    this.#options = options;
    this.#tokens = options.tokens;
  }

  async token() {
    const { expires_at: end } = this.#tokens;
    if (end !== undefined && end * 1000 - EARLY < Date.now()) await this.renew();
    return this.#tokens.access_token;
  }

  renew() {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh() {
    const form = { grant_type: "refresh_token", refresh_token: this.#tokens.refresh_token };
    const made = await tokenOf(this.#url, form, this.#options);
    const tokens = { ...made, refresh_token: made.refresh_token ?? this.#tokens.refresh_token };
    // First kept, then used: the old refresh token may be good for nothing by now.
    await this.#options.save?.(tokens);
    this.#tokens = tokens;
  }
}

/**
 * Ask the token endpoint.
 * @param {string} url
 * @param {Record<string, string>} form
 * @param {{clientId: string, clientSecret?: string, fetch?: typeof globalThis.fetch}} app
 * @returns {Promise<import("./types.js").Tokens>}
 */
export async function tokenOf(url, form, { clientId, clientSecret, fetch = globalThis.fetch }) {
  const sent = new URLSearchParams({ ...form, client_id: clientId });
  if (clientSecret !== undefined) sent.set("client_secret", clientSecret);
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  const signal = AbortSignal.timeout(30_000);
  let answer, said;
  try {
    answer = await fetch(url, { method: "POST", body: String(sent), headers, redirect: "manual", signal });
    said = await answer.json();
  } catch (cause) {
    throw new ConnectionFailed("The authorization server gave no answer", { cause });
  }
  if (answer.status === 429 || answer.status >= 500) throw new ConnectionFailed("The authorization server is away");
  if (!answer.ok) throw new SignInNeeded(String(said.error), said.error_description);
  const { expires_in: seconds, ...tokens } = said;
  return seconds === undefined ? tokens : { ...tokens, expires_at: Math.floor(Date.now() / 1000) + seconds };
}
