// isolate() with real workers: in this process, and in programs of their own that end as they like.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createSplice } from "../../../src/host/create-splice.js";
import { isolate } from "../../../src/host/isolate.js";
import { gone, makeFolder, root } from "../harness.js";

const pdfSource = `
  import { basename } from "node:path";
  import { pages } from "./shared.js";
  export function render({ html }: { html: string }): { pages: number; file: string } {
    return { pages: pages(html), file: basename(html) };
  }
  export async function later(params: { value?: unknown } = {}) { return params.value; }
  export function pid() { return process.pid; }
  export function fail({ message }: { message: string }): never { throw new TypeError(message); }
  export function hang(_: unknown, { signal }: { signal: AbortSignal }) {
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }
  export async function* numbers({ n, everyMs = 0 }: { n: number; everyMs?: number }) {
    for (let i = 0; i < n; i++) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      yield i;
    }
  }
  export function crash() { process.kill(process.pid, "SIGKILL"); }
  export function env({ name }: { name: string }) { return process.env[name]; }
  export const limit = 3;
  export default function () { return "default"; }
`;

interface Pdf {
  render(params: { html: string }): { pages: number; file: string };
  later(params?: { value?: unknown }): Promise<unknown>;
  pid(): number;
  fail(params: { message: string }): never;
  hang(): Promise<unknown>;
  crash(): void;
  numbers(params: { n: number; everyMs?: number }): AsyncGenerator<number>;
  env(params: { name: string }): string | undefined;
}

let folder = "";

