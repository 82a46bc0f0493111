// Requests that call functions, without a server between: what is passed, what comes back, what is refused.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import { toFetchHandler } from "../../../src/http/fetch-handler.js";
import { closeLeftovers, makeFolder } from "../harness.js";
import { connectedCallee, embeddedCallee } from "./recorded-callee.js";
import { asker, error, requestTo, said, startWeb, untilBegun, untilCancelled } from "./web.js";

afterEach(closeLeftovers);

test("a POST calls the function with its body, and the result is the body of the answer", async () => {
  const system = await startWeb();
  const ask = asker(embeddedCallee(system), { basePath: "/api/" });
  const response = await ask("/api/call/web.echo?ignored=1", { json: { a: [1, "ü", null] } });
  expect(Object.fromEntries(response.headers)).toEqual({
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  expect(await said(response)).toEqual({ status: 200, body: { a: [1, "ü", null] } });
  expect(await said(await ask("/api/call/web%2Eecho", { json: {} }))).toEqual({ status: 200, body: {} });
  // Nothing in, nothing out.
  expect(await said(await ask("/api/call/web.none"))).toEqual({ status: 204, body: undefined });
  expect(await said(await ask("/call/web.none"))).toMatchObject({ status: 404, body: error(1000) });
  await system.end();
});

test("bytes, large integers and dates have the forms of the command line, in both directions", async () => {
  const system = await startWeb();
  const ask = asker(embeddedCallee(system));
  const headers = { "content-type": "application/json" };
  const typeOf = async (text: string) =>
    (await said(await ask("/call/web.typeOf", { body: `{"value":${text}}`, headers }))).body;
  expect(await typeOf('{"$bytes":"AQL/"}')).toBe("bytes 3");
  expect(await typeOf("9223372036854775808")).toBe("bigint");
  expect(await typeOf("5")).toBe("number");
  expect(await (await ask("/call/web.day")).text()).toBe(
    '{"at":"1970-01-01T00:00:00.000Z","big":9223372036854775808,"bytes":{"$bytes":"AQI="}}',
  );
  await system.end();
});

test("each way of failing has its status, its code and the fields of the error", async () => {
  const system = await startWeb({ limits: { maxInFlightPerFunction: 1 }, breaker: { quarantineCrashes: 1 } });
  const ask = asker(embeddedCallee(system));
  expect(await said(await ask("/call/web.fail"))).toEqual({
    status: 500,
    body: {
      error: {
        code: 2000,
        name: "ExecutionFailed",
        kind: "User",
        message: "Out of bread.",
        retryable: false,
        details: { name: "RangeError", message: "Out of bread.", data: { left: 0 } },
      },
    },
  });
  expect(await said(await ask("/call/web.echo", { json: [1] }))).toMatchObject({
    status: 400,
    body: error(1001),
  });
  expect(await said(await ask("/call/web.ech"))).toMatchObject({
    status: 404,
    body: error(1002, { details: { suggestions: ["web.echo"] } }),
  });
  const short = { headers: { "x-splice-timeout-ms": "100" } };
  expect(await said(await ask("/call/web.hold", short))).toMatchObject({ status: 504, body: error(2001) });
  expect(await said(await ask("/call/web.silent", short))).toMatchObject({ status: 504, body: error(2001) });
  await untilCancelled(system, 2);
  await system.atRest();
  const client = new AbortController();
  const held = ask("/call/web.hold", { signal: client.signal });
  await untilBegun(system, 3);
  const refused = await ask("/call/web.hold");
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(await said(refused)).toMatchObject({ status: 429, body: error(3002, { retryable: true }) });
  client.abort();
  expect(await said(await held)).toMatchObject({ status: 499, body: error(2002) });
  await untilCancelled(system, 3);
  expect(await said(await ask("/call/web.die"))).toMatchObject({ status: 502, body: error(2003) });
  const quarantined = await ask("/call/web.die");
  expect(Number(quarantined.headers.get("retry-after"))).toBeGreaterThan(1);
  expect(await said(quarantined)).toMatchObject({
    status: 503,
    body: error(3001, { details: expect.objectContaining({ reason: "quarantined" }) }),
  });
  await system.ready();
  await system.atRest();
  await system.splice.close();
  const closed = await ask("/call/web.echo");
  expect(closed.headers.get("retry-after")).toBeNull();
  expect(await said(closed)).toMatchObject({
    status: 503,
    body: error(3001, { details: { reason: "closed" } }),
  });
  await system.endClosed();
});

const json = { "content-type": "application/json" };
const bodies: [
  title: string,
  body: string | Uint8Array,
  headers: Record<string, string>,
  status: number,
  code: number,
][] = [
  ["no JSON", "{", json, 400, 1001],
  ["no UTF-8", Uint8Array.of(34, 255, 34), json, 400, 1001],
  ["blank text", " ", json, 400, 1001],
  ["no base64", '{"a":{"$bytes":"?"}}', json, 400, 1001],
  ["deep", "[".repeat(50_000), json, 400, 1001],
  ["deep, and well-formed", `{"a":${"[".repeat(90_000)}"bytes"${"]".repeat(90_000)}}`, json, 400, 1001],
  ["a key that cannot be carried", '{"__proto__":1}', json, 400, 1001],
  ["beyond 64 bits", `{"a":${"9".repeat(30)}}`, json, 400, 1001],
  ["a list", "[1]", json, 400, 1001],
  ["text", "{}", { "content-type": "text/plain" }, 415, 1000],
  ["a form", "a=1", { "content-type": "application/x-www-form-urlencoded" }, 415, 1000],
  ["no type", Uint8Array.of(123, 125), {}, 415, 1000],
  ["nothing, as a form", "", { "content-type": "application/x-www-form-urlencoded" }, 415, 1000],
  ["UTF-16", "{}", { "content-type": "application/json; charset=utf-16" }, 415, 1000],
  ["gzip", "{}", { ...json, "content-encoding": "gzip" }, 415, 1000],
  ["too much", `"${"x".repeat(200_000)}"`, json, 413, 1004],
  ["too much, by its header", "{}", { ...json, "content-length": "200001" }, 413, 1004],
  ["a timeout in words", "", { "x-splice-timeout-ms": "1s" }, 400, 1000],
  ["a negative timeout", "", { "x-splice-timeout-ms": "-1" }, 400, 1000],
  ["a timeout twice", "", { "x-splice-timeout-ms": "5, 6" }, 400, 1000],
  ["a timeout beyond timers", "", { "x-splice-timeout-ms": "2147483648" }, 400, 1000],
  ["no time", "", { "x-splice-timeout-ms": "0" }, 504, 2001],
];

/** Paths, and the name that each is taken for. */
const spellings = {
  "/call/spice.stats": "spice.stats",
  "/call/splice.status": "splice.status",
  "/call/splice.stop": "splice.stop",
  "/call/splice.events": "splice.events",
  "/call/splice.": "splice.",
  "/call/%73plice.status": "splice.status",
  "/call/splice%2Estatus": "splice.status",
  "/call/../call/splice.status": "splice.status",
  "/call/x/%2e%2e/splice.status": "splice.status",
  "/call/splice%252Estatus": "splice%2Estatus",
  "/call/SPLICE.status": "SPLICE.status",
  "/call/%00splice.status": "\0splice.status",
  "/call/splice.status%00": "splice.status\0",
  "/call/splice.status;x=1": "splice.status;x=1",
  "/call/%2Fsplice.status": "/splice.status",
};

describe("what is refused, and never reaches a function", () => {
  test("bodies, headers and methods", async () => {
    const system = await startWeb();
    const ask = asker(embeddedCallee(system), { maxBodyBytes: 200_000 });
    const keys = ["code", "name", "kind", "message", "retryable"];
    for (const [title, body, headers, status, code] of bodies) {
      const answer = await said(await ask("/call/web.echo", { headers, ...(body === "" ? {} : { body }) }));
      expect({ title, ...answer }).toMatchObject({ title, status, body: error(code) });
      const shown = Object.keys((answer.body as { error: object }).error);
      expect([title, shown.filter((key) => key !== "details")]).toEqual([title, keys]);
    }
    for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "post2"]) {
      const response = await ask("/call/web.echo", { method });
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "POST"]);
    }
    expect(system.journal.of("accept")).toEqual([]);
    await system.end();
  });

  test("paths, and the runtime's own functions in whatever spelling", async () => {
    const system = await startWeb();
    const ask = asker(embeddedCallee(system));
    for (const path of [
      "/",
      "/call",
      "/call/",
      "/call/web.echo/",
      "/call/a/b",
      "/calls/web.echo",
      "/x/call/web.echo",
    ]) {
      const { status, body } = await said(await ask(path));
      expect({ path, status, body }).toMatchObject({ path, status: 404, body: error(1000) });
    }
    expect(await said(await ask("/call/%E0%A4%A"))).toMatchObject({ status: 400, body: error(1000) });
    for (const [path, name] of Object.entries(spellings)) {
      const { status, body } = await said(await ask(path));
      // In the very words in which any other name that is not there is refused.
      const shown = JSON.stringify(name);
      const message = `There is no function ${shown}. \`splice list\` shows the functions there are.`;
      expect([path, status, body]).toEqual([
        path,
        404,
        error(1002, {
          name: "FunctionNotFound",
          kind: "User",
          message,
          retryable: false,
          details: { suggestions: [] },
        }),
      ]);
    }
    expect(await said(await ask("/call/\\splice.status"))).toMatchObject({ status: 404, body: error(1000) });
    expect((await system.splice.status()).state).toBe("running");
    await system.end();
  });

  test("functions that are not exposed, which suggestions do not name either", async () => {
    const system = await startWeb();
    const ask = asker(embeddedCallee(system), { expose: (name) => name !== "web.echo" });
    for (const path of ["/call/web.echo", "/call/web.ech"]) {
      expect(await said(await ask(path, { json: {} }))).toMatchObject({
        status: 404,
        body: error(1002, { details: { suggestions: [] } }),
      });
    }
    expect((await ask("/call/web.none")).status).toBe(204);
    await system.end();
  });
});

