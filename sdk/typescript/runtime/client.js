// What every client of a contract is.

import { given, OAuth } from "./auth.js";
import { Caller } from "./calls.js";
import { Transport } from "./transport.js";

export class BaseClient {
  #transport;
  #caller;
  /** @type {boolean} */
  #tests;

  /** @param {import("./types.js").ClientOptions} options @param {import("./types.js").About} about */
  constructor(options, about) {
    const { token, oauth, baseUrl = about.baseUrl, ...plain } = options;
    const origin = new URL(baseUrl).href.replace(/\/+$/, "");
    const fetch = plain.fetch ? { fetch: plain.fetch } : {};
    const auth = token ? given(token) : oauth && new OAuth(origin + about.tokenPath, { ...fetch, ...oauth });
    if (!auth) throw new TypeError("A client needs a `token`, or `oauth`");
    this.#tests = typeof token === "string" && token.includes("_test_");
    this.#transport = new Transport({ ...plain, auth, baseUrl: origin }, about);
    this.#caller = new Caller(this.#transport);
  }

  get limits() {
    return this.#transport.limits;
  }

  /**
   * @template T
   * @param {new (caller: Caller) => T} kind
   * @param {{testsOnly?: boolean}} [options]
   * @returns {T}
   */
  resource(kind, { testsOnly = false } = {}) {
    if (testsOnly && !this.#tests) throw new TypeError("This is there with a test token only");
    return new kind(this.#caller);
  }
}
