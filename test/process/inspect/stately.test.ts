// `splice inspect --stately` beside a real `splice serve`: its page in a real browser, with Stately's own receiver in the
// place of the hosted one; and what a stranger on this machine gets of it.

import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { StatelyFrame } from "../../../src/cli/inspect/stately-frames.js";
import { connect } from "../../../src/client/connect.js";
import { Decoder } from "../../../src/protocol/decoder.js";
import { encode } from "../../../src/protocol/codec.js";
import type { Message } from "../../../src/protocol/messages.js";
import { encodeValue } from "../../../src/protocol/values.js";
import { sample } from "../../fuzz/sessions.js";
import { Project, type Running } from "../cli/run-cli.js";
import { until } from "../harness.js";
import { launchChromium, testInChromium } from "./chromium.js";
import { serveStatelyPage } from "./stately-page.js";

jest.setTimeout(90_000);

let project: Project | undefined;
let browser: Browser | undefined;
let receiver: Awaited<ReturnType<typeof serveStatelyPage>> | undefined;

afterEach(async () => {
  await browser?.close();
  await receiver?.close();
  await project?.clean();
  browser = receiver = project = undefined;
});

async function served() {
  project = await Project.make();
  return { project, running: await project.serve() };
}

/** Starts the bridge; resolves when it has said where its page is. */
async function bridged(
  project: Project,
  args: readonly string[] = [],
): Promise<{ bridge: Running; url: URL }> {
  const bridge = project.start(["inspect", "--stately", "--json", ...args]);
  const line = await until("the page has an address", () => {
    if (bridge.child.exitCode !== null) throw new Error(`The bridge ended: ${bridge.said.stderr}`);
    return bridge.said.stdout.includes("\n") ? bridge.said.stdout : null;
  });
  return { bridge, url: new URL((JSON.parse(line) as { url: string }).url) };
}

/** Ends with what the signal asks for, in a second or so, whatever it is connected to. */
async function endsBy(signal: NodeJS.Signals, { child, finished }: Running) {
  child.kill(signal);
  return finished;
}

/** What the receiver in the page's frame has been told since it was loaded. */
async function toldIn(page: Page): Promise<readonly StatelyFrame[]> {
  const [, frame] = page.frames();
  return (await frame?.evaluate("window.told ?? []").catch(() => [])) as StatelyFrame[];
}

/** The state of each actor that lives, by name, as the receiver could draw it. */
async function statesIn(page: Page): Promise<Readonly<Record<string, string>>> {
  const actors = new Map<string, { name: string; state: string }>();
  for (const frame of await toldIn(page)) {
    if (frame.type === "@xstate.actor") {
      actors.set(frame.sessionId, { name: frame.name, state: JSON.stringify(frame.snapshot.value) });
    } else if (frame.type === "@xstate.snapshot") {
      const actor = actors.get(frame.sessionId);
      if (actor === undefined)
        throw new Error(`A snapshot came of ${frame.sessionId}, of which nothing is known.`);
      if (frame.snapshot.status === "active") actor.state = JSON.stringify(frame.snapshot.value);
      else actors.delete(frame.sessionId);
    }
  }
  return Object.fromEntries([...actors.values()].map(({ name, state }) => [name, state]));
}

const ready = '{"alive":"ready"}';
const shows = (what: string, condition: () => Promise<boolean>) =>
  until(`the page shows ${what}`, condition, 30_000);
const showsReady = (page: Page) =>
  shows("a ready worker", async () => (await statesIn(page))["app:1"] === ready);

