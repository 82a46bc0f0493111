// splice serve --dist: a folder that is not, to the last byte, what this runtime built is refused before anything starts.

import { existsSync } from "node:fs";
import { appendFile, cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { DistManifest } from "../../../src/system/dist-manifest.js";
import { errorOf, type Project } from "../cli/run-cli.js";
import { until } from "../harness.js";
import { builtProject, moveElsewhere } from "./built.js";

let project: Project;
let dist: string;
let manifest: DistManifest;

beforeAll(async () => {
  const { project: source, dist: made } = await builtProject();
  project = source;
  dist = await moveElsewhere(made);
  manifest = JSON.parse(await readFile(join(dist, "manifest.json"), "utf8")) as DistManifest;
});
afterEach(async () => {
  await project.nothingLeft();
});
afterAll(async () => {
  await project.clean();
  await rm(dist, { recursive: true, force: true });
});

/** A copy of the built folder that may be spoiled. */
async function copy(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "sq-")), "app");
  await cp(dist, folder, { recursive: true, verbatimSymlinks: true });
  return folder;
}

type Spoil = (folder: string) => Promise<unknown>;

const rewrite =
  (change: (manifest: DistManifest) => unknown): Spoil =>
  (folder) =>
    writeFile(join(folder, "manifest.json"), JSON.stringify(change(structuredClone(manifest))));
const [app, made] = [0, 1];
const artefact =
  (which: (manifest: DistManifest) => string | null | undefined, how: (file: string) => unknown): Spoil =>
  async (folder) =>
    how(join(folder, which(manifest) ?? "none"));
const change = (file: string): unknown => appendFile(file, "\n");

const notBuilt =
  /is not the file that was built: its SHA-256 is [0-9a-f]{64}, and manifest\.json says [0-9a-f]{64}\. It is not run\. Build it/;
const cases: readonly (readonly [string, Spoil, RegExp])[] = [
  [
    "a folder that is missing",
    (folder) => rm(folder, { recursive: true }),
    /is no built folder: ENOENT.*splice build/,
  ],
  ["a manifest that is missing", (folder) => rm(join(folder, "manifest.json")), /is no built folder: ENOENT/],
  [
    "a manifest that was cut off",
    (folder) => truncate(join(folder, "manifest.json"), 300),
    /cut off or is not JSON/,
  ],
  ["a manifest that is no object", rewrite(() => [1]), /must be a plain object/],
  [
    "another manifestVersion",
    rewrite((m) => ({ ...m, manifestVersion: 2 })),
    /manifestVersion 2, but .* reads version 1/,
  ],
  [
    "another major runtime",
    rewrite((m) => ({ ...m, runtimeVersion: "9.1.0" })),
    /built by splice-runtime 9\.1\.0, and this is/,
  ],
  ["no pools", rewrite((m) => ({ ...m, pools: [] })), /pools must be a list of at least one pool/],
  [
    "an artefact outside",
    rewrite((m) => ({ ...m, pools: [{ ...m.pools[0], file: "artefacts/../../x" }] })),
    /must be a file of artefacts/,
  ],
  [
    "a hash that is none",
    rewrite((m) => ({ ...m, pools: [{ ...m.pools[0], hash: "abc" }] })),
    /must be a SHA-256/,
  ],
  [
    "settings that make no sense",
    rewrite((m) => ({ ...m, pools: [{ ...m.pools[0], settings: { workers: -1 } }] })),
    /pools\[0\]\.settings\.workers must be a whole number/,
  ],
  ["a bundle that was changed", artefact((m) => m.pools[app]?.file, change), notBuilt],
  ["a source map that was changed", artefact((m) => m.pools[app]?.sourceMap?.file, change), notBuilt],
  ["a program that was changed", artefact((m) => m.pools[made]?.file, change), notBuilt],
  ["a configuration that was changed", artefact((m) => m.config?.file, change), notBuilt],
  [
    "a bundle that is missing",
    artefact(
      (m) => m.pools[app]?.file,
      (file) => rm(file),
    ),
    /manifest\.json names .*, but ENOENT/,
  ],
  [
    "a bundle that is a folder",
    artefact(
      (m) => m.pools[app]?.file,
      async (file) => {
        await rm(file);
        await cp(join(file, ".."), file, { recursive: true }).catch(() => undefined);
      },
    ),
    /EISDIR|ENOENT/,
  ],
];

describe("refused with 2, in a sentence, before anything starts", () => {
  test.each(cases)("%s", async (_, spoil, sentence) => {
    const folder = await copy();
    await spoil(folder);
    const result = await project.run(["serve", "--dist", folder, "--json"]);
    expect(result.code).toBe(2);
    expect(errorOf(result)).toMatchObject({ name: "DistError", message: expect.stringMatching(sentence) });
    expect(existsSync(join(folder, ".splice"))).toBe(false);
    await rm(join(folder, ".."), { recursive: true, force: true });
  });

  test.each([
    ["--worker", "node"],
    ["--link", "socket"],
  ])("%s beside --dist", async (...flags) => {
    const result = await project.run(["serve", "--dist", dist, ...flags, "--json"]);
    expect(result.code).toBe(2);
    expect(errorOf(result)["message"]).toMatch(/--dist has pools of its own/);
  });
});

test("where nothing may be written in the folder the copies go elsewhere, and packages are found from there", async () => {
  const folder = await copy();
  await writeFile(join(folder, ".splice"), "as good as a read-only file system");
  const socket = join(folder, "../s.sock");
  const served = project.start(["serve", "--dist", folder, "--socket", socket, "--log-level", "error"]);
  await until(`it serves (${served.said.stderr})`, () => existsSync(socket));
  const named = await project.run(["call", "math.name", "--socket", socket]);
  const who = await project.run(["call", "made.who", "--socket", socket]);
  expect([named.stdout, who.stdout]).toEqual(['"math.name"\n', '"made by make.mjs"\n']);
  served.child.kill("SIGTERM");
  expect(await served.finished).toMatchObject({ code: 0 });
  await rm(join(folder, ".."), { recursive: true, force: true });
});

test("--config gives the other keys in place of what was built in", async () => {
  const file = join(project.folder, "other.mjs");
  const socket = join(project.folder, "o.sock");
  await writeFile(
    file,
    `export default { functions: "./nowhere", socket: ${JSON.stringify(socket)}, limits: { maxFrameBytes: 65536 } };`,
  );
  const served = project.start(["serve", "--dist", dist, "--config", file, "--log-level", "error"]);
  await until(`it serves (${served.said.stderr})`, () => existsSync(socket));
  const { stdout } = await project.run(["status", "--socket", socket, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ limits: { maxFrameBytes: 65536 } });
  // Without the verifier of the built configuration.
  expect((await project.run(["call", "math.place", "--socket", socket])).code).toBe(0);
  served.child.kill("SIGTERM");
  await served.finished;
});
