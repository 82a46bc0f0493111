// Finds a configuration file and runs it: bundled by esbuild into the project's `.splice` folder, imported, removed.
// What it holds is checked by whoever asked; here only that it has a default export.

import { createHash } from "node:crypto";
import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { describeBuildMessage, isBuildFailure } from "../actors/compile-error.js";
import { type SourcePlace, sourceExcerpt } from "../contract/source-excerpt.js";
import { ConfigError, messageOf } from "../errors.js";
import { UsageError } from "./exit.js";

export const configFileNames = [
  "splice.config.ts",
  "splice.config.mts",
  "splice.config.js",
  "splice.config.mjs",
] as const;

/** A file that waits for something that never comes would make every command hang without a word. */
const evaluationTimeoutMs = 10_000;

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
  const code = await compile(file);
  const outDir = join(dirname(file), ".splice");
  const digest = createHash("sha256").update(code).digest("hex").slice(0, 10);
  const module = join(outDir, `config-${digest}.${String(process.pid)}.mjs`);
  try {
    // Private from the start, since the socket may come to lie here.
    await mkdir(outDir, { recursive: true, mode: 0o700 });
    await writeFile(module, code);
  } catch (error) {
    throw new UsageError(
      `The configuration file ${file} cannot be prepared in ${outDir}: ${messageOf(error)}.`,
    );
  }
  try {
    const exported = await evaluate(file, module);
    if (typeof exported !== "object" || exported === null || !("default" in exported)) {
      const expected = 'there, as in `export default defineConfig({ functions: "./functions" })`';
      throw new ConfigError("(the default export)", undefined, expected, file);
    }
    return exported.default;
  } finally {
    await rm(module, { force: true });
  }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function compile(file: string): Promise<string> {
  // Loaded here, so that a command without a configuration file never starts esbuild.
  const esbuild = await import("esbuild");
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
      sourcemap: "inline",
      sourcesContent: false,
      logLevel: "silent",
      plugins: [runningRuntime],
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

async function evaluate(file: string, module: string): Promise<unknown> {
  // The frames of what it throws then name the file as it was written.
  process.setSourceMapsEnabled(true);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const limit = `${String(evaluationTimeoutMs)} ms`;
      reject(
        new UsageError(
          `The configuration file ${file} was not done within ${limit}; does it wait for something?`,
        ),
      );
    }, evaluationTimeoutMs);
  });
  try {
    return await Promise.race([import(pathToFileURL(module).href) as Promise<unknown>, late]);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(await describeThrow(file, module, error));
  } finally {
    clearTimeout(timer);
    process.setSourceMapsEnabled(false);
  }
}

async function describeThrow(file: string, module: string, error: unknown): Promise<string> {
  // A package is looked for from the module, which nobody but us has ever seen.
  const message = messageOf(error).replaceAll(module, file);
  const head = `The configuration file ${file} could not be run: ${message}`;
  const place = placeOfThrow(error, module);
  if (place === undefined) return head;
  const source = await readFile(place.file, "utf8").catch(() => "");
  const where = `at ${place.file}:${String(place.line)}:${String(place.column)}`;
  return [head, where, sourceExcerpt(source, place)].join("\n\n").trimEnd();
}

/** The innermost frame in the user's own files. */
function placeOfThrow(error: unknown, module: string): (SourcePlace & { readonly file: string }) | undefined {
  const stack = typeof error === "object" && error !== null && "stack" in error ? String(error.stack) : "";
  for (const line of stack.split("\n")) {
    const match = /^\s+at (?:.*\()?(?:file:\/\/)?(\/.*):(\d+):(\d+)\)?$/.exec(line);
    const [, file = "", lineNumber, column] = match ?? [];
    if (match === null || file === module || file.includes("/node_modules/")) continue;
    return { file, line: Number(lineNumber), column: Number(column) };
  }
  return undefined;
}
