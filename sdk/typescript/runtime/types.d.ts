// What goes in and out, and is no class.

import type { ApiError } from "./errors.js";

/** One place in a request that is not valid. */
export interface FieldError {
  /** Where, as a JSON pointer (RFC 6901) into the body. */
  pointer: string;
  code: string;
  message: string;
  allowed?: string[];
  /** In a file: 1 is the first row below the names of the columns. */
  row?: number;
  column?: string | null;
}

/** A problem document (RFC 9457). Members that are unknown here are kept. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  trace_id: string;
  code: string;
  errors?: FieldError[];
  required_scopes?: string[];
  denied_by?: "scope" | "role";
  current_status?: string;
  allowed?: string[];
  limit?: number;
  retry_after?: number;
  violated_policies?: string[];
  contracts?: string[];
  [member: string]: unknown;
}

/** The class of each code. */
export type Codes = Readonly<Record<string, typeof ApiError>>;

/** One limit. */
export interface Limit {
  /** So many requests at once. */
  limit: number;
  /** Whole again after so many seconds. */
  window: number;
  remaining: number;
  /** In how many seconds it is whole again. */
  reset: number;
}

/** What an answer said of limits, by their names. */
export type Limits = Record<string, Limit>;

/** One page of a list. */
export interface Page<T> {
  data: T[];
  /** The cursor of the page after it; null on the last one. */
  next: string | null;
  hasMore: boolean;
  /** How many records there are in all, where counting them is cheap. */
  total: number | undefined;
  meta: Meta;
  headers: Headers;
}

export interface Watch {
  signal: AbortSignal;
  heard(): void;
  stream(): void;
  end(): void;
  meant(error: unknown): unknown;
}

/** What the token endpoint gave, kept as it is. */
export interface Tokens {
  access_token: string;
  refresh_token: string;
  /** When the access token ends, in seconds since 1970. */
  expires_at?: number;
  scope?: string;
  [member: string]: unknown;
}

export interface OAuthOptions {
  clientId: string;
  /** Of a confidential app; a public one has none. */
  clientSecret?: string;
  tokens: Tokens;
  /** Keeps what was refreshed. It is awaited before the new token is used, as the old refresh token ends by it. */
  save?: (tokens: Tokens) => void | Promise<void>;
  fetch?: typeof fetch;
}

export interface Auth {
  token(): Promise<string>;
  renew?(): Promise<void>;
}

/** How to connect: `token`, or `oauth`, is needed. */
export interface ClientOptions extends Omit<Options, "auth" | "baseUrl" | "version"> {
  /** A token, or what gives one at each request. */
  token?: string | (() => string | Promise<string>) | undefined;
  /** The tokens of a user of an app, which are refreshed. */
  oauth?: OAuthOptions;
  /** Where the API is, if not where this package came from. */
  baseUrl?: string;
}

/** How long, in milliseconds. fetch does not tell how far a connection has come, so there is no time for that alone. */
export interface Timeout {
  /** The server may be silent: before its headers, and between two pieces of a body. 30,000 unless given. */
  read?: number;
  /** All attempts and the pauses between them. 120,000 unless given. */
  total?: number;
}

/** Of one call, over what the client has. */
export interface CallOptions {
  signal?: AbortSignal;
  timeout?: Timeout;
  /** How often it is tried again: twice unless given. */
  maxRetries?: number;
  headers?: Headers | Record<string, string> | [string, string][];
  /** The key of what is to be done once, if you keep one yourself. Each call has its own otherwise. */
  idempotencyKey?: string;
}

/** Of all calls of a client. */
export interface Options extends Omit<CallOptions, "signal" | "idempotencyKey"> {
  auth: Auth;
  baseUrl: string;
  /** Whether requests wait while nothing is left of a limit: they do unless it is false. */
  pace?: boolean;
  fetch?: typeof fetch;
  /** Waits in a way of your own. */
  sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

/** What a package knows of its contract. */
export interface About {
  baseUrl: string;
  tokenPath: string;
  version: string;
  agent: string;
  codes: Codes;
}

/** `again: false`: it may not be sent twice; `keyed`: it takes an Idempotency-Key. */
export interface Operation {
  method: string;
  keyed?: boolean;
  again?: boolean;
  csv?: boolean;
  sendsCsv?: boolean;
}

export interface Request {
  path: string;
  body?: any;
  query?: Record<string, unknown>;
}

/** A value that is null because what is kept of it is not valid. */
export interface Degraded {
  id: string;
  pointer: string;
}

/** What an answer says beside its data. */
export interface Meta {
  cursor?: { next: string | null; has_more: boolean };
  total?: number;
  missing?: string[];
  degraded?: Degraded[];
  [member: string]: unknown;
}

/** A whole answer. */
export interface Answer<T> {
  data: T;
  meta: Meta | undefined;
  status: number;
  headers: Headers;
  /** Whether it is the answer to an earlier request with the same key. */
  replayed: boolean;
}

/** The data of an answer, in a while. */
export interface Call<T> extends Promise<T> {
  /** The whole answer instead. */
  withResponse(): Promise<Answer<T>>;
}

/** Headers as fetch has them, or as Node, Express and serverless platforms do. */
export type HeadersLike = Headers | Record<string, string | string[] | undefined>;

export interface LoginOptions {
  clientId: string;
  clientSecret?: string;
  scope: string | readonly string[];
  /** Leads the user to the address; it is printed unless given. */
  open?: (url: string) => void | Promise<void>;
  /** How long the user may take, in milliseconds. Five minutes unless given. */
  timeout?: number;
  fetch?: typeof fetch;
}
