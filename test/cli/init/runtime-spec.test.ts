// A new project has the runtime that made it, however that one was installed.

import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { givenRuntime, ownRuntime } from "../../../src/cli/init/runtime-spec.js";
import { version } from "../../../src/version.js";

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "splice-spec-")));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function put(path: string, content: unknown = ""): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

/** The runtime in the node_modules of a project whose package.json is `manifest`. */
async function installedBy(manifest: unknown, place = "home/node_modules/splice-runtime"): Promise<string> {
  await put("home/package.json", manifest);
  return dirname(await put(`${place}/package.json`, { name: "splice-runtime", version }));
}

describe("the runtime's own", () => {
  test.each([
    ["^0.1.0"],
    ["next"],
    ["https://example.org/splice-runtime-0.1.0.tgz"],
    ["git+ssh://git@example.org/splice.git#v0.1.0"],
    ["github:example/splice"],
  ])("%s stays what it is", async (spec) => {
    const root = await installedBy({ dependencies: { other: "1.0.0", "splice-runtime": spec } });
    expect(await ownRuntime(root)).toBe(spec);
  });

  test.each([["file:../packs/a b #1.tgz"], ["../packs/a b #1.tgz"], ["link:../packs/a b #1.tgz"]])(
    "%s, from the folder it was installed for, becomes absolute",
    async (spec) => {
      const tarball = await put("packs/a b #1.tgz");
      const root = await installedBy({ devDependencies: { "splice-runtime": spec } });
      expect(await ownRuntime(root)).toBe(`file:${tarball}`);
    },
  );

  test("file: with an absolute path stays, also when written as a URL", async () => {
    const tarball = await put("packs/x.tgz");
    for (const spec of [`file:${tarball}`, `file://${tarball}`, tarball]) {
      const root = await installedBy({ dependencies: { "splice-runtime": spec } });
      expect(await ownRuntime(root)).toBe(`file:${tarball}`);
    }
  });

  test("a store deep inside node_modules, linked to, is the project's all the same", async () => {
    const place = "home/node_modules/.pnpm/splice-runtime@0.1.0/node_modules/splice-runtime";
    const root = await installedBy({ dependencies: { "splice-runtime": "^0.1.0" } }, place);
    await symlink(root, join(folder, "home/node_modules/splice-runtime"));
    expect(await ownRuntime(join(folder, "home/node_modules/splice-runtime"))).toBe("^0.1.0");
  });

  test("a tarball that is gone is named, and what to do", async () => {
    const root = await installedBy({ dependencies: { "splice-runtime": "file:../gone.tgz" } });
    const sentence = `installed from ${join(folder, "gone.tgz")}, which is there no more.*--runtime`;
    await expect(ownRuntime(root)).rejects.toThrow(new RegExp(sentence));
  });

  test.each([
    ["nobody says", {}],
    ["it is a workspace's word", { dependencies: { "splice-runtime": "workspace:*" } }],
    ["package.json is no JSON", "{"],
    ["package.json holds something else", "null"],
    ["its dependencies are none", { dependencies: 5 }],
  ])("where %s, its version and what is compatible", async (_, manifest) => {
    expect(await ownRuntime(await installedBy(manifest))).toBe(`^${version}`);
  });

  test("of a clone, the clone", async () => {
    const file = await put("clone/package.json", { name: "splice-runtime", version });
    await mkdir(join(folder, "global/node_modules"), { recursive: true });
    await symlink(dirname(file), join(folder, "global/node_modules/splice-runtime"));
    expect(await ownRuntime(dirname(file))).toBe(`file:${join(folder, "clone")}`);
    expect(await ownRuntime(join(folder, "global/node_modules/splice-runtime"))).toBe(
      `file:${join(folder, "clone")}`,
    );
  });
});

describe("--runtime", () => {
  test.each([["^0.1.0"], ["latest"], ["https://example.org/x.tgz"], ["git+https://example.org/x.git"]])(
    "%s is npm's to understand",
    async (spec) => {
      expect(await givenRuntime(spec)).toBe(spec);
    },
  );

  test("a path that is there becomes absolute; another is refused, and so is nothing", async () => {
    const tarball = await put("x.tgz");
    expect(await givenRuntime(tarball)).toBe(`file:${tarball}`);
    expect(await givenRuntime(`file:${tarball}`)).toBe(`file:${tarball}`);
    expect(await givenRuntime(".")).toBe(`file:${process.cwd()}`);
    await expect(givenRuntime("./gone.tgz")).rejects.toThrow(
      `--runtime is "./gone.tgz", but there is no ${join(process.cwd(), "gone.tgz")}.`,
    );
    await expect(givenRuntime(" ")).rejects.toThrow("--runtime names nothing");
  });
});
