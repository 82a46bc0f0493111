// Real folders, bundled by the real esbuild.

import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { SourceMap, type SourceMapPayload } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { bundleFunctions, projectFolderOf } from "../../src/actors/bundle.js";

let scratch: string;
let outDir: string;
const runtimeWorkerUrl = "file:///runtime/worker/index.js";

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "splice-bundle-"));
  outDir = join(scratch, ".splice/build");
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

async function folderOf(files: Record<string, string>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(scratch, "functions", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return join(scratch, "functions");
}

interface Bundled {
  readonly folder: string;
  readonly modules: readonly (readonly [string, Readonly<Record<string, unknown>>])[];
}

async function importBundle(file: string): Promise<Bundled> {
  return (await import(file)) as Bundled;
}

async function messageOfRejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "it did not reject",
    (error: unknown) => (error as { message: string }).message,
  );
}

describe("the bundle", () => {
  test("hands over every function file by its path, and loads shared modules once", async () => {
    const folder = await folderOf({
      "a.ts": 'import { list } from "./_shared.js"; export function f(): number { return list.push("a"); }',
      "sub/b.mts":
        'import { list } from "../_shared.js"; export default function (): number { return list.push("b"); }',
      "_shared.ts": "export const list: string[] = [];",
      "a.test.ts": "throw new Error('tests are not bundled')",
      "types.d.ts": "export {}",
      "node_modules/x/index.js": "throw new Error('packages are no functions')",
    });
    const { file, warnings } = await bundleFunctions({ folder, outDir });
    const bundle = await importBundle(file);
    expect(warnings).toEqual([]);
    expect(bundle.folder).toBe("functions");
    expect(bundle.modules.map(([path, module]) => [path, Object.keys(module)])).toEqual([
      ["a.ts", ["f"]],
      ["sub/b.mts", ["default"]],
    ]);
    const calls = bundle.modules.flatMap(([, module]) => Object.values(module) as (() => number)[]);
    expect(calls.map((call) => call())).toEqual([1, 2]);
  });

  test("leaves packages outside and turns splice-runtime/worker into the running runtime's own module", async () => {
    const folder = await folderOf({
      "f.ts": 'import { fn } from "splice-runtime/worker"; import z from "zod"; export const f = [fn, z];',
    });
    const { file } = await bundleFunctions({ folder, outDir, runtimeWorkerUrl });
    const code = await readFile(file, "utf8");
    expect(code).toContain(`from "${runtimeWorkerUrl}"`);
    expect(code).toContain('from "zod"');
  });

  test("its source map leads to the line of the .ts file", async () => {
    const folder = await folderOf({
      "math.ts":
        "interface Both {\n  a: number;\n}\n\nexport function fails(both: Both) {\n  throw new Error(String(both.a));\n}\n",
    });
    const { file } = await bundleFunctions({ folder, outDir });
    const lines = (await readFile(file, "utf8")).split("\n");
    expect(lines.at(-2)).toBe(`//# sourceMappingURL=${basename(file)}.map`);
    const map = new SourceMap(JSON.parse(await readFile(`${file}.map`, "utf8")) as SourceMapPayload);
    const line = lines.findIndex((text) => text.includes("throw new Error"));
    const entry = map.findEntry(line, lines[line]?.indexOf("throw") ?? 0) as {
      originalLine: number;
      originalSource: string;
    };
    expect(entry.originalLine + 1).toBe(6);
    expect(resolve(dirname(file), entry.originalSource)).toBe(join(folder, "math.ts"));
  });

  test("follows links, also round in circles", async () => {
    const folder = await folderOf({ "real/f.ts": "export function f() {}" });
    await symlink(join(folder, "real"), join(folder, "linked"));
    await symlink(folder, join(folder, "real", "back"));
    await symlink(join(scratch, "nowhere"), join(folder, "broken.ts"));
    const { modules } = await importBundle((await bundleFunctions({ folder, outDir })).file);
    expect(modules.map(([path]) => path)).toEqual(["linked/f.ts", "real/f.ts"]);
  });
});

