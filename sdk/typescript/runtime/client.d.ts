import type { About, ClientOptions, Limits } from "./types.js";

export declare class BaseClient {
  constructor(options: ClientOptions, about: About);
  /** What the last answer said of limits; undefined before the first. */
  get limits(): Limits | undefined;
}
