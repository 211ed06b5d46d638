// Lists, page by page, asked for when they are wanted.

import { AnswerInvalid } from "./errors.js";

/**
 * @template T
 * @implements {AsyncIterable<T>}
 */
export class Pages {
  #ask;

  /** @param {(changed: {cursor?: string, limit?: number}) => Promise<import("./types.js").Answer<T[]>>} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  /** @returns {AsyncGenerator<import("./types.js").Page<T>, void, undefined>} */
  async *pages() {
    /** @type {string | undefined} */
    let cursor;
    do {
      const answer = await this.#ask(cursor === undefined ? {} : { cursor });
      const page = pageOf(answer);
      yield page;
      if (page.next !== null && page.next === cursor) {
        throw new AnswerInvalid("The list does not go on: a page names itself as the next", answer);
      }
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  /** @returns {AsyncGenerator<T, void, undefined>} */
  async *[Symbol.asyncIterator]() {
    for await (const page of this.pages()) yield* page.data;
  }

  /** @returns {Promise<T | undefined>} */
  async first() {
    return pageOf(await this.#ask({ limit: 1 })).data[0];
  }

  /** @param {number} [limit] @returns {Promise<T[]>} */
  async toArray(limit = Infinity) {
    const found = [];
    if (limit <= 0) return [];
    for await (const each of this) {
      found.push(each);
      if (found.length >= limit) break;
    }
    return found;
  }
}

/**
 * @template T
 * @param {import("./types.js").Answer<T[]>} answer
 * @returns {import("./types.js").Page<T>}
 */
function pageOf(answer) {
  const { data, meta, headers } = answer;
  if (!Array.isArray(data)) throw new AnswerInvalid("A page of a list has no array `data`", answer);
  // A list without `meta` has one page.
  const next = meta?.cursor?.next || null;
  return { data, next, hasMore: next !== null, total: meta?.total, meta: meta ?? {}, headers };
}
