// Whatever a request looks like, the handler answers it: with a status of HTTP, with JSON where it refuses, and without
// ever rejecting. And none of them reaches what is the runtime's own.

import { afterEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { errorTable } from "../../../src/errors.js";
import { toFetchHandler } from "../../../src/http/fetch-handler.js";
import { closeLeftovers } from "../harness.js";
import { embeddedCallee } from "./recorded-callee.js";
import { startWeb } from "./web.js";

afterEach(closeLeftovers);

const text = fc.oneof(fc.string({ unit: "binary" }), fc.string());
const name = fc.oneof(
  fc.constantFrom(
    "web.echo",
    "web.none",
    "web.fail",
    "web.count",
    "splice.status",
    "splice.stop",
    "splice.kill",
  ),
  text,
);
const path = fc.oneof(
  name.map((given) => `/call/${given}`),
  name.map((given) => `/call/${encodeURIComponent(given.replace(/\p{Surrogate}/gu, ""))}`),
  text.map((given) => `/${given}`),
);
const headerName = fc.oneof(
  fc.constantFrom("content-type", "content-encoding", "accept", "traceparent", "connection", "host"),
  fc.constantFrom("x-splice-timeout-ms", "content-length", "splice-input", "authorization", "x-any"),
);
const headerValue = fc.oneof(
  fc.constantFrom(
    "application/json",
    "text/event-stream;q=0.5, */*",
    "application/x-ndjson",
    "gzip",
    "x-any, ,",
  ),
  fc.constantFrom("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "60000", "1", "1e3"),
  // What a header can hold at all.
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) }),
);
const body = fc.oneof(
  fc.constant(null),
  fc.json(),
  fc.constantFrom('{"to":3}', '{"to":3,"failAt":1}', '{"a":{"$bytes":"AA=="}}', '{"a":12345678901234567890}'),
  text,
  fc.uint8Array(),
);
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constant("POST") },
  { weight: 1, arbitrary: fc.constantFrom("GET", "HEAD", "PUT", "OPTIONS", "PATCH", "BREW") },
);

function requestOf(
  given: string,
  headers: readonly [string, string][],
  verb: string,
  content: string | Uint8Array | null,
): Request | null {
  try {
    const isBodiless = verb === "GET" || verb === "HEAD" || content === null;
    return new Request(`http://test.local${given}`, {
      method: verb,
      headers: headers as [string, string][],
      ...(isBodiless ? {} : { body: content }),
    });
  } catch {
    // No request that could have been made.
    return null;
  }
}

test("every request is answered, and nothing is called by accident", async () => {
  const system = await startWeb();
  const handle = toFetchHandler(embeddedCallee(system), { maxBodyBytes: 10_000 });
  const codes = Object.keys(errorTable).map(Number);
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(
      path,
      fc.array(fc.tuple(headerName, headerValue), { maxLength: 5 }),
      method,
      body,
      async (given, headers, verb, content) => {
        const request = requestOf(given, headers, verb, content);
        if (request === null) return;
        const response = await handle(request);
        const said = await response.text();
        answered += 1;
        if (response.status === 200 || response.status === 204) {
          expect(new URL(request.url).pathname).not.toContain("splice.");
          return;
        }
        const { error } = JSON.parse(said) as { error: { code: number; message: string } };
        expect(codes).toContain(error.code);
        expect(error.code).not.toBe(3000);
        expect(error.message).not.toBe("");
      },
    ),
    { numRuns: 1500 },
  );
  expect(answered).toBeGreaterThan(500);
  expect((await system.splice.status()).state).toBe("running");
  await system.end();
});