testInChromium(
  "in a browser every page shows every chart and what happens in it, over a worker's death and the supervisor's",
  async () => {
    const { project } = await served();
    receiver = await serveStatelyPage();
    const { bridge, url } = await bridged(project, ["--inspector", receiver.url]);
    browser = await launchChromium();
    const complaints: string[] = [];
    const open = async (): Promise<Page> => {
      const page = await (browser as Browser).newPage();
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error" && !message.text().includes("favicon"))
          complaints.push(message.text());
      });
      await page.goto(url.href);
      return page;
    };
    const page = await open();
    await showsReady(page);

    // Who is there, with the definition that Stately draws from.
    const introduced = (await toldIn(page)).flatMap((frame) =>
      frame.type === "@xstate.actor" ? [frame] : [],
    );
    const definitionOf = (name: string): unknown =>
      JSON.parse(introduced.find((frame) => frame.name === name)?.definition ?? "null");
    expect(definitionOf("supervisor")).toMatchObject({ id: "supervisor", states: { running: {} } });
    expect(definitionOf("app:1")).toMatchObject({
      id: "worker",
      states: { alive: { states: { ready: {} } } },
    });
    const root = introduced.find((frame) => frame.name === "supervisor");
    expect(new Set(introduced.map(({ rootId }) => rootId))).toEqual(new Set([root?.sessionId]));

    // A call appears as an actor of the call chart, and goes through it.
    const splice = await connect({ socket: project.socket });
    await splice.call("values.text");
    await shows("a call", async () =>
      (await toldIn(page)).some(
        (frame) => frame.type === "@xstate.snapshot" && frame.snapshot.value === "settled",
      ),
    );
    const call = (await toldIn(page)).find(
      (frame) => frame.type === "@xstate.actor" && frame.name.startsWith("values.text"),
    );
    const ofCall = (await toldIn(page)).filter(({ sessionId }) => sessionId === call?.sessionId);
    const states = ofCall.flatMap((frame) =>
      frame.type === "@xstate.snapshot" ? [frame.snapshot.value] : [],
    );
    expect(states).toEqual(["arriving", "queued", "dispatched", "answered", "settled"]);

    // A worker dies: its chart is seen to go through it.
    const before = (await toldIn(page)).length;
    await splice.call("splice.kill", { worker: "app:1" });
    await shows("the death", async () =>
      (await toldIn(page))
        .slice(before)
        .some((frame) => frame.type === "@xstate.snapshot" && frame.snapshot.value === "exited"),
    );
    await showsReady(page);
    await splice.close();

    // A page that comes late is told the same.
    const late = await open();
    await showsReady(late);
    expect(await statesIn(late)).toEqual(await statesIn(page));

    // The supervisor goes and another comes: both pages begin anew, without anybody's doing.
    expect((await project.run(["stop", "--drain", "0"])).code).toBe(0);
    await project.serve();
    const isNew = async (each: Page): Promise<boolean> => {
      const roots = (await toldIn(each)).flatMap((frame) =>
        frame.type === "@xstate.actor" && frame.name === "supervisor" ? [frame.sessionId] : [],
      );
      return roots.length > 0 && !roots.includes(root?.sessionId ?? "");
    };
    for (const each of [page, late]) {
      await shows("the new supervisor", () => isNew(each));
      await showsReady(each);
    }
    // So does one that is reloaded.
    await page.reload();
    await showsReady(page);
    expect(complaints).toEqual([]);

    expect(await endsBy("SIGTERM", bridge)).toMatchObject({ code: 0, signal: null });
    expect((await project.run(["stop", "--drain", "0"])).code).toBe(0);
    await project.nothingLeft();
  },
);

