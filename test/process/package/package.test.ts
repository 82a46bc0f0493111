// The package as people get it: packed, installed into an empty folder, imported, type-checked, run. The predecessor's
// .gitignore kept files out that its own build needed, so that no clone of it could be built.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { root } from "../harness.js";
import { npmEnvironment } from "./npm-environment.js";

const run = promisify(execFile);
let folder: string;
let packed: readonly string[];

function inFolder(program: string, ...args: readonly string[]) {
  return run(program, args, { cwd: folder, env: npmEnvironment, timeout: 60_000 });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "splice-package-"));
  // The build is what the other tests run on, so it is not made anew here.
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await run("npm", pack, { cwd: root, env: npmEnvironment });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  packed = files.map(({ path }) => path);
  await writeFile(
    join(folder, "package.json"),
    '{"name":"consumer","version":"1.0.0","private":true,"type":"module"}',
  );
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--engine-strict"];
  await inFolder("npm", "install", `./${filename}`, ...flags);
  await mkdir(join(folder, "functions"));
  await writeFile(
    join(folder, "functions/math.ts"),
    `import { fn, currentContext, type Context } from "splice-runtime/worker";
export const add = fn({}, (params, ctx: Context) => {
  if (currentContext() !== ctx) throw new Error("another copy of the runtime");
  return Number(params["a"]) + Number(params["b"]);
});
`,
  );
}, 60_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("holds the build, the vectors, the templates, the licence and the README, and nothing of the workshop", () => {
  for (const path of [
    "dist/index.js",
    "dist/index.d.ts",
    "dist/cli/main.js",
    "dist/worker/main.js",
    "templates/minimal/gitignore",
    "templates/minimal/test/greet.test.js",
    "templates/typescript/tsconfig.json",
    "LICENSE",
    "README.md",
  ]) {
    expect(packed).toContain(path);
  }
  const foreign = packed.filter(
    (path) => !/^(dist\/|spec\/|templates\/|README\.md$|LICENSE$|package\.json$)/.test(path),
  );
  expect(foreign).toEqual([]);
  const workshop = packed.filter((path) => !path.startsWith("templates/"));
  expect(workshop.filter((path) => /\.tsbuildinfo$|\.test\.|(^|\/)\.splice\//.test(path))).toEqual([]);
});

test("holds every file of src, compiled: nothing is left out by .gitignore or by package.json", async () => {
  const entries = await readdir(join(root, "src"), { recursive: true, withFileTypes: true });
  const sources = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const bundled = new Set(
    packed
      .filter((path) => /^dist\/.*\.js\.map$/.test(path))
      .flatMap((path) =>
        (JSON.parse(readFileSync(join(root, path), "utf8")) as { sources: string[] }).sources.map((from) =>
          relative(root, resolve(root, dirname(path), from)),
        ),
      ),
  );
  const isOfTypesAlone = (path: string) =>
    /^(?:\s|\/\/.*|\/\*[\s\S]*?\*\/|export \{\};)*$/.test(
      readFileSync(join(root, path.replace(/^src/, "modules").replace(/\.ts$/, ".js")), "utf8"),
    );
  const made = (path: string, ending: string) => path.replace(/^src/, "dist").replace(/\.ts$/, ending);
  const missing = sources.filter(
    (path) => !bundled.has(path) && !packed.includes(made(path, ".js")) && !isOfTypesAlone(path),
  );
  expect(missing).toEqual([]);
  expect(sources.filter((path) => !packed.includes(made(path, ".d.ts")))).toEqual([]);
  const ignored = await run("git", ["check-ignore", "--no-index", ...sources], { cwd: root }).then(
    ({ stdout }) => stdout.trim(),
    (error: unknown) => {
      // 1: none of them is ignored. 128: no clone, and nothing that could be left out of one.
      if ([1, 128].includes(Number((error as { code?: unknown }).code))) return "";
      throw error;
    },
  );
  expect(ignored).toBe("");
});

test("every published entry can be imported, and calls work", async () => {
  const script = `
    import { createSplice, SpliceError, ConfigError } from "splice-runtime";
    import { encode, Decoder, ProtocolError } from "splice-runtime/protocol";
    import { fn, currentContext } from "splice-runtime/worker";
    import manifest from "splice-runtime/package.json" with { type: "json" };
    const splice = await createSplice({ functions: "./functions" });
    const sum = await splice.call("math.add", { a: 1, b: 2 });
    const messages = new Decoder().push(encode({ type: "HealthCheck" }));
    await splice.close();
    const kinds = [createSplice, SpliceError, ConfigError, ProtocolError, fn, currentContext].map((entry) => typeof entry);
    console.log(JSON.stringify({ sum, messages, kinds: [...new Set(kinds)], name: manifest.name }));
  `;
  await writeFile(join(folder, "consumer.mjs"), script);
  const { stdout } = await inFolder(
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    "consumer.mjs",
  );
  expect(JSON.parse(stdout)).toEqual({
    sum: 3,
    messages: [{ type: "HealthCheck" }],
    kinds: ["function"],
    name: "splice-runtime",
  });
}, 30_000);

test("the entry for tests serves a stranger, without a test runner", async () => {
  const worker = `
    import { inheritedLink, scriptedWorker } from "splice-runtime/testing";
    scriptedWorker(inheritedLink(), {
      functions: {
        "odd.double": ({ params, result }) => result(params.n * 2),
        "odd.lie": (_, worker) => worker.sendBytes(new Uint8Array([255, 255, 255, 255, 255])),
      },
    });
  `;
  const script = `
    import { createMachine } from "xstate";
    import { createSplice } from "splice-runtime";
    import { createTestSplice, expectHistory, rehearsePool, scriptedHost, testEveryTransition } from "splice-runtime/testing";

    const splice = await createSplice({
      pools: { odd: { command: [process.execPath, "scripted-worker.mjs"] } },
      socket: "./odd.sock",
    });
    const host = await scriptedHost("./odd.sock");
    const doubled = await host.call("odd.double", { n: 21 });
    const lied = await host.call("odd.lie").catch(({ code }) => code);
    host.hangUp();
    await splice.close();

    const pool = rehearsePool({ restart: { maxRestarts: 0 } });
    pool.becomeReady();
    pool.crash();

    const lamp = createMachine({ initial: "off", states: { off: { on: { press: "on" } }, on: { on: { press: "off" } } } });
    const { covered } = await testEveryTransition(lamp, {
      subject: () => {
        let isOn = false;
        const is = (wanted) => () => { if (isOn !== wanted) throw new Error("The lamp is wrong."); };
        return { events: { press: () => { isOn = !isOn; } }, states: { on: is(true), off: is(false) } };
      },
    });
    const limits = { maxInFlight: 1, maxInFlightPerFunction: 1 };
    const { counts } = expectHistory({ host: [], supervisor: [], worker: [], limits, ended: true });

    const inMemory = await createTestSplice({ functions: "./functions" });
    const sum = await inMemory.call("math.add", { a: 1, b: 2 });
    const { pid } = (await inMemory.status()).pools[0].workers[0];
    let hasProcess = true;
    try { process.kill(pid, 0); } catch { hasProcess = false; }
    await inMemory.close();
    const told = { sum, hasProcess, doubled, lied };
    console.log(JSON.stringify({ ...told, state: pool.state, covered: covered.length, ok: counts.ok }));
  `;
  await writeFile(join(folder, "scripted-worker.mjs"), worker);
  await writeFile(join(folder, "tests.mjs"), script);
  const { stdout } = await inFolder(process.execPath, "tests.mjs");
  expect(JSON.parse(stdout)).toEqual({
    sum: 3,
    hasProcess: false,
    doubled: 42,
    lied: 2003,
    state: "givenUp",
    covered: 2,
    ok: 0,
  });
}, 30_000);

test("nothing but the published entries can be imported", async () => {
  const script =
    'import("splice-runtime/dist/dispatch/dispatcher.js").catch((error) => console.log(error.code))';
  const { stdout } = await inFolder(process.execPath, "-e", script);
  expect(stdout.trim()).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
});

test("the types serve a strict consumer, and refuse what is wrong", async () => {
  const good = `
    import { createSplice, SpliceError, type Splice, type Status } from "splice-runtime";
    import { Decoder, encode, type Message } from "splice-runtime/protocol";
    import { fn, type Context } from "splice-runtime/worker";
    export const shout = fn({}, (params, ctx: Context) => ctx.functionName + String(params["text"]));
    export async function main(): Promise<Status> {
      await using splice: Splice = await createSplice({ functions: "./functions", limits: { maxInFlight: 10 } });
      const value: unknown = await splice.call("math.add", { a: 1 }, { timeoutMs: Infinity, headers: [["a", "b"]] });
      const messages: Message[] = new Decoder({ maxFrameBytes: 1024 }).push(encode({ type: "Cancel", requestId: 1n }));
      splice.events$.subscribe((event) => { console.log(event.type, value, messages); });
      return splice.status();
    }
    export function codeOf(error: unknown): number | undefined {
      return error instanceof SpliceError ? error.code : undefined;
    }
  `;
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: "nodenext",
    target: "es2022",
    lib: ["es2022", "dom", "esnext.disposable"],
    exactOptionalPropertyTypes: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const wrong = `
    import { createSplice } from "splice-runtime";
    void createSplice({ functoins: "./functions" });
  `;
  const files = ["consumer.ts", "wrong.ts"];
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  await writeFile(join(folder, "consumer.ts"), good);
  await writeFile(join(folder, "wrong.ts"), wrong);
  const found = await inFolder(process.execPath, tsc, "-p", ".", "--pretty", "false").then(
    () => "",
    (error: unknown) => String((error as { stdout?: unknown }).stdout),
  );
  // One mistake in all, and it is that.
  expect(found.match(/^\S.*error TS/gm)).toEqual([expect.stringMatching(/^wrong\.ts\(3,/)]);
  expect(found).toContain("functoins");
}, 60_000);

test("the types of the entry for tests serve a strict consumer", async () => {
  const good = `
    import { createMachine } from "xstate";
    import { createTestSplice, rehearsePool, testEveryTransition } from "splice-runtime/testing";
    import type { ModelSubject, PoolRehearsal, TransitionCoverage } from "splice-runtime/testing";
    export const pool: PoolRehearsal = rehearsePool({ restart: { maxRestarts: 3 } }, { random: () => 0 });
    const lamp = createMachine({ types: {} as { events: { type: "press" } }, on: { press: {} } });
    const subject = (): ModelSubject<typeof lamp> => ({
      events: { press: ({ type }) => { console.log(type); } },
      states: {},
    });
    export const walked: Promise<TransitionCoverage> = testEveryTransition(lamp, { subject });
    export async function inMemory(): Promise<unknown> {
      const add = ({ a, b }: { a: number; b: number }) => a + b;
      await using splice = await createTestSplice({ functions: { "math.add": add, math: { add } }, dev: true });
      return splice.call("math.add", { a: 1, b: 2 });
    }
    // @ts-expect-error An event of the model has no handler.
    export const deaf: ModelSubject<typeof lamp> = { events: {}, states: {} };
  `;
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: "nodenext",
    target: "es2022",
    lib: ["es2022", "dom", "esnext.disposable"],
    exactOptionalPropertyTypes: true,
    // The declarations of xstate do not hold under exactOptionalPropertyTypes themselves.
    skipLibCheck: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  await writeFile(
    join(folder, "tsconfig.tests.json"),
    JSON.stringify({ compilerOptions, files: ["tests.ts"] }),
  );
  await writeFile(join(folder, "tests.ts"), good);
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await inFolder(process.execPath, tsc, "-p", "tsconfig.tests.json").catch((error: unknown) => {
    throw new Error(String((error as { stdout?: unknown }).stdout));
  });
}, 60_000);

test.each(["splice", "splice-runtime"])(
  "the bin %s runs",
  async (bin) => {
    const { stdout } = await inFolder(
      join(folder, "node_modules/.bin", bin),
      "call",
      "math.add",
      '{"a":40,"b":2}',
    );
    expect(stdout).toBe("42\n");
    const version = await inFolder(join(folder, "node_modules/.bin", bin), "--version");
    const manifest = JSON.parse(
      await readFile(join(folder, "node_modules/splice-runtime/package.json"), "utf8"),
    ) as {
      version: string;
    };
    expect(version.stdout.trim()).toBe(manifest.version);
  },
  30_000,
);
