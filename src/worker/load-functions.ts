// Imports the bundle of functions, and says readably why when that fails: the place in the user's own source, an
// excerpt, the message, the stack. Reads files for the excerpt; ends nothing.

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf } from "../errors.js";
import { FunctionNamesError } from "../contract/function-names.js";
import { type SourcePlace, sourceExcerpt } from "../contract/source-excerpt.js";
import { createRegistry, isFunctionsModule, type Registry } from "./registry.js";

export async function loadFunctions(bundleFile: string): Promise<Registry> {
  const bundle: unknown = await import(pathToFileURL(resolve(bundleFile)).href);
  if (typeof bundle !== "object" || bundle === null || !isFunctionsModule(bundle)) {
    throw new FunctionNamesError(`${bundleFile} is no bundle of functions. Start the worker through splice.`);
  }
  return createRegistry(bundle);
}

/** A text of several lines for stderr. */
export async function describeLoadFailure(error: unknown, bundleFile: string): Promise<string> {
  if (error instanceof FunctionNamesError) return error.message;
  const stack = typeof error === "object" && error !== null && "stack" in error ? String(error.stack) : "";
  const place =
    placeOfThrow(stack, bundleFile) ?? (await placeOfMissingPackage(messageOf(error), bundleFile));
  if (place === undefined)
    return `The functions could not be loaded: ${messageOf(error)}\n\n${stack}`.trimEnd();
  const source = await readFile(place.file, "utf8").catch(() => "");
  const where = `${place.file}:${String(place.line)}:${String(place.column)}`;
  const excerpt = sourceExcerpt(source, place);
  return [`The functions could not be loaded: ${messageOf(error)}`, `at ${where}`, excerpt, stack]
    .filter((part) => part !== "")
    .join("\n\n");
}

interface FilePlace extends SourcePlace {
  readonly file: string;
}

/** The innermost frame in somebody's source: not in the bundle's packages, not in Node, not in this runtime. */
function placeOfThrow(stack: string, bundleFile: string): FilePlace | undefined {
  const runtimeFolder = fileURLToPath(new URL("../", import.meta.url));
  for (const line of stack.split("\n")) {
    const match = /^\s+at (?:.*\()?(?:file:\/\/)?(\/.*):(\d+):(\d+)\)?$/.exec(line);
    if (match === null) continue;
    const [, file = "", lineNumber, column] = match;
    if (file.includes("/node_modules/") || file.startsWith(runtimeFolder) || file === resolve(bundleFile))
      continue;
    return { file, line: Number(lineNumber), column: Number(column) };
  }
  return undefined;
}

/** A package that is not installed fails before any code runs; its import is found in the sources of the map. */
async function placeOfMissingPackage(message: string, bundleFile: string): Promise<FilePlace | undefined> {
  const name = /Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1];
  if (name === undefined) return undefined;
  const map: unknown = JSON.parse(await readFile(`${bundleFile}.map`, "utf8").catch(() => "{}"));
  if (!isSourceMap(map)) return undefined;
  for (const [at, source] of map.sources.entries()) {
    const lines = (map.sourcesContent[at] ?? "").split("\n");
    for (const [index, text] of lines.entries()) {
      const column = Math.max(text.indexOf(`"${name}`), text.indexOf(`'${name}`)) + 1;
      if (column === 0 || !/\b(?:import|from)\b/.test(text)) continue;
      return { file: resolve(dirname(bundleFile), source), line: index + 1, column, length: name.length + 2 };
    }
  }
  return undefined;
}

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent: readonly (string | null)[];
}

function isSourceMap(value: unknown): value is SourceMap {
  return (
    typeof value === "object" &&
    value !== null &&
    "sources" in value &&
    Array.isArray(value.sources) &&
    "sourcesContent" in value &&
    Array.isArray(value.sourcesContent)
  );
}
