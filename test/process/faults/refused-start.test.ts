// Starts that cannot succeed: what createSplice rejects with, and that nothing is left of them.

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { refuseStart } from "../harness.js";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "st-"));
  await writeFile(join(folder, "package.json"), "{}");
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A functions folder of that name with these files. */
async function functionsOf(files: Readonly<Record<string, string>>, name = "functions"): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true });
    await writeFile(join(folder, name, path), text);
  }
  return join(folder, name);
}

const one = "export function one() { return 1; }\n";

describe("createSplice rejects when a functions file", () => {
  test("throws on import: the message, the file and the line", async () => {
    const functions = await functionsOf({
      "good.ts": one,
      "bad.ts": "const port: number = 7;\nthrow new Error(`no database on ${port}`);\n",
    });
    const { error, message, records } = await refuseStart({ functions });
    expect(error).toMatchObject({ name: "StartError", pool: "app" });
    expect(message).toContain("no database on 7");
    expect(message).toContain("bad.ts:2");
    expect(records.journal.of("spawn")).toHaveLength(1);
  });

  test("imports a package that is not there: its name", async () => {
    const functions = await functionsOf({ "f.ts": `import "no-such-package-anywhere";\n${one}` });
    expect((await refuseStart({ functions })).message).toContain("no-such-package-anywhere");
  });

  test("does not compile: file, line, column and the place, and no process was started", async () => {
    const functions = await functionsOf({ "math.ts": "export function add() {\n  return (1 + ;\n}\n" });
    const { message, records } = await refuseStart({ functions });
    expect(message).toContain(`${join(functions, "math.ts")}:2:15`);
    expect(message).toContain("> 2 |   return (1 + ;");
    expect(records.journal.of("spawn")).toHaveLength(0);
  });

  test("ends the process while it is imported: the exit code", async () => {
    const functions = await functionsOf({ "f.ts": `process.exit(3);\n${one}` });
    expect((await refuseStart({ functions })).message).toContain("exit code 3");
  });

  test("never ends its import: refused at connectTimeoutMs", async () => {
    const functions = await functionsOf({ "f.ts": `for (;;);\n${one}` });
    expect((await refuseStart({ functions, connectTimeoutMs: 400 })).message).toContain("connectTimeoutMs");
  });
});

describe("createSplice rejects", () => {
  test("a folder that is missing, by its path in the configuration", async () => {
    const { error, message } = await refuseStart({ functions: join(folder, "nowhere") });
    expect(error).toMatchObject({ name: "ConfigError", path: "functions" });
    expect(message).toContain("nowhere");
  });

  test("an empty folder, with what to put there", async () => {
    await mkdir(join(folder, "functions"));
    const { message } = await refuseStart({ functions: join(folder, "functions") });
    expect(message).toContain("holds no function files");
  });

  test("a folder whose files export no functions, or says so", async () => {
    const functions = await functionsOf({ "numbers.ts": "export const one = 1;\n" });
    expect((await refuseStart({ functions })).message).toMatch(/function/);
  });

  test.each([
    ["math.ts beside math/index.ts", { "math.ts": one, "math/index.ts": one }],
    ["math.ts beside math.js", { "math.ts": one, "math.js": one }],
  ])("two files for one name: %s", async (_, files) => {
    const { message, records } = await refuseStart({ functions: await functionsOf(files) });
    expect(message).toContain("math");
    for (const path of Object.keys(files)) expect(message).toContain(path);
    expect(records.journal.of("spawn")).toHaveLength(0);
  });

  test("two pools that export one name, naming both pools and the function", async () => {
    const left = await functionsOf({ "math.ts": one }, "left");
    const right = await functionsOf({ "math.ts": one }, "right");
    const { message } = await refuseStart({
      pools: { left: { functions: left }, right: { functions: right } },
    });
    expect(message).toMatch(/pools (left and right|right and left) both export math\.one/);
  });

  test("a host socket that cannot be had, and the workers that were ready are gone", async () => {
    const functions = await functionsOf({ "math.ts": one });
    await writeFile(join(folder, "file.sock"), "not a socket");
    const { error, records } = await refuseStart({ functions, socket: join(folder, "file.sock") });
    expect(error).toMatchObject({ name: "ListenError" });
    expect(records.journal.of("spawn")).toHaveLength(1);
  });
});
