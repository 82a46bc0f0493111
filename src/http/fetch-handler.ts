// Functions behind HTTP for whatever speaks the web's Request and Response. Knows no server.

import { backgroundClock } from "../time.js";
import { type HttpCallee, HttpCalls } from "./http-calls.js";
import { type HttpOptions, resolveHttpOptions } from "./options.js";

/**
 * A handler of requests that call functions: `POST {basePath}/call/{name}` with the params as JSON. Works with every kind
 * of handle, embedded and connected; it never rejects. The request's signal, and leaving the body of a streamed answer,
 * cancel the call.
 *
 * @throws ConfigError for options that make no sense.
 */
export function toFetchHandler(
  splice: HttpCallee,
  options?: HttpOptions,
): (request: Request) => Promise<Response> {
  const calls = new HttpCalls(splice, resolveHttpOptions(options), backgroundClock);
  return async (request) => {
    const { signal } = request;
    requests.set(signal, request);
    const { status, headers, body } = await calls.answer(request, signal);
    return new Response(body, { status, headers });
  };
}

/** A signal of Node's dies with its request, also for those who listen to it. So each keeps its request. */
const requests = new WeakMap<AbortSignal, Request>();
