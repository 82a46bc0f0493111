// reloadEvents: what a page hears of reloads, what leaving costs, and a page that loads itself anew, in a real browser.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "@jest/globals";
import { reloadEvents } from "../../../src/http/reload-events.js";
import { closeLeftovers, makeFolder, root, until } from "../harness.js";
import { launchChromium, testInChromium } from "../inspect/chromium.js";
import { makeVersions, reload, source, startOn } from "../reload/versions.js";

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await closeLeftovers();
});

const asked = (method = "GET"): Request => new Request("http://localhost/reloads", { method });

test("promotions and failures are told, nothing else is, and the stream ends with the supervisor", async () => {
  const versions = await makeVersions(source(1));
  const system = await startOn(versions);
  const response = reloadEvents(system.splice)(asked());
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    "text/event-stream; charset=utf-8",
  ]);
  const text = response.text();
  await versions.write(source(2));
  await reload(system);
  await versions.write("export const version = (");
  await reload(system);
  await system.end();
  const [retry, promoted, failed, rest] = (await text).split("\n\n");
  expect([retry, rest]).toEqual(["retry: 500", ""]);
  expect(promoted).toMatch(/^event: generation\.promoted\ndata: \{.*"generation":2.*\}$/);
  expect(failed).toMatch(/^event: reload\.failed\ndata: \{.*app\.ts:1:.*\}$/);
});

test("whoever leaves is forgotten; another method is refused; one that does not read is told the newest", async () => {
  let readers = 0;
  let tell: (n: number) => void = () => undefined;
  const splice = {
    events$: {
      subscribe(observer: { next(event: object): void }) {
        readers += 1;
        tell = (n) => {
          observer.next({ type: "generation.promoted", atMs: n });
        };
        return { unsubscribe: () => (readers -= 1) };
      },
    },
  } as unknown as Parameters<typeof reloadEvents>[0];
  const handler = reloadEvents(splice);
  expect(handler(asked("POST")).status).toBe(405);
  const reader = handler(asked()).body?.getReader();
  expect(readers).toBe(1);
  await reader?.read();
  const pending = reader?.read();
  await reader?.cancel();
  expect([await pending, readers]).toEqual([{ done: true, value: undefined }, 0]);
  const slow = handler(asked()).body?.getReader();
  for (let n = 0; n < 1000; n++) tell(n);
  const first = new TextDecoder().decode((await slow?.read())?.value);
  expect(first).toContain('"atMs":936');
  await slow?.cancel();
});

testInChromium(
  "a page loads itself anew after a promotion, and shows why it does not",
  async () => {
    const folder = await makeFolder();
    await cp(join(root, "examples/live-page"), folder, { recursive: true });
    await mkdir(join(folder, "node_modules"));
    await symlink(root, join(folder, "node_modules/splice-runtime"));
    const socket = join(folder, "s.sock");
    const env = { ...process.env, NODE_OPTIONS: "", SPLICE_SOCKET: socket, PORT: "0" };
    const run = (...args: string[]): ChildProcess => {
      const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] });
      children.push(child);
      return child;
    };
    run(join(root, "dist/cli/main.js"), "dev", "--socket", socket, "--log-level", "error");
    const server = run("server.mjs");
    if (server.stdout === null) throw new Error("No stdout.");
    const [url] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(url);
      const heading = () => page.textContent("h1").catch(() => null);
      expect(await heading()).toBe("Hello from generation one");
      const file = join(folder, "functions/page.ts");
      await writeFile(file, 'export function greeting(): string { return "Hello from generation two!"; }\n');
      await until("the page is another", async () => (await heading()) === "Hello from generation two!");
      await writeFile(
        file,
        'export function greeting(): string { return "Hello from nowhere at all" + ; }\n',
      );
      await until("it says why not", async () =>
        (await page.textContent("#error").catch(() => null))?.includes("page.ts:1:"),
      );
      expect(await heading()).toBe("Hello from generation two!");
    } finally {
      await browser.close();
    }
    await rm(folder, { recursive: true, force: true });
  },
  60_000,
);
