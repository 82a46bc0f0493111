// splice serve --dist, reloaded when another build lies in its folder: by `splice reload --wait`, by SIGHUP, and not when
// what lies there is not what was built.

import { existsSync } from "node:fs";
import { appendFile, cp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { ReloadReport } from "../../../src/contract/reload-report.js";
import { type Project, type Running, saysReloaded } from "../cli/run-cli.js";
import { until } from "../harness.js";
import { builtProject, moveElsewhere } from "./built.js";

const source = (n: number, more = ""): string =>
  `export function version() { return ${String(n)}; }\n${more}`;

let project: Project;
let dist: string;
let folder: string;
let served: Running;
let socket: string;

beforeEach(async () => {
  ({ project, dist } = await builtProject({
    "package.json": JSON.stringify({
      name: "shop",
      version: "1.0.0",
      type: "module",
      dependencies: { "splice-runtime": "^0.1.0" },
    }),
    "functions/app.ts": source(1, "export const extra = () => 1;\n"),
  }));
  folder = await moveElsewhere(dist);
  socket = join(folder, "../s.sock");
  served = project.start(["serve", "--dist", folder, "--socket", socket]);
  await until(`it serves (${served.said.stderr})`, () => existsSync(socket));
});
afterEach(async () => {
  served.child.kill("SIGTERM");
  expect(await served.finished).toMatchObject({ code: 0 });
  await project.nothingLeft();
  await project.clean();
  await rm(join(folder, ".."), { recursive: true, force: true });
});

const version = async (): Promise<string> =>
  (await project.run(["call", "app.version", "--socket", socket])).stdout.trim();

/** What is built of that source comes to lie where the served build lies. */
async function replaceWith(text: string): Promise<void> {
  await writeFile(join(project.folder, "functions/app.ts"), text);
  expect((await project.run(["build"])).code).toBe(0);
  await cp(dist, folder, { recursive: true });
}

test("another build is rolled to, and the verdict told; the same again restarts nothing", async () => {
  await replaceWith(source(2, "export const extra = () => 1;\nexport const more = () => 2;\n"));
  const first = await project.run(["reload", "--wait", "--json", "--socket", socket]);
  expect(first.code).toBe(0);
  expect(JSON.parse(first.stdout) as ReloadReport).toMatchObject({
    ok: true,
    pools: [{ name: "app", from: 1, to: 2, verdict: "additive" }],
  });
  expect(await version()).toBe("2");
  const again = await project.run(["reload", "app", "--json", "--socket", socket]);
  expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, pools: [{ to: 2, verdict: "unchanged" }] });
});

test("by SIGHUP as well, with the verdict in the log", async () => {
  await replaceWith(source(3, "export const extra = () => 1;\n"));
  served.child.kill("SIGHUP");
  await until("generation 2 serves", () => saysReloaded(served, "identical"));
  expect(await version()).toBe("3");
});

test("what would break callers is refused, and so is a file that is not the one that was built", async () => {
  await replaceWith(source(4));
  const breaking = await project.run(["reload", "--socket", socket]);
  expect(breaking.code).toBe(1);
  expect(breaking.stdout + breaking.stderr).toMatch(/app\.extra is gone/);
  const artefacts = join(folder, "artefacts");
  for (const name of await readdir(artefacts)) await appendFile(join(artefacts, name), "\n");
  const spoiled = await project.run(["reload", "--socket", socket]);
  expect(spoiled.code).toBe(1);
  expect(spoiled.stdout + spoiled.stderr).toMatch(/is not the file that was built: its SHA-256 is/);
  expect(await version()).toBe("1");
});
