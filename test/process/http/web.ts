// A system with the functions of the HTTP fixtures, and requests to its handler as a server would hand them over.

import { join } from "node:path";
import type { SpliceConfig } from "../../../src/config/types.js";
import { toFetchHandler } from "../../../src/http/fetch-handler.js";
import type { HttpCallee } from "../../../src/http/http-calls.js";
import type { HttpOptions } from "../../../src/http/options.js";
import { fixtures, startSystem, until, type TestSystem } from "../harness.js";

const functions = join(fixtures, "http/functions");

export function startWeb(config: SpliceConfig = {}): Promise<TestSystem> {
  return startSystem({ functions, ...config }, { keyed: false });
}

export type Ask = (path: string, init?: RequestInit & { readonly json?: unknown }) => Promise<Response>;

/** POST unless told otherwise; `json` is a body with its content-type. */
export function asker(callee: HttpCallee, options?: HttpOptions): Ask {
  const handle = toFetchHandler(callee, options);
  return (path, { json, ...init } = {}) => handle(requestTo(path, json, init));
}

export function requestTo(path: string, json: unknown, init: RequestInit = {}): Request {
  const headers = new Headers(init.headers);
  const body = json === undefined ? {} : { body: JSON.stringify(json) };
  if (json !== undefined) headers.set("content-type", "application/json");
  return new Request(`http://test.local${path}`, { method: "POST", ...body, ...init, headers });
}

/** Status and body, for a look at both. */
export async function said(response: Response): Promise<{ status: number; body: unknown }> {
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
}

export function error(code: number, fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { error: { code, ...fields } };
}

/** Waits until so many calls of those that wait for their ends have begun: one that has not is cancelled unheard. */
export function untilBegun(system: TestSystem, count: number): Promise<unknown> {
  return until("the function runs", async () => (await system.call("web.howManyBegun")).value === count);
}

/** Waits until so many calls have heard that nobody waits for them. */
export function untilCancelled(system: TestSystem, count: number): Promise<unknown> {
  return until(
    "the function hears that its client has gone",
    async () => (await system.call("web.howManyCancelled")).value === count,
  );
}
