// splice build: a folder that is served without the project, the bundler and the sources.

import type { DistManifest } from "../../system/dist-manifest.js";
import { checkOut } from "../build-out.js";
import { interruptible } from "../interrupt.js";
import { toJson } from "../../contract/json.js";
import type { CommonOptions } from "../options.js";
import { namingFile, openProject, resolveProject } from "../project.js";

export interface BuildCommandOptions extends CommonOptions {
  readonly out: string;
}

export async function runBuild(options: BuildCommandOptions): Promise<void> {
  await interruptible(async (signal) => {
    const project = await openProject(options);
    // How many workers there are where none are named is for the machine that serves to say.
    const config = await resolveProject(project, options, 0);
    const out = await checkOut(options.out, project.folder, config);
    const { configFile } = project;
    const { bundleConfigFile } = await import("../config-file.js");
    const configCode = configFile === null ? null : await bundleConfigFile(configFile);
    const { buildDist } = await import("../../system/build-dist.js");
    const screen = progressOn(process.stderr);
    try {
      const manifest = await namingFile(project, () =>
        buildDist({
          config,
          configCode,
          out,
          signal,
          onStep: screen.step,
          onWarning: (sentence) => {
            screen.clear();
            process.stderr.write(`${sentence}\n`);
          },
          onOutput: (chunk) => {
            screen.clear();
            // Resolves when it is written, or cannot be: a reader that went away does not stop a build.
            return new Promise((resolve) => process.stderr.write(chunk, () => resolve()));
          },
        }),
      );
      screen.clear();
      process.stdout.write(`${options.json === true ? String(toJson(manifest)) : summary(out, manifest)}\n`);
    } finally {
      screen.clear();
    }
  });
}

function summary(out: string, { pools }: DistManifest): string {
  const lines = pools.map(({ name, file, hash, exports }) => {
    const what = file === null ? "its command as it is" : `${file} ${String(hash).slice(0, 16)}`;
    return `  ${name}: ${counted(exports.length, "function")}, ${what}`;
  });
  return [`Built ${counted(pools.length, "pool")} into ${out}`, ...lines].join("\n");
}

function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? "" : "s"}`;
}

interface Progress {
  readonly step: (step: string) => void;
  readonly clear: () => void;
}

/** One line that is written over, on a terminal alone. */
function progressOn(stream: NodeJS.WriteStream): Progress {
  let isShown = false;
  const clear = (): void => {
    if (isShown) stream.write("\r\u001b[K");
    isShown = false;
  };
  return {
    clear,
    step: (step) => {
      if (!stream.isTTY) return;
      clear();
      stream.write(`${step} …`.slice(0, stream.columns - 1));
      isShown = true;
    },
  };
}
