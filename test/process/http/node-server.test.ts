// Functions behind a server of node:http: what only a real connection can do to a call.

import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { HttpOptions } from "../../../src/http/options.js";
import { toNodeHandler } from "../../../src/http/node-handler.js";
import { closeLeftovers, until, type TestSystem } from "../harness.js";
import { embeddedCallee } from "./recorded-callee.js";
import { error, said, startWeb, untilBegun, untilCancelled } from "./web.js";

const servers: Server[] = [];

afterEach(async () => {
  closeServers();
  await closeLeftovers();
});

function closeServers(): void {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
}

/** The connections belong to the test, not to the system that is looked over for what it leaves open. */
async function end(system: TestSystem): Promise<void> {
  closeServers();
  await system.end();
}

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function serve(system: TestSystem, options?: HttpOptions): Promise<string> {
  const port = await listen(toNodeHandler(embeddedCallee(system), options));
  return `http://127.0.0.1:${String(port)}`;
}

const json = { "content-type": "application/json" };

/** Bytes as they are, for what no client would send. Resolves with all that comes until the server hangs up. */
async function speak(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(text);
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  await once(socket, "close");
  return answer;
}

describe("toNodeHandler", () => {
  test("answers over a real connection: results, failures, streams", async () => {
    const system = await startWeb();
    const url = await serve(system, { auth: (request) => ({ userId: new URL(request.url).host }) });
    const post = (path: string, body?: string) =>
      fetch(url + path, { method: "POST", headers: json, ...(body === undefined ? {} : { body }) });
    expect(await said(await post("/call/web.echo", '{"a":1}'))).toEqual({ status: 200, body: { a: 1 } });
    expect(await said(await post("/call/web.none"))).toEqual({ status: 204, body: undefined });
    expect(await said(await post("/call/web.fail"))).toMatchObject({ status: 500, body: error(2000) });
    expect(await said(await post("/elsewhere"))).toMatchObject({ status: 404, body: error(1000) });
    expect((await fetch(`${url}/call/web.none`)).status).toBe(405);
    expect(await (await post("/call/web.count", '{"to":100}')).text()).toMatch(/^0\n1\n.*\n99\n$/s);
    expect(await said(await post("/call/web.context"))).toMatchObject({
      body: { auth: { userId: new URL(url).host } },
    });
    await end(system);
  });

  test("lets no Host, no path and no method lead elsewhere", async () => {
    const system = await startWeb({ verify: (auth) => auth?.userId === "web.none" });
    const url = await serve(system, { auth: (request) => ({ userId: request.url.split("/").at(-1) ?? "" }) });
    const ask = (line: string, host: string) =>
      speak(url, `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    expect(await ask("POST /call/web.none", "x")).toMatch(/^HTTP\/1.1 204 /);
    expect(await ask("POST /", "x/call/web.none?")).toMatch(/^HTTP\/1.1 404 /);
    expect(await ask("POST //x/call/web.none", "x")).toMatch(/^HTTP\/1.1 404 /);
    expect(await ask("POST http://x/call/web.none", "x")).toMatch(/^HTTP\/1.1 404 /);
    expect(await ask("POST /call/web.none", "x/call/web.echo#")).toMatch(/^HTTP\/1.1 204 /);
    expect(await ask("TRACE /call/web.none", "x")).toMatch(/^HTTP\/1.1 405 /);
    expect(await ask("OPTIONS *", "x")).toMatch(/^HTTP\/1.1 404 /);
    await end(system);
  });

  test("hands on what is not for functions, and refuses a body that is read already", async () => {
    const system = await startWeb();
    const handle = toNodeHandler(embeddedCallee(system), { basePath: "/api" });
    const port = await listen((request, response) => {
      void (async () => {
        if (request.url?.endsWith("?read") === true) for await (const _ of request);
        handle(request, response, () => response.end("somebody else's"));
      })();
    });
    const url = `http://127.0.0.1:${String(port)}`;
    for (const path of ["/", "/call/web.none", "/api", "/api/call"]) {
      expect(await (await fetch(url + path, { method: "POST" })).text()).toBe("somebody else's");
    }
    expect((await fetch(`${url}/api/call/web.none`, { method: "POST" })).status).toBe(204);
    const read = await fetch(`${url}/api/call/web.echo?read`, { method: "POST", headers: json, body: "{}" });
    expect(await said(read)).toMatchObject({
      status: 500,
      body: error(1000, { message: expect.stringContaining("before whatever parses bodies") }),
    });
    await end(system);
  });

  test("answers 413 to a body that does not end, and keeps the connection for others", async () => {
    const system = await startWeb();
    const url = await serve(system, { maxBodyBytes: 1000 });
    const large = { method: "POST", headers: json, body: `"${"x".repeat(5_000_000)}"` };
    expect(await said(await fetch(`${url}/call/web.echo`, large))).toMatchObject({
      status: 413,
      body: error(1004, { details: expect.objectContaining({ limit: 1000 }) }),
    });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(
      "POST /call/web.echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
    socket.write(chunk);
    expect(await nextText(socket)).toMatch(/^HTTP\/1.1 413 /);
    socket.write(`${chunk}${chunk}0\r\n\r\n`);
    socket.write("POST /call/web.none HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    expect(await nextText(socket)).toMatch(/^HTTP\/1.1 204 /);
    socket.destroy();
    await end(system);
  });
});

describe("a client that goes", () => {
  const requestTo = (path: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`;
  const socketTo = (url: string): Socket => connect(Number(new URL(url).port), "127.0.0.1");

  test.each([
    ["in a call", "web.hold", false],
    ["before the first item", "web.silent", false],
    ["between two items", "web.quiet", true],
    ["with items unread", "web.endless", true],
  ])("%s cancels it", async (_, name, hasBegun) => {
    const system = await startWeb();
    const url = await serve(system);
    const socket = socketTo(url);
    socket.write(requestTo(`/call/${name}`));
    await untilBegun(system, 1);
    if (hasBegun) expect(await nextText(socket)).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
    await untilCancelled(system, 1);
    await end(system);
  });

  test("in the middle of its body has called nothing", async () => {
    const system = await startWeb();
    const seen: IncomingMessage[] = [];
    const handle = toNodeHandler(embeddedCallee(system));
    const port = await listen((request, response) => {
      seen.push(request);
      handle(request, response);
    });
    const socket = socketTo(`http://127.0.0.1:${String(port)}`);
    socket.write("POST /call/web.echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    socket.write('Content-Length: 100\r\n\r\n{"a":');
    await until("the body has begun", () => seen[0]?.readableDidRead);
    socket.destroy();
    await until("the server knows", () => seen[0]?.destroyed);
    expect(system.journal.of("accept")).toEqual([]);
    await end(system);
  });

  test("that only stops reading makes the function wait, and gets every item in the end", async () => {
    const system = await startWeb();
    const url = await serve(system);
    const socket = socketTo(url);
    socket.write(requestTo("/call/web.endless"));
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    await until("it is read", () => text.includes('{"n":3,'));
    socket.pause();
    let made: unknown;
    await until("nothing more is made", async () => {
      const before = made;
      for (let turn = 0; turn < 20; turn++) await system.call("web.echo");
      made = (await system.call("web.howManyMade")).value;
      return before === made;
    });
    socket.resume();
    const count = Number(made) + 100;
    await until("more is made", () => text.includes(`{"n":${String(count)},`));
    const items = [...text.matchAll(/\{"n":(\d+),/g)].map(([, n]) => Number(n));
    expect(items.slice(0, count)).toEqual(Array.from({ length: count }, (_, n) => n));
    socket.destroy();
    await untilCancelled(system, 1);
    await end(system);
  });
});

async function nextText(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString("latin1");
}