describe("what the call is told", () => {
  test("headers without credentials and what belongs to the connection; the trace; the deadline", async () => {
    const system = await startWeb();
    const ask = asker(embeddedCallee(system));
    const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const headers: [string, string][] = [
      ["X-Tenant", "blue"],
      ["Authorization", "Bearer secret"],
      ["Cookie", "id=secret"],
      ["X-Hop", "secret"],
      ["Connection", "x-hop, close"],
      ["Splice-Input", "1"],
      ["X-Splice-Timeout-Ms", "60000"],
      ["Traceparent", trace],
      ["Tracestate", "a=b"],
    ];
    expect((await said(await ask("/call/web.context", { headers }))).body).toEqual({
      headers: [
        ["traceparent", trace],
        ["tracestate", "a=b"],
        ["x-tenant", "blue"],
      ],
      auth: null,
      traceId: String(0x8448eb211c80319cn),
      spanId: String(0xb7ad6b7169203331n),
      hasDeadline: true,
    });
    const odd = { headers: { traceparent: trace.replace("00-", "ff-"), tracestate: "a=b" } };
    expect((await said(await ask("/call/web.context", odd))).body).toMatchObject({ headers: [] });
    await system.end();
  });

  test("who calls, by the option auth alone; a verifier's refusal is 401 without, and 403 with", async () => {
    const system = await startWeb({
      verify: (auth, _, name) => {
        if (name === "web.none") throw new Error("The verifier is broken.");
        return auth !== null && auth.roles.includes("admin");
      },
    });
    const ask = asker(embeddedCallee(system), {
      auth: async (request) => {
        await Promise.resolve();
        const token = request.headers.get("authorization");
        if (token === null) return null;
        if (token === "throw") throw new Error("secret");
        if (token === "odd") return { userId: 5 } as never;
        return { userId: token, roles: token === "ada" ? ["admin"] : [] };
      },
    });
    const as = (authorization: string) => ({ headers: { authorization, "x-user-id": "ada" } });
    expect(await said(await ask("/call/web.context", as("ada")))).toMatchObject({
      status: 200,
      body: { auth: { userId: "ada", roles: ["admin"] } },
    });
    const anonymous = await ask("/call/web.context");
    expect(anonymous.headers.get("www-authenticate")).toBe("Bearer");
    expect(await said(anonymous)).toMatchObject({ status: 401, body: error(1003) });
    expect(await said(await ask("/call/web.context", as("bob")))).toMatchObject({
      status: 403,
      body: error(1003),
    });
    for (const [path, token, reason] of [
      ["web.context", "throw", "auth-failed"],
      ["web.context", "odd", "auth-failed"],
      ["web.none", "ada", "verifier-failed"],
    ] as const) {
      const { status, body } = await said(await ask(`/call/${path}`, as(token)));
      expect({ token, status, body }).toMatchObject({
        token,
        status: 500,
        body: error(1003, { details: { reason } }),
      });
      expect(JSON.stringify(body)).not.toContain("secret");
    }
    // Nobody can say who they are here, so that asking would lead to nothing.
    const open = asker(embeddedCallee(system));
    expect((await open("/call/web.context")).status).toBe(403);
    await system.end();
  });
});

