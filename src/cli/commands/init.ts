// splice init: a new project in a folder, ready to be installed and called. Installs nothing and asks nothing.

import { basename, relative, resolve } from "node:path";
import { contentsOf } from "../init/destination.js";
import type { TemplateName } from "../init/manifest.js";
import { projectName } from "../init/project-name.js";
import { givenRuntime, ownRuntime } from "../init/runtime-spec.js";
import { templateFiles } from "../init/template-files.js";
import { writeProject } from "../init/write-project.js";
import { interruptible } from "../interrupt.js";
import type { CommonOptions } from "../options.js";

export interface InitCommandOptions extends CommonOptions {
  readonly template: TemplateName;
  readonly runtime?: string;
}

export async function runInit(dir: string | undefined, options: InitCommandOptions): Promise<void> {
  await interruptible(async (signal) => {
    const { template } = options;
    const folder = resolve(dir ?? ".");
    const name = projectName(basename(folder));
    const present = await contentsOf(folder);
    const runtime = await (options.runtime === undefined ? ownRuntime() : givenRuntime(options.runtime));
    const hasReadme = present.some((entry) => /^readme(\..*)?$/i.test(entry));
    const all = await templateFiles({ name, runtime, template });
    const files = all.filter(({ path }) => !(hasReadme && path === "README.md"));
    await writeProject(folder, files, signal);
    const paths = files.map(({ path }) => path);
    const next = nextCommands(relative(process.cwd(), folder));
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ folder, name, template, runtime, files: paths, next })}\n`);
      return;
    }
    const lines = [`Made ${name} in ${folder}:`, ...indented(paths), "", "Next:", ...indented(next)];
    lines.push("", "`npm run dev` then serves it and takes over every edit.");
    process.stdout.write(`${lines.join("\n")}\n`);
  });
}

function nextCommands(path: string): readonly string[] {
  const call = `npx splice call greet.hello '{"name":"you"}'`;
  const enter = path === "" ? [] : [`cd ${/^[\w@%+=:,./-]+$/.test(path) ? path : quoted(path)}`];
  return [...enter, "npm install", call];
}

/** As one word of a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
