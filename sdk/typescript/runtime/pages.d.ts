import type { Answer, Page } from "./types.js";

/** A list. Nothing is asked before it is wanted, and each walk begins anew. */
export declare class Pages<T> implements AsyncIterable<T> {
  constructor(ask: (changed: { cursor?: string; limit?: number }) => Promise<Answer<T[]>>);
  /** Record by record: `for await (const record of list)`. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
  /** Page by page. */
  pages(): AsyncGenerator<Page<T>, void, undefined>;
  /** The first record, by a request for one. */
  first(): Promise<T | undefined>;
  /** The first `limit` records, or all. */
  toArray(limit?: number): Promise<T[]>;
}
