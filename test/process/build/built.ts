// A project that is built, and what is asked of the folder that comes out.

import { cp, mkdir, mkdtemp, readdir, readFile, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DistManifest } from "../../../src/system/dist-manifest.js";
import { Project } from "../cli/run-cli.js";
import { root } from "../harness.js";

const worker = (name: string, answer: string): string => `
import { inheritedLink, scriptedWorker } from "splice-runtime/testing";
scriptedWorker(inheritedLink(), { functions: { "${name}.who": ({ result }) => result("${answer}") } });
`;

/** A pool of functions, one whose program is built, and one whose program is where it is. */
export const projectFiles = {
  "package.json": JSON.stringify({
    name: "shop",
    version: "1.2.3",
    type: "module",
    dependencies: { "splice-runtime": "^0.1.0" },
    devDependencies: { "left-pad": "1.3.0" },
  }),
  "functions/math.ts": `import { fn } from "splice-runtime/worker";
export function add({ a, b }: { a: number; b: number }): number { return a + b; }
export const name = fn({}, (_: unknown, ctx) => ctx.functionName);
export function place() { return process.cwd(); }
`,
  "make.mjs": `import { mkdirSync, writeFileSync } from "node:fs";
console.log("making the worker");
mkdirSync("out", { recursive: true });
writeFileSync("out/worker.mjs", ${JSON.stringify(worker("made", "made by make.mjs"))});
`,
  "splice.config.ts": `import { defineConfig } from "splice-runtime";
export default defineConfig({
  functions: "./functions",
  pools: {
    made: {
      command: [${JSON.stringify(process.execPath)}, "out/worker.mjs", "--quiet"],
      build: [${JSON.stringify(process.execPath)}, "make.mjs"],
      workers: 1,
    },
  },
  shutdown: { drainMs: 1000 },
  verify: (auth, headers, name) => name !== "math.place" || auth?.userId === "ada",
});
`,
} as const;

export async function manifestIn(folder: string): Promise<DistManifest> {
  return JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as DistManifest;
}

/** The folder as another machine has it: a copy elsewhere, with the runtime installed and nothing else. */
export async function moveElsewhere(dist: string): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "sm-")), "app");
  await cp(dist, folder, { recursive: true });
  await mkdir(join(folder, "node_modules"));
  await symlink(root, join(folder, "node_modules/splice-runtime"));
  return folder;
}

/** Every file below the folder with its text. */
export async function filesIn(folder: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    found[file.slice(folder.length + 1)] = await readFile(file, "latin1");
  }
  return found;
}

/** A project that has been built into dist/. */
export async function builtProject(
  files: Readonly<Record<string, string>> = projectFiles,
): Promise<{ readonly project: Project; readonly dist: string; readonly manifest: DistManifest }> {
  const project = await Project.make(files);
  const built = await project.run(["build"]);
  if (built.code !== 0) throw new Error(`The build failed: ${built.stderr}`);
  const dist = join(project.folder, "dist");
  return { project, dist, manifest: await manifestIn(dist) };
}
