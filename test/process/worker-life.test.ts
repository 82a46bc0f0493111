// The built worker's end and its beginnings that fail: shutdown, lost links, stacks, limits of the link.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { bundleFunctions } from "../../src/actors/bundle.js";
import { encode } from "../../src/protocol/index.js";
import { ack, invoke, Peer } from "../worker/peer.js";
import { createWorlds, fixtures, type Worlds } from "./spawned-worker.js";

const basic = join(fixtures, "basic");
const main = join(import.meta.dirname, "../../dist/worker/main.js");
let worlds: Worlds;
let basicBundle: string;

beforeAll(async () => {
  worlds = await createWorlds();
  basicBundle = (await bundleFunctions({ folder: basic, outDir: worlds.scratch })).file;
});
afterAll(async () => {
  await worlds.clean();
});

/** A folder with these files, in the scratch folder. */
async function folderOf(name: string, files: Record<string, string>): Promise<string> {
  const folder = join(worlds.scratch, name);
  await mkdir(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

describe("the end of a worker", () => {
  test("Shutdown lets a running call answer before ShutdownAck, and exits 0 with nothing lost", async () => {
    const folder = await folderOf("drain", {
      "drain.ts": `
        let go: () => void = () => undefined;
        process.once("SIGUSR2", () => go());
        export async function large() {
          await new Promise<void>((resolve) => (go = resolve));
          return new Uint8Array(16 * 1024 * 1024).fill(7);
        }`,
    });
    const { child, peer, ended, output } = await worlds.start(folder);
    await peer.greet();
    peer.invoke(1, "drain.large");
    peer.send({ type: "HealthCheck" });
    await peer.next("HealthStatus");
    peer.send({ type: "Shutdown" });
    child.kill("SIGUSR2");
    const answer = await peer.next("InvokeResult", 1);
    expect(answer.result.length).toBeGreaterThan(16 * 1024 * 1024);
    await peer.next("ShutdownAck");
    expect(peer.received.slice(-2).map(({ type }) => type)).toEqual(["InvokeResult", "ShutdownAck"]);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(output().stderr).toBe("");
  });

  test("Shutdown of an idle worker, and of one whose functions are still loading", async () => {
    const folder = await folderOf("loading", {
      "never.ts": "await new Promise(() => {}); export function f() {}",
    });
    for (const worker of [worlds.startBundle(basicBundle), await worlds.start(folder)]) {
      await worker.peer.next("Handshake");
      worker.peer.send(ack(), { type: "Shutdown" });
      await worker.peer.next("ShutdownAck");
      expect(await worker.ended).toEqual({ code: 0, signal: null });
    }
  });

  test("EOF on the link: the worker takes its whole process group with it", async () => {
    const folder = await folderOf("group", {
      "group.ts": `
        import { spawn } from "node:child_process";
        export function adopt() { return spawn("sleep", ["600"], { stdio: "inherit" }).pid; }`,
    });
    const worker = await worlds.start(folder, { detached: true });
    await worker.peer.greet();
    worker.peer.invoke(1, "group.adopt");
    const grandchild = (await worker.peer.result(1)) as number;
    expect(process.kill(grandchild, 0)).toBe(true);
    worker.peer.hangUp();
    // `ended` waits for stdout to close, which the grandchild holds: it resolves only when that is dead too.
    expect(await worker.ended).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("EOF on the link of a worker that leads no group: it exits by itself", async () => {
    const worker = worlds.startBundle(basicBundle);
    await worker.peer.greet();
    worker.peer.hangUp();
    expect(await worker.ended).toEqual({ code: 1, signal: null });
  });

  test("what a function starts does not inherit the link", async () => {
    const folder = await folderOf("descriptors", {
      "fds.ts": `
        import { spawn, spawnSync } from "node:child_process";
        export function open() {
          return spawnSync("sh", ["-c", "[ -e /dev/fd/3 ] && echo open || echo closed"]).stdout.toString().trim();
        }`,
    });
    const { peer } = await worlds.start(folder);
    await peer.greet();
    peer.invoke(1, "fds.open");
    expect(await peer.result(1)).toBe("closed");
  });

  test.each([
    [
      "another version",
      encode(ack({ protocolVersion: 0x20000 })),
      /speaks protocol 2\.0, this worker speaks 1\.0/,
    ],
    ["a capability nobody offered", encode(ack({ capabilities: 7 })), /agreed to the capabilities 7/],
    [
      "something else than an ack",
      encode({ type: "ListExports" }),
      /answered the handshake with ListExports/,
    ],
    ["garbage", Uint8Array.of(0, 0, 0, 1, 0x20, 0xc1), /broke the protocol/],
    ["a frame above 64 KiB", Uint8Array.of(0, 1, 0, 1, 0x02), /broke the protocol/],
    [
      "a refusal",
      encode({
        type: "InvokeError",
        requestId: 0,
        code: 1000,
        kind: "System",
        message: "no room",
        details: null,
      }),
      /refused this worker: no room/,
    ],
  ])("U11: a handshake answered with %s ends with a sentence and exit 1", async (_, bytes, sentence) => {
    const worker = worlds.startBundle(basicBundle);
    await worker.peer.next("Handshake");
    worker.peer.sendBytes(bytes);
    expect(await worker.ended).toEqual({ code: 1, signal: null });
    expect(worker.output().stderr).toMatch(sentence);
    expect(worker.output().stderr).not.toMatch(/\n\s+at /);
  });

  test.each([
    ["an Invoke with id 0", invoke(0, "math.add")],
    ["a worker's message", { type: "ShutdownAck" } as const],
  ])("%s later on is a broken protocol too", async (_, message) => {
    const worker = worlds.startBundle(basicBundle);
    await worker.peer.greet();
    worker.peer.send(message);
    expect((await worker.ended).code).toBe(1);
    expect(worker.output().stderr).toMatch(/^The supervisor sent/);
  });

  test("with more last words than its pipe holds, which nobody reads: it exits all the same", async () => {
    const folder = await folderOf("wordy", {
      "wordy.ts": 'throw new Error("x".repeat(4_000_000));\nexport const f = () => 1;\n',
    });
    const { file } = await bundleFunctions({ folder, outDir: worlds.scratch });
    const env = { PATH: process.env["PATH"], SPLICE_FD: "3" };
    const child = spawn(process.execPath, [main, "--functions", file], {
      env,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    expect(await once(child, "exit")).toEqual([1, null]);
    for (const pipe of child.stdio) pipe?.destroy();
  });

  test("without a link, or with unknown arguments: a sentence and exit 1", () => {
    const env = { PATH: process.env["PATH"] };
    for (const args of [["--functions", basicBundle], [], ["--nonsense"]]) {
      const { status, stderr } = spawnSync(process.execPath, [main, ...args], { env, encoding: "utf8" });
      expect(status).toBe(1);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });
});

describe("links and limits", () => {
  test("connects to ZAP_SOCKET when there is no descriptor", async () => {
    const path = join(worlds.scratch, "compatible.sock");
    const server = createServer().listen(path);
    await once(server, "listening");
    worlds.startBundle(basicBundle, { env: { SPLICE_FD: "", ZAP_SOCKET: path } });
    const [socket] = (await once(server, "connection")) as [Socket];
    server.close();
    const peer = new Peer(socket);
    await peer.greet();
    peer.invoke(1, "math.add", { a: 20, b: 3 });
    expect(await peer.result(1)).toBe(23);
  });

  test("U21, row 19: an oversized result or error fails that call, and the next one is served", async () => {
    const worker = worlds.startBundle(basicBundle, { args: ["--max-frame-bytes", "4096"] });
    const { peer } = worker;
    await peer.greet();
    expect(peer.received[0]).toMatchObject({ maxFrameSize: 4096 });
    peer.invoke(1, "values.bytes", { count: 5000 });
    expect(await peer.error(1)).toMatchObject({
      code: 2000,
      kind: "System",
      details: { name: "ResultTooLarge", bytes: 5003, limit: 4096 },
    });
    peer.invoke(2, "values.bytes", { count: 3 });
    expect(await peer.result(2)).toEqual(new Uint8Array(3));
  });

  test("row 19: a result of 101 MiB under the default limit", async () => {
    const worker = worlds.startBundle(basicBundle);
    await worker.peer.greet();
    worker.peer.invoke(1, "values.bytes", { count: 101 * 1024 * 1024 });
    expect(await worker.peer.error(1)).toMatchObject({ code: 2000, details: { name: "ResultTooLarge" } });
    worker.peer.invoke(2, "math.add", { a: 1, b: 1 });
    expect(await worker.peer.result(2)).toBe(2);
  });

  test("a peer that reads late loses nothing", async () => {
    const worker = worlds.startBundle(basicBundle);
    await worker.peer.greet();
    const link = worker.child.stdio[3] as Socket;
    link.pause();
    const calls = 200;
    for (let id = 1; id <= calls; id++) worker.peer.invoke(id, "values.bytes", { count: 1024 * 1024 });
    const before = worker.peer.received.length;
    link.resume();
    const results = await Promise.all(
      Array.from({ length: calls }, async (_, at) => worker.peer.next("InvokeResult", at + 1)),
    );
    expect(before).toBe(2);
    expect(results.every(({ result }) => result.length === 1024 * 1024 + 5)).toBe(true);
  });
});

describe("stacks and failures while loading", () => {
  test("in development the stack crosses and names the .ts file and line of every frame", async () => {
    const { peer } = worlds.startBundle(basicBundle, { args: ["--dev"] });
    await peer.greet();
    peer.invoke(1, "fails.deep");
    const { details } = await peer.error(1);
    const { stack } = details as { stack: string };
    expect(stack).toMatch(/^RangeError: deep in shared code\n/);
    expect(stack).toContain(`${join(basic, "_shared.ts")}:8:`);
    expect(stack).toContain(`${join(basic, "fails.ts")}:22:`);
  });

  test("an error nobody catches ends the worker, and stderr names the .ts line", async () => {
    const folder = join(fixtures, "misbehaving");
    for (const [name, line] of [
      ["throwOutside", 31],
      ["rejectOutside", 37],
    ] as const) {
      const worker = await worlds.start(folder);
      await worker.peer.greet();
      worker.peer.invoke(1, name);
      expect((await worker.ended).code).toBe(1);
      expect(worker.output().stderr).toContain(`${join(folder, "index.ts")}:${String(line)}`);
    }
  });

  test("a file that throws on import: file, line, excerpt, message and stack on stderr, exit 1", async () => {
    const folder = await folderOf("throws", {
      "good.ts": "export function f() { return 1; }",
      "bad.ts": [
        'import { connect } from "./_database.js";',
        "",
        'export const database = connect("missing");',
        "export function query() { return database; }",
      ].join("\n"),
      "_database.ts": [
        "interface Options { readonly strict: boolean }",
        "export function connect(name: string, options: Options = { strict: true }): string {",
        "  if (options.strict) throw new TypeError(`no database ${name}`);",
        "  return name;",
        "}",
      ].join("\n"),
    });
    const worker = await worlds.start(folder);
    expect(await worker.ended).toEqual({ code: 1, signal: null });
    const { stderr } = worker.output();
    const file = join(folder, "_database.ts");
    expect(stderr).toContain("The functions could not be loaded: no database missing");
    expect(stderr).toContain(`at ${file}:3:`);
    expect(stderr).toContain("> 3 |   if (options.strict) throw new TypeError(`no database ${name}`);");
    expect(stderr).toContain(`${join(folder, "bad.ts")}:3:`);
    // It had greeted before: the supervisor learns of the failure from the exit, not from a silent child.
    expect(worker.peer.received[0]?.type).toBe("Handshake");
  });

  test("a package that is not installed: the import is shown in the user's own source", async () => {
    const folder = await folderOf("package", {
      "uses.ts": '\nimport { z } from "not-installed-anywhere";\nexport function f() { return z; }\n',
    });
    const worker = await worlds.start(folder);
    expect(await worker.ended).toEqual({ code: 1, signal: null });
    const { stderr } = worker.output();
    expect(stderr).toContain("Cannot find package 'not-installed-anywhere'");
    expect(stderr).toContain(`at ${join(folder, "uses.ts")}:2:`);
    expect(stderr).toContain('> 2 | import { z } from "not-installed-anywhere";');
  });

  test.each<readonly [string, Record<string, string>, RegExp]>([
    [
      "clash",
      { "math.ts": "export function a() {}", "math/a.ts": "export default function () {}" },
      /^`a` of clash\/math\.ts and the default export of clash\/math\/a\.ts are both called "math\.a"/,
    ],
    [
      "root",
      { "index.ts": "export default function () {}" },
      /^The default export of root\/index\.ts has no name/,
    ],
    ["own", { "index.ts": "export function splice() {}" }, /^own\/index\.ts would be called "splice"/],
    ["nothing", { "only.ts": "export const x = 1;" }, /^No file .* exports a function \(nothing\/only\.ts\)/],
  ])("the folder %s cannot be used: a sentence, exit 1", async (name, files, sentence) => {
    const worker = await worlds.start(await folderOf(name, files));
    expect(await worker.ended).toEqual({ code: 1, signal: null });
    expect(worker.output().stderr).toMatch(sentence);
    expect(worker.output().stderr).not.toMatch(/\n\s+at /);
  });
});
