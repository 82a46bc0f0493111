import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { mkdtemp, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleFunctions } from "../../src/actors/bundle.js";
import { placeInSource, type StackFrame } from "../../src/worker/guard-place.js";

let folder: string;
let bundle: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "splice-place-"));
  await writeFile(
    join(folder, "math.ts"),
    `interface Params { n: number }\n\nexport function half({ n }: Params) {\n  return n / 2;\n}\n`,
  );
  bundle = (await bundleFunctions({ folder, outDir: join(folder, "out") })).file;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The frame of that text of the bundle. */
async function frameAt(text: string): Promise<StackFrame> {
  const lines = (await readFile(bundle, "utf8")).split("\n");
  const lineNumber = lines.findIndex((line) => line.includes(text));
  return { url: pathToFileURL(bundle).href, lineNumber, columnNumber: lines[lineNumber]?.indexOf(text) ?? 0 };
}

const frame = (url: string): StackFrame => ({ url, lineNumber: 41, columnNumber: 2 });
const runtime = new URL("../../src/worker/runtime.ts", import.meta.url).href;

test("the innermost frame of the user's, through frames of Node, of packages and of the runtime", async () => {
  const half = await frameAt("return n / 2");
  const others = ["node:fs", "", "evalmachine.<anonymous>", "file:///app/node_modules/zod/a.js", runtime];
  expect(placeInSource([...others.map(frame), half, frame("file:///app/outer.js")], bundle)).toEqual({
    file: join(folder, "math.ts"),
    line: 4,
  });
  expect(placeInSource(others.map(frame), bundle)).toBeUndefined();
  expect(placeInSource([], bundle)).toBeUndefined();
});

test("a file of the user's that is no part of the bundle is named as it is", () => {
  expect(placeInSource([frame("file:///app/plugin.js")], bundle)).toEqual({
    file: "/app/plugin.js",
    line: 42,
  });
});

test("without its map, the bundle's own line", async () => {
  const half = await frameAt("return n / 2");
  await unlink(`${bundle}.map`);
  expect(placeInSource([half], bundle)).toEqual({ file: bundle, line: half.lineNumber + 1 });
});
