// Finds a configuration file and bundles it with esbuild. Running it is config-module.ts's business; what it holds is
// checked by whoever asked.

import { access } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Plugin } from "esbuild";
import { describeBuildMessage, isBuildFailure } from "../actors/compile-error.js";
import { loadEsbuild } from "../actors/load-esbuild.js";
import { runConfigModule } from "./config-module.js";
import { UsageError } from "./exit.js";

export const configFileNames = [
  "splice.config.ts",
  "splice.config.mts",
  "splice.config.js",
  "splice.config.mjs",
] as const;

/**
 * The absolute path of the file named by --config, or of the one in `cwd`; null when there is none.
 * @throws UsageError when the named one is not there, or when several are.
 */
export async function findConfigFile(named: string | undefined, cwd: string): Promise<string | null> {
  if (named !== undefined) {
    const file = resolve(cwd, named);
    if (await isThere(file)) return file;
    throw new UsageError(`There is no configuration file ${file}; --config has to name one that exists.`);
  }
  const candidates = await Promise.all(
    configFileNames.map(async (name) => ((await isThere(join(cwd, name))) ? [join(cwd, name)] : [])),
  );
  const [file, second] = candidates.flat();
  if (second !== undefined) {
    throw new UsageError(`There are two configuration files, ${String(file)} and ${second}; keep one.`);
  }
  return file ?? null;
}

/** What the file exports as its default. @throws UsageError when it does not compile or throws; ConfigError without a default export. */
export async function loadConfigFile(file: string): Promise<unknown> {
  return runConfigModule(
    file,
    await compile(file, [runningRuntime], "inline"),
    join(dirname(file), ".splice"),
  );
}

/** The file as a module that can be run elsewhere, beside an installed runtime. @throws UsageError when it does not compile. */
export async function bundleConfigFile(file: string): Promise<string> {
  return compile(file, [], false);
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function compile(file: string, plugins: Plugin[], sourcemap: "inline" | false): Promise<string> {
  const esbuild = loadEsbuild();
  const folder = dirname(file);
  try {
    const built = await esbuild.build({
      entryPoints: [file],
      absWorkingDir: folder,
      outfile: join(folder, ".splice", "config.mjs"),
      write: false,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      sourcemap,
      sourcesContent: false,
      logLevel: "silent",
      plugins,
    });
    return built.outputFiles[0]?.text ?? "";
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const places = await Promise.all(error.errors.map((each) => describeBuildMessage(folder, each)));
    throw new UsageError(`The configuration file ${file} does not compile.\n\n${places.join("\n\n")}`);
  }
}

/** `splice-runtime` is the runtime that reads the file, wherever the project's own copy lies, if it has one. */
const runningRuntime: Plugin = {
  name: "running-runtime",
  setup(build) {
    build.onResolve({ filter: /^splice-runtime(\/(worker|protocol))?$/ }, ({ path }) => {
      const part = path.slice("splice-runtime".length);
      return { path: new URL(`..${part}/index.js`, import.meta.url).href, external: true };
    });
  },
};
