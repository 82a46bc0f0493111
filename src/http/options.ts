// What may be said when functions are put behind HTTP, checked, with the defaults. Pure.

import { ConfigError } from "../errors.js";

/** Who sent a request, as this server knows it. */
export interface Identity {
  readonly userId: string;
  readonly roles?: readonly string[] | undefined;
}

export interface HttpOptions {
  /** In front of `/call/{name}`, beginning with a "/". Default: nothing. */
  readonly basePath?: string | undefined;
  /** The most a request's body may have, in bytes; more is answered with 413. Default: 10 485 760. */
  readonly maxBodyBytes?: number | undefined;
  /**
   * Who sends the request, found out by what it carries (a token, a session) and never taken from its own word; null for
   * nobody. The call has it as its `auth`. When it throws nothing is called, and the answer is 500. The body is not read
   * yet; read it from a `clone()`.
   */
  readonly auth?: ((request: Request) => Identity | null | Promise<Identity | null>) | undefined;
  /** Which functions can be called; the others are as if they were not there. Default: all. Never those of the runtime. */
  readonly expose?: ((functionName: string) => boolean) | undefined;
}

export interface ResolvedHttpOptions {
  readonly basePath: string;
  readonly maxBodyBytes: number;
  readonly auth: HttpOptions["auth"];
  readonly expose: (functionName: string) => boolean;
}

const defaultMaxBodyBytes = 10_485_760;
const keys: readonly string[] = ["basePath", "maxBodyBytes", "auth", "expose"];

/** @throws ConfigError for what is no option, or makes no sense as one. */
export function resolveHttpOptions(options: HttpOptions = {}): ResolvedHttpOptions {
  for (const [key, value] of Object.entries(options)) {
    if (!keys.includes(key))
      throw new ConfigError(key, value, `left out; the options are ${keys.join(", ")}`);
  }
  const { basePath = "", maxBodyBytes = defaultMaxBodyBytes, auth, expose = () => true } = options;
  if (typeof basePath !== "string" || !/^(?:\/[^?#]*)?$/.test(basePath)) {
    throw new ConfigError("basePath", basePath, 'the beginning of a path, such as "/api"');
  }
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 0) {
    throw new ConfigError("maxBodyBytes", maxBodyBytes, "a whole number of bytes, 0 or more");
  }
  if (auth !== undefined && typeof auth !== "function") {
    throw new ConfigError("auth", auth, "a function of the request");
  }
  if (typeof expose !== "function") throw new ConfigError("expose", expose, "a function of a name");
  return { basePath: basePath.replace(/\/+$/, ""), maxBodyBytes, auth, expose };
}
