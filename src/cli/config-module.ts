// Runs a configuration file that was made one module: written where packages are found from, imported, removed. What it holds
// is checked by whoever asked; here only that it has a default export. Knows no bundler.

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type SourcePlace, sourceExcerpt } from "../contract/source-excerpt.js";
import { ConfigError, messageOf } from "../errors.js";
import { UsageError } from "./exit.js";

/** A file that waits for something that never comes would make every command hang without a word. */
const evaluationTimeoutMs = 10_000;

/**
 * What `code`, which was `file`, exports as its default; the packages it imports are looked for from `outDir`.
 * @throws UsageError when it throws; ConfigError without a default export.
 */
export async function runConfigModule(file: string, code: string, outDir: string): Promise<unknown> {
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
