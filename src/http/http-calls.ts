// From a request to its answer: which function, who asks, with what, and what came of it. Knows the handle, but no server.

import { isReserved } from "../contract/function-names.js";
import { describeUnknownFunction } from "../contract/near-names.js";
import type { CallOptions, Splice } from "../contract/splice.js";
import { isSpliceError, SpliceError } from "../errors.js";
import type { Clock } from "../time.js";
import { askedFormOf, formOf } from "./accept.js";
import { type Answer, errorAnswer, refuse, valueAnswer } from "./answer.js";
import { readParams } from "./body.js";
import { oneItem, streamAnswer } from "./item-stream.js";
import { KnownExports } from "./known-exports.js";
import type { Identity, ResolvedHttpOptions } from "./options.js";
import { callHeaders, timeoutOf } from "./request-headers.js";
import { functionNameOf } from "./route.js";
import { traceOf } from "./trace-parent.js";

/** As much of a handle as requests need. */
export type HttpCallee = Pick<Splice, "call" | "stream" | "exports">;

export class HttpCalls {
  readonly #splice: HttpCallee;
  readonly #options: ResolvedHttpOptions;
  readonly #clock: Clock;
  readonly #exports: KnownExports;

  constructor(splice: HttpCallee, options: ResolvedHttpOptions, clock: Clock) {
    this.#splice = splice;
    this.#options = options;
    this.#clock = clock;
    this.#exports = new KnownExports(splice, clock);
  }

  /** Never rejects. `signal` aborts when the client is gone. */
  async answer(request: Request, signal: AbortSignal): Promise<Answer> {
    let isAnonymous = false;
    try {
      const startedAtMs = this.#clock.now();
      const { basePath, maxBodyBytes } = this.#options;
      const name = functionNameOf(new URL(request.url).pathname, basePath);
      if (request.method !== "POST") {
        throw refuse(405, `The method is ${request.method}, but functions are called by POST.`, {
          allow: "POST",
        });
      }
      const timeoutMs = timeoutOf(request.headers);
      await this.#exports.look(name, signal, timeoutMs);
      if (!this.#isExposed(name)) throw this.#notFound(name);
      const identity = await this.#identityOf(request);
      isAnonymous = identity === null && this.#options.auth !== undefined;
      const params = await readParams(request, maxBodyBytes);
      const passedMs = this.#clock.now() - startedAtMs;
      const options = {
        ...(traceOf(request.headers.get("traceparent")) ?? {}),
        headers: callHeaders(request.headers),
        timeoutMs: timeoutMs === undefined ? undefined : timeoutMs - passedMs,
        auth: identity ?? undefined,
        signal,
      };
      return await this.#call(name, params, options, request.headers.get("accept"));
    } catch (error) {
      return errorAnswer(error, isAnonymous);
    }
  }

  async #call(name: string, params: unknown, options: CallOptions, accept: string | null): Promise<Answer> {
    try {
      if (this.#exports.isStreaming(name)) {
        const items = this.#splice.stream(name, params, options)[Symbol.asyncIterator]();
        return await streamAnswer(items, formOf(accept), this.#clock);
      }
      const form = askedFormOf(accept);
      if (form === null) return valueAnswer(await this.#splice.call(name, params, options));
      const { signal: gone } = options;
      const call = (left: AbortSignal): Promise<unknown> =>
        this.#splice.call(name, params, {
          ...options,
          signal: gone === undefined ? left : AbortSignal.any([gone, left]),
        });
      return await streamAnswer(oneItem(call), form, this.#clock);
    } catch (error) {
      // In the words of this place, which names nothing that is not exposed.
      if (isSpliceError(error) && error.code === 1002) throw this.#notFound(name);
      throw error;
    }
  }

  #isExposed(name: string): boolean {
    return !isReserved(name) && this.#options.expose(name);
  }

  #notFound(name: string): SpliceError {
    const exposed = this.#exports.names.filter((known) => this.#isExposed(known));
    const { message, suggestions } = describeUnknownFunction(name, exposed);
    return new SpliceError({ code: 1002, message, functionName: name, details: { suggestions } });
  }

  /** @throws SpliceError 1003 when the option fails: nobody is let in because of a fault. */
  async #identityOf(request: Request): Promise<Identity | null> {
    const { auth } = this.#options;
    if (auth === undefined) return null;
    try {
      const identity: unknown = await auth(request);
      if (identity === null) return null;
      if (isIdentity(identity)) return identity;
    } catch {
      // What it threw may hold what it looked at, and is not for whoever asks.
    }
    const message = "Nothing was called, because the server's own option auth failed to say who calls.";
    throw new SpliceError({ code: 1003, message, details: { userId: null, reason: "auth-failed" } });
  }
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== "object" || value === null || !("userId" in value)) return false;
  const roles = "roles" in value ? value.roles : undefined;
  const areTexts =
    roles === undefined || (Array.isArray(roles) && roles.every((role) => typeof role === "string"));
  return typeof value.userId === "string" && areTexts;
}
