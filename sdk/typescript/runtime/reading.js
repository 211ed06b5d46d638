// Bodies, as long as they come: silence is timed, a connection that breaks off is told from one that ends.

import { ConnectionFailed, SdkError, TimedOut } from "./errors.js";

const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Aborts what it watches at the deadline, when the caller wants it, and when nothing was heard for too long.
 * @param {number} first milliseconds until headers
 * @param {number} read milliseconds between two pieces
 * @param {number} deadline
 * @param {AbortSignal} [outer]
 * @returns {import("./types.js").Watch}
 */
export function watched(first, read, deadline, outer) {
  const controller = new AbortController();
  let late = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const stop = () => controller.abort(outer?.reason);
  const set = (/** @type {number} */ silence) => {
    clearTimeout(timer);
    const left = Math.min(silence, deadline - Date.now(), LONGEST_TIMER);
    timer = setTimeout(() => {
      late = true;
      controller.abort(new TimedOut("No answer in time"));
    }, left);
  };
  if (outer?.aborted) stop();
  outer?.addEventListener("abort", stop, { once: true });
  set(first);
  return {
    signal: controller.signal,
    heard: () => set(read),
    // A long file may take its time, as long as there is more of it.
    stream: () => {
      deadline = Infinity;
      set(read);
    },
    end: () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", stop);
    },
    meant: (error) => {
      if (error instanceof SdkError) return error;
      if (outer?.aborted) return outer.reason;
      if (late) return new TimedOut("No answer in time", { cause: error });
      return new ConnectionFailed(`The connection failed: ${told(error)}`, { cause: error });
    },
  };
}

/** @param {unknown} error */
function told(error) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * @param {Response} response
 * @param {import("./types.js").Watch} watch
 * @returns {AsyncGenerator<Uint8Array, void, undefined>}
 */
export async function* pieces(response, watch) {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watch.heard();
      yield value;
    }
  } catch (error) {
    throw watch.meant(error);
  } finally {
    watch.end();
    // Whoever stops early wants no more of it.
    reader.cancel().catch(() => {});
  }
}

/**
 * @param {Response} response
 * @param {import("./types.js").Watch} watch
 */
export async function whole(response, watch) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of pieces(response, watch)) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

/** A file on its way down. @implements {AsyncIterable<Uint8Array>} */
export class Download {
  #response;
  #watch;

  /** @param {Response} response @param {import("./types.js").Watch} watch */
  constructor(response, watch) {
    this.#response = response;
    this.#watch = watch;
    this.headers = response.headers;
  }

  [Symbol.asyncIterator]() {
    return pieces(this.#response, this.#watch);
  }

  /** @returns {ReadableStream<Uint8Array>} */
  stream() {
    const source = this[Symbol.asyncIterator]();
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await source.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await source.return();
      },
    });
  }

  text() {
    return whole(this.#response, this.#watch);
  }
}