test("a body that somebody has read already is the server's fault, and not taken for none", async () => {
  const system = await startWeb();
  const handle = toFetchHandler(system.splice);
  const used = requestTo("/call/web.echo", { a: 1 });
  await used.text();
  expect(await said(await handle(used))).toMatchObject({ status: 500, body: error(1000) });
  const locked = requestTo("/call/web.echo", { a: 1 });
  locked.body?.getReader();
  expect(await said(await handle(locked))).toMatchObject({ status: 500, body: error(1000) });
  await system.end();
});

test("a handle of another process's supervisor serves as well, and its absence is a 503", async () => {
  const folder = await makeFolder();
  const system = await startWeb({ socket: join(folder, "s") });
  const splice = await connect({ socket: join(folder, "s") });
  const ask = asker(connectedCallee(system, splice));
  expect(await said(await ask("/call/web.echo", { json: { a: 1 } }))).toEqual({
    status: 200,
    body: { a: 1 },
  });
  expect(await (await ask("/call/web.count", { json: { to: 2 } })).text()).toBe("0\n1\n");
  expect(await said(await ask("/call/splice.status"))).toMatchObject({ status: 404 });
  await splice.close();
  expect(await said(await ask("/call/web.echo"))).toMatchObject({ status: 503, body: error(3001) });
  await system.end();
  await rm(folder, { recursive: true });
});