describe("the name and life of the file", () => {
  test("one content, one name; another content or pool, another name; no drafts are left", async () => {
    const folder = await folderOf({ "f.ts": "export function f() { return 1; }" });
    const first = (await bundleFunctions({ folder, outDir, pool: "app" })).file;
    expect((await bundleFunctions({ folder, outDir, pool: "app" })).file).toBe(first);
    const other = (await bundleFunctions({ folder, outDir, pool: "a/b" })).file;
    await folderOf({ "f.ts": "export function f() { return 2; }" });
    const changed = (await bundleFunctions({ folder, outDir, pool: "app" })).file;
    expect(new Set([first, other, changed]).size).toBe(3);
    expect(basename(first)).toMatch(/^app-[0-9a-f]{16}\.\d+\.mjs$/);
    expect(basename(other)).toMatch(/^a%2Fb-/);
    expect((await readdir(outDir)).filter((name) => !/\.mjs(\.map)?$/.test(name))).toEqual([]);
    expect((await readdir(outDir)).length).toBe(6);
  });

  test("removes what dead processes and long past builds left, and nothing that may still be started", async () => {
    const folder = await folderOf({ "f.ts": "export const version = 0; export function f() {}" });
    await mkdir(outDir, { recursive: true });
    const hash = "0".repeat(16);
    const kept = [
      `app-${hash}.${String(process.ppid)}.mjs`,
      `apple-${hash}.999999999.mjs`,
      "app-notes.mjs",
      "README",
    ];
    const old = Date.now() / 1000 - 2 * 3600;
    const young = Date.now() / 1000 - 1800;
    const others = (at: string, pid: number): string[] => [
      `app-${at}.${String(pid)}.mjs`,
      `app-${at}.${String(pid)}.mjs.map`,
    ];
    // Whose process is gone, but who is young, may live where its pid cannot be seen: in another container.
    const elsewhere = others("1".repeat(16), 999_999_998);
    const drafts = [
      `app-${hash}.999999999.mjs.999999999.tmp`,
      `app-${hash}.999999999.mjs.map.999999999.0123abcd.tmp`,
    ];
    const minuteOld = Date.now() / 1000 - 61;
    const freshDraft = `app-${"2".repeat(16)}.999999999.mjs.999999999.0123abcd.tmp`;
    const livingDraft = `app-${hash}.${String(process.ppid)}.mjs.${String(process.ppid)}.0123abcd.tmp`;
    for (const [names, at] of [
      [kept, old],
      [others(hash, 999_999_999), old],
      [[`app-${"3".repeat(16)}.999999999.mjs.map`], old],
      [elsewhere, young],
      [[...drafts, livingDraft], minuteOld],
      [[freshDraft], minuteOld + 50],
    ] as const) {
      for (const name of names) {
        await writeFile(join(outDir, name), "");
        await utimes(join(outDir, name), at, at);
      }
    }
    const built: string[] = [];
    for (let version = 1; version <= 6; version++) {
      await folderOf({ "f.ts": `export function f() { return ${String(version)}; }` });
      const { file } = await bundleFunctions({ folder, outDir });
      // Files of one test can carry one time stamp; builds of people do not.
      const at = Date.now() / 1000 - 100 + version;
      await utimes(file, at, at);
      built.push(basename(file));
    }
    const left = await readdir(outDir);
    expect(left.filter((name) => built.includes(name)).sort()).toEqual(built.slice(-4).sort());
    expect(left).toEqual(expect.arrayContaining([...kept, ...elsewhere, freshDraft, livingDraft]));
    expect(left.filter((name) => name.startsWith(`app-${hash}.999999999`))).toEqual([]);
    expect(left.filter((name) => name.startsWith(`app-${"3".repeat(16)}`))).toEqual([]);
  });

  test("the same content again is the newest again, and is not written", async () => {
    const folder = await folderOf({ "f.ts": "export function f() {}" });
    const { file } = await bundleFunctions({ folder, outDir });
    const before = await stat(file);
    await utimes(file, 1, 1);
    await bundleFunctions({ folder, outDir });
    const after = await stat(file);
    expect(after.ino).toBe(before.ino);
    expect(after.mtimeMs).toBeGreaterThanOrEqual(before.mtimeMs - 1000);
  });

  test("built several times at once, into a folder that is not there yet: each has the file, no drafts are left", async () => {
    const folder = await folderOf({ "f.ts": "export function f() { return 1; }" });
    for (let round = 0; round < 3; round++) {
      await rm(outDir, { recursive: true, force: true });
      const built = await Promise.all([1, 2, 3, 4, 5].map(() => bundleFunctions({ folder, outDir })));
      expect(new Set(built.map(({ file }) => file)).size).toBe(1);
      const name = basename(built[0]?.file ?? "");
      expect((await readdir(outDir)).sort()).toEqual([name, `${name}.map`]);
    }
  });

  test("a file that cannot be written: a sentence with the file and the reason, and no draft", async () => {
    const folder = await folderOf({ "f.ts": "export function f() { return 1; }" });
    const { file } = await bundleFunctions({ folder, outDir });
    await rm(file);
    await mkdir(join(file, "in the way"), { recursive: true });
    const message = await messageOfRejection(bundleFunctions({ folder, outDir }));
    expect(message).toContain(`The bundle of ${folder} cannot be written to ${file}: `);
    expect(message).toMatch(/EISDIR|ENOTEMPTY|EEXIST/);
    expect((await readdir(outDir)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    await rm(join(scratch, ".splice"), { recursive: true });
    await writeFile(join(scratch, ".splice"), "");
    expect(await messageOfRejection(bundleFunctions({ folder, outDir }))).toMatch(
      /^The bundle of .* cannot be written to .*: .*(ENOTDIR|EEXIST)/,
    );
  });

  test("what was removed is written again from memory; what is there is left alone", async () => {
    const folder = await folderOf({ "f.ts": "export function f() { return 1; }" });
    const { file, restore } = await bundleFunctions({ folder, outDir });
    const read = async () => [await readFile(file, "utf8"), await readFile(`${file}.map`, "utf8")];
    const [code, map] = await read();
    await rm(join(scratch, ".splice"), { recursive: true });
    restore();
    expect(await read()).toEqual([code, map]);
    const { ino } = await stat(file);
    restore();
    expect((await stat(file)).ino).toBe(ino);
    await rm(`${file}.map`);
    restore();
    expect(await read()).toEqual([code, map]);
    expect(await readdir(outDir)).toHaveLength(2);
    await rm(join(scratch, ".splice"), { recursive: true });
    await writeFile(join(scratch, ".splice"), "");
    expect(restore).toThrow(/^The bundle of .* cannot be written to .*: .*(ENOTDIR|EEXIST)/);
  });
});

describe("folders that cannot be bundled", () => {
  test("a compile error: file, line, column, text and excerpt with a mark", async () => {
    const folder = await folderOf({ "math.ts": 'export function add() {\n  const ä = "ä"; retrun 1;\n}\n' });
    const message = await messageOfRejection(bundleFunctions({ folder, outDir }));
    expect(message).toContain(`The functions folder ${folder} does not compile.`);
    expect(message).toContain(`${join(folder, "math.ts")}:2:25: Expected ";" but found "1"`);
    expect(message).toContain('> 2 |   const ä = "ä"; retrun 1;\n    |                         ^');
  });

  test("an import of a file that is not there", async () => {
    const folder = await folderOf({
      "f.ts": 'import { x } from "./missing.js";\nexport const f = () => x;\n',
    });
    const message = await messageOfRejection(bundleFunctions({ folder, outDir }));
    expect(message).toMatch(/f\.ts:1:19: Could not resolve "\.\/missing\.js"/);
    expect(await stat(outDir).catch(() => "none")).toBe("none");
  });

  test("missing, not a folder, empty, clashing: a sentence each", async () => {
    const folder = join(scratch, "functions");
    expect(await messageOfRejection(bundleFunctions({ folder, outDir }))).toMatch(
      /functions does not exist\. Create it, put a file such as math\.ts/,
    );
    await writeFile(folder, "");
    expect(await messageOfRejection(bundleFunctions({ folder, outDir }))).toMatch(/functions is no folder/);
    await rm(folder);
    await folderOf({ "_private.ts": "", "notes.md": "" });
    expect(await messageOfRejection(bundleFunctions({ folder, outDir }))).toMatch(
      /functions holds no function files\. In it, put a file/,
    );
    await folderOf({ "math.ts": "", "math/index.ts": "" });
    expect(await messageOfRejection(bundleFunctions({ folder, outDir }))).toMatch(
      /functions\/math\.ts and functions\/math\/index\.ts both stand for/,
    );
  });
});

test("the project of a folder is the nearest package.json above it, else its parent", async () => {
  const folder = await folderOf({ "f.ts": "" });
  expect(await projectFolderOf(folder)).toBe(scratch);
  const inner = join(scratch, "a/b/functions");
  await mkdir(inner, { recursive: true });
  await writeFile(join(scratch, "package.json"), "{}");
  expect(await projectFolderOf(inner)).toBe(scratch);
  await writeFile(join(inner, "package.json"), "{}");
  expect(await projectFolderOf(inner)).toBe(inner);
});
