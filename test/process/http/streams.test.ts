// Streams as the body of an answer: their two forms, the pace that the reader sets, and what its leaving does.

import { afterEach, describe, expect, test } from "@jest/globals";
import { closeLeftovers, until } from "../harness.js";
import { embeddedCallee } from "./recorded-callee.js";
import { asker, error, said, startWeb, untilBegun, untilCancelled } from "./web.js";

afterEach(closeLeftovers);

const events = { accept: "text/event-stream" };

describe("the forms", () => {
  test("lines, unless Accept asks for events", async () => {
    const system = await startWeb();
    const ask = asker(embeddedCallee(system));
    const lines = await ask("/call/web.count", { json: { to: 3 } });
    expect([lines.status, lines.headers.get("content-type")]).toEqual([
      200,
      "application/x-ndjson; charset=utf-8",
    ]);
    expect(await lines.text()).toBe("0\n1\n2\n");
    const sse = await ask("/call/web.count", { json: { to: 2 }, headers: events });
    expect(Object.fromEntries(sse.headers)).toEqual({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    expect(await sse.text()).toBe("data: 0\n\ndata: 1\n\nevent: end\ndata: {}\n\n");
    const html = await ask("/call/web.count", { json: { to: 0 }, headers: { accept: "text/html" } });
    expect([html.status, await html.text()]).toEqual([200, ""]);
    // A function that does not stream does so where that is asked for by name.
    const one = await ask("/call/web.echo", { json: { a: 1 }, headers: events });
    expect(await one.text()).toBe('data: {"a":1}\n\nevent: end\ndata: {}\n\n');
    const none = await ask("/call/web.none", { headers: { accept: "application/x-ndjson" } });
    expect(await none.text()).toBe("null\n");
    await system.end();
  });

  test("a failure before the first item is one of the answer; a later one is the last that is said", async () => {
    const system = await startWeb();
    const ask = asker(embeddedCallee(system));
    for (const headers of [{}, events]) {
      const early = await ask("/call/web.count", { json: { to: 2, failAt: 0 }, headers });
      expect(early.headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(await said(early)).toMatchObject({ status: 500, body: error(2000) });
      expect((await ask("/call/web.fail", { headers })).status).toBe(500);
    }
    const lines = await ask("/call/web.count", { json: { to: 5, failAt: 2 } });
    const [zero, one, last = "", end] = (await lines.text()).split("\n");
    expect([zero, one, end]).toEqual(["0", "1", ""]);
    expect(JSON.parse(last)).toMatchObject(error(2000, { message: "The rest is missing." }));
    const sse = await ask("/call/web.count", { json: { to: 5, failAt: 1 }, headers: events });
    expect(await sse.text()).toMatch(/^data: 0\n\nevent: error\ndata: \{"error":\{"code":2000,.*\}\}\n\n$/);
    await system.end();
  });
});

describe("the reader", () => {
  test("sets the pace: what it does not read is not made", async () => {
    const system = await startWeb();
    const ask = asker(embeddedCallee(system));
    const response = await ask("/call/web.endless");
    const reader = response.body?.getReader();
    for (let n = 0; n < 3; n++) await reader?.read();
    let made: unknown;
    await until("nothing more is made", async () => {
      const before = made;
      made = (await system.call("web.howManyMade")).value;
      return before === made;
    });
    // Credit of 64 items, of which half is given anew when half is read.
    expect(made).toBeLessThanOrEqual(64 + 32);
    await reader?.cancel();
    await untilCancelled(system, 1);
    await system.end();
  });

  test("cancels by leaving, also while it waits for an item", async () => {
    const system = await startWeb();
    const ask = asker(embeddedCallee(system));
    const response = await ask("/call/web.quiet", { headers: events });
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    expect(decoder.decode((await reader?.read())?.value as Uint8Array)).toBe('data: "one"\n\n');
    const waiting = reader?.read();
    await reader?.cancel();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await untilCancelled(system, 1);
    await system.end();
  });

  test("cancels by its signal, before the first item and after it", async () => {
    const system = await startWeb();
    const ask = asker(embeddedCallee(system));
    const early = new AbortController();
    const silent = ask("/call/web.silent", { signal: early.signal });
    await untilBegun(system, 1);
    early.abort();
    expect((await silent).status).toBe(499);
    await untilCancelled(system, 1);
    const late = new AbortController();
    const quiet = await ask("/call/web.quiet", { signal: late.signal });
    const reader = quiet.body?.getReader();
    await reader?.read();
    late.abort();
    const last = new TextDecoder().decode((await reader?.read())?.value as Uint8Array);
    expect(JSON.parse(last)).toMatchObject(error(2002));
    await untilCancelled(system, 2);
    await system.end();
  });
});