beforeEach(async () => {
  folder = await makeFolder();
  await write("package.json", `{ "type": "module" }`);
  await write("src/pdf.ts", pdfSource);
  await write("src/shared.ts", `export const pages = (html: string): number => html.length;`);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(path: string, text: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** Runs a program that has `isolate` and `url(path)`; its stdout as JSON lines. */
async function run(program: string, env: Record<string, string> = {}) {
  const file = await write(
    "main.mjs",
    `import { isolate, createSplice } from ${JSON.stringify(pathToFileURL(join(root, "dist/index.js")).href)};
     const url = (path) => new URL(path, import.meta.url);
     const say = (value) => console.log(JSON.stringify(value));
     ${program}`,
  );
  const child = spawn(process.execPath, [file], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.on("close", resolve));
  const said = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
  return { code, said, stderr };
}

describe("a module", () => {
  test.each([
    ["a URL", () => pathToFileURL(join(folder, "src/pdf.ts"))],
    ["a URL of what it will be compiled to", () => pathToFileURL(join(folder, "src/pdf.js"))],
    ["the text of a URL", () => pathToFileURL(join(folder, "src/pdf.ts")).href],
    ["a path", () => join(folder, "src/pdf.ts")],
  ])("named by %s runs in a process of its own, with what it imports", async (_, module) => {
    const pdf = await isolate<Pdf>(module());
    const pid = await pdf.pid();
    expect(pid).not.toBe(process.pid);
    expect(await pdf.render({ html: "a/bc" })).toEqual({ pages: 4, file: "bc" });
    expect(await pdf.later({ value: 2n ** 60n })).toBe(2n ** 60n);
    expect(await pdf.later()).toBeUndefined();
    await pdf[Symbol.asyncDispose]();
    await gone(pid);
    await expect(pdf.pid()).rejects.toMatchObject({ code: 3001, details: { reason: "closed" } });
  });

  test("gives what streams as a stream, until its workers are closed", async () => {
    const pdf = await isolate<Pdf>(join(folder, "src/pdf.ts"));
    const items: number[] = [];
    for await (const n of pdf.numbers({ n: 100 })) items.push(n);
    expect(items).toEqual(Array.from({ length: 100 }, (_, n) => n));
    for await (const n of pdf.numbers({ n: 1e9 }, { idleTimeoutMs: 10_000 })) if (n === 9) break;
    expect(await pdf.later({ value: 1 })).toBe(1);
    await pdf[Symbol.asyncDispose]();
    const late = pdf.numbers({ n: 1 })[Symbol.asyncIterator]();
    await expect(late.next()).rejects.toMatchObject({ code: 3001, details: { reason: "closed" } });
  });

  test("its errors, deadlines, signals and crashes are those of any call; the next one finds a new worker", async () => {
    const pdf = await isolate<Pdf>(join(folder, "src/pdf.ts"), { env: { WHO: "me" }, workers: 2 });
    await expect(pdf.fail({ message: "no" })).rejects.toMatchObject({
      code: 2000,
      message: "no",
      functionName: "pdf.fail",
      details: { name: "TypeError" },
    });
    await expect(pdf.hang(undefined, { timeoutMs: 50 })).rejects.toMatchObject({ code: 2001 });
    await expect(pdf.hang(undefined, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      code: 2002,
    });
    await expect(pdf.crash()).rejects.toMatchObject({ code: 2003 });
    expect(await pdf.env({ name: "WHO" })).toBe("me");
    const untyped = pdf as unknown as Record<string, () => Promise<unknown>>;
    for (const name of ["default", "limit", "rendr"])
      await expect(untyped[name]?.()).rejects.toMatchObject({ code: 1002 });
    await pdf[Symbol.asyncDispose]();
  });

  test("two of them, and the same one twice, are apart", async () => {
    const file = join(folder, "src/pdf.ts");
    const [first, second] = await Promise.all([isolate<Pdf>(file), isolate<Pdf>(file)]);
    expect(await first.pid()).not.toBe(await second.pid());
    await first[Symbol.asyncDispose]();
    expect(await second.render({ html: "x" })).toMatchObject({ pages: 1 });
    await second[Symbol.asyncDispose]();
  });
});

describe("the supervisor of an isolate", () => {
  test("is one for all of a process, and the user's own where one is given: its functions are exports there", async () => {
    const file = join(folder, "src/pdf.ts");
    await write("functions/math.ts", "export const one = () => 1;");
    await using splice = await createSplice({ functions: join(folder, "functions") });
    const inside = await isolate<Pdf>(file, { splice, workers: 2 });
    const again = await isolate<Pdf>(file, { splice });
    expect((await splice.exports()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["math.one", "pdf.render", "pdf-2.render"]),
    );
    const { pools } = await splice.status();
    expect(pools.map(({ name, workers }) => [name, workers.length])).toEqual([
      ["app", 1],
      ["pdf", 2],
      ["pdf-2", 1],
    ]);
    expect(await splice.call("pdf.render", { html: "abc" })).toMatchObject({ pages: 3 });
    const pid = await again.pid();
    const hanging = inside.hang(undefined, { timeoutMs: 200 });
    await Promise.all([
      again[Symbol.asyncDispose](),
      inside[Symbol.asyncDispose](),
      expect(hanging).rejects.toMatchObject({ code: 2001 }),
    ]);
    await gone(pid);
    expect((await splice.status()).pools.map(({ name }) => name)).toEqual(["app"]);
    await expect(splice.call("pdf.render", { html: "" })).rejects.toMatchObject({ code: 1002 });
    await using third = await isolate<Pdf>(file, { splice });
    expect(await third.render({ html: "ab" })).toMatchObject({ pages: 2 });
    expect(await splice.call("math.one")).toBe(1);
  });

  test("loses nothing else when a module cannot be started in it, or brings a name that is taken", async () => {
    await write("functions/pdf.ts", "export const render = () => 1;");
    await write("src/throwing.ts", `throw new Error("not today");\nexport const f = () => 1;`);
    await using splice = await createSplice({ functions: join(folder, "functions") });
    await expect(isolate(join(folder, "src/throwing.ts"), { splice })).rejects.toThrow(/not today/);
    await expect(isolate(join(folder, "src/pdf.ts"), { splice })).rejects.toThrow(
      /The pools app and pdf both export pdf.render/,
    );
    expect((await splice.status()).pools).toHaveLength(1);
    expect(await splice.call("pdf.render")).toBe(1);
  });

  test("ends with close() of the user's own; later calls are 3001", async () => {
    await write("functions/math.ts", "export const one = () => 1;");
    const splice = await createSplice({ functions: join(folder, "functions") });
    const pdf = await isolate<Pdf>(join(folder, "src/pdf.ts"), { splice });
    const pid = await pdf.pid();
    await splice.close();
    await gone(pid);
    await expect(pdf.pid()).rejects.toMatchObject({ code: 3001, details: { reason: "closed" } });
    await pdf[Symbol.asyncDispose]();
    await expect(isolate(join(folder, "src/pdf.ts"), { splice })).rejects.toThrow(
      /supervisor that is stopped/,
    );
  });
});

describe("what makes no sense is refused", () => {
  test("a module that is not there, is a folder, or no file at all", async () => {
    const wrong = [join(folder, "none.js"), folder, "https://example.org/a.js", "", 7];
    for (const module of wrong)
      await expect(isolate(module as string)).rejects.toMatchObject({ name: "ConfigError", path: "module" });
  });

  test("options by path", async () => {
    const wrong: [object, string][] = [
      [{ worker: 2 }, "worker"],
      [{ workers: 0 }, "workers"],
      [{ socket: "s" }, "socket"],
      [{ pools: {} }, "pools"],
      [{ limits: { maxInFlight: 0 } }, "limits.maxInFlight"],
      [{ splice: {} }, "splice"],
      [{ cwd: "none" }, "cwd"],
    ];
    for (const [options, path] of wrong)
      await expect(isolate(join(folder, "src/pdf.ts"), options)).rejects.toMatchObject({
        name: "ConfigError",
        path,
      });
  });

  test("a module that does not compile, with file and line; one that throws, with its message", async () => {
    const broken = await write("src/broken.ts", "export const a = 1;\nexport function (");
    await expect(isolate(broken)).rejects.toThrow(/src\/broken\.ts:2:/);
    const throwing = await write(
      "src/throwing.ts",
      `throw new Error("not today");\nexport const f = () => 1;`,
    );
    await expect(isolate(throwing)).rejects.toThrow(/not today/);
  });
});

describe("a program", () => {
  test("ends by itself with an isolate open, and its worker with it", async () => {
    const { code, said, stderr } = await run(`
      const pdf = await isolate("src/pdf.ts", { workers: 2 });
      say([await pdf.pid(), await pdf.render({ html: "abc" })]);
    `);
    expect({ code, said, stderr }).toMatchObject({ code: 0, said: [[expect.any(Number), { pages: 3 }]] });
    await gone((said as [[number]])[0][0]);
  });

  test("does not end while a call is under way, also one that has to wait for a new worker", async () => {
    const { code, said } = await run(`
      const pdf = await isolate(url("./src/pdf.js"), { restart: { backoffMs: [100], jitter: 0 } });
      await pdf.crash().catch((error) => say(error.code));
      say(await pdf.later({ value: "after" }));
    `);
    expect({ code, said }).toEqual({ code: 0, said: [2003, "after"] });
  });

  test("does not end while it waits for an item", async () => {
    const { code, said } = await run(`
      const pdf = await isolate("src/pdf.ts");
      const items = [];
      for await (const n of pdf.numbers({ n: 3, everyMs: 100 })) items.push(n);
      say(items);
    `);
    expect({ code, said }).toEqual({ code: 0, said: [[0, 1, 2]] });
  });

  test("that is killed takes the worker along", async () => {
    const { said } = await run(`
      const pdf = await isolate("src/pdf.ts");
      say(await pdf.pid());
      process.kill(process.pid, "SIGKILL");
    `);
    await gone((said as [number])[0]);
  });

  test("may use it beside createSplice, and through functions()", async () => {
    await write("functions/math.js", "export function add({ a, b }) { return a + b; }");
    const { code, said, stderr } = await run(`
      const pdf = await isolate("src/pdf.ts");
      const second = await isolate(url("./src/shared.js"));
      const splice = await createSplice();
      const { math } = splice.functions();
      const { add } = splice.functions("math");
      say([await math.add({ a: 1, b: 2 }), await add({ a: 3, b: 4 }), await pdf.render({ html: "" })]);
      await splice.close();
    `);
    expect({ code, said, stderr }).toMatchObject({ code: 0, said: [[3, 7, { pages: 0 }]] });
  });
});

test("what it writes lies in the project's .splice alone", async () => {
  const pdf = await isolate<Pdf>(join(folder, "src/pdf.ts"));
  await pdf[Symbol.asyncDispose]();
  expect(readFileSync(join(folder, "src/pdf.ts"), "utf8")).toBe(pdfSource);
});