/** Status of a request as a stranger may make it. */
function ask(url: URL, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: url.hostname, port: url.port, path, method, headers }, (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("its page", () => {
  test("is for whoever has its address, by its own name, and from no page elsewhere", async () => {
    const { project } = await served();
    const { bridge, url } = await bridged(project);
    const own = url.pathname;
    expect(url.hostname).toBe("127.0.0.1");
    expect(await ask(url, own)).toBe(200);
    expect(await ask(url, own, { host: `localhost:${url.port}` })).toBe(200);
    expect(await ask(url, `${own}frames`, { origin: url.origin })).toBe(200);
    expect(await ask(url, `${own}frames`, { host: `evil.example:${url.port}` })).toBe(403);
    expect(await ask(url, `${own}frames`, { origin: "http://evil.example" })).toBe(403);
    expect(await ask(url, `${own}frames`, { origin: "null" })).toBe(403);
    expect(await ask(url, "/frames")).toBe(404);
    expect(await ask(url, `/${"0".repeat(32)}/frames`)).toBe(404);
    expect(await ask(url, `${own}frames/more`)).toBe(404);
    expect(await ask(url, `${own}none`)).toBe(404);
    expect(await ask(url, own, {}, "POST")).toBe(405);
    expect(await endsBy("SIGINT", bridge)).toMatchObject({ code: 0 });
    await expect(ask(url, own)).rejects.toThrow("ECONNREFUSED");
  });

  test("listens on the loopback interface alone", async () => {
    const { project } = await served();
    const { bridge, url } = await bridged(project);
    await expect(ask(new URL(`http://127.0.0.2:${url.port}/`), "/")).rejects.toThrow("ECONNREFUSED");
    await expect(ask(new URL(`http://[::1]:${url.port}/`), "/")).rejects.toThrow();
    await endsBy("SIGTERM", bridge);
  });

  test("ends when it is told to, also while the supervisor is gone and it waits for another", async () => {
    const { project } = await served();
    const { bridge } = await bridged(project);
    await until("it watches", () => bridge.said.stderr.includes("Shown is the supervisor of process"));
    await project.run(["stop", "--drain", "0"]);
    expect(await endsBy("SIGTERM", bridge)).toMatchObject({ code: 0, signal: null });
  });

  test("on a port that is taken is a sentence", async () => {
    const { project } = await served();
    const { bridge, url } = await bridged(project);
    const second = await project.run(["inspect", "--stately", "--port", url.port]);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(
      /^No page can be served on 127\.0\.0\.1:\d+: .*EADDRINUSE.* --port names another port\.\n$/,
    );
    await endsBy("SIGTERM", bridge);
  });
});

test("a supervisor whose items have another meaning ends it with 1 and a sentence", async () => {
  project = await Project.make();
  const began = { version: 2, sequence: 0, atMs: 0, type: "inspection.began", supervisorId: "s", pid: 1 };
  const newer = createServer((peer) => {
    const decoder = new Decoder();
    const say = (message: Message) => peer.write(encode(message));
    peer.on("error", () => undefined);
    peer.on("data", (chunk: Uint8Array) => {
      for (const message of decoder.push(chunk)) {
        if (message.type === "Handshake") say(sample("HandshakeAck", 0));
        if (message.type === "ListExports") say(sample("ListExportsResult", 0));
        if (message.type !== "Invoke") continue;
        const { requestId } = message;
        say({ type: "StreamStart", requestId, window: 4 });
        say({ type: "StreamChunk", requestId, sequence: 0, data: encodeValue(began) });
      }
    });
  });
  const socket = join(project.folder, "newer");
  await new Promise<void>((resolve) => newer.listen(socket, resolve));
  const { code, stderr } = await project.run(["inspect", "--stately", "--socket", socket]);
  newer.close();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The supervisor tells of its charts in version 2 .* as new as the supervisor\.\n$/);
});

describe("wrong use", () => {
  test("neither --stately nor --json is told what there is, with 2", async () => {
    project = await Project.make();
    const { code, stderr, stdout } = await project.run(["inspect"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/has no page of its own yet: --stately shows .* --json prints/);
  });

  test("no supervisor is 3, a bad port and a bad inspector 2", async () => {
    project = await Project.make();
    expect((await project.run(["inspect", "--stately"])).code).toBe(3);
    expect((await project.run(["inspect", "--json"])).code).toBe(3);
    expect((await project.run(["inspect", "--stately", "--port", "99999"])).code).toBe(2);
    expect((await project.run(["inspect", "--stately", "--inspector", "file:///etc/passwd"])).code).toBe(2);
  });
});

test("--json prints the items, a line each, until it is interrupted or nobody reads", async () => {
  const { project } = await served();
  const lines = project.start(["inspect", "--json"]);
  await until("the worker is there", () => lines.said.stdout.includes('"name":"app:1"'));
  const { code, stdout } = await endsBy("SIGINT", lines);
  expect(code).toBe(0);
  const items = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string });
  expect(items[0]).toMatchObject({ version: 1, type: "inspection.began" });
});
