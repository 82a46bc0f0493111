// The examples of servers as they are: started in a folder of their own, as somebody who copied them would, called, and
// left in the middle. A page of each server shows that mounting takes nothing away from it.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp, mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "@jest/globals";
import { makeFolder, root, until } from "../harness.js";

interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

interface Running {
  readonly child: ChildProcess;
  readonly folder: string;
  /** In front of /call. */
  readonly url: string;
  /** What it printed, its log included. */
  readonly lines: string[];
}

let running: Running | null = null;

afterEach(async () => {
  if (running === null) return;
  const { child, folder } = running;
  running = null;
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await rm(folder, { recursive: true, force: true });
});

async function start(example: string): Promise<Running> {
  const folder = await makeFolder();
  await cp(join(root, "examples", example), folder, { recursive: true });
  for (const name of Object.keys(manifestOf(folder).dependencies)) {
    const place = join(folder, "node_modules", name);
    await mkdir(dirname(place), { recursive: true });
    await symlink(name === "splice-runtime" ? root : join(root, "node_modules", name), place);
  }
  const env = { ...process.env, NODE_OPTIONS: "", PORT: "0" };
  const child = spawn(process.execPath, ["server.mjs"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  const started = { child, folder, url: "", lines };
  running = started;
  const url = await until("the server says where it is", () => {
    if (child.exitCode !== null) throw new Error(`The server has ended:\n${lines.join("\n")}`);
    return lines.find((line) => line.startsWith("http://"));
  });
  return { ...started, url };
}

const json = { "content-type": "application/json" };

describe.each(["plain-http", "express", "fastify", "hono"])("examples/%s", (example) => {
  test("calls, fails, streams, hears that its client has gone, and ends with its workers", async () => {
    const { child, url, lines } = await start(example);
    const post = (name: string, init: RequestInit) =>
      fetch(`${url}/call/${name}`, { method: "POST", ...init });

    const ok = await post("shop.price", { headers: json, body: '{"item":"bread"}' });
    expect([ok.status, await ok.json()]).toEqual([200, { item: "bread", price: 3, for: "anybody" }]);

    const failed = await post("shop.price", { headers: json, body: '{"item":"gold"}' });
    expect(failed.status).toBe(500);
    expect(await failed.json()).toMatchObject({ error: { message: "There is no gold." } });
    expect((await post("shop.prize", {})).status).toBe(404);
    expect((await post("splice.status", {})).status).toBe(404);
    expect((await post("shop.price", { headers: json, body: "{" })).status).toBe(400);
    expect((await post("shop.price", { headers: { "content-type": "text/plain" }, body: "{}" })).status).toBe(
      415,
    );
    expect((await fetch(`${url}/call/shop.price`)).status).toBe(405);

    const client = new AbortController();
    const { signal } = client;
    const stream = await post("shop.visitors", { headers: { accept: "text/event-stream" }, signal });
    expect(stream.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const reader = stream.body?.getReader();
    let text = "";
    while (!text.includes("data: 3\n\n")) {
      const read = await reader?.read();
      text += new TextDecoder().decode(read?.value as Uint8Array);
    }
    expect(text).toMatch(/^data: 1\n\ndata: 2\n\ndata: 3\n\n/);
    client.abort();
    await until("the function hears it", () => lines.find((line) => line.includes("nobody counts visitors")));

    const page = await fetch(new URL("/", url));
    expect([page.status, await page.text()]).toEqual(
      example === "plain-http" ? [404, expect.stringContaining("nothing at this path")] : [200, "a page"],
    );
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(0);
  });

  test("pins what the tests run with", () => {
    const { dependencies } = manifestOf(join(root, "examples", example));
    const { devDependencies } = manifestOf(root);
    for (const [name, version] of Object.entries(dependencies)) {
      expect([name, version]).toEqual([
        name,
        name === "splice-runtime" ? "file:../.." : devDependencies[name],
      ]);
    }
  });
});
