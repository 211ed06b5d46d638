/** A file on its way down; read it once, in one of these ways. */
export declare class Download implements AsyncIterable<Uint8Array> {
  constructor(response: Response, watch: any);
  headers: Headers;
  /** Piece by piece: `for await (const bytes of download)`. */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined>;
  stream(): ReadableStream<Uint8Array>;
  /** All of it. */
  text(): Promise<string>;
}
