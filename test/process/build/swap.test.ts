// What is run is what was compared with the manifest, whatever becomes of the folder in between and afterwards.

import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { resolveConfig } from "../../../src/config/resolve.js";
import type { ResolvedConfig } from "../../../src/config/types.js";
import { startSplice } from "../../../src/host/start-splice.js";
import { checkDist, launchFromDist, poolsOfDist } from "../../../src/system/dist.js";
import { hashOf } from "../../../src/system/dist-manifest.js";
import { createLog } from "../../../src/system/log.js";
import type { Project } from "../cli/run-cli.js";
import { until } from "../harness.js";
import { builtProject, moveElsewhere } from "./built.js";

let project: Project;
let dist: string;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
  await rm(dirname(dist), { recursive: true, force: true });
});

const bad = (name: string): string => `
export const folder = "functions";
export const modules = [["${name}.ts", { add: () => "swapped", name: () => "swapped", place: () => "swapped" }]];
`;

async function prepare(): Promise<ResolvedConfig> {
  const built = await builtProject();
  ({ project } = built);
  dist = await moveElsewhere(built.dist);
  const config = resolveConfig({ restart: { backoffMs: [0] } }, { cwd: dist, defaultWorkers: 1 });
  return { ...config, pools: poolsOfDist(dist, await checkDist(dist), 1) };
}

async function start(config: ResolvedConfig) {
  const launches = new Map<string, Awaited<ReturnType<typeof launchFromDist>>>();
  for (const pool of config.pools) launches.set(pool.name, await launchFromDist(dist, pool, config));
  return launches;
}

/** What somebody else's files say in place of those that were compared. */
async function swapAll(): Promise<void> {
  const folder = join(dist, "artefacts");
  for (const name of await readdir(folder)) {
    await rm(join(folder, name));
    await writeFile(join(folder, name), bad("math"));
    await chmod(join(folder, name), 0o755);
  }
}

test("files that are swapped between the comparison and the spawn, and before each later one, are never run", async () => {
  const config = await prepare();
  const manifest = await checkDist(dist);
  const launches = await start(config);
  expect(config.pools.map(({ name }) => launches.get(name)?.hash)).toEqual(
    manifest.pools.map(({ hash }) => hash),
  );
  await swapAll();
  const splice = await startSplice(config, { log: createLog({ level: "error" }), launches });
  const ask = async () => [await splice.call("math.add", { a: 1, b: 2 }), await splice.call("made.who")];
  expect(await ask()).toEqual([3, "made by make.mjs"]);
  for (let round = 0; round < 5; round++) {
    await swapAll();
    const before = (await splice.status()).pools.flatMap(({ workers }) => workers.map(({ pid }) => pid));
    for (const pid of before) if (pid !== null) process.kill(pid, "SIGKILL");
    await until("all are started again", async () => {
      const workers = (await splice.status()).pools.flatMap((pool) => pool.workers);
      return workers.every(({ pid, state }) => state === "ready" && !before.includes(pid));
    });
    expect(await ask()).toEqual([3, "made by make.mjs"]);
  }
  await splice.close();
  // Asked again, as a reload would, the folder is refused.
  const [pool] = config.pools;
  if (pool === undefined) throw new Error("There is no pool.");
  await expect(launchFromDist(dist, pool, config)).rejects.toThrow(/is not the file that was built/);
});

test("a file that lies where the copy goes, whoever put it there, is written over", async () => {
  const config = await prepare();
  const copies = join(dist, ".splice/build");
  const first = await start(config);
  const files = [...first.values()].flatMap(({ args }) => args.filter((word) => word.startsWith(copies)));
  expect(files).toHaveLength(2);
  for (const file of files) {
    const text = await readFile(file, "utf8");
    await writeFile(file, "x".repeat(text.length));
  }
  await start(config);
  for (const file of files) expect(await readFile(file, "utf8")).not.toMatch(/^x/);
});

test("a copy that vanishes is written again; of a program only from the file that was built", async () => {
  const config = await prepare();
  const launches = await start(config);
  const copies = join(dist, ".splice/build");
  await rm(copies, { recursive: true });
  for (const { prepare: restore } of launches.values()) restore?.();
  expect((await readdir(copies)).filter((name) => !name.endsWith(".map"))).toHaveLength(2);
  await rm(copies, { recursive: true });
  await swapAll();
  launches.get("app")?.prepare?.();
  expect(() => launches.get("made")?.prepare?.()).toThrow(/is not the file that was built/);
});

test("a folder that was replaced by another build is read anew", async () => {
  const config = await prepare();
  const before = await start(config);
  await writeFile(join(project.folder, "functions/math.ts"), "export function add() { return 'new'; }");
  expect((await project.run(["build"])).code).toBe(0);
  for (const part of ["artefacts", "manifest.json"]) await rm(join(dist, part), { recursive: true });
  await mkdir(join(dist, "artefacts"));
  await cp(join(project.folder, "dist"), dist, { recursive: true, force: true });
  const after = await start(config);
  const code = await readFile(join(dist, (await checkDist(dist)).pools[0]?.file ?? ""), "utf8");
  expect(after.get("app")?.hash).toBe(hashOf(code));
  expect(after.get("app")?.hash).not.toBe(before.get("app")?.hash);
  expect(after.get("made")?.hash).toBe(before.get("made")?.hash);
}, 60_000);
