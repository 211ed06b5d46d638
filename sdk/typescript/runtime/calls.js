// What the methods of resources are made of.

import { Pages } from "./pages.js";
import { Download } from "./reading.js";

export const GET = { method: "GET" };
/** A POST that only reads. */
export const FIND = { method: "POST" };
export const KEYED = { method: "POST", keyed: true };
/** A POST that cannot be sent twice. */
export const ONCE = { method: "POST", again: false };
export const PUT = { method: "PUT" };
export const PATCH = { method: "PATCH" };
export const DELETE = { method: "DELETE" };
export const EXPORT = { method: "GET", csv: true };
export const IMPORT = { method: "POST", keyed: true, sendsCsv: true };

/** @template T @implements {PromiseLike<T>} */
export class Call {
  #answer;
  #data;

  /** @param {Promise<import("./types.js").Answer<T>>} answer */
  constructor(answer) {
    this.#answer = answer;
    this.#data = answer.then(({ data }) => data);
    // Who asks for the answer alone hears of its failure there.
    this.#data.catch(() => {});
  }

  /**
   * @template A, B
   * @param {((data: T) => A | PromiseLike<A>) | null} [done]
   * @param {((reason: any) => B | PromiseLike<B>) | null} [failed]
   */
  then(done, failed) {
    return this.#data.then(done, failed);
  }

  /** @template B @param {((reason: any) => B | PromiseLike<B>) | null} [failed] */
  catch(failed) {
    return this.#data.catch(failed);
  }

  /** @param {(() => void) | null} [done] */
  finally(done) {
    return this.#data.finally(done);
  }

  withResponse() {
    return this.#answer;
  }

  get [Symbol.toStringTag]() {
    return "Call";
  }
}

/**
 * The path of a template, its parts escaped. What would lead to another path is refused.
 * @param {TemplateStringsArray} texts
 * @param {...unknown} parts
 */
export function path(texts, ...parts) {
  return texts.reduce((made, text, place) => {
    const part = parts[place - 1];
    if (typeof part !== "string" || part === "" || part === "." || part === "..") {
      throw new TypeError(`Not a part of a path: ${JSON.stringify(part)}`);
    }
    return made + encodeURIComponent(part) + text;
  });
}

/** What a resource asks through. */
export class Caller {
  /** @param {import("./transport.js").Transport} transport */
  constructor(transport) {
    this.transport = transport;
  }

  /**
   * @template T
   * @param {import("./types.js").Operation} operation
   * @param {string} path
   * @param {{body?: any, query?: any}} request
   * @param {import("./types.js").CallOptions} [options]
   * @param {(answer: any) => T} [shape]
   * @returns {Call<T>}
   */
  one(operation, path, request, options, shape = (answer) => answer.data) {
    const answer = this.transport.send(operation, { path, ...request }, options);
    return new Call(answer.then((given) => ({ ...given, data: shape(given) })));
  }

  /**
   * @param {import("./types.js").Operation} operation
   * @param {string} path
   * @param {{body?: any, query?: any}} request
   * @param {import("./types.js").CallOptions} [options]
   * @returns {Pages<any>}
   */
  list(operation, path, { body, query }, options) {
    return new Pages((changed) => {
      const page = operation === GET ? { query: { ...query, ...changed } } : { body: { ...body, ...changed } };
      return this.transport.send(operation, { path, ...page }, options);
    });
  }

  /**
   * @param {string} path
   * @param {any} body
   * @param {import("./types.js").CallOptions} [options]
   */
  batch(path, body, options) {
    return this.one(FIND, path, { body }, options, ({ data, meta }) => ({ data, missing: meta?.missing ?? [] }));
  }

  /**
   * @param {string} path
   * @param {{query?: any}} request
   * @param {import("./types.js").CallOptions} [options]
   */
  download(path, request, options) {
    return this.one(EXPORT, path, request, options, ({ data }) => new Download(data.response, data.watch));
  }
}

/** The methods of one resource. */
export class Resource {
  /** @param {Caller} caller */
  constructor(caller) {
    Object.defineProperty(this, "$", { value: caller });
  }
}
