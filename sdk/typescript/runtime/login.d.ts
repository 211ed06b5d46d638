import type { LoginOptions, Tokens } from "./types.js";

export declare function loginAt(options: LoginOptions & { baseUrl: string }): Promise<Tokens>;
